"""Checks and errors at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import COMPLEX
from croton.vartypes.tensor import TensorType


@op("assert")
class Assert(Primitive):
    """The first input as it is, so long as all others are true.

    Shapes:    (…), and () each -> as the first
    Dtypes:    as the first
    Gradient:  the cotangent
    Errors:    AssertionError with `msg` at run time; at once for conditions that are no scalars
    """

    msg: str = "Theano Assert failed!"

    failure: ClassVar[type[Exception]] = AssertionError
    view_map = {0: [0]}

    def prepare(self, *args: Any) -> list[Variable]:
        value, *conditions = args
        return [
            value if isinstance(value, Variable) else as_tensor_variable(value),
            *[as_tensor_variable(c) for c in conditions],
        ]

    def infer(self, value: Variable, *conditions: Variable) -> Type:
        for c in conditions:
            if c.type.ndim != 0:
                raise ConditionError(f"A condition to assert must be a scalar; got {c} of type {c.type}.")
        return value.type

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0]]

    def eval(self, xp: Any, value: Any, *conditions: Any) -> Any:
        if not all(conditions):
            raise self.failure(self.msg)
        return value

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [gs[0], *[None] * (len(xs) - 1)]

    def lowers(self, node: Apply) -> bool:
        """Tensors, under conditions of real types."""
        return all(isinstance(v.type, TensorType) for v in node.inputs) and not any(
            v.type.dtype in ("float16", *COMPLEX) for v in node.inputs[1:]
        )

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        for v in xs[1:]:
            condition = b.scalar(v)
            dtype = v.type.dtype
            if not hasattr(condition, "dtype"):
                condition = b.register(condition, dtype)
            b.fail_if(b.eq(condition, b.register(False if dtype == "bool" else 0, dtype)), BAD_VALUE)
        x = b.array(xs[0])
        b.view(ys[0], x, x.dims, x.strides, contiguous=x.contiguous)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return self.failure(self.msg)

    samples = (S((2, 3), True), S((0,)))
    errors = (
        E((2,), False, raises=AssertionError, says="Theano Assert failed!"),
        E((2,), (2,), raises=AssertionError, says="must be a scalar"),
    )

    def __str__(self) -> str:
        return f"Assert{{msg={self.msg!r}}}"


@op("checked_divisor")
class CheckedDivisor(Assert):
    """The first input as it is, so long as all others are true: that it has no zeros to divide integers by.

    Shapes:    (…), and () each -> as the first
    Dtypes:    as the first
    Gradient:  the cotangent
    Errors:    ZeroDivisionError with `msg` at run time
    """

    msg: str = "integer division or modulo by zero"

    failure: ClassVar[type[Exception]] = ZeroDivisionError
    samples = (S((2, 3), True), S((0,)))
    errors = (
        E((2,), False, raises=ZeroDivisionError, says="integer division or modulo by zero"),
        E((2,), (2,), raises=AssertionError, says="must be a scalar"),
    )

    def __str__(self) -> str:
        return type(self).__name__


@op("checked_draw")
class CheckedDraw(Assert):
    """The first input as it is, so long as all others are true: that there is such a distribution.

    Shapes:    (…), and () each -> as the first
    Dtypes:    as the first
    Gradient:  the cotangent
    Errors:    ValueError with `msg` at run time
    """

    msg: str = "There is no such distribution."

    failure: ClassVar[type[Exception]] = ValueError
    samples = (S((2, 3), True), S((0,)))
    errors = (
        E((2,), False, raises=ValueError, says="no such distribution"),
        E((2,), (2,), raises=AssertionError, says="must be a scalar"),
    )

    def __str__(self) -> str:
        return type(self).__name__


class ConditionError(ShapeError, AssertionError):
    """A condition is no scalar."""


assert_op = assert_ = Assert()


class Raise(Op):
    """Whatever it is given, it raises `exc(msg)` when it is computed."""

    __props__ = ("msg", "exc")

    def __init__(self, msg: str = "", exc: type[BaseException] = NotImplementedError) -> None:
        self.msg = msg
        self.exc = exc

    def make_node(self, *inputs: Any) -> Apply:
        (x,) = inputs
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        raise self.exc(self.msg)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows."""
        return [[False]]

    def do_constant_folding(self, node: Apply) -> bool:
        return False
