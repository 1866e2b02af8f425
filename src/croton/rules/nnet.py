"""Softmax and what is usually done to it: the logarithm, and the cross-entropy with classes given by number."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.creation import ARange, zeros_like
from croton.ops.elementwise import fill, log, mul, neg, true_div
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.index.advanced import AdvancedIncSubtensor, AdvancedSubtensor
from croton.ops.nnet.crossentropy import (
    CrossentropyCategorical1Hot,
    CrossentropyCategorical1HotGrad,
    crossentropy_softmax_1hot_with_bias_dx,
    crossentropy_softmax_argmax_1hot_with_bias,
)
from croton.ops.nnet.softmax import LogSoftmax, Softmax, SoftmaxGrad
from croton.ops.reduce import sum as sum_of
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import made_by
from croton.rules.passes import Context
from croton.rules.stages import specialize, stabilize
from croton.vartypes.dtype import is_discrete


def _owned(variable: Variable, kind: type) -> Apply | None:
    node = variable.owner
    return node if node is not None and isinstance(node.op, kind) else None


@stabilize.on(log, name="local_logsoftmax", tags=("fast_compile",))
def _log_of_softmax(node: Apply) -> Any:
    """The logarithm of a softmax is x - log(sum(exp(x))), which keeps the digits of what is small."""
    softmax = _owned(node.inputs[0], Softmax)
    return None if softmax is None else LogSoftmax(softmax.op.axis)(softmax.inputs[0])  # type: ignore[attr-defined]


def _each_row(node: Apply, of: Variable, context: Context) -> Variable | None:
    """The classes, where `node` indexes each row of `of` at one column: of[arange(rows), classes]."""
    op: Any = node.op
    picked = node.inputs[-2:]
    if of.type.ndim != 2 or len(op.idx_list) != 2 or any(isinstance(entry, slice) for entry in op.idx_list):
        return None
    rows, classes = picked
    if classes.type.ndim != 1 or not is_discrete(classes.type.dtype) or classes.type.dtype == "bool":
        return None
    made = _owned(rows, ARange)
    if made is None:
        return None
    start, stop, step = made.inputs
    first, by = scalar_value(start), scalar_value(step)
    if first is None or by is None or first != 0 or by != 1:
        return None
    return classes if _is_length(stop, of, classes, context) else None


def _is_length(stop: Variable, of: Variable, classes: Variable, context: Context) -> bool:
    """Whether `stop` is the number of rows: the length of the first axis of `of`, or of the classes."""
    shapes = context.shapes
    node = stop.owner
    known = scalar_value(stop)
    wanted = [shapes.lengths(of)[0], shapes.lengths(classes)[0]]
    if known is not None:
        return any(isinstance(n, int) and n == int(known) for n in wanted)
    if node is None or not getattr(node.op, "is_length", False):
        return False
    length = shapes.lengths(node.inputs[0])[node.op.i]  # type: ignore[attr-defined]
    return any(length is n for n in wanted)


@stabilize.on(AdvancedSubtensor, name="local_advanced_indexing_crossentropy_onehot")
def _crossentropy(node: Apply, context: Context) -> Any:
    """log(softmax(x))[arange(n), y] is minus the cross-entropy of the softmax of x with the classes y."""
    log_softmax = _owned(node.inputs[0], LogSoftmax)
    if log_softmax is None or log_softmax.op.axis not in (-1, 1):  # type: ignore[attr-defined]
        return None
    classes = _each_row(node, node.inputs[0], context)
    return None if classes is None else neg(_loss(log_softmax.inputs[0], classes))


def _loss(x: Any, classes: Variable) -> Variable:
    made: Variable = crossentropy_softmax_argmax_1hot_with_bias(x, zeros_like(x[0]), classes)[0]
    return made


@stabilize.on(CrossentropyCategorical1Hot, name="crossentropy_to_crossentropy_with_softmax")
def _loss_of_softmax(node: Apply) -> Any:
    """The cross-entropy of a softmax, in one."""
    softmax = _owned(node.inputs[0], Softmax)
    if softmax is None or softmax.op.axis not in (-1, 1):  # type: ignore[attr-defined]
        return None
    return _loss(softmax.inputs[0], node.inputs[1])


@stabilize.on(SoftmaxGrad, name="local_crossentropy_to_crossentropy_with_softmax_grad")
def _gradient(node: Apply, context: Context) -> Any:
    """The gradient of a cross-entropy through a softmax never divides by the softmax."""
    dy, sm = node.inputs
    if sm.type.ndim != 2 or node.op.axis not in (-1, 1):  # type: ignore[attr-defined]
        return None
    inner = dy.owner
    if inner is not None and isinstance(inner.op, CrossentropyCategorical1HotGrad) and inner.inputs[1] is sm:
        return crossentropy_softmax_1hot_with_bias_dx(inner.inputs[0], sm, inner.inputs[2])
    quotient = made_by(dy, true_div)
    if quotient is not None and quotient.inputs[1] is sm:
        return _from_scatter(quotient.inputs[0], None, sm, context)
    return _from_scatter(dy, sm, sm, context)


def _from_scatter(top: Variable, over: Variable | None, sm: Variable, context: Context) -> Variable | None:
    """The gradient where g was added into zeros at the classes: `top` is that, up to sign.

    over   what is added is g over those very elements of it, where it is given
    """
    sign = False
    negative = made_by(top, neg)
    if negative is not None:
        top, sign = negative.inputs[0], True
    node = _owned(top, AdvancedIncSubtensor)
    if node is None or node.op.set_instead_of_inc:  # type: ignore[attr-defined]
        return None
    base, added, *places = node.inputs
    value = scalar_value(base)
    if value is None or value != 0:
        return None
    if over is not None:
        negative = made_by(added, neg)
        if negative is not None:
            added, sign = negative.inputs[0], not sign
        quotient = made_by(added, true_div)
        part = None if quotient is None else _owned(quotient.inputs[1], AdvancedSubtensor)
        if quotient is None or part is None or part.inputs != [over, *places]:
            return None
        added = quotient.inputs[0]
    classes = _each_row(node, top, context)
    if classes is None or added.type.ndim not in (0, 1):
        return None
    added = _narrow(added)
    scale = added if sign else neg(added)
    return crossentropy_softmax_1hot_with_bias_dx(cast(scale, sm.type.dtype), sm, classes)  # type: ignore[no-any-return]


def _narrow(added: Variable) -> Variable:
    """What is added to every row, as a scalar where it is one number for all."""
    v = added
    while v.type.ndim:
        node = v.owner
        if node is not None and isinstance(node.op, DimShuffle):
            v = node.inputs[0]
        elif made_by(v, fill) and all(v.owner.inputs[1].type.broadcastable):  # type: ignore[union-attr]
            v = v.owner.inputs[1]  # type: ignore[union-attr]
        else:
            return added
    return v


# After the rule for losses, which takes more of the graph. As in the original, FAST_COMPILE makes these two as well.
@stabilize.on(SoftmaxGrad, name="local_logsoftmax_grad", tags=("fast_compile",))
def _gradient_of_log_of_softmax(node: Apply) -> Any:
    """What comes back through log(softmax(x)) is divided by the softmax, which may be 0, and multiplied by it again."""
    dy, sm = node.inputs
    if _owned(sm, Softmax) is None:
        return None
    top = _times(dy, sm)
    if top is None:
        return None
    wide = "float32" if sm.type.dtype == "float16" else sm.type.dtype
    g = fill(sm, cast(top, sm.type.dtype))
    axis: int = node.op.axis  # type: ignore[attr-defined]
    return g - cast(
        sum_of(cast(g, wide), axis=axis, keepdims=True, acc_dtype=wide) * cast(sm, wide), sm.type.dtype
    )


def _times(quotient: Variable, divisor: Variable) -> Variable | None:
    """`quotient` times what it is divided by, told without the division; None where it is not divided by it."""
    if (node := made_by(quotient, true_div)) is not None:
        top, bottom = node.inputs
        if bottom is divisor:
            return top
        factors = made_by(bottom, mul)
        if factors is None or divisor not in factors.inputs:
            return None
        rest = list(factors.inputs)
        rest.remove(divisor)
        return true_div(top, rest[0] if len(rest) == 1 else mul(*rest))  # type: ignore[no-any-return]
    if (node := made_by(quotient, neg)) is not None:
        inner = _times(node.inputs[0], divisor)
        return None if inner is None else neg(inner)
    if (node := made_by(quotient, mul)) is not None:
        for at, factor in enumerate(node.inputs):
            inner = _times(factor, divisor)
            if inner is not None:
                return mul(*node.inputs[:at], inner, *node.inputs[at + 1 :])  # type: ignore[no-any-return]
    return None


@specialize.on(Softmax, LogSoftmax, SoftmaxGrad, name="local_softmax_of_moved_axes", inside=(DimShuffle,))
def _of_moved_axes(node: Apply) -> Any:
    """Along an axis that was moved is along the axis where it was, moved afterwards: what moves it back meets it."""
    moves = [v.owner for v in node.inputs if _owned(v, DimShuffle) is not None]
    op: Any = node.op
    order = moves[0].op.new_order if moves else ()  # type: ignore[union-attr]
    if len(moves) < len(node.inputs) or "x" in order or sorted(order) != list(range(len(order))):
        return None
    if any(m.op.new_order != order for m in moves):  # type: ignore[union-attr]
        return None
    made = type(op)(order[op.axis])(*[m.inputs[0] for m in moves])  # type: ignore[union-attr]
    return dimshuffle(made, *order)
