"""What is computed step by step: recurrent networks with their gradients, recurrences of numbers, loops in loops.

The step of each workload is written once, as a function of a library's functions; each library has its own way to
repeat it. `call_of(library, case)` gives `(call, values)` as in workloads.py. This file also runs under old Pythons:
the peers' own.
"""

import numpy as np

STEPS, BATCH, NUMBERS = 100, 16, 10_000
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def cases():
    """What is measured: name and case."""
    found = {}
    for what in GATES:
        for hidden in (64, 256):
            text = f"loop: {what} of {hidden} units, {STEPS} steps, gradient, float32"
            found[text] = {"kind": "recurrent", "what": what, "hidden": hidden}
    for what, text in (
        ("recurrence", f"loop: {NUMBERS} numbers"), ("recurrence gradient", f"loop: {NUMBERS} numbers, gradient"),
        ("until", "loop: logistic map, until near 1"), ("power iteration", "loop: power iteration, 100 x 100"),
        ("rows", "loop: a loop for each of 100 rows"), ("loops in loops", "loop: 100 loops in a loop, gradient"),
    ):  # fmt: skip
        found[f"{text}, float64"] = {"kind": "recurrent", "what": what}
    return found


def data(case):
    """Parameters, and what is gone over."""
    rng = np.random.RandomState(4)
    what, h = case["what"], case.get("hidden")
    if what in GATES:
        shapes = [(h, GATES[what] * h), (h, GATES[what] * h), (GATES[what] * h,)]
        shapes.append((STEPS, case.get("batch", BATCH), h))
        return [(rng.normal(size=shape) / h**0.5).astype("float32") for shape in shapes]
    if what == "power iteration":
        a = rng.normal(size=(100, 100))
        return [a @ a.T / 100]
    if what == "until":
        return [np.asarray(4 - 1e-9)]
    if what in ("rows", "loops in loops"):
        return [np.asarray(0.9), rng.normal(size=(100, 100))]
    return [np.asarray(0.99), rng.normal(size=NUMBERS)]


# -- steps: what is handed on, an element, and what stays the same ------------------------------------------------
def _rnn(m, state, x, u):
    return (m.tanh(x + m.dot(state[0], u)),)


def _lstm(m, state, x, u):
    a = x + m.dot(state[0], u)
    h = width(u, 4)
    i, f, g, o = (a[:, k * h : (k + 1) * h] for k in range(4))
    c = m.sigmoid(f) * state[1] + m.sigmoid(i) * m.tanh(g)
    return m.sigmoid(o) * m.tanh(c), c


def _gru(m, state, x, u):
    a, h = m.dot(state[0], u), width(u, 3)
    r, z = m.sigmoid(x[:, :h] + a[:, :h]), m.sigmoid(x[:, h : 2 * h] + a[:, h : 2 * h])
    n = m.tanh(x[:, 2 * h :] + r * a[:, 2 * h :])
    return ((1 - z) * n + z * state[0],)


def width(u, gates):
    """The columns of one gate."""
    return u.shape[1] // gates


NETWORKS = {"RNN": _rnn, "LSTM": _lstm, "GRU": _gru}


def cost_of(m, case, given):
    """The cost of a workload that has a gradient; `m.last` and `m.all` repeat a step."""
    what = case["what"]
    if what in NETWORKS:
        w, u, b, x = given
        xs = m.rows(x, w) + b
        first = m.zeros((case.get("batch", BATCH), case["hidden"]), x)
        state = (first,) * (2 if what == "LSTM" else 1)
        return m.mean(m.last(NETWORKS[what], state, xs, u)[0] ** 2)
    a, x = given
    if what == "recurrence gradient":
        return m.mean(m.all(lambda m, s, e, a: (a * s[0] + e,), (m.zeros((), x),), x, a) ** 2)

    def inner(m, state, row, a):
        return m.last(lambda m, s, e, a: (m.tanh(s[0] * e + a),), state, row, a)

    return m.mean(m.all(inner, (m.zeros((), x),), x, a) ** 2)


def value_of(m, case, given):
    """The value of a workload without a gradient."""
    what = case["what"]
    if what == "recurrence":
        a, x = given
        return m.all(lambda m, s, e, a: (a * s[0] + e,), (m.zeros((), x),), x, a)
    if what == "rows":
        a, x = given

        def last(m, row, a):
            return m.last(lambda m, s, e, a: (m.tanh(s[0] * e + a),), (m.zeros((), row),), row, a)[0]

        return m.each(last, x, a)
    if what == "until":
        return m.until(lambda r, s: r * s * (1 - s), lambda s: s > 1 - 1e-8, given[0])
    return m.times(lambda m, v, a: _normed(m, m.dot(a, v)), m.ones(given[0]), 200, given[0])


def _normed(m, v):
    return v / m.sqrt(m.sum(v**2))


