"""Values of a loop that a later loop would compute again, as the gradient of the first does: stored, where that pays.

A loop that goes backwards over the values of another knows in each step what the other knew. What both compute of
that is the same.
"""

from __future__ import annotations

from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable
from croton.ops.dot import Dot
from croton.ops.elementwise import neg, sigmoid, sub
from croton.ops.elemwise import Elemwise
from croton.ops.index.subtensor import Subtensor
from croton.ops.scan.loop import Scan
from croton.rules.loops.draft import Draft, Sequence, entries_of

# Functions that cost more to compute than to read from memory.
_COSTLY = frozenset(
    "sigmoid tanh exp exp2 expm1 log log2 log10 log1p softplus pow sin cos tan erf erfc sinh cosh arctan".split()
)

# A variable of the later loop, that of the first from which it is read, and whether it is what that lacks to 1.
Pairs = list[tuple[Variable, Variable, bool]]


def shared_values(first: Draft, later: Draft) -> Pairs:
    """Variables of the later loop that are worth reading from the first, and what they are there."""
    same = _corresponding(first, later)
    if not same:
        return []
    known = set(later.inputs())
    inside = {v for v in same if v not in known}
    read = set(later.results())
    for node in later.nodes():
        if not all(out in same for out in node.outputs):
            read.update(node.inputs)
    return [(v, same[v], False) for v in same if v in inside & read and _is_costly(v, known)] + _complements(
        first, later, same
    )


def _corresponding(first: Draft, later: Draft) -> dict[Variable, Variable]:
    """Variables of the later loop, with those of the first that have the same values."""
    same: dict[Variable, Variable] = {}
    for sequence in later.sequences:
        found = _value_of_rows(first, sequence.outer)
        if found is not None:
            same[sequence.inner] = found
    if not same:
        return {}
    by_outer = {outer: inner for inner, outer in first.others.items()}
    for inner, outer in later.others.items():
        if outer in by_outer:
            same[inner] = by_outer[outer]
    made = {_key(node, node.inputs): node for node in first.nodes()}
    for node in later.nodes():
        if all(v in same or isinstance(v, Constant) for v in node.inputs):
            twin = made.get(_key(node, [same.get(v, v) for v in node.inputs]))
            if twin is not None:
                same.update(zip(node.outputs, twin.outputs, strict=True))
    return same


def _key(node: Apply, inputs: Any) -> Any:
    parts = [v.signature() if isinstance(v, Constant) else id(v) for v in inputs]
    commutes = isinstance(node.op, Elemwise) and getattr(node.op.scalar_op, "commutative", False)
    return node.op, tuple(sorted(parts, key=repr) if commutes else parts)


def _value_of_rows(first: Draft, outer: Variable) -> Variable | None:
    """The variable of the first loop of which `outer` has all values, the last first."""
    node = outer.owner
    if node is None or not isinstance(node.op, Subtensor) or entries_of(node) != [slice(None, None, -1)]:
        return None
    rows = node.inputs[0]
    for sequence in first.sequences:
        if sequence.outer is rows and first.rows(rows) is rows:
            return sequence.inner
    for mapped in first.mapped:
        if mapped.out is rows:
            return mapped.after
    part = rows.owner
    if part is None or not isinstance(part.op, Subtensor):
        return None
    entries = entries_of(part)
    for state in first.states:
        if state.out is not part.inputs[0] or len(entries) != 1 or not isinstance(entries[0], slice):
            continue
        start, stop = entries[0].start or 0, entries[0].stop or 0
        if entries[0].step in (None, 1) and isinstance(stop, int) and start - stop == state.depth:
            return dict(zip(state.taps, state.inner, strict=True)).get(
                stop, state.after if not stop else None
            )
    return None


def _is_costly(variable: Variable, known: set[Variable]) -> bool:
    """Whether more than arithmetic is needed to compute a variable of what is known."""
    for node in walk.toposort([variable], known):
        if isinstance(node.op, Elemwise) and node.op.scalar_op.name in _COSTLY:
            return True
        if isinstance(node.op, Dot):
            return True
    return False


def _complements(first: Draft, later: Draft, same: dict[Variable, Variable]) -> Pairs:
    """sigmoid(-z) in the later loop, where the first has sigmoid(z): of that, what is missing to 1."""
    have = {
        node.inputs[0]: node.outputs[0]
        for node in first.nodes()
        if isinstance(node.op, Elemwise) and node.op == sigmoid
    }
    found: Pairs = []
    for node in later.nodes():
        source = node.inputs[0].owner if node.inputs else None
        if not isinstance(node.op, Elemwise) or node.op != sigmoid or source is None:
            continue
        if isinstance(source.op, Elemwise) and source.op == neg and same.get(source.inputs[0]) in have:
            found.append((node.outputs[0], have[same[source.inputs[0]]], True))
    return found


def read_from_first(later: Draft, pairs: Pairs, rows: dict[Variable, Variable]) -> None:
    """Let the later loop read values that the first has stored; `rows` are these, by the first loop's variables."""
    elements: dict[Variable, Variable] = {}
    replace: dict[Variable, Variable] = {}
    for variable, source, is_complement in pairs:
        if source not in elements:
            elements[source] = source.type()
            later.sequences.append(Sequence(elements[source], rows[source][::-1]))
        replace[variable] = sub(1, elements[source]) if is_complement else elements[source]
    later.substitute(replace)
    later.drop_unread()


def goes_over(first: Apply, later: Apply) -> bool:
    """Whether a loop may know in each step what another knew: it does as many steps, and reads its values."""
    a: Any = first.op
    b: Any = later.op
    assert isinstance(a, Scan) and isinstance(b, Scan)
    return not a.until and not b.until and first.inputs[0] is later.inputs[0]
