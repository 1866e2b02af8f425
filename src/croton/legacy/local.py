"""The historic local optimizers: functions from a node to what is put in the place of its outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.legacy import fgraph as historic
from croton.ops.elemwise import Elemwise
from croton.rewrite.pattern import scalar_value
from croton.rewrite.rule import Answer, Rule, key_of


class LocalOptimizer:
    """What may be put in the place of the outputs of a node: a subclass gives `transform(node)`."""

    def tracks(self) -> Sequence[Any] | None:
        """The operations, or classes of them, at whose nodes it is tried; None: at all."""
        return None

    def transform(self, node: Apply) -> Any:
        """False or None where it does not apply; else a variable per output, or a dict from old to new ones."""
        raise NotImplementedError(
            f"{type(self).__name__} says nothing of what it puts in the place of a node."
        )

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach the features that `transform` needs."""

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write what it is to `stream` (standard output)."""
        print(f"{' ' * level}{self}", file=stream or sys.stdout)

    def __str__(self) -> str:
        return getattr(self, "__name__", None) or getattr(self, "name", None) or type(self).__name__

    __repr__ = __str__


class FromFunctionLocalOptimizer(LocalOptimizer):
    """A function of a node as a local optimizer."""

    def __init__(
        self,
        fn: Callable[[Apply], Any],
        tracks: Sequence[Any] | None = None,
        requirements: Sequence[Any] = (),
    ) -> None:
        self.fn = fn
        self.transform = fn  # type: ignore[method-assign,assignment]
        self._tracks = tracks
        self.requirements = requirements
        self.__name__ = fn.__name__
        self.__doc__ = fn.__doc__

    def tracks(self) -> Sequence[Any] | None:
        return self._tracks

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        for requirement in self.requirements:
            requirement(fgraph)

    def __call__(self, node: Apply) -> Any:
        return self.fn(node)


def local_optimizer(
    tracks: Sequence[Any] | None, inplace: bool = False, requirements: Sequence[Any] = ()
) -> Callable[[Callable[[Apply], Any]], FromFunctionLocalOptimizer]:
    """Make a local optimizer of a function of a node, tried at nodes of the operations, or classes, in `tracks`.

    Errors: ValueError for an empty `tracks` or one that holds neither
    """
    if tracks is not None:
        if len(tracks) == 0:
            raise ValueError(
                "The tracks of a local optimizer are empty: give operations, classes of them, or None."
            )
        for one in tracks:
            if not (isinstance(one, Op) or (isinstance(one, type) and issubclass(one, Op))):
                raise ValueError(
                    f"The tracks of a local optimizer must be operations or their classes; got {one!r}."
                )

    def decorate(f: Callable[[Apply], Any]) -> FromFunctionLocalOptimizer:
        return FromFunctionLocalOptimizer(f, tracks, requirements)

    return decorate


class LocalOptGroup(LocalOptimizer):
    """Local optimizers as one: the first that applies does."""

    def __init__(self, *optimizers: Any, **kwargs: Any) -> None:
        given = (
            optimizers[0] if len(optimizers) == 1 and isinstance(optimizers[0], (list, tuple)) else optimizers
        )
        self.opts = list(given)
        self.apply_all_opts = kwargs.pop("apply_all_opts", False)
        self.__name__ = "(" + ",".join(map(str, self.opts)) + ")"

    def tracks(self) -> Sequence[Any] | None:
        found = [one.tracks() for one in self.opts]
        return None if any(t is None for t in found) else [op for t in found for op in t]

    def transform(self, node: Apply) -> Any:
        for one in self.opts:
            if applies(one, node):
                answer = one.transform(node)
                if answer is not None and answer is not False:
                    return answer
        return False

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        for one in self.opts:
            one.add_requirements(fgraph)


class OpSub(LocalOptimizer):
    """One operation in the place of another."""

    def __init__(self, op1: Op, op2: Op, transfer_tags: bool = True) -> None:
        self.op1, self.op2 = op1, op2
        self.transfer_tags = transfer_tags

    def op_key(self) -> Op:
        """The operation that is replaced."""
        return self.op1

    def tracks(self) -> Sequence[Any]:
        return [self.op1]

    def transform(self, node: Apply) -> Any:
        if node.op != self.op1:
            return False
        made = self.op2.make_node(*node.inputs)
        if self.transfer_tags:
            for old, new in zip(node.outputs, made.outputs, strict=True):
                new.tag = old.tag.copy()
        return made.outputs

    def __str__(self) -> str:
        return f"{self.op1} -> {self.op2}"


class OpRemove(LocalOptimizer):
    """An operation whose outputs are its inputs goes."""

    def __init__(self, op: Op) -> None:
        self.op = op

    def op_key(self) -> Op:
        """The operation that is removed."""
        return self.op

    def tracks(self) -> Sequence[Any]:
        return [self.op]

    def transform(self, node: Apply) -> Any:
        return node.inputs if node.op == self.op else False

    def __str__(self) -> str:
        return f"{self.op}(x) -> x"


class PatternSub(LocalOptimizer):
    """An expression in the place of another, both told as tuples.

    A pattern is `(op, pattern, …)`; a string is a hole, the same each time it stands; a number stands for a constant
    of that value; `{"pattern": p, "constraint": f}` is matched where f(variable) is true. `skip_identities_fn`
    may give what to look at in the place of a variable that does not fit.
    """

    def __init__(
        self, in_pattern: Any, out_pattern: Any, allow_multiple_clients: bool = False,
        skip_identities_fn: Callable[[Variable], Any] | None = None, name: str | None = None, pdb: bool = False,
        tracks: Sequence[Any] = (), get_nodes: Callable[[Apply], Sequence[Apply]] | None = None,
        values_eq_approx: Any = None,
    ) -> None:  # fmt: skip
        if not isinstance(in_pattern, (list, tuple)):
            raise TypeError(f"The pattern to look for must begin with an operation; got {in_pattern!r}.")
        self.in_pattern, self.out_pattern = in_pattern, out_pattern
        self.op = in_pattern[0]
        self.allow_multiple_clients = allow_multiple_clients
        self.skip_identities_fn = skip_identities_fn
        self.values_eq_approx = values_eq_approx
        self._tracks, self.get_nodes = tracks, get_nodes
        self.name = self.__name__ = name or f"PatternSub({in_pattern} -> {out_pattern})"

    def op_key(self) -> Op:
        """The operation at the root of what is looked for."""
        return self.op  # type: ignore[no-any-return]

    def tracks(self) -> Sequence[Any]:
        return self._tracks or [self.op]

    def transform(self, node: Apply, get_nodes: bool = True) -> Any:
        if get_nodes and self.get_nodes is not None:
            for one in self.get_nodes(node):
                found = self.transform(one, False)
                if found:
                    return dict(zip(one.outputs, found, strict=True))
            return False
        if node.op != self.op:
            return False
        holes = self._match(self.in_pattern, node.outputs[0], {}, root=True)
        if holes is None:
            return False
        made = self._build(self.out_pattern, holes)
        old = node.outputs[0]
        return [made] if made.type == old.type or made.type.convert_variable(old) is not None else False

    def _match(
        self, pattern: Any, variable: Variable, holes: Mapping[str, Variable], root: bool = False
    ) -> Any:
        if isinstance(pattern, dict):
            accepts = pattern.get("constraint", lambda v: True)
            return self._match(pattern["pattern"], variable, holes, root) if accepts(variable) else None
        if isinstance(pattern, str):
            bound = holes.get(pattern)
            if bound is None:
                return {**holes, pattern: variable}
            same = bound is variable or (isinstance(bound, Constant) and bound.equals(variable))
            return holes if same else None
        if not isinstance(pattern, (list, tuple)):
            return holes if _is_number(pattern, variable) else None
        node = variable.owner
        if node is None or node.op != pattern[0] or len(node.inputs) != len(pattern) - 1:
            other = (
                self.skip_identities_fn(variable)
                if self.skip_identities_fn is not None and not root
                else None
            )
            return self._match(pattern, other, holes) if isinstance(other, Variable) else None
        if not (root or self.allow_multiple_clients or len(getattr(variable, "clients", ())) <= 1):
            return None
        for part, source in zip(pattern[1:], node.inputs, strict=True):
            holes = self._match(part, source, holes)
            if holes is None:
                return None
        return holes

    def _build(self, pattern: Any, holes: Mapping[str, Variable]) -> Any:
        if isinstance(pattern, str):
            return holes[pattern]
        if isinstance(pattern, (list, tuple)):
            return pattern[0](*[self._build(part, holes) for part in pattern[1:]])
        return pattern

    def __str__(self) -> str:
        return str(self.name)


def _is_number(pattern: Any, variable: Variable) -> bool:
    if isinstance(pattern, Constant):
        return isinstance(variable, Constant) and pattern.equals(variable)
    number = scalar_value(variable)
    return number is not None and bool(number == pattern)


# -- how they are applied ------------------------------------------------------------------------------------
def applies(opt: Any, node: Apply) -> bool:
    """Whether `opt` is tried at `node`."""
    tracks = opt.tracks() if hasattr(opt, "tracks") else None
    if tracks is None:
        return True
    return any(isinstance(node.op, t) if isinstance(t, type) else node.op == t for t in tracks)


def answers(opt: Any, node: Apply) -> list[tuple[Variable, Variable]]:
    """What `opt` puts in the place of what, at `node`.

    Errors: ValueError for an answer of another length than the outputs; TypeError for none of the forms
    """
    if not applies(opt, node):
        return []
    with origin.inherit(node.origin):
        answer = opt.transform(node)
    if answer is None or answer is False:
        return []
    if isinstance(answer, Mapping):
        return [(old, new) for old, new in answer.items() if old != "remove"]
    if not isinstance(answer, (list, tuple)):
        raise TypeError(f"{opt} must answer with a list of variables, a dict, None or False; got {answer!r}.")
    if len(answer) != len(node.outputs):
        raise ValueError(f"{opt} gave {len(answer)} variables for the {len(node.outputs)} outputs of {node}.")
    return [(a, b) for a, b in zip(node.outputs, answer, strict=True) if b is not None and a is not b]


def as_rule(name: str, opt: Any, tags: frozenset[str]) -> Rule:
    """A local optimizer as a rule of a stage."""
    tracks = opt.tracks() if hasattr(opt, "tracks") else None

    def apply(node: Apply, context: Any) -> Answer:
        historic.FunctionGraph.over(context.graph)
        pairs = dict(answers(opt, node))
        if not pairs:
            return None
        for old in [v for v in pairs if v not in node.outputs]:
            context.graph.replace(old, pairs.pop(old), name)
        return [pairs.get(out) for out in node.outputs]

    return Rule(name, _roots(tracks), apply, tags, why=getattr(opt, "__doc__", None) or "")


def _roots(tracks: Sequence[Any] | None) -> tuple[Hashable, ...]:
    """The keys that the rewrite engine finds such nodes by; none, which is all, where a class stands for several."""
    if tracks is None or any(isinstance(t, type) and issubclass(Elemwise, t) for t in tracks):
        return ()
    return tuple(dict.fromkeys(key_of(t) for t in tracks))