# -- Theano's language ---------------------------------------------------------------------------------------
class _Scan:
    """Loops of Theano and its descendants."""

    def __init__(self, library):
        self.theano, self.T, self.library = library.theano, library.T, library

    def __getattr__(self, name):
        return getattr(self.library, name)

    def scan(self, *args, **kwargs):
        if hasattr(self.theano, "gof"):
            return self.theano.scan(*args, **kwargs)[0]
        return self.theano.scan(*args, return_updates=False, **kwargs)

    def rows(self, x, w):
        return self.T.dot(x, w)

    def zeros(self, shape, like):
        return self.T.zeros(shape, dtype=like.dtype)

    def ones(self, a):
        return self.T.ones_like(a[0])

    def _states(self, step, first, xs, fixed):
        made = self.scan(
            lambda x, *rest: list(step(self, rest[:-1], x, rest[-1])),
            xs,
            list(first),
            [fixed],
            return_list=True,
        )
        return made

    def last(self, step, first, xs, fixed):
        return tuple(made[-1] for made in self._states(step, first, xs, fixed))

    def all(self, step, first, xs, fixed):
        return self._states(step, first, xs, fixed)[0]

    def each(self, make, xs, fixed):
        return self.scan(lambda x, a: make(self, x, a), xs, None, [fixed])

    def times(self, make, first, count, fixed):
        return self.scan(lambda v, a: make(self, v, a), None, [first], [fixed], n_steps=count)[-1]

    def until(self, make, stop, r):
        if hasattr(self.theano, "gof"):
            from theano.scan_module import until
        else:
            from pytensor.scan.utils import until

        def step(s, r):
            made = make(r, s)
            return made, until(stop(made))

        return self.scan(step, None, [self.T.constant(0.3, dtype="float64")], [r], n_steps=100_000)[-1]


def with_theano(library, case):
    """One text for Croton, PyTensor and the original; of these two, networks take minutes to compile."""
    T, theano, given = library.T, library.theano, data(case)
    if case["what"] in GATES and not hasattr(theano, "explain"):
        raise NotImplementedError("its gradients of recurrent networks take minutes to compile")
    theano.config.floatX = given[0].dtype.name
    x = [T.TensorType(v.dtype.name, (False,) * v.ndim)() for v in given]
    m = _Scan(library)
    if case["what"] in GATES or "gradient" in case["what"] or case["what"] == "loops in loops":
        cost = cost_of(m, case, x)
        f = theano.function(x, [cost, *theano.grad(cost, x)])
        return (lambda: f(*given)), (lambda: sum(float(np.sum(v)) for v in f(*given)))
    f = theano.function(x, value_of(m, case, x))
    return (lambda: f(*given)), (lambda: f(*given))


# -- JAX -----------------------------------------------------------------------------------------------------
class _Lax:
    """Loops of JAX."""

    def __init__(self, library):
        self.jax, self.jnp, self.library = library.jax, library.jnp, library

    def __getattr__(self, name):
        return getattr(self.library, name)

    def rows(self, x, w):
        return self.jnp.dot(x, w)

    def zeros(self, shape, like):
        return self.jnp.zeros(shape, like.dtype)

    def ones(self, a):
        return self.jnp.ones_like(a[0])

    def _scan(self, step, first, xs, fixed, keep):
        def one(state, x):
            state = step(self, state, x, fixed)
            return state, state[0] if keep else None

        return self.jax.lax.scan(one, first, xs)

    def last(self, step, first, xs, fixed):
        return self._scan(step, first, xs, fixed, False)[0]

    def all(self, step, first, xs, fixed):
        return self._scan(step, first, xs, fixed, True)[1]

    def each(self, make, xs, fixed):
        return self.jax.lax.map(lambda x: make(self, x, fixed), xs)

    def times(self, make, first, count, fixed):
        return self.jax.lax.fori_loop(0, count, lambda _, v: make(self, v, fixed), first)

    def until(self, make, stop, r):
        return self.jax.lax.while_loop(lambda s: ~stop(s), lambda s: make(r, s), self.jnp.asarray(0.3))


def with_jax(library, case):
    """Jitted functions on device arrays, waited for."""
    jax, m = library.jax, _Lax(library)
    given = [library.jnp.asarray(v) for v in data(case)]
    if case["what"] in GATES or "gradient" in case["what"] or case["what"] == "loops in loops":
        f = jax.jit(jax.value_and_grad(lambda x: cost_of(m, case, x)))
        call = lambda: jax.block_until_ready(f(given))  # noqa: E731
        return call, lambda: sum(float(np.sum(v)) for v in jax.tree_util.tree_leaves(call()))
    f = jax.jit(lambda x: value_of(m, case, x))
    call = lambda: f(given).block_until_ready()  # noqa: E731
    return call, call


# -- PyTorch -------------------------------------------------------------------------------------------------
def with_torch(library, case):
    """PyTorch's own layers: other loops are Python's there."""
    torch, what = library.torch, case["what"]
    if what not in GATES or what == "GRU":
        raise NotImplementedError("PyTorch has no such layer")
    w, u, b, x = (torch.as_tensor(v).requires_grad_() for v in data(case))
    run = {"RNN": torch._VF.rnn_tanh, "LSTM": torch._VF.lstm}[what]

    def call():
        zero = x.new_zeros(1, x.shape[1], case["hidden"])
        first = (zero, zero) if what == "LSTM" else zero
        weights = [w.t(), u.t(), b, torch.zeros_like(b)]
        cost = (run(x, first, weights, True, 1, 0.0, True, False, False)[1][0] ** 2).mean()
        return [cost, *torch.autograd.grad(cost, [w, u, b, x])]

    return call, lambda: sum(float(v.detach().sum()) for v in call())


def call_of(library, case):
    """The workload `case` in a library of workloads.py."""
    name = type(library).__name__
    if name == "NumPy":
        raise NotImplementedError("loops of NumPy are Python's")
    return {"TheanoLike": with_theano, "Jax": with_jax, "Torch": with_torch}[name](library, case)
