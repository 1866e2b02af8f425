"""Which units need which others, directly or through more: what tells whether joining two would make a circle."""

from __future__ import annotations

from collections.abc import Iterable

# As many units, or up to twice as many, are open at a time.
WINDOW = 512


class Needs:
    """The needs of units, which are numbered in the order in which they come.

    A set of units is a number, with a bit for each. Only the last units are in such sets: these are open, and nothing
    more is asked of those before. So the sets stay small, and what a unit costs does not depend on the graph's size.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self._last = -1
        self._base = 0  # the first open unit: the lowest bit stands for it
        self._of: dict[
            int, int
        ] = {}  # for each open unit, and those that need one: the open units that it needs
        self._needed = 0  # open units that others need: only these can be in the sets of others

    def new(self) -> int:
        """One more unit, which needs nothing."""
        self._last += 1
        self._of[self._last] = 0
        if self._last - self._base >= 2 * self.window:
            self._close()
        return self._last

    def _close(self) -> None:
        """Close as many units as a window holds."""
        self._base += self.window
        self._needed >>= self.window
        shifted = ((unit, mask >> self.window) for unit, mask in self._of.items())
        self._of = {unit: mask for unit, mask in shifted if mask or unit >= self._base}

    def is_open(self, unit: int) -> bool:
        """Whether it can be told what needs `unit`."""
        return unit >= self._base

    def holds(self, unit: int, other: int) -> bool:
        """Whether `unit` needs `other`, which is open."""
        return bool(self._of.get(unit, 0) >> (other - self._base) & 1)

    def add(self, unit: int, read: Iterable[int]) -> None:
        """Note that `unit`, which is open, needs the units that it reads, and all that these need."""
        extra = 0
        for other in read:
            extra |= self._of.get(other, 0) | self._bit(other)
        bit = self._bit(unit)
        extra &= ~bit
        if not extra & ~self._of[unit]:
            return
        self._of[unit] |= extra
        self._needed |= extra
        if self._needed & bit:
            for other, mask in self._of.items():
                if mask & bit:
                    self._of[other] = mask | extra

    def merge(self, kept: int, gone: int) -> None:
        """Let two open units be one."""
        bit, other = self._bit(kept), self._bit(gone)
        joined = (self._of[kept] | self._of.pop(gone)) & ~(bit | other)
        self._of[kept] = joined
        if self._needed & (bit | other):
            for unit, mask in self._of.items():
                if unit != kept and mask & (bit | other):
                    self._of[unit] = (mask & ~other) | bit | joined
            self._needed = self._needed & ~other | bit

    def _bit(self, unit: int) -> int:
        return 1 << (unit - self._base) if unit >= self._base else 0
