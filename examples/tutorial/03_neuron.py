"""One neuron: its weights given with each call, then kept in shared variables."""

import random

import numpy as np

import theano
import theano.tensor as T

# All that the neuron needs comes with the call.
x = T.vector(dtype=theano.config.floatX)
w = T.vector(dtype=theano.config.floatX)
b = T.scalar(dtype=theano.config.floatX)
z = T.dot(w, x) + b
y = 1 / (1 + T.exp(-z))
neuron = theano.function(inputs=[x, w, b], outputs=[y])
w = [-1, 1]
b = 0
prng = np.random.RandomState(123456789)
for _ in range(5):
    x = prng.rand(2)
    x = x.astype(np.float32)
    print(x)
    print(neuron(x, w, b))

# The weights live in shared variables; a call gives only what goes in.
x = T.vector()
w = theano.shared(np.array([1.0, 1.0]))
b = theano.shared(0.0)
z = T.dot(w, x) + b
y = 1 / (1 + T.exp(-z))
neuron = theano.function(inputs=[x], outputs=y)
w.set_value([0.1, 0.1])
random.seed(1)
for _ in range(5):
    x = np.asarray([random.random(), random.random()], dtype=np.float32)
    print(x)
    print(w.get_value())
    print(neuron(x))
