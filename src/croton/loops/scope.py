"""Where the builder is: the loops it stands in, what they define and have loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from croton.loops.ir import (
    Buffer,
    Expr,
    Fold,
    For,
    If,
    Load,
    LoopKind,
    LoopVar,
    Ref,
    Stmt,
    Store,
    operands,
)
from croton.util.record import field, record


class LoopError(TypeError):
    """A kernel that makes no sense: operands of different types, a value outside its loop, a loop that cannot be."""


@record(eq=False)
class Scope:
    """The body of a loop or condition, or the kernel's own."""

    what: Literal["kernel", "loop", "if"]
    kind: LoopKind
    var: LoopVar | None
    body: list[Stmt] = field(default_factory=list)
    loads: dict[tuple[Buffer, tuple[Expr, ...]], Load] = field(default_factory=dict)
    open: bool = True


class Scopes:
    """The stack of scopes."""

    __slots__ = ("_home", "stack")

    def __init__(self) -> None:
        self.stack = [Scope("kernel", "serial", None)]
        self._home: dict[Expr, Scope] = {}  # the innermost scope that a value depends on

    @property
    def current(self) -> Scope:
        """The innermost scope."""
        return self.stack[-1]

    def loops(self) -> list[LoopVar]:
        """The counters of the loops around, outermost first."""
        return [s.var for s in self.stack if s.var is not None]

    @contextmanager
    def enter(self, what: Literal["loop", "if"], kind: LoopKind, var: LoopVar | None) -> Iterator[Scope]:
        """A scope for the time of the `with` block."""
        if kind == "vector" and any(s.kind == "vector" for s in self.stack):
            raise LoopError("A vector loop cannot stand in another.")
        scope = Scope(what, kind, var)
        if var is not None:
            self._home[var] = scope
        self.stack.append(scope)
        try:
            yield scope
        finally:
            self.stack.pop()
            scope.open = False

    def append(self, statement: Stmt) -> None:
        """Put a statement where the builder stands."""
        if isinstance(statement, For):
            for fold in statement.folds:
                self._define(fold)
        if isinstance(statement, (For, If)):
            for buffer in stored(statement.body):
                self.forget(buffer)
        self.current.body.append(statement)

    def _define(self, fold: Fold) -> None:
        for result in fold.results:
            self._home[result] = self.current

    def place(self, node: Ref | Load, scope: Scope) -> None:
        """Note the scope that defines a value."""
        self._home[node] = scope

    def loaded(self, buffer: Buffer, place: tuple[Expr, ...]) -> Load | None:
        """The same element, loaded before in this scope or one around it, if nothing stored to the buffer since."""
        for scope in reversed(self.stack):
            found = scope.loads.get((buffer, place))
            if found is not None:
                return found
        return None

    def forget(self, buffer: Buffer) -> None:
        """The buffer was written to: what was loaded from it is no longer what it holds."""
        for scope in self.stack:
            for key in [k for k in scope.loads if k[0] is buffer]:
                del scope.loads[key]

    def check_visible(self, node: Expr) -> None:
        """Errors: LoopError where a value depends on a loop that was left."""
        if not self.home(node).open:
            raise LoopError("This value was made inside a loop or condition that has been left; carry it out with "
                            "an accumulator, a variable or a store.")  # fmt: skip

    def home(self, node: Expr) -> Scope:
        """The innermost scope a value depends on."""
        found = self._home.get(node)
        if found is None:
            found = self.stack[0]
            for a in operands(node):
                found = self._inner(found, self.home(a))
            self._home[node] = found
        return found

    def _inner(self, a: Scope, b: Scope) -> Scope:
        """The inner one of two scopes, of which one lies in the other; one that was left counts as inner."""
        if not a.open or not b.open:
            return a if not a.open else b
        return a if self.stack.index(a) > self.stack.index(b) else b

    def finish(self) -> tuple[Stmt, ...]:
        """The kernel's body."""
        if len(self.stack) != 1:
            raise LoopError("A loop is still open.")
        return tuple(self.stack[0].body)


def stored(body: tuple[Stmt, ...] | list[Stmt]) -> set[Buffer]:
    """The buffers written to, at any depth."""
    found: set[Buffer] = set()
    for s in body:
        if isinstance(s, Store):
            found.add(s.buffer)
        elif isinstance(s, (For, If)):
            found |= stored(s.body)
    return found
