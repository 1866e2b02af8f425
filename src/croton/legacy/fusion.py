"""Elementwise operations put together by rewrites: `theano.tensor.opt.FusionOptimizer` and kin.

The planner of native code fuses by itself, and more than elementwise operations; these are for programs that work on
graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.legacy.fgraph import FunctionGraph
from croton.legacy.optimizers import Optimizer
from croton.ops.elementwise import add, mul
from croton.ops.elemwise import Elemwise
from croton.ops.scalar.composite import Composite
from croton.rewrite.pattern import scalar_value
from croton.vartypes.scalar import Scalar

# From an operation's node to what stands in the place of its outputs, or False.
LocalFusion = Callable[[Apply], Any]


def _read_here_alone(variable: Variable, node: Apply) -> bool:
    return all(client is node for client, _ in getattr(variable, "clients", ((node, 0),)))


def _joins(variable: Variable, node: Apply, OP: Any) -> bool:
    """Whether what makes an input of `node` can be computed with it, element by element."""
    maker = variable.owner
    return (
        maker is not None
        and isinstance(maker.op, OP)
        and len(maker.outputs) == 1
        and variable.type.broadcastable == node.outputs[0].type.broadcastable
        and _read_here_alone(variable, node)
    )


def _most_inputs(node: Apply) -> int:
    """As many as NumPy's elementwise functions take."""
    return 32


def local_elemwise_fusion_op(
    OP: Any, max_input_fct: Callable[[Apply], int] = _most_inputs, maker: Callable[..., Any] | None = None
) -> LocalFusion:
    """What makes one operation of a node of class `OP` and of those before it that nothing else reads.

    max_input_fct  how many inputs that operation may have
    maker          from the node and the scalar operation to the operation; OP(scalar operation), if not said
    """

    def local_fuse(node: Apply) -> Any:
        if not isinstance(node.op, OP) or len(node.outputs) != 1:
            return False
        joined = {v for v in node.inputs if _joins(v, node, OP)}
        if not joined:
            return False
        numbers: dict[Variable, Variable] = {}

        def number_of(v: Variable) -> Variable:
            if v not in numbers:
                numbers[v] = _constant_number(v) or Scalar(v.type.dtype)()
            return numbers[v]

        def computed(maker: Any) -> Variable:
            return _applied(maker.op, [number_of(x) for x in maker.inputs])

        inner = {v: computed(v.owner) for v in dict.fromkeys(node.inputs) if v in joined}
        result = _applied(node.op, [inner.get(v) or number_of(v) for v in node.inputs])
        kept = [v for v, number in numbers.items() if not isinstance(number, Constant)]
        if len(kept) > max_input_fct(node):
            return False
        together = Composite([numbers[v] for v in kept], [result])
        op = OP(together) if maker is None else maker(node, together)
        return op(*kept, return_list=True)

    return local_fuse


def _constant_number(v: Variable) -> Variable | None:
    """A constant of one element, whatever its axes, as a number."""
    value = scalar_value(v) if all(v.type.broadcastable) else None
    if value is None:
        return None
    made: Variable = Scalar(v.type.dtype).make_constant(value.astype(v.type.dtype)[()])
    return made


def _applied(op: Any, numbers: list[Variable]) -> Variable:
    """The scalar operation of an elementwise one on numbers; a composite one as what it is made of."""
    scalar_op = op.scalar_op
    made: Variable = (
        scalar_op.inlined(numbers)[0] if isinstance(scalar_op, Composite) else scalar_op(*numbers)
    )
    return made


local_elemwise_fusion = local_elemwise_fusion_op(Elemwise)


def local_add_mul_fusion(node: Apply) -> Any:
    """A sum of sums, or a product of products, that nothing else reads, as one of more inputs."""
    if node.op not in (add, mul):
        return False
    flat: list[Variable] = []
    for v in node.inputs:
        inner = (
            v.owner if _joins(v, node, Elemwise) and v.owner is not None and v.owner.op == node.op else None
        )
        flat += [v] if inner is None else inner.inputs
    made: Variable = node.op(*flat)
    return [made] if len(flat) > len(node.inputs) and made.type == node.outputs[0].type else False


class FusionOptimizer(Optimizer):
    """Applies what `local_elemwise_fusion_op` makes, from the outputs to the inputs, until nothing more fits."""

    def __init__(self, local_optimizer: LocalFusion) -> None:
        self.optimizer = local_optimizer

    def apply(self, fgraph: FunctionGraph) -> None:
        changed = True
        while changed:
            changed = False
            for node in reversed(fgraph.toposort()):
                answer: Any = self.optimizer(node) if node in fgraph.apply_nodes else False
                if answer:
                    pairs = list(zip(node.outputs, answer, strict=True))
                    fgraph.replace_all_validate(pairs, reason=type(self).__name__)
                    changed = True


class InplaceElemwiseOptimizer(Optimizer):
    """Says of nodes of class `OP` that they may write over an input that nothing else reads.

    It changes what is printed of a graph. What is written over what is decided when the program is planned.
    """

    def __init__(self, OP: Any) -> None:
        self.op = OP

    def apply(self, fgraph: FunctionGraph) -> None:
        for node in fgraph.toposort():
            op: Any = node.op
            if not isinstance(op, self.op) or op.inplace_pattern or len(node.outputs) != 1:
                continue
            at = next((i for i, v in enumerate(node.inputs) if self._may_go(v, node)), None)
            if at is not None:
                made: Variable = self.op(op.scalar_op, {0: at})(*node.inputs)
                fgraph.replace_all_validate([(node.outputs[0], made)], reason=type(self).__name__)

    @staticmethod
    def _may_go(v: Variable, node: Apply) -> bool:
        return (
            v.owner is not None
            and (isinstance(v.owner.op, Elemwise) or getattr(v.owner.op, "makes_new_memory", False))
            and v.type == node.outputs[0].type
            and node.inputs.count(v) == 1
            and _read_here_alone(v, node)
        )
