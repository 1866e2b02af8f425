"""First functions: of a scalar, of matrices element by element, matrix products, and stacks of them."""

import numpy as np

import theano
import theano.tensor as T

# A function of one number.
x = theano.tensor.scalar()
y = 2 * x
f = theano.function([x], y)
print(f(-2))

# Two matrices: `*` multiplies element by element, `dot` is the matrix product.
a = T.matrix()
b = T.matrix()
c = a * b
d = T.dot(a, b)
F1 = theano.function([a, b], c)
F2 = theano.function([a, b], d)
A = [[1, 2], [3, 4]]
B = [[2, 4], [6, 8]]
C = [[1, 2], [3, 4], [5, 6]]
print(F1(A, B))
print(F2(C, B))

# Four matrix products at once, one for each entry of the first axis.
a = T.tensor3(dtype=theano.config.floatX)
b = T.tensor3(dtype=theano.config.floatX)
tdot = T.batched_dot(a, b)
F = theano.function([a, b], tdot)
A = np.asarray([[[2, 4, 4], [6, 8, 3]]] * 4, dtype=np.float32)
B = np.asarray([[[1, 2], [3, 4], [5, 6]]] * 4, dtype=np.float32)
print(f"A.shape={list(A.shape)}")
print(f"B.shape={list(B.shape)}")
print(f"dot(A,B).shape={list(F(A, B).shape)}")
