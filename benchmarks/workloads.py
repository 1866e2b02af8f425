"""What is measured, written once for every library. This file also runs under old Pythons: the peers' own.

A workload is a function of a library and a case that gives `(call, values)`: `call()` does the work once and waits for
it; `values()` gives numbers by which the libraries are compared.
"""

# ruff: noqa: B905  (zip knows no strict before Python 3.10)

import os

import numpy as np

BATCH, PIXELS, HIDDEN, CLASSES = 128, 784, 500, 10


def data(case):
    """Three arrays of the length and data type that `case` says."""
    rng = np.random.RandomState(1)
    return [rng.uniform(-2, 2, case["n"]).astype(case["dtype"]) for _ in range(3)]


def network_data(case):
    """A batch of images and digits, and the parameters of a network of the given layers."""
    rng = np.random.RandomState(2)
    x = rng.uniform(0, 1, (BATCH, PIXELS)).astype(case["dtype"])
    y = rng.randint(0, CLASSES, BATCH).astype("int32")
    sizes = list(zip(case["layers"], case["layers"][1:]))
    parameters = []
    for inputs, outputs in sizes:
        parameters.append(rng.normal(0, 0.05, (inputs, outputs)).astype(case["dtype"]))
        parameters.append(np.zeros(outputs, case["dtype"]))
    return x, y, parameters


