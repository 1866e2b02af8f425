"""Objects that keep what they hold in slots."""

from __future__ import annotations

from typing import Any


class Slotted:
    """Objects that every pickle protocol can write.

    The first two protocols know no slots; but they can write what the third says of an object.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return super().__reduce_ex__(max(protocol, 2))
