"""Every operation that has native code: its samples and errors on the native backend, against the reference."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import croton.ops
from croton.compile.function import function
from croton.compile.mode import Mode
from croton.graph.node import Variable
from croton.ops.base import REGISTRY, E, Primitive, S
from croton.vartypes.tensor import TensorType

for _module in pkgutil.walk_packages(croton.ops.__path__, "croton.ops."):
    importlib.import_module(_module.name)

# As written: rewriting would compute what is known, and put other operations in place of some.
AS_WRITTEN = Mode("cpu", None)
REFERENCE = Mode("py", None)

RNG = np.random.default_rng(7)


def _cases(kind: str) -> Iterator[Any]:
    for name, cls in sorted(REGISTRY.items()):
        if callable(cls.lower) or hasattr(cls, "expand"):
            for i, case in enumerate(getattr(cls, kind)):
                yield pytest.param(cls, case, id=f"{name}-{i}")


def _values(case: S | E) -> list[np.ndarray]:
    low, high = getattr(case, "domain", (-2.0, 2.0))
    made = []
    for given in case.inputs:
        if isinstance(given, tuple):
            made.append(np.asarray(RNG.uniform(low, high, size=given)).astype(case.dtype))
        else:
            made.append(np.asarray(given))
    return made


def _strided(x: np.ndarray) -> np.ndarray:
    """The same elements, every other place of a larger array, backwards."""
    if x.ndim == 0:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), dtype=x.dtype)
    view = wide[..., ::-2][..., : x.shape[-1]]
    view[...] = x
    return view


# What the types of the inputs know: all lengths, those that broadcast, nothing.
KNOWING: dict[str, Any] = {
    "lengths": lambda shape: shape,
    "pattern": lambda shape: [1 if n == 1 else None for n in shape],
    "ranks": lambda shape: (None,) * len(shape),
}


def _graph(
    cls: type[Primitive], case: S | E, values: list[np.ndarray], known: str
) -> tuple[Any, list[Variable]]:
    variables = [TensorType(v.dtype.name, KNOWING[known](v.shape))() for v in values]
    outs = cls(**case.params)(*variables)
    return variables, outs if isinstance(outs, list) else [outs]


@pytest.mark.parametrize("layout", [lambda x: x, _strided], ids=["rows", "strided"])
@pytest.mark.parametrize("known", KNOWING)
@pytest.mark.parametrize(("cls", "sample"), list(_cases("samples")))
def test_samples(cls: Any, sample: S, layout: Any, known: str) -> None:
    values = _values(sample)
    try:
        variables, outs = _graph(cls, sample, values, known)
    except (TypeError, ValueError):
        assert known == "ranks", "a sample can't be built"
        return
    expected = function(variables, outs, mode=REFERENCE, on_unused_input="ignore")(*values)
    made = function(variables, outs, mode=AS_WRITTEN, on_unused_input="ignore")(*map(layout, values))
    for one, value in zip(made, expected, strict=True):
        assert one.dtype == value.dtype
        if cls.op_name == "alloc_empty":
            assert one.shape == value.shape
        else:
            np.testing.assert_allclose(one, value, rtol=2e-3 if one.dtype == "float16" else 1e-6, atol=1e-9)


@pytest.mark.parametrize(("cls", "wrong"), list(_cases("errors")))
def test_errors(cls: Any, wrong: E) -> None:
    values = _values(wrong)
    with pytest.raises(wrong.raises):
        function(*_graph(cls, wrong, values, "ranks"), mode=AS_WRITTEN, on_unused_input="ignore")(*values)
