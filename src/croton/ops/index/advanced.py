"""Parts of tensors by arrays of integers and by masks: taking them out, and putting others in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros
from croton.ops.index import native
from croton.ops.index import template as index
from croton.ops.index.subtensor import fitted, nothing, summed_to
from croton.ops.numbers import as_tensor_number
from croton.ops.shape import lengths
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.tensor import Dim, TensorType

# What the samples index by.
_PLACES = TensorType("int64", (None,))
_MASK = TensorType("bool", (None,))


def as_place(x: Any) -> Variable:
    """An array of integers or a mask, as a variable.

    Errors:  TypeError for other data types
    """
    v = as_tensor_number(np.zeros(0, "int64") if isinstance(x, (list, tuple)) and not len(x) else x)
    if not is_discrete(v.type.dtype):
        raise TypeError(f"index must be integers or a boolean mask; got {v} of type {v.type}.")
    return v


# -- along the first axis ------------------------------------------------------------------------------------
@op("advanced_subtensor1")
class AdvancedSubtensor1(Primitive):
    """Places of the first axis, by a vector of integers.

    Shapes:    (n, …) and (k,) -> (k, …)
    Dtypes:    as the input
    Gradient:  the cotangents added up in their places
    Errors:    TypeError for what is no vector of integers, or a scalar to index; IndexError at run time for a place
               outside of the axis
    """

    sparse_grad: bool = False

    def _props(self) -> tuple[Any, ...]:
        return ()

    def prepare(self, *args: Any) -> list[Variable]:
        x, places = as_tensor_variable(args[0]), as_place(args[1])
        return [x, *_one_vector(x, places)]

    def infer(self, x: Any, places: Any) -> Type:
        return TensorType(x.type.dtype, [places.type.shape[0], *x.type.shape[1:]])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[1][0], *shapes[0][1:])]

    def eval(self, xp: Any, x: Any, places: Any) -> Any:
        return xp.take(x, places, axis=0) if xp is np else x[places]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, places = xs
        return [AdvancedIncSubtensor1()(zeros(lengths(x), dtype=gs[0].type.dtype), gs[0], places), None]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        native.gather(b, ys[0], native.locate(b, b.array(xs[0]), [xs[1]], 0))

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), np.array([2, 0, -1, 0])),
        S((3,), np.array([], dtype="int64")),
        S((1, 2), np.array([0], dtype="int8")),
    )
    errors = (
        E((3, 4), np.array([3]), raises=IndexError, says="index 3 is out of bounds for axis 0 with size 3"),
        E((3, 4), np.array([[0]]), raises=TypeError, says="must be a vector"),
        E((3, 4), np.array([0.5]), raises=TypeError, says="must be integers"),
        E((), np.array([0]), raises=TypeError, says="cannot index into a scalar"),
    )

    def __str__(self) -> str:
        return "AdvancedSubtensor1"


def _one_vector(x: Variable, places: Variable) -> list[Variable]:
    if places.type.dtype == "bool" or places.type.ndim != 1:
        raise TypeError(f"index must be a vector of integers; got {places} of type {places.type}.")
    if x.type.ndim == 0:
        raise TypeError(f"cannot index into a scalar: {x}.")
    return [places]


def sparse_grad(var: Any) -> Variable:
    """`var`, which is `x[places]` for a vector of integers, marked for a gradient with few rows.

    The gradient is an array as any other's; where it is only subtracted from `x`, as updates do, no array of the size
    of `x` is made in any case.

    Errors:  TypeError for what is no such part of a tensor
    """
    node = var.owner
    if node is None or not isinstance(node.op, AdvancedSubtensor1):
        raise TypeError(f"sparse_grad takes x[places], places a vector of integers; got {var}.")
    made: Variable = AdvancedSubtensor1(sparse_grad=True)(*node.inputs)
    return made


@op("advanced_inc_subtensor1")
class AdvancedIncSubtensor1(Primitive):
    """A tensor of which places of the first axis have values added to them, or are set to them.

    A place named twice has both values added; set, the last one.

    Shapes:    (n, …), what broadcasts to (k, …), and (k,) -> (n, …)
    Dtypes:    as the first input
    Gradient:  the cotangent (with zeros in the places, when set), and its places
    Errors:    as for AdvancedSubtensor1; ValueError at run time when the values do not broadcast
    """

    inplace: bool = False
    set_instead_of_inc: bool = False

    def prepare(self, *args: Any) -> list[Variable]:
        x, places = as_tensor_variable(args[0]), as_place(args[2])
        _one_vector(x, places)
        part = TensorType(x.type.dtype, [places.type.shape[0], *x.type.shape[1:]])
        return [x, fitted(as_tensor_variable(args[1]), part, add_only=False), places]

    def infer(self, x: Any, y: Any, places: Any) -> Type:
        return TensorType(x.type.dtype, x.type.shape)

    def eval(self, xp: Any, x: Any, y: Any, places: Any) -> Any:
        return scattered(xp, x, (places,), y, self.set_instead_of_inc)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        _, y, places = xs
        (g,) = gs
        taken = AdvancedSubtensor1()(g, places)
        if self.set_instead_of_inc:
            g = AdvancedIncSubtensor1(set_instead_of_inc=True)(g, nothing(g), places)
        return [g, summed_to(taken, y), None]

    makes_new_memory: ClassVar[bool] = True
    writes_over: ClassVar[int] = 0

    def lowers(self, node: Apply) -> bool:
        """Setting moves elements of any type; sums are of real types."""
        return self.set_instead_of_inc or not is_complex(node.outputs[0].type.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        out = b.renew(ys[0], xs[0], *xs[1:])
        places = native.locate(b, out, [xs[2]], 0)
        value = b.broadcast(b.array(xs[1]), places.part_dims, 1)
        native.scatter(b, places, value, self.set_instead_of_inc)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), (4, 4), np.array([2, 0, -1, 0])),
        S((3, 4), (4,), np.array([2, 0]), set_instead_of_inc=True),
        S((3,), (), np.array([0, 0]), grad=False, dtype="int8"),
    )
    errors = (
        E(
            (3, 4),
            (4,),
            np.array([3]),
            raises=IndexError,
            says="index 3 is out of bounds for axis 0 with size 3",
        ),
        E((3, 4), (3,), np.array([0]), raises=ValueError, says="broadcast"),
        E((3,), (1, 3), np.array([0]), raises=TypeError, says="2-dimensional value"),
    )

    def __str__(self) -> str:
        place = "inplace" if self.inplace else "no_inplace"
        return f"AdvancedIncSubtensor1{{{place},{'set' if self.set_instead_of_inc else 'inc'}}}"


# -- in general ----------------------------------------------------------------------------------------------
class _Advanced(Primitive):
    """What indexes by an index of any form; without `idx_list`, the inputs are arrays for the first axes."""

    idx_list: Any

    def _props(self) -> tuple[Any, ...]:
        return tuple(
            (None if self.idx_list is None else index.key(self.idx_list))
            if name == "idx_list"
            else getattr(self, name)
            for name in self.__props__
        )

    def settle(self, given: Sequence[Any]) -> list[Any]:
        """The entries of the index: `given` fills `idx_list`, or where that is not said, is the index."""
        if self.idx_list is not None:
            return index.join(self.idx_list, [as_place(v) for v in given])
        return [_entry(e) for e in given]


def _entry(x: Any) -> Any:
    if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        return int(x)
    return x if x is None or isinstance(x, slice) else as_place(x)


def layout(x: Any, entries: Sequence[Any]) -> tuple[list[tuple[Any, int | None]], int, list[Variable]]:
    """Which axes an index leaves: for each its entry and the axis it comes from; where those of arrays go; the arrays.

    Errors:  IndexError for more entries than axes
    """
    kept: list[tuple[Any, int | None]] = []
    arrays: list[Variable] = []
    places: list[int] = []
    front = axis = 0
    for at, entry in enumerate(entries):
        if entry is None:
            kept.append((None, None))
        elif isinstance(entry, slice):
            kept.append((entry, axis))
            axis += 1
        else:
            front = front if places else len(kept)
            places.append(at)
            if isinstance(entry, Variable):
                arrays.append(entry)
            axis += entry.type.ndim if _is_mask(entry) else 1
    if axis > x.type.ndim:
        raise IndexError(f"too many indices for array: {x} has {x.type.ndim} axes, the index {axis}.")
    kept += [(slice(None), a) for a in range(axis, x.type.ndim)]
    # As in NumPy: the axes of the arrays stand where the arrays stood if they stood together, else in front.
    together = not places or places[-1] - places[0] == len(places) - 1
    return kept, front if together else 0, arrays


def _is_mask(entry: Any) -> bool:
    return isinstance(entry, Variable) and entry.type.dtype == "bool"


def _broadcast(shapes: Sequence[Sequence[Dim]]) -> list[Dim]:
    ndim = max((len(s) for s in shapes), default=0)
    padded: list[list[Dim]] = [[*[1] * (ndim - len(s)), *s] for s in shapes]
    out: list[Dim] = []
    for dims in zip(*padded, strict=True):
        known = [d for d in dims if d != 1]
        out.append(1 if not known else next((d for d in known if d is not None), None))
    return out


def _array_dims(v: Any) -> list[Dim]:
    # A mask is as many places as it has True's; a 0-d one is an axis of its own.
    if _is_mask(v):
        return [None] if v.type.ndim else [1]
    return list(v.type.shape)


def part_type(x: Any, entries: Sequence[Any]) -> TensorType:
    """The type of the part of `x` that an index names."""
    kept, front, arrays = layout(x, entries)
    dims = [1 if entry is None else _static(entry, x.type.shape[axis]) for entry, axis in kept]
    dims[front:front] = _broadcast([_array_dims(v) for v in arrays])
    return TensorType(x.type.dtype, dims)


def _static(entry: slice, dim: Dim) -> Dim:
    return dim if index.is_full(entry) else index.static_length(entry, dim)


def no_bare_truth(places: Sequence[Any]) -> bool:
    """Whether no array of an index is a mask without axes."""
    return all(v.type.ndim or v.type.dtype != "bool" for v in places)


def _entries(operation: Any, x: Any, places: Sequence[Any]) -> tuple[list[Any], int]:
    """For native code: the entries of the index, and how many axes stand before the places that arrays name."""
    entries = index.join(operation.idx_list, places)
    return entries, layout(x, entries)[1]


@op("advanced_subtensor")
class AdvancedSubtensor(_Advanced):
    """A part of a tensor by an index that holds arrays of integers or masks, as NumPy understands it.

    `idx_list` is the index, with types where the inputs after the first come in; without it they are arrays of
    integers for the first axes, one each.

    Shapes:    the arrays broadcast against one another; their axes stand where they stood, or in front when slices
               stand between them
    Dtypes:    as the input
    Gradient:  the cotangents added up in their places
    Errors:    IndexError for more entries than axes, and at run time for a place outside of its axis or a mask of
               another length; TypeError for arrays that are no integers
    """

    idx_list: Any = None

    def make_node(self, *inputs: Any) -> Apply:
        x = as_tensor_variable(inputs[0])
        entries = self.settle(inputs[1:])
        template, places = index.split(entries)
        return Apply(type(self)(template), [x, *places], [part_type(x, entries)()])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x, *places = node.inputs
        kept, front, arrays = layout(x, index.join(self.idx_list, places))
        one = as_tensor_variable(np.int64(1))
        dims = [
            one if entry is None else index.symbolic_length(entry, shapes[0][axis]) for entry, axis in kept
        ]
        shape_of = dict(zip(places, shapes[1:], strict=True))
        static = _broadcast([_array_dims(v) for v in arrays])
        dims[front:front] = _broadcast_lengths([(v, shape_of[v]) for v in arrays if not _is_mask(v)], static)
        return [tuple(dims)]

    def eval(self, xp: Any, x: Any, *places: Any) -> Any:
        return x[index.values_index(xp, self.idx_list, places)]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, *places = xs
        empty = zeros(lengths(x), dtype=gs[0].type.dtype)
        return [AdvancedIncSubtensor(idx_list=self.idx_list)(empty, gs[0], *places), *[None] * len(places)]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Arrays of integers, and masks of at least one axis."""
        return no_bare_truth(node.inputs[1:])

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        native.gather(b, ys[0], native.locate(b, b.array(xs[0]), *_entries(self, xs[0], xs[1:])))

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), np.array([0, 2]), np.array([1, -1]), idx_list=None),
        S((3, 4), np.array([[1], [0]]), idx_list=(slice(None, 2), TensorType("int64", (None, None)))),
        S((3, 4), np.array([True, False, True]), idx_list=(_MASK, 1)),
        S(
            (2, 3, 4),
            np.array([0, 1]),
            np.array([2, 0]),
            idx_list=(TensorType("int64", (None,)), slice(None), TensorType("int64", (None,))),
        ),
        S((2, 3), np.array([0, 0]), idx_list=(_PLACES, None)),
    )
    errors = (
        E(
            (3, 4),
            np.array([0]),
            np.array([4]),
            raises=IndexError,
            says="index 4 is out of bounds for axis 1 with size 4",
        ),
        E((3,), np.array([0]), np.array([0]), raises=IndexError, says="too many indices"),
        E((3,), np.array([0.5]), raises=TypeError, says="must be integers"),
    )

    def __str__(self) -> str:
        return type(self).__name__


