"""What is measured, for each library. This file also runs under old Pythons: the peers' own.

A workload is a function of a library and a case that gives `(call, values)`: `call()` does the work once and waits for
it; `values()` gives numbers by which the libraries are compared.
"""

# ruff: noqa: B905  (zip knows no strict before Python 3.10)

import math
import os
import sys

import numpy as np

import models


def data(case):
    """Three arrays of the shape and data type that `case` says."""
    rng = np.random.RandomState(1)
    low, high = case.get("range", (-2, 2))
    return [rng.uniform(low, high, case["n"]).astype(case["dtype"]) for _ in range(3)]


def black_scholes(m, price, strike, years):
    """Value of the right to buy at `strike` after so many years, and of that to sell."""
    spread = 0.2 * m.sqrt(years)
    high = (m.log(price / strike) + 0.12 * years) / spread
    low = high - spread
    chance_high, chance_low = (0.5 + 0.5 * m.erf(z * math.sqrt(0.5)) for z in (high, low))
    paid = strike * m.exp(-0.1 * years)
    buy = price * chance_high - paid * chance_low
    return buy, buy + paid - price


def chain(m, x):
    """Ten times a factor and tanh."""
    for i in range(10):
        x = m.tanh(x * (1.0 + 0.25 * i))
    return x


# Expressions by name: how many arrays they take, and what they make of them.
EXPRESSIONS = {
    "double": (1, lambda m, x: 2 * x),
    "sigmoid": (1, lambda m, x: 1 / (1 + m.exp(-x))),
    "mixed": (3, lambda m, x, y, z: 2 * x + 3 * y**2 - m.sqrt(m.abs(z))),
    "options": (3, black_scholes),
    "chain": (1, chain),
    "sum of squares": (1, lambda m, x: m.sum((x - 0.5) ** 2)),
    "sum of rows": (1, lambda m, x: m.sum(x, axis=1)),
    "sum of columns": (1, lambda m, x: m.sum(x, axis=0)),
    "variance of rows": (1, lambda m, x: m.mean((x - m.mean(x, axis=1)[:, None]) ** 2, axis=1)),
    "logsumexp of rows": (1, lambda m, x: m.logsumexp(x)),
}


def expression(case):
    """The expression of a case, and the arrays that it takes."""
    count, make = EXPRESSIONS[case["what"]]
    return make, data(case)[:count]


def _total(made):
    """One number of a result or several."""
    parts = made if isinstance(made, (tuple, list)) else [made]
    return sum(float(np.asarray(part, "float64").sum()) for part in parts)


def _second_moment(sample):
    """By which draws of different generators are compared: to a digit."""
    return round(float(np.square(np.asarray(sample, "float64")).mean()), 1)


# Of elements, one in five is left out.
KEPT = 0.8


# -- NumPy ---------------------------------------------------------------------------------------------------
class NumPy:
    """As a user writes it: temporaries where the expression has them. It differentiates nothing."""

    exp, log, sqrt, tanh, abs, sum, mean = np.exp, np.log, np.sqrt, np.tanh, np.abs, np.sum, np.mean

    @staticmethod
    def erf(x):
        from scipy.special import erf

        return erf(x)

    @staticmethod
    def logsumexp(x):
        top = x.max(axis=1)
        return np.log(np.exp(x - top[:, None]).sum(axis=1)) + top

    def elementwise(self, case):
        make, given = expression(case)
        call = lambda: make(self, *given)  # noqa: E731
        return call, lambda: _total(call())

    def random(self, case):
        draws = np.random.Generator(np.random.SFC64(1))
        n, dtype = case["n"], case["dtype"]
        x, out = np.ones(n, dtype), np.empty(n, dtype)
        call = {
            "uniform": lambda: draws.random(dtype=dtype, out=out),
            "normal": lambda: draws.standard_normal(dtype=dtype, out=out),
            "dropout": lambda: x * (draws.random(dtype=dtype, out=out) < KEPT),
        }[case["what"]]
        return call, lambda: _second_moment(call())


