"""Axes that only say that they broadcast."""

from croton.legacy.reshaping import local_alloc_dimshuffle as local_alloc_dimshuffle
from croton.legacy.reshaping import local_dimshuffle_alloc as local_dimshuffle_alloc
from croton.legacy.reshaping import local_dimshuffle_subtensor as local_dimshuffle_subtensor
from croton.legacy.reshaping import local_reshape_dimshuffle as local_reshape_dimshuffle
