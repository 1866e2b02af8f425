"""How rules are tested: each must fire, and what it leaves must compute the same as before, or the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.mode import Mode

AS_WRITTEN = Mode("py", None)
OPTIMISED = {"numpy": Mode("py", "fast_run"), "cpu": Mode("cpu", "fast_run")}


def variables(values: tuple[Any, ...]) -> list[Any]:
    """An input for each value; those of length 1 broadcast."""
    return [
        T.TensorType(v.dtype, [n == 1 for n in v.shape])(name)
        for v, name in zip(values, "xyzuvw", strict=False)
    ]


def truth(exact: Callable[..., Any], values: tuple[Any, ...], dtype: Any) -> np.ndarray:
    """`exact(mpmath, *numbers)` for all elements, which broadcast."""
    with mpmath.workdps(340):
        made = [
            float(mpmath.re(exact(mpmath, *map(mpmath.mpf, map(float, numbers)))))
            for numbers in np.broadcast(*values)
        ]
    return np.array(made, dtype).reshape(np.broadcast_shapes(*[v.shape for v in values]))


def fires_on(
    rule: str,
    build: Callable[..., Any],
    *values: Any,
    exact: Callable[..., Any] | None = None,
    rtol: float | None = None,
    without: tuple[str, ...] = (),
) -> Any:
    """Compile `build(*variables)`, see that `rule` fired, and that the results are right.

    exact    the truth, `(mpmath, *numbers)`; without it, what the graph as written gives
    without  rules that would be there first

    Returns the optimised graph's function, on NumPy.
    """
    arrays = tuple(np.asarray(v) for v in values)
    inputs = variables(arrays)
    out = build(*inputs)
    outs = list(out) if isinstance(out, (list, tuple)) else [out]
    with np.errstate(all="ignore"):
        plain = theano.function(inputs, outs, mode=AS_WRITTEN, on_unused_input="ignore")(*arrays)
    wanted = [truth(exact, arrays, outs[0].dtype)] if exact is not None else plain
    functions = {}
    for name, mode in OPTIMISED.items():
        f = theano.function(inputs, outs, mode=mode.excluding(*without), on_unused_input="ignore")
        fired = f.maker.stats.fired
        assert fired[rule], f"{rule} did not fire, but {dict(fired)}"
        with np.errstate(all="ignore"):
            got = f(*arrays)
        for one, want, p in zip(got, wanted, plain, strict=True):
            assert one.dtype == p.dtype and one.shape == p.shape
            close = {"float32": 3e-6, "float16": 2e-3, "complex64": 3e-6}.get(one.dtype.name, 2e-14)
            np.testing.assert_allclose(one, want, rtol=close if rtol is None else rtol, atol=0, err_msg=name)
        functions[name] = f
    return functions["numpy"]


@pytest.fixture
def fires() -> Callable[..., Any]:
    """Compile a graph, see that a rule fired, and that the results are right: see `fires_on`."""
    return fires_on


def operations(f: Any) -> list[str]:
    """The operations of a compiled graph, by name, in order."""
    named = []
    for node in f.maker.fgraph.toposort():
        scalar = getattr(node.op, "scalar_op", None)
        is_elementwise = getattr(node.op, "op_name", "") == "elemwise"
        named.append(scalar.name if is_elementwise and scalar is not None else type(node.op).__name__)
    return named


@pytest.fixture
def ops() -> Callable[[Any], list[str]]:
    """The operations of a compiled graph, by name, in order."""
    return operations
