"""The softsign."""

from croton.ops.nnet.activation import softsign as softsign
