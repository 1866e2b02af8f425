"""What tests of a user's own operations are made of: `theano.tests.unittest_tools`."""

from __future__ import annotations

import copy
import sys
import unittest
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.compile import verify_grad as gradients
from croton.compile.function import function
from croton.compile.mode import get_default_mode
from croton.config import config
from croton.graph.node import Variable
from croton.graph.op import Op

# How far values may be from what is expected, by the least precise type that is met: relative, absolute.
_TOLERANCES = {"float16": (5e-2, 5e-2), "float32": (1e-4, 1e-5), "complex64": (1e-4, 1e-5)}


def fetch_seed(pseed: Any = None) -> int | None:
    """The seed that config.unittests.rseed says, or else `pseed`; None for 'random'.

    Errors: ValueError for what is no number
    """
    seed = pseed or config.unittests.rseed
    if seed in (None, "random"):
        return None
    try:
        return int(seed)
    except (TypeError, ValueError):
        raise ValueError(f"config.unittests.rseed must be a number or 'random'; got {seed!r}.") from None


def seed_rng(pseed: Any = None) -> int | None:
    """Seed NumPy's global random numbers by `fetch_seed`; the seed."""
    seed = fetch_seed(pseed)
    np.random.seed(seed)
    return seed


def verify_grad(
    op: Any, pt: Sequence[Any], n_tests: int = 2, rng: Any = None, *args: Any, **kwargs: Any
) -> None:
    """As `theano.gradient.verify_grad`, with random numbers of its own where `rng` is None."""
    source = np.random.RandomState(fetch_seed()) if rng is None else rng
    gradients.verify_grad(op, pt, n_tests, source, *args, **kwargs)


verify_grad.E_grad = gradients.GradientError  # type: ignore[attr-defined]


class WrongValue(Exception):
    """A value is not what is expected of it."""

    def __init__(self, expected_val: Any, val: Any, rtol: float, atol: float) -> None:
        self.expected_val, self.val, self.rtol, self.atol = expected_val, val, rtol, atol
        super().__init__(expected_val, val, rtol, atol)

    def __str__(self) -> str:
        off = np.abs(np.asarray(self.val) - np.asarray(self.expected_val))
        return (
            f"Expected {self.expected_val!r}\nGot {self.val!r}\nThey differ by at most {off.max() if off.size else 0}, "
            f"where rtol={self.rtol} and atol={self.atol} are allowed."
        )


def assert_allclose(expected: Any, value: Any, rtol: float | None = None, atol: float | None = None) -> None:
    """Raise WrongValue unless `value` is near `expected`, as the least precise type of the two needs it."""
    dtypes = [np.asarray(v).dtype.name for v in (expected, value)]
    loose, near = max(_TOLERANCES.get(d, (1e-5, 1e-8)) for d in dtypes)
    rtol, atol = loose if rtol is None else rtol, near if atol is None else atol
    if not np.allclose(expected, value, rtol=rtol, atol=atol, equal_nan=True):
        raise WrongValue(expected, value, rtol, atol)


class T_OpContractMixin:
    """Tests that an operation is equal to its copies: a test case that has it gives `setUp`, which sets `self.ops`,
    and `clone(op)`; `other_op` is an operation that none of them is equal to.
    """

    ops: Sequence[Op]
    other_op: Any = Op()

    def copy(self, x: Any) -> Any:
        """A copy."""
        return copy.copy(x)

    def deepcopy(self, x: Any) -> Any:
        """A deep copy."""
        return copy.deepcopy(x)

    def clone(self, op: Any) -> Any:
        """An operation that is to be equal to `op`, and is another object."""
        raise NotImplementedError("A test case says how its operations are made anew: clone(op).")

    def _pairs(self) -> list[tuple[Any, Any]]:
        return [(op, make(op)) for op in self.ops for make in (self.copy, self.deepcopy, self.clone)]

    def test_eq(self) -> None:
        """Copies are equal, other operations are not."""
        for op, other in self._pairs():
            assert op == other and op != self.other_op

    def test_hash(self) -> None:
        """What is equal has one hash."""
        for op, other in self._pairs():
            assert hash(op) == hash(other)

    def test_name(self) -> None:
        """It can be printed."""
        for op in self.ops:
            assert str(op)


class InferShapeTester(unittest.TestCase):
    """A test case for shape rules: `self._compile_and_check(inputs, outputs, numeric_inputs, cls)`."""

    def setUp(self) -> None:
        seed_rng()
        self.mode = get_default_mode()

    def _compile_and_check(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], numeric_inputs: Sequence[Any], cls: Any,
        excluding: Sequence[str] | None = None, warn: bool = True, check_topo: bool = True,
    ) -> None:  # fmt: skip
        """Raise unless the lengths of `outputs` are right, and computed without an operation of the class `cls`."""
        mode = self.mode.excluding(*excluding) if excluding else self.mode
        lengths = function(list(inputs), [out.shape for out in outputs], mode=mode)
        values = function(list(inputs), list(outputs), mode=mode)
        classes = cls if isinstance(cls, (list, tuple)) else (cls,)
        if check_topo:
            left = [node for node in lengths.maker.fgraph.toposort() if isinstance(node.op, tuple(classes))]
            assert not left, f"The shape is computed by running the operation: {left}"
        for found, value in zip(lengths(*numeric_inputs), values(*numeric_inputs), strict=True):
            assert tuple(found) == np.shape(value), (
                f"The shape rule says {tuple(found)} for {np.shape(value)}"
            )


class TestOptimizationMixin:
    """Assertions on what the graph of a function holds."""

    __test__ = False

    def _count(self, f: Any, is_one: Callable[[Any], bool], least: int, most: int) -> None:
        found = sum(is_one(node.op) for node in f.maker.fgraph.toposort())
        assert least <= found <= most, f"There are {found} of them, not {least} to {most}: {f.maker.fgraph}"

    def assertFunctionContains(self, f: Any, op: Any, min: int = 1, max: int = sys.maxsize) -> None:
        """The operation stands `min` to `max` times in the graph of `f`."""
        self._count(f, lambda one: one == op, min, max)

    def assertFunctionContains0(self, f: Any, op: Any) -> None:
        """It stands nowhere."""
        self.assertFunctionContains(f, op, 0, 0)

    def assertFunctionContains1(self, f: Any, op: Any) -> None:
        """It stands once."""
        self.assertFunctionContains(f, op, 1, 1)

    def assertFunctionContainsN(self, f: Any, op: Any, N: int) -> None:
        """It stands `N` times."""
        self.assertFunctionContains(f, op, N, N)

    def assertFunctionContainsClass(self, f: Any, op: Any, min: int = 1, max: int = sys.maxsize) -> None:
        """Operations of the class `op` stand `min` to `max` times in the graph of `f`."""
        self._count(f, lambda one: isinstance(one, op), min, max)

    def assertFunctionContainsClassN(self, f: Any, op: Any, N: int) -> None:
        """They stand `N` times."""
        self.assertFunctionContainsClass(f, op, N, N)

    def SkipTest(self, msg: str = "Skip this test") -> None:
        """Leave the rest of the test out."""
        raise unittest.SkipTest(msg)


def assertFailure_fast(f: Callable[..., Any]) -> Callable[..., Any]:
    """The test itself: it is to fail neither in fast modes nor in others."""
    return f


def custom_name_func(testcase_func: Any, param_num: Any, param: Any) -> str:
    """A name for a parametrised test that says its parameters."""
    said = "_".join(p if isinstance(p, str) else getattr(p, "__name__", str(p)) for p in param.args)
    return f"{testcase_func.__name__}_{param_num}_{said}"
