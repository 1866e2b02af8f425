"""The operation of loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import Primitive
from croton.ops.convert import as_tensor_variable
from croton.ops.inner import InnerGraph, Run
from croton.ops.known import known_int
from croton.ops.scan.forward import Jvp, push
from croton.ops.scan.gradient import backward
from croton.ops.scan.native import explain, lower_loop
from croton.ops.scan.reference import run_loop
from croton.ops.scan.roles import Roles
from croton.ops.shape import as_length
from croton.vartypes.tensor import TensorType

Vjp = Callable[..., list[Variable | None]]

# Loops of more steps over constants are left to the compiled function, which needs nanoseconds for each.
FOLDED_STEPS = 32


class Scan(Primitive):
    """A graph, computed once for each step of a loop.

    Its inputs, in this order, and what the graph reads of each at step t = 0, 1, …, n - 1:

    n_steps     ()         how many steps there are to do, n; the graph does not read it
    sequences   (≥ n, …)   the element t of each
    states      (d, …)     the values of the d steps before the first, oldest first: for each of its `taps`, such as
                           -1 or -3, the value as many steps ago; d, its depth, is that of the farthest tap
    carried     any type   the value that the step before made of it; at first the input
    others      any type   the input, the same in all steps

    The outputs of the graph, in this order, and what the loop makes of each:

    states      (d + n, …) its input, followed by the value of each step
    carried                the value of the last step, or its input when there are no steps
    mapped      (n, …)     what each step makes, stacked
    until                  (where `until`) a scalar: the first step where it is not 0 is the last; n is then less

    graph       the graph; of its inputs and outputs, those of one kind stand together, in the order above
    sequences   how many sequences there are
    taps        for each state, the steps that it is read back by: ((-1,), (-3, -1)); one input of the graph for each
    carried     how many values are carried
    until       whether the last output of the graph says when to stop
    truncate    how many steps, from the last backwards, gradients go through; -1: all of them
    name        for the reader: it tells no two loops apart

    All values that a state has, from step to step, are of one shape and type, and so are those of a mapped output.

    Dtypes:    as the graph's inputs and outputs
    Gradient:  a loop that runs backwards (see gradient.py); along a direction, one that runs beside (see forward.py)
    Errors:    ShapeError (a ValueError) when a sequence has less than n elements, a state not d, or shapes change;
               StepsError (an IndexError) for less than 0 steps
    Cost:      the graph is computed n times; for no steps once, on zeros, where only that tells shapes
    """

    op_name = "scan"
    __props__ = ("graph", "sequences", "taps", "carried", "until", "truncate")

    def __init__(
        self,
        graph: InnerGraph,
        sequences: int = 0,
        taps: Sequence[Sequence[int]] = (),
        carried: int = 0,
        until: bool = False,
        truncate: int = -1,
        name: str | None = None,
    ) -> None:
        self.graph = graph
        self.sequences = sequences
        self.taps = tuple(tuple(t) for t in taps)
        self.carried = carried
        self.until = until
        self.truncate = truncate
        self.name = name
        self.roles = Roles(
            sequences, self.taps, carried, until, inputs=len(graph.inputs), outputs=len(graph.outputs)
        )
        self.roles.check(graph)

    inner_inputs = property(lambda self: self.graph.inputs)
    inner_outputs = property(lambda self: self.graph.outputs)

    def graphs_to_show(self, node: Apply) -> list[tuple[str, InnerGraph, list[Variable]]]:
        """What texts put before the lines of the graph, the graph, and what each of its inputs reads of outside."""
        return [(" >", self.graph, [node.inputs[at] for at in self.roles.read_from()])]

    def prepare(self, *args: Any) -> list[Variable]:
        roles = self.roles
        if len(args) != roles.outer_inputs:
            raise ValueError(f"{self} takes {roles.outer_inputs} inputs; got {len(args)}.")
        steps, *given = [a if isinstance(a, Variable) else as_tensor_variable(a) for a in args]
        models = roles.read_as(self.graph.inputs)
        fitted = [
            _fit(model, v, at < roles.stacked)
            for at, (model, v) in enumerate(zip(models, given, strict=True))
        ]
        return [as_length(steps, "The number of steps"), *fitted]

    def infer(self, steps: Any, *xs: Any) -> Sequence[Type]:
        n = None if self.until else known_int(steps)
        kinds: list[Any] = [v.type for v in self.graph.outputs]
        made: list[Type] = []
        for at, kind in enumerate(kinds[: self.roles.outer_outputs]):
            if self.roles.is_carried(at):
                made.append(self.graph.inputs[self.roles.carried_input(at)].type)
                continue
            before = self.roles.depths[at] if at < len(self.taps) else 0
            length = None if n is None or n + before < 2 else n + before
            row = self.graph.inputs[self.roles.tap_inputs(at)[0]].type if at < len(self.taps) else kind
            made.append(TensorType(kind.dtype, (length, *row.shape)))
        return made

    def infer_shape(self, node: Apply, shapes: list[Any], lengths: Any = None) -> list[Any]:
        """`lengths`, where given, says the lengths of the graph's outputs in terms of those of its inputs."""
        roles = self.roles
        n = None if self.until else node.inputs[0]
        rows = self._row_shapes(node, shapes, lengths)
        found: list[Any] = []
        for at in range(roles.outer_outputs):
            if at < len(self.taps):
                total = None if n is None else n + roles.depths[at]
                found.append((total, *shapes[roles.state_input(at)][1:]))
            elif roles.is_carried(at):
                found.append(shapes[roles.outer_carried(at)])
            else:
                found.append((n, *rows[at]))
        return found

    def _row_shapes(self, node: Apply, shapes: list[Any], lengths: Any) -> list[Any]:
        """The shape of each output of the graph, None for lengths that may differ from step to step."""
        outs = self.graph.outputs
        if lengths is None:
            return [getattr(out.type, "shape", None) for out in outs]
        reads = self.roles.read_from()
        inner = [
            shapes[outer][1:] if outer <= self.roles.stacked and shapes[outer] is not None else shapes[outer]
            for outer in reads
        ]
        fixed = {
            v: node.inputs[at]
            for v, at in zip(self.graph.inputs, reads, strict=True)
            if at in self.roles.others
        }
        made: list[Any] = lengths(self.graph, inner, fixed)
        return made

    def eval(self, xp: Any, *values: Any, run: Run | None = None) -> Any:
        """The outputs; `run` computes the graph, from values to values."""
        made = run_loop(self, self.graph.run if run is None else run, xp, values)
        return made[0] if len(made) == 1 else tuple(made)

    def do_constant_folding(self, node: Apply) -> bool:
        """A few steps at most: Python computes them, when the function is compiled."""
        steps = known_int(node.inputs[0])
        return steps is not None and steps <= FOLDED_STEPS

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any, vjp: Vjp | None = None) -> Any:
        if vjp is None:
            raise TypeError(f"The gradient of {self} needs a way to differentiate its graph: give vjp.")
        return self.grad(inputs, outputs, output_grads, vjp)

    def grad(self, xs: Any, ys: Any, gs: Any, vjp: Vjp) -> Any:
        """The cotangents of the inputs; `vjp` takes cotangents back through the graph."""
        return backward(self, xs, ys, gs, vjp)

    def push(self, xs: Any, ys: Any, moved: Any, jvp: Jvp) -> Any:
        """The derivatives of the outputs along a direction; `jvp` takes derivatives through the graph."""
        return push(self, xs, ys, moved, jvp)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        lower_loop(self, b, xs, ys)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return explain(self, details)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which inputs each output depends on."""
        roles = self.roles
        inner = self.graph.connections()
        reads = roles.read_from()
        pattern = [[False] * roles.outer_outputs for _ in range(roles.outer_inputs)]
        for at, outer in enumerate(reads):
            for out in range(roles.outer_outputs):
                pattern[outer][out] |= inner[at][out]
        for out in range(len(self.taps) + self.carried):
            pattern[roles.state_input(out)][out] = True
        # What reaches a value of one step reaches all that later steps make of it.
        recurrent = [roles.state_input(out) for out in range(len(self.taps) + self.carried)]
        for out, via in enumerate(recurrent):
            for row in pattern:
                if row[out]:
                    row[:] = [a or b for a, b in zip(row, pattern[via], strict=True)]
        return pattern

    # -- variants --------------------------------------------------------------------------------------------
    def holding(self, graph: InnerGraph) -> Scan:
        """The same with another graph, of the same inputs and outputs."""
        return Scan(graph, self.sequences, self.taps, self.carried, self.until, self.truncate, self.name)

    def keeping(
        self, outputs: Sequence[int], inputs: Sequence[Variable]
    ) -> tuple[Scan, list[Variable], list[int]]:
        """What computes at least these outputs, those of `inputs` that it needs, and which outputs it computes."""
        wanted = self._needed_with(outputs)
        roles, graph = self.roles, self.graph
        made = [graph.outputs[at] for at in wanted]
        made += graph.outputs[roles.outer_outputs :]
        needed = set(walk.ancestors(made, graph.inputs))
        kept_outer = [0]
        kept_inner: list[Variable] = []
        taps: list[tuple[int, ...]] = []
        sequences = 0
        reads = roles.read_from()
        for outer in range(1, roles.outer_inputs):
            mine = [at for at, source in enumerate(reads) if source == outer]
            out = roles.output_of(outer)
            if out is not None and out not in wanted:
                continue
            if out is None and graph.inputs[mine[0]] not in needed:
                continue
            kept_outer.append(outer)
            kept_inner += [graph.inputs[at] for at in mine]
            sequences += outer <= self.sequences
            if out is not None and out < len(self.taps):
                taps.append(self.taps[out])
        carried = sum(roles.is_carried(at) for at in wanted)
        op = Scan(
            InnerGraph(kept_inner, made), sequences, taps, carried, self.until, self.truncate, self.name
        )
        return op, [inputs[at] for at in kept_outer], wanted

    def _needed_with(self, outputs: Sequence[int]) -> list[int]:
        """`outputs`, and the states and carried values that later steps need to make them."""
        roles, graph = self.roles, self.graph
        wanted = set(outputs)
        while True:
            made = [graph.outputs[at] for at in sorted(wanted)] + graph.outputs[roles.outer_outputs :]
            needed = set(walk.ancestors(made, graph.inputs))
            more = {
                out
                for at, outer in enumerate(roles.read_from())
                if graph.inputs[at] in needed and (out := roles.output_of(outer)) is not None
            }
            if more <= wanted:
                return sorted(wanted)
            wanted |= more

    def __str__(self) -> str:
        return f"{'do_while' if self.until else 'for'}{{cpu,{self.name or 'scan_fn'}}}"

    def __reduce__(self) -> Any:
        return Scan, (
            self.graph, self.sequences, self.taps, self.carried, self.until, self.truncate, self.name
        )  # fmt: skip


def _fit(model: Variable, given: Variable, is_stacked: bool) -> Variable:
    """`given` of the type that the graph reads as `model`: along a first axis of any length where `is_stacked`."""
    kind = model.type
    if not is_stacked:
        return kind.filter_variable(given)
    assert isinstance(kind, TensorType)
    first = given.type.shape[:1] if isinstance(given.type, TensorType) else (None,)
    return TensorType(kind.dtype, (*first, *kind.shape)).filter_variable(given)
