"""Fourier transforms of real arrays over all axes but the first, complex numbers as a last axis of length 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.config import config
from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops import reduce as reductions
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import sqrt, true_div
from croton.ops.index.assign import set_subtensor
from croton.vartypes.dtype import INTEGER, is_complex, is_discrete
from croton.vartypes.tensor import TensorType


def _operands(name: str, least: int, a: Any, s: Any, default: Any) -> list[Variable]:
    x: Any = as_tensor_variable(a)
    if is_complex(x.type.dtype):
        raise TypeError(
            f"{name} takes real numbers; got {x} of type {x.type}. Complex ones are pairs along a last axis here."
        )
    if is_discrete(x.type.dtype):
        x = cast(x, config.floatX)
    if x.type.ndim < least:
        raise TypeError(
            f"{name}: input must have dimension >= {least}, with first dimension batches; got {x.type}."
        )
    lengths: Any = default(x) if s is None else as_tensor_variable(s)
    if lengths.type.dtype not in INTEGER or lengths.type.ndim != 1:
        raise TypeError(
            f"{name}: the lengths s of the transformed axes must be a vector of integers; got {lengths.type}."
        )
    return [x, lengths]


def _middle(x: Any, length: Any) -> tuple[Any, ...]:
    """The frequencies of the last axis that stand for two: all but 0 and, of an even number, half of it."""
    return (*[slice(None)] * (x.type.ndim - 2), slice(1, length // 2 + length % 2), slice(None))


# NumPy's arrays of complex numbers are arrays of parts as they lie in memory: no copy is made.
def _apart(xp: Any, made: Any, dtype: Any) -> Any:
    """Complex numbers as pairs along a last axis."""
    if xp is not np:
        return xp.stack([made.real, made.imag], axis=-1).astype(dtype)
    pairs = np.ascontiguousarray(made).view(made.real.dtype).reshape(*made.shape, 2)
    return pairs.astype(dtype, copy=False)


def _together(xp: Any, a: Any) -> Any:
    """Pairs along the last axis as complex numbers."""
    if xp is not np or a.dtype not in ("float32", "float64"):
        return a[..., 0] + 1j * a[..., 1]
    return np.ascontiguousarray(a).view(np.result_type(a.dtype, "complex64"))[..., 0]


@op("rfft")
class RFFTOp(Primitive):
    """The Fourier transform of real numbers, not normalised, over all axes but the first.

    Shapes:    (b, …, n), lengths s of the transformed axes -> (b, …, s_last // 2 + 1, 2)
    Dtypes:    as the input, floatX for integers
    Gradient:  an inverse transform
    Errors:    TypeError for a vector and for lengths that are no integers
    """

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("RFFTOp", 2, args[0], args[1] if len(args) > 1 else None, lambda x: x.shape[1:])

    def infer(self, a: Any, s: Any) -> Type:
        return TensorType(a.type.dtype, [None] * a.type.ndim + [None])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        s: Any = cast(node.inputs[1], "int64")
        n = node.inputs[0].type.ndim - 2
        return [(shapes[0][0], *[s[i] for i in range(n)], s[n] // 2 + 1, as_tensor_variable(np.int64(2)))]

    def eval(self, xp: Any, a: Any, s: Any) -> Any:
        if len(s) == 1:
            return _apart(xp, xp.fft.rfft(a, int(s[0])), a.dtype)
        lengths = [int(n) for n in s]
        made = xp.fft.rfftn(a, s=lengths, axes=list(range(a.ndim - len(lengths), a.ndim)))
        return _apart(xp, made, a.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (_, s), (g,) = xs, gs
        at = _middle(g, s[-1])
        return [irfft_op(set_subtensor(g[at], g[at] * 0.5), s), None]

    samples = (S((2, 6), np.array([6])), S((1, 3, 5), np.array([3, 5])))
    errors = (E((4,), np.array([4]), raises=TypeError, says="first dimension batches"),)


@op("irfft")
class IRFFTOp(Primitive):
    """The inverse Fourier transform, not normalised, to real numbers, over all axes but the first.

    Shapes:    (b, …, m, 2), lengths s of the transformed axes -> (b, …, s_last)
    Dtypes:    as the input, floatX for integers
    Gradient:  a transform
    Errors:    TypeError for fewer than 3 axes and for lengths that are no integers
    """

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands(
            "IRFFTOp", 3, args[0], args[1] if len(args) > 1 else None, lambda x: _full_lengths(x, False)
        )

    def infer(self, a: Any, s: Any) -> Type:
        return TensorType(a.type.dtype, [None] * (a.type.ndim - 1))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        s: Any = cast(node.inputs[1], "int64")
        return [(shapes[0][0], *[s[i] for i in range(node.inputs[0].type.ndim - 2)])]

    def eval(self, xp: Any, a: Any, s: Any) -> Any:
        if a.shape[-1] != 2:
            raise ShapeError(
                "irfft: the last axis holds the real and the imaginary part, so its length must be 2; "
                f"got an array of shape {a.shape}."
            )
        values = _together(xp, a)
        if len(s) == 1:
            return xp.fft.irfft(values, int(s[0]), norm="forward").astype(a.dtype, copy=False)
        lengths = [int(n) for n in s]
        axes = list(range(values.ndim - len(lengths), values.ndim))
        return xp.fft.irfftn(values, s=lengths, axes=axes, norm="forward").astype(a.dtype, copy=False)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        s, g = xs[1], gs[0]
        made = rfft_op(g, s)
        at = _middle(made, s[-1])
        return [set_subtensor(made[at], made[at] * 2), None]

    samples = (S((2, 4, 2), np.array([6])), S((1, 3, 3, 2), np.array([3, 5])))
    errors = (E((4, 2), np.array([4]), raises=TypeError, says="first dimension batches"),)


rfft_op = RFFTOp()
irfft_op = IRFFTOp()


# -- functions -----------------------------------------------------------------------------------------------
def rfft(inp: Any, norm: str | None = None) -> Variable:
    """The Fourier transform of real numbers over all axes but the first, which is a batch.

    `norm`: None and 'no_norm' do not scale, 'ortho' divides by the root of the number of elements.

    Shapes:    (b, …, n) -> (b, …, n // 2 + 1, 2): real and imaginary parts
    Errors:    ValueError for another `norm`; TypeError for a vector
    Example:
        >>> import theano.tensor as T
        >>> T.fft.rfft(T.constant([[1.0, 0.0, 0.0, 0.0]])).eval()[..., 0].tolist()
        [[1.0, 1.0, 1.0]]
    """
    scale = _checked_norm(norm)
    x: Any = as_tensor_variable(inp)
    if x.type.ndim < 2:
        raise TypeError(
            f"rfft: the input must have a first axis of batches and one to transform; got {x.type}."
        )
    made = rfft_op(x, x.shape[1:])
    if scale == "ortho":
        made = true_div(made, sqrt(cast(reductions.prod(x.shape[1:]), made.type.dtype)))
    return made  # type: ignore[no-any-return]


def irfft(inp: Any, norm: str | None = None, is_odd: bool = False) -> Variable:
    """The inverse Fourier transform to real numbers over all axes but the first, which is a batch.

    `norm`: None divides by the number of elements, 'ortho' by its root, 'no_norm' does not scale. `is_odd` says
    that the last axis of the result has an odd length.

    Shapes:    (b, …, m, 2) -> (b, …, 2 (m - 1)), or 2 (m - 1) + 1
    Errors:    ValueError for another `norm` or `is_odd`; TypeError for fewer than 3 axes
    Example:
        >>> import theano.tensor as T
        >>> T.fft.irfft(T.fft.rfft(T.constant([[1.0, 2.0, 3.0, 4.0]]))).eval().round(6).tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """
    if is_odd not in (True, False):
        raise ValueError(f"Invalid value {is_odd} for id_odd, must be True or False")
    scale = _checked_norm(norm)
    x: Any = as_tensor_variable(inp)
    if x.type.ndim < 3:
        raise TypeError(
            f"irfft: the input must have axes for batches, to transform, and real and imaginary parts; got {x.type}."
        )
    s = _full_lengths(x, is_odd)
    made = irfft_op(x, s)
    if scale == "no_norm":
        return made  # type: ignore[no-any-return]
    count = cast(reductions.prod(s), made.type.dtype)
    return true_div(made, count if scale is None else sqrt(count))  # type: ignore[no-any-return]


def _full_lengths(x: Any, is_odd: bool) -> Variable:
    last = (x.shape[x.type.ndim - 2] - 1) * 2 + (1 if is_odd else 0)
    return as_tensor_variable([*[x.shape[i] for i in range(1, x.type.ndim - 2)], last])


def _checked_norm(norm: str | None) -> str | None:
    if norm not in (None, "ortho", "no_norm"):
        raise ValueError(f"Invalid value {norm} for norm, must be None, 'ortho' or 'no norm'")
    return norm
