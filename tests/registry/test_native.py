"""Every operation that has native code: its samples and errors on the native backend, against the reference."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import croton.ops
from croton.compile.function import function
from croton.compile.mode import Mode
from croton.graph.node import Variable
from croton.ops.base import REGISTRY, E, Primitive, S
from croton.ops.linalg.factors import OnNative
from croton.vartypes.dtype import ALL, is_complex
from croton.vartypes.tensor import TensorType

for _module in pkgutil.walk_packages(croton.ops.__path__, "croton.ops."):
    importlib.import_module(_module.name)

# As written: rewriting would compute what is known, and put other operations in place of some.
AS_WRITTEN = Mode("cpu", None)
REFERENCE = Mode("py", None)

# Of each sample some other data types are tried too, all of them over the samples of an operation and its like.
TRIED = 3

# How far values may be from the reference, by their type; 1e-6 for others.
NEAR = {"float16": 5e-3, "float32": 1e-4, "complex64": 1e-4}


def _cases(kind: str) -> Iterator[Any]:
    for name, cls in sorted(REGISTRY.items()):
        if callable(cls.lower) or hasattr(cls, "expand"):
            for i, case in enumerate(getattr(cls, kind)):
                yield pytest.param(cls, case, id=f"{name}-{i}")


def _values(case: S | E) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    low, high = getattr(case, "domain", (-2.0, 2.0))
    made = []
    for given in case.inputs:
        if isinstance(given, tuple):
            made.append(np.asarray(rng.uniform(low, high, size=given)).astype(case.dtype))
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
            near = NEAR.get(one.dtype.name, 1e-6)
            np.testing.assert_allclose(one, value, rtol=near, atol=near / 1000)


@pytest.mark.parametrize(("cls", "wrong"), list(_cases("errors")))
def test_errors(cls: Any, wrong: E) -> None:
    values = _values(wrong)
    with pytest.raises(wrong.raises):
        function(*_graph(cls, wrong, values, "ranks"), mode=AS_WRITTEN, on_unused_input="ignore")(*values)


def _in_types(sample: S, name: str) -> Iterator[tuple[str, list[np.ndarray]]]:
    """The sample's inputs in other data types, numbers of `domain` that fit in them."""
    first = zlib.crc32(name.encode()) % len(ALL)
    low, high = sample.domain
    for dtype in [ALL[(first + 5 * i) % len(ALL)] for i in range(TRIED)]:
        rng = np.random.default_rng(3)
        least = max(low, 0.0) if dtype.startswith("u") else low
        made = []
        for given in sample.inputs:
            if isinstance(given, tuple):
                x = rng.uniform(least, high, size=given)
                made.append(np.asarray(x + 1j * x[::-1] if is_complex(dtype) and x.ndim else x).astype(dtype))
            else:
                made.append(np.asarray(given))
        yield dtype, made


@pytest.mark.parametrize(("cls", "sample"), list(_cases("samples")))
def test_other_data_types(cls: Any, sample: S, request: pytest.FixtureRequest) -> None:
    if cls.op_name == "alloc_empty" or issubclass(cls, OnNative):
        return  # whose values are anything, and what is only ever applied to the types of LAPACK
    for dtype, values in _in_types(sample, request.node.name):
        try:
            variables, outs = _graph(cls, sample, values, "ranks")
        except (TypeError, ValueError, NotImplementedError):
            continue  # it does not take them, and says so
        found = []
        for mode in (REFERENCE, AS_WRITTEN):
            try:
                found.append(function(variables, outs, mode=mode, on_unused_input="ignore")(*values))
            except np.linalg.LinAlgError:
                break  # whether rounding leaves a matrix singular is up to the implementation
            except (ValueError, ArithmeticError, IndexError) as error:
                found.append(type(error))
        else:
            _agree(*(_settled(cls, outputs) for outputs in found), dtype)


def _settled(cls: Any, made: Any) -> Any:
    """What is known but for a factor of size 1, as LAPACKs differ in it, with largest elements that are positive."""
    if cls.op_name != "svd" or isinstance(made, type) or len(made) != 3:
        return made
    u, values, v = made
    return [_turned(u, -2), values, _turned(v, -1)]


def _turned(vectors: np.ndarray, axis: int) -> np.ndarray:
    if not vectors.size:
        return vectors
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis, keepdims=True), axis)
    return np.asarray(vectors * (np.abs(largest) / largest), vectors.dtype)


def _agree(expected: Any, made: Any, dtype: str) -> None:
    if isinstance(expected, type) or isinstance(made, type):
        assert expected is made, dtype
        return
    for one, value in zip(made, expected, strict=True):
        assert one.dtype == value.dtype, dtype
        near = NEAR.get(one.dtype.name, 1e-6)
        assert np.allclose(one, value, near, near / 10, equal_nan=True), dtype