def _broadcast_lengths(places: Sequence[tuple[Any, Any]], static: Sequence[Dim]) -> list[Any]:
    """The lengths of the axes of arrays that broadcast against one another; None where masks decide."""
    out: list[Any] = []
    for back in range(len(static), 0, -1):
        if static[-back] is not None:
            out.append(as_tensor_variable(np.int64(static[-back])))  # type: ignore[arg-type]
            continue
        found = None
        for v, s in places:
            if found is None and back <= len(s) and not v.type.broadcastable[-back]:
                found = s[-back]
        out.append(found)
    return out


@op("advanced_inc_subtensor")
class AdvancedIncSubtensor(_Advanced):
    """A tensor of which a part, named as for AdvancedSubtensor, has values added to it, or is set to them.

    A place named twice has both values added; set, the last one.

    Shapes:    (…), what broadcasts to the part, and the arrays -> as the first input
    Dtypes:    as the first input
    Gradient:  the cotangent (with zeros in the part, when set), and that of the part
    Errors:    as for AdvancedSubtensor; ValueError at run time when the values do not broadcast
    """

    inplace: bool = False
    set_instead_of_inc: bool = False
    idx_list: Any = None

    def make_node(self, *inputs: Any) -> Apply:
        x = as_tensor_variable(inputs[0])
        entries = self.settle(inputs[2:])
        template, places = index.split(entries)
        y = fitted(as_tensor_variable(inputs[1]), part_type(x, entries), add_only=False)
        settled = type(self)(self.inplace, self.set_instead_of_inc, template)
        return Apply(settled, [x, y, *places], [TensorType(x.type.dtype, x.type.shape)()])

    def eval(self, xp: Any, x: Any, y: Any, *places: Any) -> Any:
        return scattered(xp, x, index.values_index(xp, self.idx_list, places), y, self.set_instead_of_inc)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        _, y, *places = xs
        (g,) = gs
        taken = AdvancedSubtensor(self.idx_list)(g, *places)
        if self.set_instead_of_inc:
            g = type(self)(set_instead_of_inc=True, idx_list=self.idx_list)(g, nothing(g), *places)
        return [g, summed_to(taken, y), *[None] * len(places)]

    makes_new_memory: ClassVar[bool] = True
    writes_over: ClassVar[int] = 0

    def lowers(self, node: Apply) -> bool:
        """Setting moves elements of any type; sums are of real types, masks of at least one axis."""
        return no_bare_truth(node.inputs[2:]) and (
            self.set_instead_of_inc or not is_complex(node.outputs[0].type.dtype)
        )

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        out = b.renew(ys[0], xs[0], *xs[1:])
        places = native.locate(b, out, *_entries(self, xs[0], xs[2:]))
        value = b.broadcast(b.array(xs[1]), places.part_dims, 1)
        native.scatter(b, places, value, self.set_instead_of_inc)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return native.failure(details)

    samples = (
        S((3, 4), (2,), np.array([0, 0]), np.array([1, 1])),
        S((3, 4), (), np.array([0, 2]), np.array([1, -1]), set_instead_of_inc=True),
        S((3, 4), (), np.array([True, False, True]), idx_list=(_MASK, slice(1, None))),
        S((3, 4), (3, 2), np.array([1, 1]), idx_list=(slice(None), _PLACES)),
    )
    errors = (
        E(
            (3, 4),
            (),
            np.array([3]),
            np.array([0]),
            raises=IndexError,
            says="index 3 is out of bounds for axis 0",
        ),
        E((3, 4), (3,), np.array([0, 1]), np.array([0, 1]), raises=ValueError, says="broadcast"),
    )

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}{{inplace={self.inplace},  set_instead_of_inc={self.set_instead_of_inc}}}"
        )


