"""Loops without what is there twice, or does not change."""

from __future__ import annotations

from typing import Any

from croton.graph import walk
from croton.graph.node import Constant, Variable
from croton.ops.creation import Alloc
from croton.ops.elementwise import add
from croton.ops.elemwise import Elemwise, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.rules.loops.batch import Outside, as_rows
from croton.rules.loops.draft import Carried, Draft, State, entries_of
from croton.rules.scatter import is_zero
from croton.vartypes.tensor import TensorType


def constants_inside(draft: Draft) -> None:
    """A constant that a step reads is in its graph, where it may become part of operations."""
    found: dict[Variable, Variable] = {
        v: outer
        for v, outer in draft.others.items()
        if isinstance(outer, Constant) and v.type.is_same(outer.type)
    }
    if found:
        draft.substitute(found)
        draft.drop_unread()


def steady_sequences(draft: Draft) -> None:
    """A sequence whose elements are all the same is one value."""
    replace: dict[Variable, Variable] = {}
    for sequence in list(draft.sequences):
        row = _row_of_all(sequence.outer)
        if row is None or row.type != sequence.inner.type:
            continue
        fresh: Variable = row.type(sequence.inner.name)
        replace[sequence.inner] = fresh
        draft.sequences.remove(sequence)
        draft.others[fresh] = row
    if replace:
        draft.substitute(replace)


def _row_of_all(outer: Variable) -> Variable | None:
    """The row of which all rows of `outer` are copies, where that is plain to see."""
    node = outer.owner
    if node is None:
        return None
    op: Any = node.op
    if isinstance(op, Alloc):
        value = node.inputs[0]
        kind = outer.type
        assert isinstance(kind, TensorType)
        if value.type.ndim == kind.ndim and not value.type.broadcastable[0]:
            return None
        lengths = node.inputs[2:]
        if value.type.ndim == kind.ndim:
            value = dimshuffle(value, *range(1, kind.ndim)) if value.type.broadcastable[0] else value
        row: Variable = Alloc()(value, *lengths) if lengths else dimshuffle(value, *range(value.type.ndim))
        return row if row.type.ndim == kind.ndim - 1 else None
    return None


def steady_carried(draft: Draft) -> None:
    """What no step changes is the same in all of them."""
    for carried in list(draft.carried):
        if carried.after is carried.inner:
            draft.carried.remove(carried)
            draft.others[carried.inner] = carried.outer
            draft.settle(carried.out, carried.outer)


def merge_inputs(draft: Draft) -> None:
    """Two inputs that read the same are one."""
    replace: dict[Variable, Variable] = {}
    first: dict[Variable, Variable] = {}
    for sequence in list(draft.sequences):
        known = first.setdefault(sequence.outer, sequence.inner)
        if known is not sequence.inner:
            replace[sequence.inner] = known
            draft.sequences.remove(sequence)
    first = {}
    for inner, outer in list(draft.others.items()):
        known = first.setdefault(outer, inner)
        if known is not inner:
            replace[inner] = known
            del draft.others[inner]
    if replace:
        draft.substitute(replace)


def merge_states(draft: Draft) -> None:
    """States, and carried values, that begin with the same, and of which steps make the same, are one.

    They are taken for equal until a step is found to make different values of them.
    """
    leaders = _alike(draft)
    while True:
        replace = {
            v: w for part, leader in leaders for v, w in zip(_reads(part), _reads(leader), strict=True)
        }
        afters = [part.after for pair in leaders for part in pair]
        made, _ = walk.clone_graph(afters, {v: v for v in draft.inputs()} | replace)
        equal = [
            pair
            for pair, one, other in zip(leaders, made[::2], made[1::2], strict=True)
            if walk.equal_computations([one], [other])
        ]
        if len(equal) == len(leaders):
            break
        leaders = equal
    for part, leader in leaders:
        _drop(draft, part)
        draft.settle(part.out, leader.out)
    if leaders:
        draft.substitute(replace)


def _alike(draft: Draft) -> list[tuple[State | Carried, State | Carried]]:
    """Parts that begin as another does, each with the first of those."""
    first: dict[Any, State | Carried] = {}
    found: list[tuple[State | Carried, State | Carried]] = []
    recurrent: list[State | Carried] = [*draft.states, *draft.carried]
    for part in recurrent:
        key = (part.outer, part.taps if isinstance(part, State) else None, part.after.type)
        leader = first.setdefault(key, part)
        if leader is not part:
            found.append((part, leader))
    return found


def _reads(part: State | Carried) -> list[Variable]:
    return part.inner if isinstance(part, State) else [part.inner]


def _drop(draft: Draft, part: State | Carried) -> None:
    if isinstance(part, State):
        draft.states.remove(part)
    else:
        draft.carried.remove(part)


def direct_outputs(draft: Draft) -> None:
    """What a step only hands on is known outside of the loop."""
    if draft.stop:
        return
    sequences = {s.inner: s.outer for s in draft.sequences}
    seen: dict[Variable, Variable] = {}
    for mapped in list(draft.mapped):
        value = mapped.after
        found: Variable | None = None
        if value in sequences:
            found = draft.rows(sequences[value])
        elif value in draft.others or isinstance(value, Constant):
            found = as_rows(Outside(draft.others.get(value, value), False), draft.count)
        else:
            found = _rows_of_state(draft, value)
        if found is None and value in seen:
            found = seen[value]
        if found is None:
            seen[value] = mapped.out
            continue
        draft.mapped.remove(mapped)
        draft.settle(mapped.out, found)


def _rows_of_state(draft: Draft, value: Variable) -> Variable | None:
    for state in draft.states:
        if state.after is value:
            rows: Variable = state.out[state.depth :]
            return rows
        for tap, inner in zip(state.taps, state.inner, strict=True):
            if inner is value:
                rows = state.out[state.depth + tap : tap]
                return rows
    return None


def only_first_elements(draft: Draft) -> None:
    """A sequence that is zero but for its first element, and is added to a carried value: that begins with both."""
    for sequence in list(draft.sequences):
        value = _only_first(sequence.outer)
        readers = [node for node in draft.nodes() if sequence.inner in node.inputs]
        if (
            value is None
            or len(readers) != 1
            or draft.reads_of(sequence.inner) != 1
            or not isinstance(readers[0].op, Elemwise)
            or readers[0].op != add
        ):
            continue
        others = [v for v in readers[0].inputs if v is not sequence.inner]
        carried = next((c for c in draft.carried if c.inner in others), None)
        if carried is None or len(others) + 1 != len(readers[0].inputs) or draft.reads_of(carried.inner) != 1:
            continue
        first = carried.outer + value
        if first.type == carried.outer.type:
            carried.outer = first
            draft.sequences.remove(sequence)
            draft.substitute({readers[0].outputs[0]: add(*others) if len(others) > 1 else others[0]})


def _only_first(outer: Variable) -> Variable | None:
    """The first element of a sequence in which the others are zero."""
    node = outer.owner
    last = False
    if node is not None and isinstance(node.op, Subtensor) and entries_of(node) == [slice(None, None, -1)]:
        node, last = node.inputs[0].owner, True
    if node is None or not isinstance(node.op, IncSubtensor) or not is_zero(node.inputs[0]):
        return None
    at = index.join(node.op.idx_list, node.inputs[2:])
    value = node.inputs[1]
    return value if at == [-1 if last else 0] and value.type.ndim == outer.type.ndim - 1 else None