# -- NumPy ---------------------------------------------------------------------------------------------------
class NumPy:
    """As a careful user writes it: temporaries where the expression has them, gradients by hand."""

    def elementwise(self, case):
        x, y, z = data(case)
        one = x.dtype.type
        texts = {
            "double": lambda: 2 * x,
            "sigmoid": lambda: 1 / (1 + np.exp(-x)),
            "mixed": lambda: one(2) * x + one(3) * y**2 - np.sqrt(np.abs(z)),
        }
        call = texts[case["what"]]
        if case["n"] == ():
            x = x[()]
        return call, call

    def training(self, case):
        x, y, p = network_data(case)
        rate = np.asarray(0.1, case["dtype"])[()]
        rows = np.arange(BATCH)

        def step():
            inputs = [x]
            for at in range(0, len(p) - 2, 2):
                inputs.append(np.maximum(inputs[-1] @ p[at] + p[at + 1], 0))
            scores = inputs[-1] @ p[-2] + p[-1]
            scores -= scores.max(axis=1, keepdims=True)
            exps = np.exp(scores)
            sums = exps.sum(axis=1, keepdims=True)
            cost = (np.log(sums[:, 0]) - scores[rows, y]).mean()
            g = exps / sums
            g[rows, y] -= 1
            g /= BATCH
            for at in range(len(p) - 2, -1, -2):
                below = inputs[at // 2]
                slopes = below.T @ g, g.sum(axis=0)
                if at:
                    g = (g @ p[at].T) * (below > 0)
                p[at] -= rate * slopes[0]
                p[at + 1] -= rate * slopes[1]
            return cost

        return step, step


# -- Theano's language: Croton, PyTensor, the original -------------------------------------------------------
class TheanoLike:
    """One text for three libraries."""

    def __init__(self, theano, tensor, softmax):
        self.theano, self.T, self.softmax = theano, tensor, softmax

    def elementwise(self, case):
        T = self.T
        values = data(case)
        make = {(): T.scalar}.get(case["n"], T.vector)
        x, y, z = (make(name, dtype=case["dtype"]) for name in "xyz")
        texts = {
            "double": ([x], 2 * x),
            "sigmoid": ([x], 1 / (1 + T.exp(-x))),
            "mixed": ([x, y, z], 2 * x + 3 * y**2 - T.sqrt(abs(z))),
        }
        inputs, output = texts[case["what"]]
        f = self.theano.function(inputs, output)
        given = [np.asarray(v) for v in values[: len(inputs)]]
        if len(given) == 1:
            x = given[0]
            return (lambda: f(x)), (lambda: f(x))
        return (lambda: f(*given)), (lambda: f(*given))

    def training(self, case):
        T = self.T
        x_value, y_value, values = network_data(case)
        x, y = T.matrix("x", dtype=case["dtype"]), T.ivector("y")
        p = [self.theano.shared(v) for v in values]
        h = x
        for at in range(0, len(p) - 2, 2):
            h = T.maximum(T.dot(h, p[at]) + p[at + 1], 0)
        scores = self.softmax(T.dot(h, p[-2]) + p[-1])
        cost = -T.mean(T.log(scores)[T.arange(y.shape[0]), y])
        rate = np.asarray(0.1, case["dtype"])
        updates = [(v, v - rate * g) for v, g in zip(p, T.grad(cost, p))]
        step = self.theano.function([x, y], cost, updates=updates)
        return (lambda: step(x_value, y_value)), (lambda: step(x_value, y_value))


# -- JAX -----------------------------------------------------------------------------------------------------
class Jax:
    """Jitted functions on device arrays, waited for."""

    def __init__(self, jax):
        self.jax, self.jnp = jax, jax.numpy

    def elementwise(self, case):
        jnp = self.jnp
        x, y, z = (jnp.asarray(v) for v in data(case))
        texts = {
            "double": (lambda x: 2 * x, (x,)),
            "sigmoid": (lambda x: 1 / (1 + jnp.exp(-x)), (x,)),
            "mixed": (lambda x, y, z: 2 * x + 3 * y**2 - jnp.sqrt(jnp.abs(z)), (x, y, z)),
        }
        f, given = texts[case["what"]]
        f = self.jax.jit(f)
        f(*given).block_until_ready()
        return (lambda: f(*given).block_until_ready()), (lambda: f(*given))

    def training(self, case):
        jax, jnp = self.jax, self.jnp
        x, y, values = network_data(case)
        x, y = jnp.asarray(x), jnp.asarray(y)

        def cost(p):
            h = x
            for at in range(0, len(p) - 2, 2):
                h = jnp.maximum(h @ p[at] + p[at + 1], 0)
            logs = jax.nn.log_softmax(h @ p[-2] + p[-1])
            return -jnp.mean(logs[jnp.arange(BATCH), y])

        def update(p):
            value, slopes = jax.value_and_grad(cost)(p)
            return value, [v - 0.1 * g for v, g in zip(p, slopes)]

        update = jax.jit(update, donate_argnums=0)
        state = [[jnp.asarray(v) for v in values]]

        def step():
            value, state[0] = update(state[0])
            return value.block_until_ready()

        return step, step


# -- PyTorch -------------------------------------------------------------------------------------------------
class Torch:
    """Eager, or through torch.compile."""

    def __init__(self, torch, compiled):
        self.torch = torch
        self.wrap = torch.compile if compiled else lambda f: f

    def elementwise(self, case):
        torch = self.torch
        x, y, z = (torch.as_tensor(v) for v in data(case))
        texts = {
            "double": (lambda x: 2 * x, (x,)),
            "sigmoid": (lambda x: 1 / (1 + torch.exp(-x)), (x,)),
            "mixed": (lambda x, y, z: 2 * x + 3 * y**2 - torch.sqrt(torch.abs(z)), (x, y, z)),
        }
        f, given = texts[case["what"]]
        f = self.wrap(f)
        f(*given)
        return (lambda: f(*given)), (lambda: f(*given).numpy())

    def training(self, case):
        torch = self.torch
        x, y, values = network_data(case)
        x, y = torch.as_tensor(x), torch.as_tensor(y).long()
        p = [torch.as_tensor(v).requires_grad_() for v in values]

        def forward(x, y, *p):
            h = x
            for at in range(0, len(p) - 2, 2):
                h = torch.relu(h @ p[at] + p[at + 1])
            return torch.nn.functional.cross_entropy(h @ p[-2] + p[-1], y)

        forward = self.wrap(forward)

        def step():
            cost = forward(x, y, *p)
            slopes = torch.autograd.grad(cost, p)
            with torch.no_grad():
                torch._foreach_add_(p, slopes, alpha=-0.1)
            return cost.item()

        return step, step


# -- by name -------------------------------------------------------------------------------------------------
def library(name):
    """The library called `name`, imported."""
    if name == "numpy":
        return NumPy()
    if name in ("croton", "theano"):
        import theano
        import theano.tensor as T

        return TheanoLike(theano, T, T.nnet.softmax)
    if name == "pytensor":
        import pytensor
        import pytensor.tensor as T

        return TheanoLike(pytensor, T, lambda x: T.special.softmax(x, axis=1))
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return Jax(jax)
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return Torch(torch, compiled=name == "torch.compile")
