"""Gradients: of one number, with respect to several inputs, with respect to a matrix."""

import theano
import theano.tensor as T

# d(x²)/dx = 2x
x = T.scalar("x")
y = x**2
g = T.grad(y, x)
f = theano.function([x], y)
f_prime = theano.function([x], g)
print(f(-2))
print(f_prime(-2))

# With a list of variables, grad gives a list of gradients.
x1 = T.scalar()
x2 = T.scalar()
y = x1 * x2
g = T.grad(y, [x1, x2])
f = theano.function([x1, x2], y)
f_prime = theano.function([x1, x2], g)
print(f(2, 4))
print(f_prime(2, 4))

# The gradient with respect to a matrix has its shape.
A = T.matrix()
B = T.matrix()
C = A * B
D = T.sum(C)
g = T.grad(D, A)
y_1 = theano.function([A, B], C)
y_2 = theano.function([A, B], D)
y_prime = theano.function([A, B], g)
A = [[1, 2], [3, 4]]
B = [[2, 4], [6, 8]]
print(y_1(A, B))
print(y_2(A, B))
print(y_prime(A, B))