# -- Theano's language: Croton, PyTensor, the original -------------------------------------------------------
class TheanoLike:
    """One text for three libraries."""

    def __init__(self, theano, tensor, special, stream):
        self.theano, self.T, self.stream = theano, tensor, stream
        for name in ("exp", "log", "sqrt", "tanh", "abs", "sum", "mean", "erf", "dot"):
            setattr(self, name, getattr(tensor, name if hasattr(tensor, name) else "abs_"))
        for name, function in special.items():
            setattr(self, name, function)

    def relu(self, x):
        return self.T.maximum(x, 0)

    def logsumexp(self, x):
        top = self.T.max(x, axis=1)
        return self.T.log(self.T.sum(self.T.exp(x - top.dimshuffle(0, "x")), axis=1)) + top

    def cross_entropy(self, scores, y):
        return -self.T.mean(self.T.log(self.softmax(scores))[self.T.arange(y.shape[0]), y])

    def eye(self, x):
        return self.T.eye(x.shape[0], dtype=x.dtype)

    def elementwise(self, case):
        self.theano.config.floatX = case["dtype"]
        make, given = expression(case)
        x = [self.T.TensorType(v.dtype, (False,) * v.ndim)() for v in given]
        made = make(self, *x)
        f = self.theano.function(x, list(made) if isinstance(made, tuple) else made)
        given = [np.asarray(v) for v in given]
        if len(given) == 1:
            (only,) = given
            return (lambda: f(only)), (lambda: _total(f(only)))
        return (lambda: f(*given)), (lambda: _total(f(*given)))

    def random(self, case):
        size, dtype = (case["n"],), case["dtype"]
        x = self.T.TensorType(dtype, (False,))()
        if case["what"] == "dropout":
            kept = self.stream.uniform(size=size, dtype=dtype) < KEPT
            f = self.theano.function([x], x * self.T.cast(kept, dtype))
            given = np.ones(size, dtype)
            return (lambda: f(given)), (lambda: _second_moment(f(given)))
        f = self.theano.function([], getattr(self.stream, case["what"])(size=size, dtype=dtype))
        return f, lambda: _second_moment(f())

    def _cost(self, case):
        self.theano.config.floatX = case["dtype"]
        cost, values, arrays = models.cost_and_data(case)
        p = [self.theano.shared(v) for v in values]
        x = [self.T.TensorType(v.dtype, (False,) * v.ndim)() for v in arrays]
        return p, x, arrays, cost(self, p, *x)

    def gradient(self, case):
        p, x, arrays, cost = self._cost(case)
        f = self.theano.function(x, [cost, *self.theano.grad(cost, p)])
        return (lambda: f(*arrays)), (lambda: _total(f(*arrays)))

    def training(self, case):
        p, x, arrays, cost = self._cost(case)
        kept = [self.theano.shared(v) for v in models.moments([v.get_value() for v in p], case)]
        made = models.step(self.T, p, self.theano.grad(cost, p), kept, case)
        updates = [(old, new.astype(old.dtype)) for old, new in zip(p + kept, made[0] + made[1])]
        f = self.theano.function(x, cost, updates=updates)
        return (lambda: f(*arrays)), (lambda: f(*arrays))


# -- JAX -----------------------------------------------------------------------------------------------------
class Jax:
    """Jitted functions on device arrays, waited for."""

    def __init__(self, jax):
        self.jax, self.jnp = jax, jax.numpy
        for name in ("exp", "log", "sqrt", "tanh", "abs", "sum", "mean", "dot", "diagonal"):
            setattr(self, name, getattr(jax.numpy, name))
        self.erf, self.cholesky = jax.scipy.special.erf, jax.numpy.linalg.cholesky
        self.relu, self.sigmoid, self.softplus = jax.nn.relu, jax.nn.sigmoid, jax.nn.softplus

    def logsumexp(self, x):
        return self.jax.scipy.special.logsumexp(x, axis=1)

    def cross_entropy(self, scores, y):
        logs = self.jax.nn.log_softmax(scores)
        return -self.jnp.mean(logs[self.jnp.arange(y.shape[0]), y])

    def eye(self, x):
        return self.jnp.eye(x.shape[0], dtype=x.dtype)

    def solve_lower(self, factor, y):
        return self.jax.scipy.linalg.solve_triangular(factor, y, lower=True)

    def elementwise(self, case):
        make, given = expression(case)
        given = [self.jnp.asarray(v) for v in given]
        f = self.jax.jit(lambda *x: make(self, *x))
        call = lambda: self.jax.block_until_ready(f(*given))  # noqa: E731
        return call, lambda: _total(call())

    def random(self, case):
        jax, n, dtype = self.jax, case["n"], case["dtype"]
        x = self.jnp.ones(n, dtype)

        def drawn(key):
            key, now = jax.random.split(key)
            if case["what"] == "dropout":
                return key, x * jax.random.bernoulli(now, KEPT, (n,))
            return key, getattr(jax.random, case["what"])(now, (n,), dtype)

        drawn = jax.jit(drawn)
        key = [jax.random.key(1)]

        def call():
            key[0], made = drawn(key[0])
            return made.block_until_ready()

        return call, lambda: _second_moment(call())

    def gradient(self, case):
        cost, p, arrays = models.cost_and_data(case)
        p, arrays = ([self.jnp.asarray(v) for v in values] for values in (p, arrays))
        f = self.jax.jit(self.jax.value_and_grad(lambda p, *x: cost(self, p, *x)))
        call = lambda: self.jax.block_until_ready(f(p, *arrays))  # noqa: E731

        def values():
            first, slopes = call()
            return _total([first, *slopes])

        return call, values

    def training(self, case):
        cost, p, arrays = models.cost_and_data(case)
        kept = models.moments(p, case)
        arrays = [self.jnp.asarray(v) for v in arrays]

        def update(state, *x):
            p, kept = state
            value, slopes = self.jax.value_and_grad(lambda p: cost(self, p, *x))(p)
            return value, models.step(self, p, slopes, kept, case)

        update = self.jax.jit(update, donate_argnums=0)
        state = [tuple([self.jnp.asarray(v) for v in values] for values in (p, kept))]

        def call():
            value, state[0] = update(state[0], *arrays)
            return value.block_until_ready()

        return call, call


