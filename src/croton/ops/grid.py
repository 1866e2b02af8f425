"""Coordinates of the points of a grid, made by indexing: `mgrid[0:3, 0:n]`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.creation import alloc, arange
from croton.ops.elemwise import dimshuffle
from croton.ops.shape import shape_i


class Grid:
    """Indexed by slices, one for each axis, it gives one tensor of coordinates for each.

    `sparse` leaves each with its own axis alone, the others of length 1, to be broadcast.

    Example:
        >>> import theano.tensor as T
        >>> rows, columns = T.ogrid[0:2, 0:3]
        >>> (rows * 10 + columns).eval().tolist()
        [[0, 1, 2], [10, 11, 12]]
    """

    def __init__(self, sparse: bool = False) -> None:
        self.sparse = sparse

    def __getitem__(self, index: Any) -> list[Variable]:
        slices = index if isinstance(index, tuple) else (index,)
        ranges: list[Any] = []
        for s in slices:
            if isinstance(s.step, complex):
                raise NotImplementedError(
                    f"A grid takes steps, not numbers of points (complex steps); got {s}."
                )
            ranges.append(arange(0 if s.start is None else s.start, s.stop, 1 if s.step is None else s.step))
        ndim = len(ranges)
        spread = [dimshuffle(r, *[0 if j == i else "x" for j in range(ndim)]) for i, r in enumerate(ranges)]
        if self.sparse:
            return spread
        dims = [shape_i(r, 0) for r in ranges]
        return [alloc(r, *dims) for r in spread]


mgrid = Grid()
ogrid = Grid(sparse=True)