def scattered(xp: Any, x: Any, at: Any, y: Any, set_instead_of_inc: bool) -> Any:
    """A copy of `x` with the values `y` put in, or added to, the places `at`."""
    if xp is not np:
        return x.at[at].set(y) if set_instead_of_inc else x.at[at].add(y)
    made = np.array(x)
    try:
        if set_instead_of_inc:
            made[at] = y
        else:
            np.add.at(made, at, y)
    except ValueError:
        raise ShapeError(
            f"Values of shape {y.shape} can't be broadcast to a part of shape {made[at].shape}."
        ) from None
    return made


class AdvancedBooleanSubtensor(AdvancedSubtensor):
    """AdvancedSubtensor, under the name it has where the index holds a mask."""


class AdvancedBooleanIncSubtensor(AdvancedIncSubtensor):
    """AdvancedIncSubtensor, under the name it has where the index holds a mask."""


BaseAdvancedSubtensor = AdvancedSubtensor
BaseAdvancedIncSubtensor = AdvancedIncSubtensor

advanced_subtensor1 = AdvancedSubtensor1()
advanced_subtensor = AdvancedSubtensor()
advanced_boolean_subtensor = AdvancedBooleanSubtensor()
advanced_inc_subtensor1 = AdvancedIncSubtensor1()
advanced_set_subtensor1 = AdvancedIncSubtensor1(set_instead_of_inc=True)
advanced_inc_subtensor = AdvancedIncSubtensor()
advanced_set_subtensor = AdvancedIncSubtensor(set_instead_of_inc=True)
advanced_boolean_inc_subtensor = AdvancedBooleanIncSubtensor()
advanced_boolean_set_subtensor = AdvancedBooleanIncSubtensor(set_instead_of_inc=True)


def adv_index_broadcastable_pattern(a: Any, idx: Sequence[Any]) -> tuple[bool, ...]:
    """The broadcastable pattern of `a` indexed by `idx`."""
    return part_type(as_tensor_variable(a), AdvancedSubtensor().settle(idx)).broadcastable
