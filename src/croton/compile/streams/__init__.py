"""Streams of random numbers: shared variables that hold states, and draws from them."""
