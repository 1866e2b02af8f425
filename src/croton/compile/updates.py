"""Updates of shared variables as a dictionary: what `theano.scan` gives, and what sums of updates are made of."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from croton.compile.shared import SharedVariable


class OrderedUpdates(OrderedDict[Any, Any]):
    """New values of shared variables, in the order in which they were entered.

    Errors: TypeError for a key that is no shared variable; KeyError when two different updates of one variable meet
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in self:
            _check_key(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _check_key(key)
        super().__setitem__(key, value)

    def update(self, other: Any = None) -> None:  # type: ignore[override]
        """Enter the updates of `other`."""
        for key, value in dict(other or {}).items():
            if key in self and self[key] is not value:
                raise KeyError(f"{key} has two different updates: {self[key]} and {value}.")
            self[key] = value

    def __add__(self, other: Any) -> OrderedUpdates:
        made = OrderedUpdates()
        made.update(self)
        made.update(other)
        return made

    def __radd__(self, other: Any) -> OrderedUpdates:
        made = OrderedUpdates()
        made.update(other)
        made.update(self)
        return made


def _check_key(key: Any) -> None:
    if not isinstance(key, SharedVariable):
        raise TypeError(f"Only shared variables can be updated; got {key!r}.")
