"""Operations that pass their input on as it is, and change what flows back through them."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import clip
from croton.ops.passing import ViewOp
from croton.vartypes.null import DisconnectedType, NullType


class GradientMark(ViewOp):
    """The input itself, with a gradient of its own. Once all gradients are taken it is of no more use."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._numbers() == other._numbers()

    def __hash__(self) -> int:
        return hash((type(self), self._numbers()))

    def _numbers(self) -> tuple[Any, ...]:
        return ()

    def __str__(self) -> str:
        return type(self).__name__


class ConsiderConstant(GradientMark):
    """The input, as if it were a constant: its gradient is zero.

    Gradient:  zero
    """

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [g.zeros_like() for g in output_grads]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if v is None else v.zeros_like() for v in eval_points]


class ZeroGrad(ConsiderConstant):
    """The input; what flows back is zero.

    Gradient:  zero
    """


class DisconnectedGrad(GradientMark):
    """The input, cut off: what it is computed from gets no gradient through here.

    Gradient:  disconnected
    """

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing depends on the input."""
        return [[False]]


class UndefinedGrad(GradientMark):
    """The input, whose gradient is said to be undefined: asking for it is an error.

    Gradient:  of NullType
    """

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [grad_undefined(self, 0, inputs[0])]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The output depends on the input."""
        return [[True]]


class GradClip(GradientMark):
    """The input; each number that flows back is held between two bounds.

    Gradient:  the cotangent, clipped
    Errors:    ValueError when the bounds are not in order
    """

    def __init__(self, clip_lower_bound: float, clip_upper_bound: float) -> None:
        if not clip_upper_bound >= clip_lower_bound:
            raise ValueError(
                f"The upper bound of a clipped gradient is below the lower: {clip_lower_bound} .. {clip_upper_bound}."
            )
        self.clip_lower_bound = clip_lower_bound
        self.clip_upper_bound = clip_upper_bound

    def _numbers(self) -> tuple[Any, ...]:
        return self.clip_lower_bound, self.clip_upper_bound

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [clip(g, self.clip_lower_bound, self.clip_upper_bound) for g in output_grads]


class GradScale(GradientMark):
    """The input; what flows back is multiplied by a number.

    Gradient:  the cotangent times `multiplier`
    """

    def __init__(self, multiplier: float) -> None:
        self.multiplier = multiplier

    def _numbers(self) -> tuple[Any, ...]:
        return (self.multiplier,)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [self.multiplier * g for g in output_grads]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if v is None else self.multiplier * v for v in eval_points]


consider_constant_ = ConsiderConstant()
zero_grad_ = ZeroGrad()
disconnected_grad_ = DisconnectedGrad()
undefined_grad_ = UndefinedGrad()


# -- as functions --------------------------------------------------------------------------------------------
def consider_constant(x: Any) -> Variable:
    """`x`, through which a zero gradient flows: it is treated as a constant.

    Gradient:  zero
    """
    made: Variable = consider_constant_(x)
    return made


def zero_grad(x: Any) -> Variable:
    """`x`, through which a zero gradient flows.

    Gradient:  zero
    """
    made: Variable = zero_grad_(x)
    return made


def disconnected_grad(x: Any) -> Variable:
    """`x`, through which no gradient flows: gradients say that they are disconnected from what it is computed from.

    Gradient:  disconnected
    """
    made: Variable = disconnected_grad_(x)
    return made


def undefined_grad(x: Any) -> Variable:
    """`x`, whose gradient is undefined: to ask for it is an error.

    Gradient:  NullTypeGradError
    """
    made: Variable = undefined_grad_(x)
    return made


def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Variable:
    """`x`, whose gradient is held between two bounds, number by number.

    Gradient:  the cotangent, clipped
    """
    made: Variable = GradClip(lower_bound, upper_bound)(x)
    return made


def grad_scale(x: Any, multiplier: float) -> Variable:
    """`x`, whose gradient is multiplied by a number.

    Gradient:  the cotangent times `multiplier`
    """
    made: Variable = GradScale(multiplier)(x)
    return made


# -- what a gradient may be that is no value -----------------------------------------------------------------
def grad_undefined(op: Any, x_pos: int, x: Variable, comment: str = "") -> Variable:
    """What the `grad` of an operation returns for input number `x_pos` where the gradient is undefined."""
    return _null(op, x_pos, x, "mathematically undefined", comment)


def grad_not_implemented(op: Any, x_pos: int, x: Variable, comment: str = "") -> Variable:
    """What the `grad` of an operation returns for input number `x_pos` where nobody has written the gradient."""
    return _null(op, x_pos, x, "not implemented", comment)


def _null(op: Any, x_pos: int, x: Variable, reason: str, comment: str) -> Variable:
    made: Variable = NullType(
        f"This variable is Null because the grad method for input {x_pos} ({x}) of the {op} op is {reason}. {comment}"
    )()
    return made
