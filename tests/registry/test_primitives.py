"""Every operation of the house, from its samples and errors: what it says of itself against what it does."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import croton.ops
from croton.autodiff.grad import grad
from croton.autodiff.rop import Rop
from croton.compile.function import function
from croton.compile.mode import BACKENDS, Mode
from croton.errors import MethodNotDefined
from croton.graph.node import Variable
from croton.ops.base import REGISTRY, E, S
from croton.ops.convert import constant
from croton.ops.inner import InnerGraph
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import is_discrete
from croton.vartypes.null import NullType
from croton.vartypes.tensor import TensorType

for _module in pkgutil.walk_packages(croton.ops.__path__, "croton.ops."):
    importlib.import_module(_module.name)

# Operations whose value is not determined by their inputs.
ANY_VALUE = {"alloc_empty"}
STEP = 1e-6


def cases(kind: str) -> Iterator[Any]:
    """All samples, or all errors."""
    for name, cls in sorted(REGISTRY.items()):
        for at, case in enumerate(getattr(cls, kind)):
            yield pytest.param(cls, case, id=f"{name}-{at}")


SAMPLES = list(cases("samples"))


def values_of(case: S | E) -> list[np.ndarray]:
    """The inputs of a case: the arrays that it gives, seeded ones for shapes."""
    rng = np.random.default_rng(11)
    low, high = getattr(case, "domain", (-2.0, 2.0))
    return [
        np.asarray(rng.uniform(low, high, size=given)).astype(case.dtype)
        if isinstance(given, tuple)
        else np.asarray(given)
        for given in case.inputs
    ]


def applied(
    cls: Any, case: S | E, values: Sequence[np.ndarray], pattern: bool = True
) -> tuple[list[Variable], list[Variable]]:
    """The operation of a case on variables of which no length is known, but, if asked for, what broadcasts."""
    xs = [TensorType(v.dtype.name, [1 if pattern and n == 1 else None for n in v.shape])() for v in values]
    ys = cls(**case.params)(*xs, return_list=True)
    return xs, ys[0].owner.outputs


def computed(xs: Sequence[Variable], ys: Sequence[Variable], values: Sequence[Any]) -> list[Any]:
    """The values of `ys` by reference evaluation."""
    return InnerGraph(list(xs), list(ys)).run(list(values))


def strided(x: np.ndarray) -> np.ndarray:
    """The same elements, backwards and every other place of a larger array."""
    if not x.ndim:
        return x
    wide = np.zeros([2 * n + 1 for n in x.shape], dtype=x.dtype)
    view = wide[tuple(slice(None, None, -2) for _ in x.shape)][tuple(slice(0, n) for n in x.shape)]
    view[...] = x
    return view


def equal(found: Any, expected: Any) -> None:
    """Fail unless the arrays are the same up to rounding."""
    assert np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    tolerance = {"float16": 1e-2, "float32": 1e-5, "complex64": 1e-5}.get(np.asarray(found).dtype.name, 1e-9)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# Operations that the tests of this file can't make, or that no input is wrong for.
NO_SAMPLES = {
    "alloc_empty": "a sample's dtype is that of its inputs; see tests/ops/test_creation.py",
    "rebroadcast": "its pairs come by position; see tests/ops/test_shape.py",
}
NO_ERRORS = {
    **NO_SAMPLES,
    "cpu_contiguous": "takes any array",
    "dot_modulo": "takes what the streams of random numbers give it",
    "householder": "takes any matrices",
    "shape": "takes any array",
}


@pytest.mark.parametrize(("kind", "missing"), [("samples", NO_SAMPLES), ("errors", NO_ERRORS)])
def test_every_operation_says_how_it_is_used(kind: str, missing: dict[str, str]) -> None:
    assert {name for name, cls in REGISTRY.items() if not getattr(cls, kind)} == set(missing)


def test_every_operation_tells_its_arguments() -> None:
    assert str(inspect.signature(REGISTRY["searchsorted"])) == "(side='left')"
    for name, cls in REGISTRY.items():
        arguments = inspect.signature(cls).parameters
        if cls.__init__.__name__ == "_fill_fields":
            assert list(arguments) == list(cls.__props__), name


# -- values --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("cls", "sample"), SAMPLES)
def test_types_and_shapes_are_as_promised(cls: Any, sample: S) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    found = computed(xs, ys, values)
    for y, value in zip(ys, found, strict=True):
        kind = y.type
        assert isinstance(kind, TensorType)
        assert (value.dtype, value.ndim) == (kind.dtype, kind.ndim)
        assert all(n is None or n == m for n, m in zip(kind.shape, value.shape, strict=True))
        assert all(m == 1 for b, m in zip(kind.broadcastable, value.shape, strict=True) if b)


@pytest.mark.parametrize(("cls", "sample"), SAMPLES)
def test_shapes_are_known_without_values(cls: Any, sample: S) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    node: Any = ys[0].owner
    arguments = computed(xs, node.inputs, values)
    shapes = [tuple(constant(n, dtype="int64") for n in np.shape(v)) for v in arguments]
    try:
        said = node.op.infer_shape(node, shapes)
    except MethodNotDefined:
        return
    for value, lengths in zip(computed(xs, ys, values), said, strict=True):
        for n, length in zip(value.shape, value.shape if lengths is None else lengths, strict=True):
            if length is not None:
                (found,) = computed(
                    xs, [length if isinstance(length, Variable) else constant(length)], values
                )
                assert found == n


@pytest.mark.parametrize(("cls", "sample"), SAMPLES)
def test_memory_layout_changes_nothing(cls: Any, sample: S) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    before = copy.deepcopy(values)
    expected = computed(xs, ys, values)
    for one, old in zip(values, before, strict=True):
        np.testing.assert_array_equal(one, old)
    if cls.op_name not in ANY_VALUE:
        for found, value in zip(computed(xs, ys, list(map(strided, values))), expected, strict=True):
            equal(found, value)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("cls", "sample"), SAMPLES)
def test_backends_agree_with_the_reference(cls: Any, sample: S, backend: str) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    made = function(xs, ys, mode=Mode(backend, "fast_run"), on_unused_input="ignore")(*values)
    if cls.op_name not in ANY_VALUE:
        for found, value in zip(made, computed(xs, ys, values), strict=True):
            equal(found, value)


# -- gradients -----------------------------------------------------------------------------------------------
SLOPED = [
    pytest.param(cls, case, id=param.id)
    for param in SAMPLES
    for cls, case in [param.values]
    if case.grad and any(v.dtype == "float64" for v in values_of(case)) and cls.op_name not in ANY_VALUE
]


def outputs_in_turn(ys: Sequence[Variable]) -> list[list[int]]:
    """Which outputs to look at together: all that are continuous, then each of them."""
    smooth = [at for at, y in enumerate(ys) if not is_discrete(y.type.dtype)]  # type: ignore[attr-defined]
    return [smooth, *([at] for at in smooth if len(smooth) > 1)] if smooth else []


def differences(f: Callable[[Sequence[np.ndarray]], float], at: list[np.ndarray], which: int) -> np.ndarray:
    """The slopes of `f` for each element of one of its arguments."""
    slopes = np.zeros(at[which].shape)
    for place in np.ndindex(slopes.shape):
        sides = []
        for sign in (1, -1):
            moved = at[which].copy()
            moved[place] += sign * STEP
            sides.append(f([moved if i == which else v for i, v in enumerate(at)]))
        slopes[place] = (sides[0] - sides[1]) / (2 * STEP)
    return slopes


@pytest.mark.parametrize(("cls", "sample"), SLOPED)
def test_gradients_are_the_numeric_ones(cls: Any, sample: S) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    shapes = [v.shape for v in computed(xs, ys, values)]
    rng = np.random.default_rng(5)
    for chosen in outputs_in_turn(ys):
        weights = [rng.uniform(0.5, 1.5, size=shapes[at]) for at in chosen]
        cost: Any = sum(
            sum_of((abs(ys[at]) if "complex" in ys[at].type.dtype else ys[at]) * w)  # type: ignore
            for at, w in zip(chosen, weights, strict=True)
        )
        wrt = [at for at, v in enumerate(values) if v.dtype == "float64"]
        found = grad(
            cost, [xs[at] for at in wrt], disconnected_inputs="ignore", return_disconnected="None",
            null_gradients="return",
        )  # fmt: skip
        for at, g in zip(wrt, found, strict=True):
            if g is not None and isinstance(g.type, NullType):
                continue
            slopes = differences(lambda v, c=cost: float(computed(xs, [c], v)[0]), values, at)
            actual = np.zeros_like(values[at]) if g is None else computed(xs, [g], values)[0]
            assert actual.shape == values[at].shape
            np.testing.assert_allclose(actual, slopes, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("cls", "sample"), SLOPED)
def test_derivatives_forwards_agree_with_those_backwards(cls: Any, sample: S) -> None:
    values = values_of(sample)
    xs, ys = applied(cls, sample, values)
    smooth = [y for y in ys if not is_discrete(y.type.dtype) and "complex" not in y.type.dtype]  # type: ignore[attr-defined]
    moving = [at for at, v in enumerate(values) if v.dtype == "float64"]
    rng = np.random.default_rng(6)
    vs = [rng.normal(size=values[at].shape) for at in moving]
    weights = [rng.normal(size=v.shape) for v in computed(xs, smooth, values)]
    if not smooth:
        return
    try:
        back = grad(
            None, [xs[at] for at in moving], known_grads=dict(zip(smooth, map(constant, weights), strict=True)),
            disconnected_inputs="ignore",
        )  # fmt: skip
        forth = Rop(smooth, [xs[at] for at in moving], [constant(v) for v in vs], "ignore")
    except (NotImplementedError, MethodNotDefined, TypeError) as error:
        pytest.skip(f"no second derivative: {error}")
    one = sum((g * v).sum() for g, v in zip(computed(xs, back, values), vs, strict=True))
    other = sum((t * w).sum() for t, w in zip(computed(xs, forth, values), weights, strict=True))
    np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)


# -- identity and errors -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("cls", "sample"), SAMPLES)
def test_operations_are_equal_to_their_copies(cls: Any, sample: S) -> None:
    made, same = cls(**sample.params), cls(**sample.params)
    assert made == same
    assert hash(made) == hash(same)
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert twin == made
        assert hash(twin) == hash(made)
        assert str(twin) == str(made)


@pytest.mark.parametrize(("cls", "wrong"), list(cases("errors")))
def test_errors_say_what_is_wrong(cls: Any, wrong: E) -> None:
    values = values_of(wrong)
    with pytest.raises(wrong.raises, match=f"(?s).*{_literal(wrong.says)}"):
        function(
            *applied(cls, wrong, values, pattern=False), mode=Mode("py", None), on_unused_input="ignore"
        )(*values)


def _literal(text: str) -> str:
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in text)
