"""Indices in native code: views for integers and slices; gathering and scattering for arrays of integers and masks.

An index by arrays is brought to one form: for each place that the arrays name, how many bytes from the first element it
is (its offset), bounds having been checked; and the axes that integers and arrays leave, before and behind these
places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from croton.graph.node import Variable
from croton.ops.index import template as index
from croton.ops.known import known_int
from croton.ops.nested import WORDS, Loops, Params, common_lengths
from croton.util.failures import BAD_INDEX, BAD_VALUE
from croton.util.record import record

if TYPE_CHECKING:
    from croton.loops.build import Builder

# Codes by which native code reports errors (plan/program.py).

# What the first detail of BAD_VALUE says.
ZERO_STEP, OTHER_MASK, NO_COMMON_SHAPE = 1, 2, 3


def failure(details: Sequence[int]) -> Exception:
    """The exception for a BAD_VALUE of an index."""
    if details[0] == ZERO_STEP:
        return ValueError("slice step cannot be zero")
    if details[0] == OTHER_MASK:
        axis, length, wanted = details[1:4]
        return IndexError(
            f"boolean index did not match indexed array along axis {axis}; size of axis is {wanted} but size of "
            f"corresponding boolean axis is {length}"
        )
    return IndexError("shape mismatch: indexing arrays could not be broadcast together")


# -- integers and slices -------------------------------------------------------------------------------------
def number(b: Any, part: Any) -> Any:
    """An integer of an index: as an int where it is known."""
    if not isinstance(part, Variable):
        return part
    known = known_int(part)
    return b.cast(b.scalar(part), "int64") if known is None else known


def either(b: Any, x: Any, y: Any) -> Any:
    """Whether one of two conditions holds; either may be known."""
    if x is True or y is True:
        return True
    return y if x is False else x if y is False else b.or_(x, y)


def place(b: Any, i: Any, n: Any, axis: int) -> Any:
    """Place `i` of an axis of length `n`, counted from its beginning; the program ends where there is none such."""
    at = b.select(b.lt(i, 0), b.add(i, n), i)
    b.fail_if(either(b, b.lt(at, 0), b.ge(at, n)), BAD_INDEX, i, axis, n)
    return at


def sliced(b: Any, entry: slice, n: Any) -> tuple[Any, Any, Any]:
    """First place, number of places and step of a slice of an axis of length `n`."""
    if index.is_full(entry):
        return 0, n, 1
    start, stop, step = (number(b, part) for part in index.parts(entry))
    step = 1 if step is None else step
    if isinstance(step, int):
        first, gap = _ends(b, start, stop, n, step > 0)
        if step < 0:
            return first, b.maximum(b.floordiv(b.add(b.sub(0, gap), -step - 1), -step), 0), step
        b.fail_if(step == 0, BAD_VALUE, ZERO_STEP)
        return first, b.maximum(gap if step == 1 else b.floordiv(b.add(gap, step - 1), max(step, 1)), 0), step
    b.fail_if(b.eq(step, 0), BAD_VALUE, ZERO_STEP)
    forward = b.gt(step, 0)
    ends = zip(_ends(b, start, stop, n, True), _ends(b, start, stop, n, False), strict=True)
    first, gap = (b.select(forward, ahead, back) for ahead, back in ends)
    return first, b.maximum(b.sub(0, b.floordiv(b.sub(0, gap), step)), 0), step


def _ends(b: Any, start: Any, stop: Any, n: Any, forward: bool) -> tuple[Any, Any]:
    """The first place, and the distance from it to the end."""
    low, high = (0, n) if forward else (-1, b.sub(n, 1))
    first = (low if forward else high) if start is None else _clipped(b, start, n, low, high)
    last = (high if forward else low) if stop is None else _clipped(b, stop, n, low, high)
    return first, b.sub(last, first)


def _clipped(b: Any, x: Any, n: Any, low: Any, high: Any) -> Any:
    if isinstance(x, int):
        return b.minimum(x, high) if x >= 0 else b.maximum(b.add(n, x), low)
    return b.minimum(b.maximum(b.select(b.lt(x, 0), b.add(x, n), x), low), high)


def view(b: Any, x: Any, entries: Sequence[Any]) -> Any:
    """The part of `x` that integers and slices name."""
    dims: list[Any] = []
    strides: list[Any] = []
    offset: Any = 0
    whole = x.contiguous
    for axis, entry in enumerate(entries):
        n, stride = x.dims[axis], x.strides[axis]
        if isinstance(entry, slice):
            first, count, step = sliced(b, entry, n)
            whole = whole and (index.is_full(entry) or (not dims and isinstance(step, int) and step == 1))
            dims.append(count)
            strides.append(b.times(stride, step))
        else:
            first = place(b, number(b, entry), n, axis)
            whole = whole and not dims
        offset = b.add(offset, b.times(first, stride))
    made = b.part(x, [*dims, *x.dims[len(entries) :]], [*strides, *x.strides[len(entries) :]], offset)
    made.contiguous = whole
    return made


# -- arrays --------------------------------------------------------------------------------------------------
@record
class Places:
    """What an index by arrays names in an array.

    base     the array from the offset of its integers and slices on
    dims     lengths of the axes that are left, and `strides` in bytes
    front    how many of these stand before the places
    shape    lengths of the axes of the places
    offsets  of the places in bytes, in a row
    """

    base: Any
    dims: list[Any]
    strides: list[Any]
    front: int
    shape: list[Any]
    offsets: Any

    @property
    def part_dims(self) -> list[Any]:
        """The lengths of the part."""
        return [*self.dims[: self.front], *self.shape, *self.dims[self.front :]]


@record
class _Axis:
    """An array of an index: places of an axis with this stride and length; without a length, offsets that are right."""

    array: Any
    stride: Any
    axis: int
    length: Any


def locate(b: Any, x: Any, entries: Sequence[Any], front: int) -> Places:
    """Bring an index of `x` into one form, checking its bounds."""
    dims: list[Any] = []
    strides: list[Any] = []
    found: list[_Axis] = []
    masks: list[Any] = []
    offset: Any = 0
    axis = 0
    for entry in entries:
        if entry is None:
            dims.append(1)
            strides.append(0)
            continue
        n, stride = x.dims[axis], x.strides[axis]
        if isinstance(entry, slice):
            first, count, step = sliced(b, entry, n)
            dims.append(count)
            strides.append(b.times(stride, step))
            offset = b.add(offset, b.times(first, stride))
        elif isinstance(entry, Variable) and entry.type.dtype == "bool":
            masks.append(_of_mask(b, b.array(entry), x, axis))
            found.append(_Axis(masks[-1], 1, axis, None))
            axis += entry.type.ndim or 0
            continue
        elif isinstance(entry, Variable) and entry.type.ndim:
            found.append(_Axis(b.array(entry), stride, axis, n))
        else:
            offset = b.add(offset, b.times(place(b, number(b, entry), n, axis), stride))
        axis += 1
    base = b.part(x, (), (), offset)
    if len(found) == len(masks) == 1:
        shape, offsets = list(masks[0].dims), masks[0]
    else:
        shape = common_lengths(b, *[f.array.dims for f in found]) if found else []
        offsets = _offsets(b, found, shape)
        for mask in masks:
            b.free(mask)
    return Places(base, [*dims, *x.dims[axis:]], [*strides, *x.strides[axis:]], front, shape, offsets)


def _fitted(b: Any, array: Any, shape: Sequence[Any]) -> list[Any]:
    """Strides of an array of an index that broadcasts to `shape`."""
    strides: list[Any] = [0] * (len(shape) - array.ndim)
    for n, wanted, stride in zip(array.dims, shape[len(strides) :], array.strides, strict=True):
        one = b.eq(n, 1)
        if one is not True:
            off = b.ne(n, wanted)
            if one is not False and off is not False:
                off = b.and_(b.cast(off, "bool"), b.cast(b.ne(n, 1), "bool"))
            b.fail_if(off, BAD_VALUE, NO_COMMON_SHAPE)
        strides.append(b.select(one, 0, stride))
    return strides


def _offsets(b: Any, found: Sequence[_Axis], shape: Sequence[Any]) -> Any:
    """The offsets of the places that arrays name, in a row."""
    total = b.product(shape)
    out = b.temporary("int64", (total,))
    if not found:
        b.fill(out, 0)
        return out
    if len(found) == 1:
        # One array is read in a row, whatever its shape.
        flat = b.as_contiguous(found[0].array)
        sources, rows = [b.part(flat, (total,), (flat.itemsize,))], [[flat.itemsize]]
        lengths: list[Any] = [total]
    else:
        sources, lengths = [f.array for f in found], list(shape)
        rows = [_fitted(b, a, shape) for a in sources]
    k = b.loops()
    param = Params(k)
    sizes = [param(n) for n in lengths]
    steps = [(param(f.stride), None if f.length is None else param(f.length)) for f in found]
    buffers = [
        k.buffer(f"i{j}", a.dtype, strides=[param(s) for s in row])
        for j, (a, row) in enumerate(zip(sources, rows, strict=True))
    ]
    y = k.buffer("y", "int64", strides=[param(s) for s in b.strides("int64", lengths)])
    counters: list[Any] = []
    with Loops(k, [None, *sizes[1:]], counters):
        sum_: Any = 0
        for buffer, f, (stride, length) in zip(buffers, found, steps, strict=True):
            i = k.cast(k.load(buffer, *counters), "int64")
            if length is not None:
                at = k.select(i < 0, i + length, i)
                with k.if_((at < 0) | (at >= length)):
                    k.fail(BAD_INDEX, i, f.axis, length)
                i = at * stride
            sum_ = i + sum_
        k.store(y, sum_, *counters)
    cost = b.times(700 * len(found), b.product(lengths[1:]))
    b.loop(k.kernel(), [*sources, out], param.values, lengths[0], cost=cost, parallel=True)
    return out


def positions(b: Any, x: Any, rows: Sequence[Sequence[Any]]) -> tuple[Any, Any]:
    """Where `x` is not zero: a number for each row of factors, the place's numbers times these, summed; and how many.

    The result has room for all places. No branch is taken on an element.
    """
    total = b.product(x.dims)
    out = b.temporary("int64", (len(rows), total))
    count = b.on_stack("int64")
    k = b.loops()
    sizes = [k.param(f"n{i}") for i in range(x.ndim)]
    factors = [[k.param(f"f{r}_{i}") for i in range(x.ndim)] for r in range(len(rows))]
    source = k.buffer("x", x.dtype, strides=[k.param(f"s{i}") for i in range(x.ndim)])
    y = k.buffer("y", "int64", strides=[k.param("row"), 8])
    last = k.buffer("count", "int64", strides=[])
    found = k.variable(k.const(0, "int64"))
    counters: list[Any] = []
    with Loops(k, sizes, counters):
        value = k.load(source, *counters)
        here = value if value.dtype == "bool" else k.ne(value, 0)
        for r, row in enumerate(factors):
            at: Any = 0
            for i, factor in zip(counters, row, strict=True):
                at = i * factor + at
            k.store(y, at, r, found.value)
        found.value = found.value + k.cast(here, "int64")
    k.store(last, found.value)
    params = [*x.dims, *(f for row in rows for f in row), *x.strides, out.strides[0]]
    b.loop(k.kernel(), [x, out, count], params, 1, cost=b.times(1000, total))
    return out, b.load(count.data, "int64")


def _of_mask(b: Any, mask: Any, x: Any, axis: int) -> Any:
    """The offsets of the places for which a mask is true, in a row."""
    for i, n in enumerate(mask.dims):
        b.fail_if(b.ne(n, x.dims[axis + i]), BAD_VALUE, OTHER_MASK, axis + i, n, x.dims[axis + i])
    out, count = positions(b, mask, [x.strides[axis : axis + mask.ndim]])
    out.dims, out.strides = (count,), (8,)
    return out


# -- moving --------------------------------------------------------------------------------------------------
class _Move:
    """A kernel over the axes before the places, the places, and the axes behind them.

    The part's own array (`other`) has strides for all of these.
    """

    def __init__(self, b: Any, places: Places, other: Any, other_strides: Sequence[Any], dtype: str) -> None:
        self.b = b
        self.places = places
        self.other = other
        front = places.front
        total = b.product(places.shape)
        self.dims = [*places.dims[:front], total, *places.dims[front:]]
        self.strides = [*places.strides[:front], 1, *places.strides[front:]]
        self.other_strides = list(other_strides)
        self.k = b.loops()
        self.dtype = dtype
        self.params: list[Any] = []
        if places.base.itemsize == 16 and dtype == "uint64":
            self.dims, self.strides = [*self.dims, 2], [*self.strides, 8]
            self.other_strides.append(8)
        self._merge()

    def _merge(self) -> None:
        """Make one axis of the last two while they are that in both arrays, as far as is known."""
        while len(self.dims) > self.places.front + 2:
            n = self.dims[-1]
            for strides in (self.strides, self.other_strides):
                outer, inner = strides[-2:]
                whole = self.b.times(inner, n)
                same = (
                    outer == whole
                    if isinstance(outer, int) or isinstance(whole, int)
                    else outer.node is whole.node
                )
                if isinstance(outer, int) != isinstance(whole, int) or not same:
                    return
            self.dims[-2:] = [self.b.times(self.dims[-2], n)]
            for strides in (self.strides, self.other_strides):
                del strides[-2]

    def param(self, value: Any) -> Any:
        """A number of the kernel: known, or given with the call."""
        if isinstance(value, int):
            return value
        self.params.append(value)
        return self.k.param(f"p{len(self.params)}")

    def run(self, one: Any, *, parallel: bool) -> None:
        """Run `one(k, x, place in x, y, place in y)` for each element."""
        k, front = self.k, self.places.front
        size = self.places.base.itemsize if self.dtype not in ("uint64",) else 8
        dims = [self.param(n) for n in self.dims]
        x_strides = [self.param(s) for s in self.strides]
        y_strides = [self.param(s) for s in self.other_strides]
        offsets = k.buffer("offsets", "int64", strides=[8])
        x = k.buffer("x", self.dtype, strides=x_strides)
        y = k.buffer("y", self.dtype, strides=y_strides)
        arrays = [self.places.offsets, self.places.base, self.other]
        behind = len(dims) > front + 1
        if behind:
            unit = [
                k.buffer("x_", self.dtype, strides=[*x_strides[:-1], size]),
                k.buffer("y_", self.dtype, strides=[*y_strides[:-1], size]),
            ]
            arrays += arrays[1:]
        counters: list[Any] = []
        inner = dims[1:-1] if behind else dims[1:]
        with Loops(k, [None, *inner], counters, parallel):
            offset = k.load(offsets, counters[front])
            there = [*counters[:front], offset, *counters[front + 1 :]]
            if not behind:
                one(k, x, there, y, counters)
            else:
                self._along(
                    one, dims[-1], (x_strides[-1], y_strides[-1]), size, (x, y, *unit), there, counters
                )
        cost = self.b.times(250, self.b.product(self.dims[1:]))
        self.b.loop(
            k.kernel(), arrays, self.params, self.dims[0], cost=self.b.add(cost, 1000), parallel=parallel
        )

    def _along(self, one: Any, n: Any, steps: Any, size: int, buffers: Any, there: Any, here: Any) -> None:
        """The last axis: in vectors where both arrays are adjacent there."""
        k = self.k
        x, y, x_unit, y_unit = buffers
        adjacent: Any = True
        for step in steps:
            test = step == size
            adjacent = (
                test
                if adjacent is True
                else adjacent
                if test is True
                else False
                if test is False
                else adjacent & test
            )
            if adjacent is False:
                break
        if adjacent is False:
            with k.loop("last", 0, n) as j:
                one(k, x, [*there, j], y, [*here, j])
            return
        if adjacent is True:
            with k.loop("run", 0, n, kind="vector") as j:
                one(k, x_unit, [*there, j], y_unit, [*here, j])
            return
        with k.if_(adjacent), k.loop("run", 0, n, kind="vector") as j:
            one(k, x_unit, [*there, j], y_unit, [*here, j])
        with k.if_(~adjacent), k.loop("last", 0, n) as j:
            one(k, x, [*there, j], y, [*here, j])


def _flat_strides(places: Places, strides: Sequence[Any], itemsize: int) -> list[Any]:
    """Strides of an array in which the places' axes are one."""
    front, count = places.front, len(places.shape)
    between = strides[front + count - 1] if count else itemsize
    return [*strides[:front], between, *strides[front + count :]]


def gather(b: Any, variable: Variable, places: Places) -> None:
    """The part, as memory of its own."""
    out = b.new(variable, places.part_dims)
    word = WORDS[out.itemsize]
    move = _Move(b, places, out, _flat_strides(places, out.strides, out.itemsize), word)
    move.run(lambda k, x, there, y, here: k.store(y, k.load(x, *there), *here), parallel=True)
    b.free(places.offsets)


def scatter(b: Any, places: Places, value: Any, set_: bool) -> None:
    """Put `value`, of the part's lengths, in the places, or add it there, one place after the other."""
    if len(places.shape) != 1:
        value = b.as_contiguous(value)
    dtype = WORDS[value.itemsize] if set_ else value.dtype
    move = _Move(b, places, value, _flat_strides(places, value.strides, value.itemsize), dtype)

    def one(k: Builder, x: Any, there: Any, y: Any, here: Any) -> None:
        new = k.load(y, *here)
        k.store(x, new if set_ else k.load(x, *there) + new, *there)

    move.run(one, parallel=places.front > 0)
    b.free(places.offsets)
