"""The parts of complex tensors, and tensors of two parts, for the native planner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.scalar.dtypes import REAL_PART
from croton.vartypes.tensor import TensorType


@op("part")
class Part(Primitive):
    """The real part of complex numbers, or the imaginary one, where it lies.

    Shapes:    as the input
    Dtypes:    that of the parts
    Errors:    TypeError for real numbers
    """

    imaginary: bool = False

    def infer(self, z: Any) -> Type:
        if z.type.dtype not in REAL_PART:
            raise TypeError(f"Only complex numbers have parts; got {z.type}.")
        return TensorType(REAL_PART[z.type.dtype], z.type.shape)

    def eval(self, xp: Any, z: Any) -> Any:
        return xp.imag(z) if self.imaginary else xp.real(z)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        z = b.array(xs[0])
        dtype: str = ys[0].type.dtype
        offset = np.dtype(dtype).itemsize * self.imaginary
        if z.ndim:
            b.view(ys[0], z, z.dims, z.strides, offset).far = True
        else:
            b.bind(ys[0], b.load(b.part(z, (), (), offset).data, dtype))

    samples = (
        S(np.array([[1 + 2j, 3 - 1j]]), grad=False),
        S(np.array([[1 + 2j, 3 - 1j]], "complex64"), imaginary=True, grad=False),
        S(np.array(1 + 2j), imaginary=True, grad=False),
    )
    errors = (E((2,), raises=TypeError, says="Only complex numbers have parts"),)


@op("of_parts")
class OfParts(Primitive):
    """Complex numbers of their real and imaginary parts.

    Shapes:    (…) and (…), equal -> (…)
    Dtypes:    complex64 of float32, complex128 of float64
    Errors:    TypeError for other types
    """

    def infer(self, re: Any, im: Any) -> Type:
        whole = {"float32": "complex64", "float64": "complex128"}.get(re.type.dtype)
        if whole is None or im.type.dtype != re.type.dtype:
            raise TypeError(f"Parts are both float32 or both float64; got {re.type} and {im.type}.")
        return TensorType(whole, re.type.shape)

    def eval(self, xp: Any, re: Any, im: Any) -> Any:
        made = xp.empty(re.shape, "complex64" if re.dtype == "float32" else "complex128")
        made.real, made.imag = re, im
        return made

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        if ys[0] in b.arrays:  # what makes the parts has put them there
            return
        parts = [b.array(x) for x in xs]
        out = b.new(ys[0], parts[0].dims)
        for i, x in enumerate(parts):
            to = b.part(out, out.dims, out.strides, i * x.itemsize)
            to.dtype = x.dtype
            b.copy(to, x)

    samples = (
        S((2, 3), (2, 3), grad=False),
        S((), (), dtype="float32", grad=False),
    )
    errors = (E((2,), (2,), dtype="float16", raises=TypeError, says="both float32 or both float64"),)


def place_parts(b: Any, node: Apply, dims: Sequence[Any]) -> None:
    """Memory for what an `OfParts` makes, and for its inputs in it, before these are computed."""
    (out,) = node.outputs
    array = b.new(out, dims)
    for i, x in enumerate(node.inputs):
        part = b.view(x, array, array.dims, array.strides, i * array.itemsize // 2)
        part.far = True
