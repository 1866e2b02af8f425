"""Training one neuron: the gradient applied by hand, then the same steps made by the function itself, as updates."""

import numpy as np

import theano
import theano.tensor as T

x = T.vector()
w = theano.shared(np.array([-1.0, 1.0]))
b = theano.shared(0.0)
y = 1 / (1 + T.exp(-(T.dot(w, x) + b)))
y_hat = T.scalar()
cost = T.sum((y - y_hat) ** 2)
dw, db = T.grad(cost, [w, b])

# The function gives the gradients; the loop moves the weights.
gradient = theano.function(inputs=[x, y_hat], outputs=[dw, db])
x_value = np.asarray([1, -1], dtype=theano.config.floatX)
for _ in range(100):
    dw_value, db_value = gradient(x_value, 1)
    w.set_value(w.get_value() - 0.1 * dw_value)
    b.set_value(b.get_value() - 0.1 * db_value)
print(w.get_value(), b.get_value())

# The function moves the weights.
w.set_value([-1, 1])
b.set_value(0)
gradient = theano.function(inputs=[x, y_hat], updates=[(w, w - 0.1 * dw), (b, b - 0.1 * db)])
for _ in range(100):
    gradient(x_value, 1)
print(w.get_value(), b.get_value())
