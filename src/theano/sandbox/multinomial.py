"""Names of `theano.sandbox.multinomial`."""

from croton.ops.random.multinomial import ChoiceFromUniform as ChoiceFromUniform
from croton.ops.random.multinomial import MultinomialFromUniform as MultinomialFromUniform
from croton.ops.random.multinomial import (
    MultinomialWOReplacementFromUniform as MultinomialWOReplacementFromUniform,
)
