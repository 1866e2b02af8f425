"""Parts of tensors by integers and slices: taking one out, and putting one in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros
from croton.ops.elementwise import real
from croton.ops.elemwise import dimshuffle
from croton.ops.index import native
from croton.ops.index import template as index
from croton.ops.known import elements
from croton.ops.numbers import as_tensor_number
from croton.ops.shape import addbroadcast, lengths
from croton.vartypes.dtype import COMPLEX, is_complex
from croton.vartypes.tensor import Dim, TensorType


def _settled(idx_list: Sequence[Any]) -> index.Template:
    """A template in which what a caller wrote is as operations keep it."""

    def settle(part: Any) -> Any:
        return part if isinstance(part, Type) else index.index_number(part, "An index")

    return tuple(
        slice(*map(settle, index.parts(entry))) if isinstance(entry, slice) else settle(entry)
        for entry in idx_list
    )


def _inputs(idx_list: index.Template, given: Sequence[Any]) -> list[Variable]:
    if len(given) != index.count(idx_list):
        raise IndexError(
            f"The index [{index.describe(idx_list)}] takes {index.count(idx_list)} inputs; got {len(given)}."
        )
    made = [as_tensor_number(v) for v in given]
    for v in made:
        index.index_number(v, "An index")
    return made


def _kept(x: Any, idx_list: index.Template) -> list[Dim]:
    kind = x.type
    if len(idx_list) > kind.ndim:
        raise IndexError(
            f"too many indices for array: {x} has {kind.ndim} axes, the index [{index.describe(idx_list)}] more."
        )
    dims = [
        index.static_length(entry, d)
        for entry, d in zip(idx_list, kind.shape, strict=False)
        if isinstance(entry, slice)
    ]
    return [*dims, *kind.shape[len(idx_list) :]]


class _Basic(Primitive):
    idx_list: Any

    def _props(self) -> tuple[Any, ...]:
        return tuple(
            index.key(self.idx_list) if name == "idx_list" else getattr(self, name) for name in self.__props__
        )


@op("subtensor")
class Subtensor(_Basic):
    """A part of a tensor: integers take one place of an axis, slices several.

    `idx_list` holds what is known of the index, and types where the inputs after the first come in.

    Shapes:    (…) -> without the axes of integers, with the lengths of the slices
    Dtypes:    as the input
    Gradient:  the cotangent in its place among zeros
    Errors:    IndexError for more entries than axes; at run time for a place outside of its axis; TypeError for
               entries that are no integers
    """

    idx_list: Any

    passes_scalar = 0
    view_map = {0: [0]}

    def __post_init__(self) -> None:
        self.idx_list = _settled(self.idx_list)

    collapse = staticmethod(index.collapse)

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_tensor_variable(args[0]), *_inputs(self.idx_list, args[1:])]

    def infer(self, x: Any, *places: Variable) -> Type:
        return TensorType(x.type.dtype, _kept(x, self.idx_list))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        entries = index.join(self.idx_list, node.inputs[1:])
        dims = [
            index.symbolic_length(e, n)
            for e, n in zip(entries, shapes[0], strict=False)
            if isinstance(e, slice)
        ]
        return [(*dims, *shapes[0][len(entries) :])]

    def elements(self, node: Apply) -> list[Variable] | None:
        """The elements of the vector indexed that the slice takes, where both are known."""
        (entry,) = self.idx_list if len(self.idx_list) == 1 else (slice(None),)
        named = elements(node.inputs[0])
        if named is None or not isinstance(entry, slice) or index.count(self.idx_list):
            return None
        return named[entry]

    def eval(self, xp: Any, x: Any, *places: Any) -> Any:
        return x[index.values_index(xp, self.idx_list, places)]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, *places = xs
        empty = zeros(lengths(x), dtype=gs[0].type.dtype)
        return [IncSubtensor(self.idx_list)(empty, gs[0], *places), *[None] * len(places)]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        part = native.view(b, b.array(xs[0]), index.join(self.idx_list, xs[1:]))
        if part.ndim or part.dtype in ("float16", *COMPLEX):
            b.bind(ys[0], part)
        else:
            b.bind(ys[0], b.load(part.data, part.dtype))

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), idx_list=(1,)),
        S((3, 4), idx_list=(slice(None, None, -1), slice(1, 3))),
        S((3, 4), np.int64(-1), idx_list=(slice(None), TensorType("int64", ()))),
        S(
            (5,),
            np.int64(4),
            np.int8(-2),
            idx_list=(slice(TensorType("int64", ()), None, TensorType("int8", ())),),
        ),
        S((0, 4), idx_list=(slice(None, 2),)),
        S((1, 4), idx_list=(slice(None, 2),)),
    )
    errors = (
        E((3, 4), idx_list=(3,), raises=IndexError, says="index 3 is out of bounds for axis 0 with size 3"),
        E((3,), idx_list=(0, 0), raises=IndexError, says="too many indices"),
        E((3,), idx_list=(1.5,), raises=TypeError, says="must be an integer"),
    )

    def __str__(self) -> str:
        return f"Subtensor{{{index.describe(self.idx_list)}}}"


@op("inc_subtensor")
class IncSubtensor(_Basic):
    """A tensor of which one part has a value added to it, or is set to that value.

    `inplace` is a wish: what is overwritten is decided when a function is planned.

    Shapes:    (…) and what broadcasts to the part -> as the first input
    Dtypes:    as the first input
    Gradient:  the cotangent (with zeros in the part, when set), and that of the part
    Errors:    as for Subtensor; TypeError for a value of more axes than the part, or when a value is added that the
               first input can't hold; ValueError at run time when the value does not broadcast
    """

    idx_list: Any
    inplace: bool = False
    set_instead_of_inc: bool = False
    destroyhandler_tolerate_aliased: Any = None

    def __post_init__(self) -> None:
        self.idx_list = _settled(self.idx_list)
        self.inplace = bool(self.inplace)
        self.set_instead_of_inc = bool(self.set_instead_of_inc)
        self.destroyhandler_tolerate_aliased = tuple(self.destroyhandler_tolerate_aliased or ())

    def prepare(self, *args: Any) -> list[Variable]:
        x, places = as_tensor_variable(args[0]), _inputs(self.idx_list, args[2:])
        part = TensorType(x.type.dtype, _kept(x, self.idx_list))
        return [x, fitted(as_tensor_variable(args[1]), part, add_only=not self.set_instead_of_inc), *places]

    def infer(self, x: Any, y: Variable, *places: Variable) -> Type:
        return TensorType(x.type.dtype, x.type.shape)

    def eval(self, xp: Any, x: Any, y: Any, *places: Any) -> Any:
        at = index.values_index(xp, self.idx_list, places)
        return assigned(xp, x, at, y, self.set_instead_of_inc)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        _, y, *places = xs
        (g,) = gs
        at_part = Subtensor(self.idx_list)(g, *places)
        if self.set_instead_of_inc:
            g = IncSubtensor(self.idx_list, set_instead_of_inc=True)(g, nothing(g), *places)
        return [g, summed_to(at_part, y), *[None] * len(places)]

    makes_new_memory: ClassVar[bool] = True
    writes_over: ClassVar[int] = 0

    def lowers(self, node: Apply) -> bool:
        """Setting moves elements of any type; sums are of real types."""
        return self.set_instead_of_inc or not is_complex(node.outputs[0].type.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        entries = index.join(self.idx_list, xs[2:])
        out = b.renew(ys[0], xs[0], xs[1])
        part = native.view(b, out, entries)
        if self.set_instead_of_inc and xs[1].type.ndim == 0:
            b.spread(part, xs[1])
            return
        value = b.broadcast(b.array(xs[1]), part.dims, 1)
        if self.set_instead_of_inc:
            b.copy(part, value)
        else:
            b.elementwise(lambda k, x, y: x + y, part, part, value)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), (4,), idx_list=(1,)),
        S((3, 4), (), idx_list=(slice(1, None),), set_instead_of_inc=True),
        S((3, 4), (3, 2), idx_list=(slice(None), slice(None, None, 2))),
        S(
            (3, 4),
            (4,),
            np.int64(1),
            idx_list=(slice(TensorType("int64", ()), None),),
            set_instead_of_inc=True,
        ),
        S((3,), (0,), idx_list=(slice(1, 1),)),
    )
    errors = (
        E(
            (3, 4),
            (4,),
            idx_list=(3,),
            raises=IndexError,
            says="index 3 is out of bounds for axis 0 with size 3",
        ),
        E((3, 4), (5,), idx_list=(0,), raises=ValueError, says="broadcast"),
        E((3, 4), (3, 4), idx_list=(0,), raises=TypeError, says="2-dimensional value"),
    )

    def __str__(self) -> str:
        how = ("Inplace" if self.inplace else "") + ("Set" if self.set_instead_of_inc else "Inc")
        return f"IncSubtensor{{{how};{index.describe(self.idx_list)}}}"


# -- what assignments share ----------------------------------------------------------------------------------
def fitted(y: Variable, part: TensorType, add_only: bool) -> Variable:
    """A value to put in place of a part: in its data type, with its number of axes, broadcasting where the part does.

    With `add_only`, only a data type that NumPy adds in place to that of the part is cast to it.

    Errors:  TypeError for more axes, or another data type
    """
    have: Any = y.type
    if have.ndim > part.ndim:
        raise TypeError(
            f"Trying to increment a {part.ndim}-dimensional subtensor with a {have.ndim}-dimensional value."
        )
    if have.dtype != part.dtype:
        if add_only and not _addable(have.dtype, part.dtype):
            raise TypeError(
                f"Can't add values of {have.dtype} in place to a tensor of {part.dtype}; cast them: {y}."
            )
        y = cast(real(y) if is_complex(have.dtype) and not is_complex(part.dtype) else y, part.dtype)
    added = part.ndim - have.ndim
    if added:
        y = dimshuffle(y, *["x"] * added, *range(have.ndim))
    one = [i for i, flag in enumerate(part.broadcastable) if flag and not y.type.broadcastable[i]]
    return addbroadcast(y, *one) if one else y


def _addable(dtype: str, to: str) -> bool:
    # Integers wrap around, whatever their sign and width.
    return np.can_cast(dtype, to, "same_kind") or {np.dtype(dtype).kind, np.dtype(to).kind} <= {"i", "u"}


def assigned(xp: Any, x: Any, at: Any, y: Any, set_instead_of_inc: bool) -> Any:
    """A copy of `x` with `y` put in, or added to, the part that the basic index `at` names."""
    if xp is not np:
        return x.at[at].set(y) if set_instead_of_inc else x.at[at].add(y)
    made = np.array(x)
    part = made[at]
    try:
        if set_instead_of_inc:
            made[at] = y
        else:
            made[at] = part + y
    except ValueError:
        raise ShapeError(
            f"A value of shape {y.shape} can't be broadcast to a part of shape {part.shape}."
        ) from None
    return made


def nothing(x: Any) -> Variable:
    """The number 0 in the data type of `x`."""
    return as_tensor_variable(np.array(0, dtype=x.type.dtype))


def summed_to(g: Any, y: Any) -> Variable:
    """The cotangent of a value from that of the part it was broadcast to."""
    over = [i for i, flag in enumerate(y.type.broadcastable) if flag and not g.type.broadcastable[i]]
    return g.sum(axis=over, keepdims=True) if over else g  # type: ignore[no-any-return]
