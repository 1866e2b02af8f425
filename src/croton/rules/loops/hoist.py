"""Work of steps, done for all steps at once before or after the loop."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Constant, Variable
from croton.ops.creation import Alloc
from croton.ops.dot import Dot
from croton.ops.elementwise import add, mul, second
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.index.subtensor import Subtensor
from croton.ops.reduce import sum as sum_over
from croton.ops.scan.loop import Scan
from croton.ops.shape import Shape_i
from croton.rules.loops.batch import Batch, Outside, as_matrix
from croton.rules.loops.draft import Draft, Sequence, entries_of, moving, stand_in
from croton.vartypes.tensor import TensorType


# -- before the loop -----------------------------------------------------------------------------------------
def fixed_values(draft: Draft) -> None:
    """What is the same in all steps is computed once."""
    nodes = draft.nodes()
    inside = moving(nodes, (v for v in draft.inputs() if v not in draft.others))
    batch = Batch(lambda v: Outside(draft.others[v], False) if v in draft.others else None)
    frontier = [v for node in nodes if node.outputs[0] in inside for v in node.inputs] + draft.results()
    replace: dict[Variable, Variable] = {}
    for variable in frontier:
        if variable in inside or variable in replace or variable.owner is None or _is_free(variable):
            continue
        found = batch.of(variable)
        if found is not None:
            replace[variable] = fresh = stand_in(variable)
            draft.others[fresh] = found.value
    if replace:
        draft.substitute(replace)
        draft.drop_unread()


def _is_free(variable: Variable) -> bool:
    """Whether a value costs less to make than to read, as constants spread over axes do."""
    node = variable.owner
    while node is not None and isinstance(node.op, (DimShuffle, Alloc)) and node.inputs:
        variable = node.inputs[0]
        node = variable.owner
    is_fill = node is not None and isinstance(node.op, Elemwise) and node.op == second
    return isinstance(variable, Constant) or (is_fill and node is not None and _is_free(node.inputs[1]))


def dear_values_of_sequences(draft: Draft) -> None:
    """Products of elements of sequences with what is the same in all steps: one product of the whole sequence.

    A loop of loops is left as it is: its products are large enough, and it may be there to save memory.
    """
    if draft.stop or any(isinstance(node.op, Scan) for node in draft.nodes()):
        return
    batch = Batch(lambda v: _of_inputs(draft, v))
    replace: dict[Variable, Variable] = {}
    for node in draft.nodes():
        if not isinstance(node.op, Dot):
            continue
        rows = batch.rows(node.outputs[0])
        if rows is not None:
            replace[node.outputs[0]] = fresh = stand_in(node.outputs[0])
            draft.sequences.append(Sequence(fresh, rows))
    if replace:
        draft.substitute(replace)
        draft.drop_unread()


def _of_inputs(draft: Draft, variable: Variable) -> Outside | None:
    if variable in draft.others:
        return Outside(draft.others[variable], False)
    for sequence in draft.sequences:
        if sequence.inner is variable:
            return Outside(draft.rows(sequence.outer), True)
    return None


# -- after the loop ------------------------------------------------------------------------------------------
def outputs_without_memory(draft: Draft) -> None:
    """Outputs that no earlier step has a part in need no loop."""
    if draft.stop:
        return
    core = draft.core()
    remembered = moving(draft.nodes(), (v for p in draft.states for v in p.inner))
    remembered = moving(draft.nodes(), {*remembered, *(c.inner for c in draft.carried)})
    batch = Batch(lambda v: _of_inputs(draft, v))
    for mapped in list(draft.mapped):
        if mapped.after in remembered or mapped.after in core:
            continue
        rows = batch.rows(mapped.after)
        if rows is not None:
            draft.mapped.remove(mapped)
            draft.settle(mapped.out, rows)
    draft.drop_unread()


def dear_ends(draft: Draft) -> None:
    """Products that no later step needs are made after the loop, of all steps at once."""
    if draft.stop:
        return
    core = draft.core()
    dear = {
        out for node in draft.nodes() if isinstance(node.op, Dot) for out in node.outputs if out not in core
    }
    if not dear:
        return
    above = moving(draft.nodes(), dear)
    for mapped in list(draft.mapped):
        if mapped.after not in above:
            continue
        rows = Batch(lambda v: _end(draft, above, v)).rows(mapped.after)
        if rows is not None:
            draft.mapped.remove(mapped)
            draft.settle(mapped.out, rows)
    draft.drop_unread()


def _end(draft: Draft, above: set[Variable], variable: Variable) -> Outside | None:
    """What stands outside for what the loop goes on to compute: an output, where need be a new one."""
    if variable in above:
        return None
    found = available(draft, variable)
    if found is not None or isinstance(variable.owner and variable.owner.op, (DimShuffle, Shape_i)):
        return found
    is_tensor = isinstance(variable.type, TensorType)
    return Outside(draft.map(variable), True) if is_tensor else None


def available(draft: Draft, variable: Variable) -> Outside | None:
    """What is known outside of a variable without computing anything."""
    found = _of_inputs(draft, variable)
    if found is not None:
        return found
    for state in draft.states:
        if state.after is variable:
            return Outside(state.out[state.depth :], True)
        for tap, inner in zip(state.taps, state.inner, strict=True):
            if inner is variable:
                return Outside(state.out[state.depth + tap : tap], True)
    for mapped in draft.mapped:
        if mapped.after is variable:
            return Outside(mapped.out, True)
    return None


# -- sums over all steps -------------------------------------------------------------------------------------
def sums_over_steps(draft: Draft) -> None:
    """Sums of products over all steps: one product, of all steps at once. Sums of what is known outside: outside."""
    if draft.stop:
        return
    for carried in list(draft.carried):
        terms = _terms(carried.after)
        if carried.inner not in terms or not draft.is_private(carried):
            continue
        terms.remove(carried.inner)
        left, total = [], carried.outer
        for term in terms:
            made = _summed(draft, term)
            if made is None:
                left.append(term)
            else:
                total = total + made
        if len(left) == len(terms) or total.type != carried.outer.type:
            continue
        if not left:
            draft.carried.remove(carried)
            draft.settle(carried.out, total)
            continue
        carried.after = add(carried.inner, *left)
        old, carried.out = carried.out, stand_in(carried.out)
        draft.settle(old, carried.out + (total - carried.outer))
    draft.drop_unread()


def _terms(variable: Variable) -> list[Variable]:
    node = variable.owner
    if node is not None and isinstance(node.op, Elemwise) and node.op == add:
        return list(node.inputs)
    return [variable]


def _summed(draft: Draft, term: Variable) -> Variable | None:
    """The sum of `term` over all steps, without a loop."""
    node = term.owner
    if node is not None and isinstance(node.op, Dot) and all(v.type.ndim == 2 for v in node.inputs):
        left, right = (_rows_for(draft, v) for v in (_transposed(node.inputs[0]), node.inputs[1]))
        if left is not None and right is not None:
            left, right = _from_the_front(left, right)
            made: Variable = Dot()(as_matrix(left).T, as_matrix(right))
            return made
    pair = _outer_product(term)
    if pair is not None:
        left, right = (_rows_for(draft, v) for v in pair)
        if left is not None and right is not None:
            left, right = _from_the_front(left, right)
            made = Dot()(left.T, right)
            return made
    rows = Batch(lambda v: available(draft, v)).rows(term)
    return None if rows is None else sum_over(rows, axis=0, dtype=term.type.dtype)


def _from_the_front(left: Variable, right: Variable) -> tuple[Variable, Variable]:
    """Rows of which the products are summed, in the other order where the left ones are read from their end.

    Those are what the loop goes over, and lie the other way round; the right ones are often what it makes, which may be
    stored either way.
    """
    forwards = _read_from_the_end(left)
    if forwards is None:
        return left, right
    other = _read_from_the_end(right)
    return forwards, right[::-1] if other is None else other


def _read_from_the_end(rows: Variable) -> Variable | None:
    """What `rows` has the rows of, the last first."""
    node = rows.owner
    is_turned = (
        node is not None and isinstance(node.op, Subtensor) and entries_of(node) == [slice(None, None, -1)]
    )
    return node.inputs[0] if node is not None and is_turned else None


def _rows_for(draft: Draft, variable: Variable) -> Variable | None:
    """All values of a variable, which becomes an output of the loop where that is the only way."""
    found = Batch(lambda v: available(draft, v)).of(variable)
    if found is not None:
        return found.value if found.is_rows else None
    node = variable.owner
    if node is not None and isinstance(node.op, DimShuffle):
        rows = _rows_for(draft, node.inputs[0])
        order = ["x" if j == "x" else int(j) + 1 for j in node.op.new_order]
        return None if rows is None else dimshuffle(rows, 0, *order)
    return draft.map(variable)


def _transposed(variable: Variable) -> Variable:
    """The transpose of a matrix: what it is the transpose of, where it is one."""
    node = variable.owner
    if node is not None and isinstance(node.op, DimShuffle) and node.op.new_order == (1, 0):
        return node.inputs[0]
    return dimshuffle(variable, 1, 0)


def _outer_product(term: Variable) -> tuple[Variable, Variable] | None:
    """Two vectors, where `term` is their outer product."""
    node = term.owner
    if node is None or not isinstance(node.op, Elemwise) or node.op != mul or len(node.inputs) != 2:
        return None
    found: dict[Any, Variable] = {}
    for variable in node.inputs:
        shuffle = variable.owner
        if shuffle is None or not isinstance(shuffle.op, DimShuffle) or shuffle.inputs[0].type.ndim != 1:
            return None
        found[shuffle.op.new_order] = shuffle.inputs[0]
    column, row = found.get((0, "x")), found.get(("x", 0))
    return None if column is None or row is None else (column, row)