# -- PyTorch -------------------------------------------------------------------------------------------------
class Torch:
    """Eager, or through torch.compile; optimisers are PyTorch's own."""

    def __init__(self, torch, compiled):
        self.torch = torch
        self.wrap = torch.compile if compiled else lambda f: f
        for name in (
            "exp",
            "log",
            "sqrt",
            "tanh",
            "abs",
            "sum",
            "mean",
            "erf",
            "sigmoid",
            "diagonal",
            "relu",
        ):
            setattr(self, name, getattr(torch, name))
        self.dot, self.cholesky, self.softplus = (
            torch.matmul,
            torch.linalg.cholesky,
            torch.nn.functional.softplus,
        )
        self.cross_entropy = torch.nn.functional.cross_entropy

    def logsumexp(self, x):
        return self.torch.logsumexp(x, 1)

    def eye(self, x):
        return self.torch.eye(x.shape[0], dtype=x.dtype)

    def solve_lower(self, factor, y):
        return self.torch.linalg.solve_triangular(factor, y[:, None], upper=False)[:, 0]

    def elementwise(self, case):
        make, given = expression(case)
        given = [self.torch.as_tensor(v) for v in given]
        f = self.wrap(lambda *x: make(self, *x))
        f(*given)
        return (lambda: f(*given)), (lambda: _total(f(*given)))

    def random(self, case):
        torch, n, dtype = self.torch, case["n"], getattr(self.torch, case["dtype"])
        x = torch.ones(n, dtype=dtype)
        call = {
            "uniform": lambda: torch.rand(n, dtype=dtype),
            "normal": lambda: torch.randn(n, dtype=dtype),
            "dropout": lambda: x * (torch.rand(n, dtype=dtype) < KEPT),
        }[case["what"]]
        return call, lambda: _second_moment(call())

    def _cost(self, case):
        cost, p, arrays = models.cost_and_data(case)
        p = [self.torch.as_tensor(v).requires_grad_() for v in p]
        f = self.wrap(lambda p, *x: cost(self, p, *x))
        return f, p, [self.torch.as_tensor(v) for v in arrays]

    def gradient(self, case):
        f, p, arrays = self._cost(case)

        def call():
            value = f(p, *arrays)
            return [value, *self.torch.autograd.grad(value, p)]

        return call, lambda: _total([v.detach() for v in call()])

    def training(self, case):
        f, p, arrays = self._cost(case)
        rate = case.get("rate", 0.1)
        adam = case.get("optimiser") == "adam"
        optimiser = (
            self.torch.optim.Adam(p, rate, fused=True)
            if adam
            else self.torch.optim.SGD(p, rate, foreach=True)
        )

        def call():
            optimiser.zero_grad()
            value = f(p, *arrays)
            value.backward()
            optimiser.step()
            return value.item()

        return call, call


# -- by name -------------------------------------------------------------------------------------------------
def _theano():
    import theano
    import theano.tensor as T
    import theano.tensor.slinalg as linalg

    special = {
        "softmax": T.nnet.softmax, "sigmoid": T.nnet.sigmoid, "softplus": T.nnet.softplus,
        "cholesky": linalg.cholesky, "solve_lower": linalg.solve_lower_triangular, "diagonal": T.diagonal,
    }  # fmt: skip
    try:
        from theano.tensor.random import RandomStream
    except ImportError:
        from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStream
    return TheanoLike(theano, T, special, RandomStream(1))


def _pytensor():
    import pytensor
    import pytensor.tensor as T

    special = {
        "softmax": lambda x: T.special.softmax(x, axis=1), "sigmoid": T.sigmoid, "softplus": T.softplus,
        "cholesky": T.linalg.cholesky, "diagonal": T.diagonal,
        "solve_lower": lambda a, b: T.linalg.solve_triangular(a, b, lower=True, b_ndim=1),
    }  # fmt: skip
    return TheanoLike(pytensor, T, special, T.random.utils.RandomStream(1))


def version(name):
    """The version of the library called `name`, which has been imported."""
    module = {"torch.compile": "torch"}.get(name, name)
    return getattr(sys.modules.get(module), "__version__", None)


def library(name):
    """The library called `name`, imported."""
    if name == "numpy":
        return NumPy()
    if name in ("croton", "theano"):
        return _theano()
    if name == "pytensor":
        return _pytensor()
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return Jax(jax)
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return Torch(torch, compiled=name == "torch.compile")
