"""What is done with whole arrays: reductions over each axis, gathering and scattering, masks, linear algebra.

Each library gets one text per workload. `call_of(library, case)` gives `(call, values)` as in workloads.py. This file
also runs under old Pythons: the peers' own.
"""

import numpy as np

SHAPES = (
    (1000, 1000), (30, 30), (1000, 100), (100, 10_000), (10_000, 100), (100_000, 4), (3000, 3000), (100, 100, 100),
)  # fmt: skip
REDUCTIONS = ("sum", "mean", "max", "var", "softmax", "logsumexp")
INDEXING = ("take", "scatter_add", "mask_take", "mask_set")
ALGEBRA = ("cholesky", "solve")


def cases(long=False):
    """What is measured: name and case."""
    found = {}
    for what in REDUCTIONS:
        for shape in SHAPES if long else SHAPES[:1]:
            if len(shape) == 3 and what == "softmax":
                continue  # Theano's takes matrices
            for turned in (False, True) if len(shape) == 2 else (False,):
                for axis in range(len(shape)):
                    text = f"{what} over axis {axis} of {shape}" + ", transposed" * turned
                    found[text] = {
                        "kind": "arrays", "what": what, "axis": axis, "turned": turned, "n": list(shape),
                    }  # fmt: skip
    for what in INDEXING:
        found[what] = {"kind": "arrays", "what": what}
    for what in ALGEBRA:
        for n in (20, 200, 1000):
            found[f"{what} with gradient, {n}"] = {"kind": "arrays", "what": what, "n": n}
    return {
        f"{name}, {dtype}": {**case, "dtype": dtype}
        for name, case in found.items()
        for dtype in _dtypes(case["what"], long)
    }


def _dtypes(what, long):
    if what in ALGEBRA:
        return ("float64",)
    return ("float32", "float64") if long and what in REDUCTIONS else ("float32",)


def data(case):
    """The arrays that a workload reads."""
    rng = np.random.RandomState(3)
    dtype = case["dtype"]
    if case["what"] in REDUCTIONS:
        x = rng.normal(size=case["n"]).astype(dtype)
        return [x.T if case["turned"] else x]
    if case["what"] in ("take", "scatter_add"):
        table = rng.normal(size=(50_000, 128)).astype(dtype)
        return [table, rng.randint(0, 50_000, 4096), rng.normal(size=(4096, 128)).astype(dtype)]
    if case["what"] in INDEXING:
        return [rng.normal(size=(1000, 1000)).astype(dtype)]
    n = case["n"]
    x = rng.normal(size=(n, n))
    return [x @ x.T / n + np.eye(n), rng.normal(size=n)]


# -- NumPy ---------------------------------------------------------------------------------------------------
def with_numpy(case):
    """As a careful user writes it. Gradients are not NumPy's to take."""
    what, given = case["what"], data(case)
    x, axis = given[0], case.get("axis")

    def softmax():
        e = np.exp(x - x.max(axis, keepdims=True))
        return e / e.sum(axis, keepdims=True)

    def logsumexp():
        top = x.max(axis, keepdims=True)
        return np.log(np.exp(x - top).sum(axis)) + np.squeeze(top, axis)

    def scatter_add():
        np.add.at(x, given[1], given[2])
        return x[:3]

    def mask_set():
        y = x.copy()
        y[x > 0] = 0
        return y

    calls = {
        "sum": lambda: x.sum(axis), "mean": lambda: x.mean(axis), "max": lambda: x.max(axis),
        "var": lambda: x.var(axis), "softmax": softmax, "logsumexp": logsumexp, "take": lambda: x[given[1]],
        "scatter_add": scatter_add, "mask_take": lambda: x[x > 0], "mask_set": mask_set,
    }  # fmt: skip
    return calls[what], calls[what]


# -- Theano's language ---------------------------------------------------------------------------------------
def with_theano(library, case):
    """One text for Croton, PyTensor and the original."""
    T, theano = library.T, library.theano
    what, given, axis = case["what"], data(case), case.get("axis")
    if what == "scatter_add":
        table = theano.shared(given[0])
        at, g = T.lvector(), T.matrix(dtype=case["dtype"])
        step = theano.function([at, g], [], updates=[(table, T.inc_subtensor(table[at], g))])

        def scatter():
            step(given[1], given[2])
            return table.get_value(borrow=True)[:3]

        return (lambda: step(given[1], given[2])), scatter
    variables = [T.tensor(dtype=v.dtype.name, **_rank(theano, v.ndim)) for v in given]
    x = variables[0]
    top = T.max(x, axis=axis, keepdims=True) if what == "logsumexp" else None
    texts = {
        "sum": lambda: T.sum(x, axis=axis), "mean": lambda: T.mean(x, axis=axis), "max": lambda: T.max(x, axis=axis),
        "var": lambda: T.var(x, axis=axis), "softmax": lambda: _softmax(library, x, axis),
        "logsumexp": lambda: T.log(T.sum(T.exp(x - top), axis=axis)) + T.max(x, axis=axis),
        "take": lambda: x[variables[1]], "mask_take": lambda: x[(x > 0).nonzero()],
        "mask_set": lambda: T.set_subtensor(x[(x > 0).nonzero()], 0),
        "cholesky": lambda: _with_gradient(T, T.sum(_linalg(library).cholesky(x)), [x]),
        "solve": lambda: _with_gradient(T, T.sum(_solve(library, x, variables[1])), variables),
    }  # fmt: skip
    f = theano.function(variables, texts[what](), on_unused_input="ignore")
    return (lambda: f(*given)), (lambda: f(*given)[0] if what in ALGEBRA else f(*given))


