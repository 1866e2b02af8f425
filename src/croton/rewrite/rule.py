"""A rewrite rule: what it is called, where it may apply, and what it puts in the place of a node."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.rewrite.pattern import Pattern
from croton.util.record import field, record

# What a rule gives back: None where it does not apply; else a variable per output (None keeps that output as it is).
# A node that is given back is a reader that takes this node into a form of its own: it is looked at once more.
Answer = Sequence[Variable | None] | Variable | Apply | None


def key_of(op: Any) -> Hashable:
    """What rules are indexed by: the scalar operation of an elementwise one, else the class."""
    scalar_op = getattr(op, "scalar_op", None)
    if scalar_op is not None and getattr(op, "op_name", None) == "elemwise":
        name: str = getattr(scalar_op, "name", "")
        return name
    return op if isinstance(op, type) else type(op)


@record(frozen=True, eq=False)
class Rule:
    """One rewrite.

    roots     keys of the operations at whose nodes it is tried; empty: all
    apply     (node, context) -> Answer
    pattern   the equation it was made from, where it was; then `pattern` is equal to `to(...)`
    why       the reason that is not plain from the equation
    inside    for each set, some input of such a node is made by an operation with a key in it; else it is not tried
    among     classes of operations: where the graph holds none of any of them, it is not tried
    """

    name: str
    roots: tuple[Hashable, ...]
    apply: Callable[[Apply, Any], Answer]
    tags: frozenset[str] = frozenset()
    pattern: Pattern | None = None
    to: Callable[..., Any] | None = None
    why: str = ""
    inside: tuple[frozenset[Hashable], ...] = ()
    among: tuple[type, ...] = ()


@record
class Stage:
    """A set of rules that are applied together until none fires."""

    name: str
    rules: list[Rule] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        pattern: Variable,
        to: Callable[..., Any],
        when: Callable[..., bool] | None = None,
        why: str = "",
        tags: Iterable[str] = (),
    ) -> Rule:
        """Enter the equation `pattern = to(holes…)`. The holes are passed to `to` and `when` by name."""
        compiled = Pattern.of(pattern)
        replacement = compiled.taking(to)
        condition = None if when is None else compiled.taking(when)

        def apply(node: Apply, context: Any) -> Answer:
            found = compiled.match(node.outputs[0])
            if found is None or (condition is not None and not condition(found)):
                return None
            return replacement(found)  # type: ignore[no-any-return]

        return self.enter(
            Rule(name, (compiled.root_key,), apply, self._tags(tags), compiled, to, why, compiled.inside())
        )

    def on(
        self,
        *ops: Op | type,
        name: str | None = None,
        inside: Iterable[Op | type] = (),
        among: Iterable[type] = (),
        why: str = "",
        tags: Iterable[str] = (),
    ) -> Callable[..., Rule]:
        """Enter a function `(node)` or `(node, context)` as a rule, tried at nodes of these operations, or at all.

        inside   operations one of which makes an input of the node, where that is needed
        among    classes of operations one of which the graph holds somewhere, where that is needed
        """
        needed = frozenset(key_of(op) for op in inside)

        def decorate(function: Callable[..., Answer]) -> Rule:
            wants_context = function.__code__.co_argcount > 1
            apply = function if wants_context else (lambda node, context: function(node))
            roots = tuple(key_of(op) for op in ops)
            return self.enter(
                Rule(
                    name or function.__name__,
                    roots,
                    apply,
                    self._tags(tags),
                    why=why or function.__doc__ or "",
                    inside=(needed,) if needed else (),
                    among=tuple(among),
                )
            )

        return decorate

    def _tags(self, tags: Iterable[str]) -> frozenset[str]:
        return frozenset({self.name, "fast_run", *tags})

    def enter(self, rule: Rule) -> Rule:
        """Put `rule` in. Errors: ValueError when there is one of its name"""
        if any(rule.name == other.name for other in self.rules):
            raise ValueError(f"There is a rule called {rule.name} in {self.name} already.")
        self.rules.append(rule)
        return rule
