"""Names of `theano.tensor.raw_random`."""

from croton.ops.permute import permute_row_elements as permute_row_elements
from croton.ops.random.one_by_one import choice_helper as choice_helper
from croton.ops.random.one_by_one import multinomial_helper as multinomial_helper
from croton.ops.random.one_by_one import permutation_helper as permutation_helper
from croton.ops.random.one_by_one import random_integers_helper as random_integers_helper
from croton.ops.random.raw import RandomFunction as RandomFunction
from croton.ops.random.raw import RandomStreamsBase as RandomStreamsBase
from croton.ops.random.raw import binomial as binomial
from croton.ops.random.raw import choice as choice
from croton.ops.random.raw import multinomial as multinomial
from croton.ops.random.raw import normal as normal
from croton.ops.random.raw import permutation as permutation
from croton.ops.random.raw import poisson as poisson
from croton.ops.random.raw import random_integers as random_integers
from croton.ops.random.raw import uniform as uniform
from croton.vartypes.random import RandomStateType as RandomStateType
from croton.vartypes.random import random_state_type as random_state_type