def _rank(theano, ndim):
    if hasattr(theano, "gof"):
        return {"broadcastable": (False,) * ndim}
    return {"shape": (None,) * ndim}


def _softmax(library, x, axis):
    if library.theano.__name__ == "pytensor":
        return library.T.special.softmax(x, axis=axis)
    if axis == 1:
        return library.T.nnet.softmax(x)
    return library.T.nnet.softmax(x.T).T


def _linalg(library):
    if library.theano.__name__ == "pytensor":
        return library.T.linalg
    import theano.tensor.slinalg

    return theano.tensor.slinalg


def _solve(library, A, b):
    if library.theano.__name__ == "pytensor":
        return library.T.linalg.solve(A, b, b_ndim=1)
    return _linalg(library).solve(A, b)


def _with_gradient(T, cost, variables):
    return [cost, *T.grad(cost, variables)]


# -- JAX -----------------------------------------------------------------------------------------------------
def with_jax(library, case):
    """Jitted functions on device arrays, waited for."""
    jax, jnp = library.jax, library.jnp
    what, axis = case["what"], case.get("axis")
    given = [jnp.asarray(v) for v in data(case)]

    if what == "scatter_add":
        add = jax.jit(lambda x, at, g: x.at[at].add(g), donate_argnums=0)
        state = [given[0]]

        def step():
            state[0] = add(state[0], given[1], given[2])
            state[0].block_until_ready()
            return state[0][:3]

        return step, step
    texts = {
        "sum": lambda x: x.sum(axis), "mean": lambda x: x.mean(axis), "max": lambda x: x.max(axis),
        "var": lambda x: x.var(axis), "softmax": lambda x: jax.nn.softmax(x, axis),
        "logsumexp": lambda x: jax.nn.logsumexp(x, axis), "take": lambda x, at, g: x[at],
        "mask_set": lambda x: jnp.where(x > 0, 0, x),
        "cholesky": jax.value_and_grad(lambda x, b: jnp.linalg.cholesky(x).sum()),
        "solve": jax.value_and_grad(lambda x, b: jnp.linalg.solve(x, b).sum(), (0, 1)),
    }  # fmt: skip
    if case.get("turned"):
        # A device array is always in rows: the text itself turns what the others get turned.
        given = [jnp.asarray(np.ascontiguousarray(data(case)[0].T))]
        f = jax.jit(lambda x: texts[what](x.T))
    else:
        f = jax.jit(texts[what])
    call = lambda: jax.block_until_ready(f(*given))  # noqa: E731
    return call, (lambda: call()[0]) if what in ALGEBRA else call


# -- PyTorch -------------------------------------------------------------------------------------------------
def with_torch(library, case):
    """Eager, or through torch.compile."""
    torch = library.torch
    what, axis = case["what"], case.get("axis")
    given = [torch.as_tensor(v) for v in data(case)]

    def mask_set(x):
        y = x.clone()
        y[x > 0] = 0
        return y

    texts = {
        "sum": lambda x: x.sum(axis), "mean": lambda x: x.mean(axis), "max": lambda x: x.amax(axis),
        "var": lambda x: x.var(axis, correction=0), "softmax": lambda x: x.softmax(axis),
        "logsumexp": lambda x: x.logsumexp(axis), "take": lambda x, at, g: x[at],
        "scatter_add": lambda x, at, g: x.index_add_(0, at, g)[:3], "mask_take": lambda x: x[x > 0],
        "mask_set": mask_set, "cholesky": lambda x, b: torch.linalg.cholesky(x).sum(),
        "solve": lambda x, b: torch.linalg.solve(x, b).sum(),
    }  # fmt: skip
    f = library.wrap(texts[what])
    if what not in ALGEBRA:
        return (lambda: f(*given)), (lambda: f(*given).numpy())
    wanted = given[:1] if what == "cholesky" else given
    for v in wanted:
        v.requires_grad_()

    def step():
        cost = f(*given)
        torch.autograd.grad(cost, wanted)
        return cost.item()

    return step, step


def call_of(library, case):
    """The workload `case` in a library of workloads.py."""
    name = type(library).__name__
    if name == "NumPy":
        return with_numpy(case)
    return {"TheanoLike": with_theano, "Jax": with_jax, "Torch": with_torch}[name](library, case)
