"""Where a function keeps a value between calls."""

from __future__ import annotations

from typing import Any

from croton.backends.cpu._runtime import Cell
from croton.graph.node import Variable


class Container:
    """A cell that takes only values of one type, and converts what is given to it."""

    def __init__(
        self,
        r: Any,
        storage: Cell | None = None,
        readonly: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        name: str | None = None,
    ) -> None:
        self.type = r.type if isinstance(r, Variable) else r
        self.name = (r.name if isinstance(r, Variable) else None) if name is None else name
        self.storage = Cell() if storage is None else storage
        self.readonly = readonly
        self.strict = strict
        self.allow_downcast = allow_downcast

    def filter(self, value: Any) -> Any:
        """`value` as this container holds it.

        Errors: TypeError or ValueError when it can't, with the container's name
        """
        try:
            if self.strict:
                return self.type.filter(value, strict=True)
            return self.type.filter(value, allow_downcast=self.allow_downcast)
        except Exception as error:
            error.args = (*error.args, f'Container name "{self.name}"')
            raise

    @property
    def value(self) -> Any:
        """The value; None where there is none yet."""
        return self.storage.value

    @value.setter
    def value(self, value: Any) -> None:
        if self.readonly:
            raise AttributeError(f"The container of {self.name} can't be written: it is read-only.")
        self.storage.value = None if value is None else self.filter(value)

    data = value

    def __repr__(self) -> str:
        return f"<{self.storage.value!r}>"
