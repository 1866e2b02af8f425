"""Names of `theano.tensor.random`."""

from croton.compile.streams.counter import RandomStream as RandomStream
from croton.ops.random.counter import bernoulli as bernoulli
from croton.ops.random.counter import categorical as categorical
from croton.ops.random.counter import cauchy as cauchy
from croton.ops.random.counter import choice as choice
from croton.ops.random.counter import exponential as exponential
from croton.ops.random.counter import gumbel as gumbel
from croton.ops.random.counter import integers as integers
from croton.ops.random.counter import laplace as laplace
from croton.ops.random.counter import logistic as logistic
from croton.ops.random.counter import lognormal as lognormal
from croton.ops.random.counter import moved as moved
from croton.ops.random.counter import normal as normal
from croton.ops.random.counter import pareto as pareto
from croton.ops.random.counter import permutation as permutation
from croton.ops.random.counter import uniform as uniform
from croton.ops.random.counter import weibull as weibull
from croton.ops.random.gamma import beta as beta
from croton.ops.random.gamma import chisquare as chisquare
from croton.ops.random.gamma import dirichlet as dirichlet
from croton.ops.random.gamma import gamma as gamma
from croton.ops.random.gamma import standard_t as standard_t
