"""Loops within loops, over places of arrays with strides of any kind, for lowering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from croton.util.failures import BAD_VALUE

if TYPE_CHECKING:
    from croton.loops.build import Builder

# Elements are moved as integers of their width; those of 16 bytes as two.
WORDS = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64", 16: "uint64"}


class Loops:
    """Loops within loops: the outermost over the range of the call, shared between threads unless it is serial."""

    def __init__(self, k: Builder, sizes: Sequence[Any], counters: list[Any], parallel: bool = True) -> None:
        self.k = k
        self.sizes = sizes
        self.counters = counters
        self.parallel = parallel
        self.open: list[Any] = []

    def __enter__(self) -> None:
        for at, size in enumerate(self.sizes):
            name = f"i{at}"
            loop = self.k.loop(name, parallel=self.parallel) if size is None else self.k.loop(name, 0, size)
            self.open.append(loop)
            self.counters.append(loop.__enter__())

    def __exit__(self, *what: Any) -> None:
        for loop in reversed(self.open):
            loop.__exit__(*what)


class Params:
    """Values that a kernel is given with each call: `values`, in order. Integers known here are written into it."""

    def __init__(self, k: Builder) -> None:
        self.k = k
        self.values: list[Any] = []

    def __call__(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        self.values.append(value)
        return self.k.param(f"p{len(self.values)}")


def common_lengths(b: Any, *shapes: Sequence[Any]) -> list[Any]:
    """The lengths that arrays of these lengths broadcast to, if they do: see `b.broadcast`."""
    made: list[Any] = [1] * max(map(len, shapes))
    for lengths in shapes:
        for back in range(1, len(lengths) + 1):
            n, known = lengths[-back], made[-back]
            made[-back] = b.select(b.eq(known, 1), n, known)
    return made


def as_words(b: Any, *arrays: Any) -> list[Any]:
    """Arrays of one type over the same memory as integers of their width; two of them make a last axis."""
    word = WORDS[arrays[0].itemsize]
    made = []
    for a in arrays:
        two = a.itemsize == 16
        view = b.part(a, (*a.dims, 2) if two else a.dims, (*a.strides, 8) if two else a.strides)
        view.dtype = word
        made.append(view)
    return made


def each_place(
    b: Any, dims: Sequence[Any], arrays: Sequence[Any], numbers: Sequence[Any],
    visit: Callable[..., None], *, cost: int = 1000, parallel: bool = True,
) -> None:  # fmt: skip
    """Run `visit(k, buffers, numbers, counters)` for each place of axes of lengths `dims`.

    `buffers` are the arrays, with an index for each of their axes; `numbers` are values known here, as they are there.
    `cost` is in picoseconds per place.
    """
    k = b.loops()
    param = Params(k)
    dims = list(dims) or [1]
    sizes = [None, *map(param, dims[1:])]
    buffers = [k.buffer(f"x{i}", a.dtype, strides=list(map(param, a.strides))) for i, a in enumerate(arrays)]
    inside = list(map(param, numbers))
    counters: list[Any] = []
    with Loops(k, sizes, counters, parallel):
        visit(k, buffers, inside, counters)
    effort = b.times(cost, b.product(dims[1:]))
    b.loop(k.kernel(), arrays, param.values, dims[0], cost=b.add(effort, 1000), parallel=parallel)


def chosen_place(k: Any, mode: str, place: Any, n: Any, *details: Any) -> Any:
    """Where on an axis of length `n` a place is that may be outside: see `take` for the modes.

    With 'raise', the program ends there with the place, the length and `details`.
    """
    if mode == "wrap":
        return place % n
    if mode == "clip":
        return k.maximum(k.minimum(place, n - 1), 0)
    with k.if_((place < 0) | (place >= n)):
        k.fail(BAD_VALUE, place, n, *details)
    return place
