"""A scalar operation made of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable
from croton.ops.scalar.row import ScalarOp
from croton.vartypes.scalar import Scalar


class Composite(ScalarOp):
    """The scalar operations between `inputs` and `outputs`, as one.

    Dtypes:    by the rules of the operations inside, for whatever types come in
    Gradient:  by the chain rule
    Errors:    ValueError when `outputs` depend on more than `inputs`
    """

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        super().__init__()
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.nodes = walk.toposort(self.outputs, self.inputs)
        known = {*self.inputs, *[v for node in self.nodes for v in node.outputs]}
        for v in (*self.outputs, *[v for node in self.nodes for v in node.inputs]):
            if v not in known and not isinstance(v, Constant):
                raise ValueError(f"The outputs of a Composite depend on {v}, which is none of its inputs.")
        for node in self.nodes:
            if not isinstance(node.op, ScalarOp):
                raise TypeError(f"A Composite is made of scalar operations; got {node.op}.")
        self.nin: int = len(self.inputs)
        self.nout = len(self.outputs)
        texts = self._interpret([f"i{i}" for i in range(self.nin)], _constant_text, _text)
        self.name = f"Composite{{{', '.join(texts)}}}"
        if all(getattr(node.op, "lower", None) is not None for node in self.nodes):
            self.lower = self._lower
        self._key = self._signature()

    # -- its inside ------------------------------------------------------------------------------------------
    def _interpret(
        self, values: Sequence[Any], constant: Callable[[Constant], Any], apply: Callable[..., Any]
    ) -> list[Any]:
        """The outputs when `values` stand for the inputs and `apply` (node, values) gives those of an application."""
        found: dict[Variable, Any] = dict(zip(self.inputs, values, strict=True))

        def value_of(v: Variable) -> Any:
            if v not in found and isinstance(v, Constant):
                found[v] = constant(v)
            return found[v]

        for node in self.nodes:
            made = apply(node, [value_of(v) for v in node.inputs])
            found.update(zip(node.outputs, made if len(node.outputs) > 1 else (made,), strict=True))
        return [value_of(v) for v in self.outputs]

    def _signature(self) -> Any:
        numbers = iter(range(self.nin, self.nin + sum(len(node.outputs) for node in self.nodes)))
        steps: list[Any] = []

        def step(node: Apply, args: list[Any]) -> Any:
            outs = tuple(next(numbers) for _ in node.outputs)
            steps.append((node.op, tuple(args), outs))
            return outs if len(outs) > 1 else outs[0]

        outs = self._interpret(range(self.nin), lambda c: c.signature(), step)
        return (tuple(v.type for v in self.inputs), tuple(steps), tuple(outs))

    def retyped(self, in_dtypes: Sequence[str]) -> Composite:
        """The same for inputs of these types."""
        if [v.type.dtype for v in self.inputs] == list(in_dtypes):
            return self
        return _retyped(self, tuple(in_dtypes))

    # -- types and values ------------------------------------------------------------------------------------
    def out_dtypes(self, in_dtypes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        self.check_count(len(in_dtypes))
        return tuple(in_dtypes), tuple(v.type.dtype for v in self.retyped(in_dtypes).outputs)

    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        return [v.type for v in self.retyped([t.dtype for t in types]).outputs]  # type: ignore[misc]

    def compute(self, xp: Any, values: Sequence[Any], dtypes: Sequence[str] | None = None) -> tuple[Any, ...]:
        if dtypes is None:
            dtypes = [np.dtype(v.dtype).name for v in values]

        def apply(node: Apply, args: list[Any]) -> Any:
            made = node.op.compute(xp, args, [v.type.dtype for v in node.inputs])  # type: ignore[attr-defined]
            return made if len(made) > 1 else made[0]

        shape = np.broadcast_shapes(*[v.shape for v in values])
        made = self.retyped(dtypes)._interpret(values, lambda c: xp.asarray(c.data), apply)
        # An output that is an input or a constant has yet to be of the common shape, and of its own.
        return tuple(
            m if m.shape == shape and not any(m is v for v in values) else xp.array(xp.broadcast_to(m, shape))
            for m in made
        )

    def impl(self, *values: Any) -> Any:
        made = self.compute(np, [np.asarray(v) for v in values])
        return made[0][()] if self.nout == 1 else [m[()] for m in made]

    def _lower(self, b: Any, *values: Any) -> Any:
        def apply(node: Apply, args: list[Any]) -> Any:
            inner, outs = node.op.out_dtypes([a.dtype for a in args])  # type: ignore[attr-defined]
            made = node.op.lower(b, *[b.cast(a, d) for a, d in zip(args, inner, strict=True)])  # type: ignore[attr-defined]
            made = (made,) if len(outs) == 1 else made
            outputs = [b.cast(m, d) for m, d in zip(made, outs, strict=True)]
            return outputs if len(outputs) > 1 else outputs[0]

        def constant(c: Constant) -> Any:
            return b.const(c.data.item(), c.type.dtype)

        made = self.retyped([v.dtype for v in values])._interpret(values, constant, apply)
        return made[0] if len(made) == 1 else tuple(made)

    # -- derivatives -----------------------------------------------------------------------------------------
    def inlined(self, inputs: Sequence[Variable]) -> list[Variable]:
        """The outputs as expressions of `inputs`."""
        return self._interpret(inputs, lambda c: c, lambda node, args: node.op(*args))

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        reached: dict[Variable, Any] = {}

        def reach(v: Variable, g: Any) -> None:
            if g is not None:
                reached[v] = reached[v] + g if v in reached else g

        ends = self.inlined(inputs)
        for v, g in zip(ends, output_grads, strict=True):
            reach(v, g)
        for node in reversed(walk.toposort(ends, inputs)):
            gs: list[Any] = [reached.get(v) for v in node.outputs]
            if all(g is None for g in gs):
                continue
            for v, g in zip(node.inputs, node.op.L_op(node.inputs, node.outputs, gs), strict=True):
                reach(v, g)
        return [reached.get(v) for v in inputs]

    # -- identity --------------------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Composite) and self._key == other._key

    def __hash__(self) -> int:
        return hash((Composite, self._key))

    def __reduce__(self) -> Any:
        return Composite, (self.inputs, self.outputs)


@lru_cache(maxsize=256)
def _retyped(composite: Composite, in_dtypes: tuple[str, ...]) -> Composite:
    inputs = [Scalar(d)() for d in in_dtypes]
    return Composite(inputs, composite.inlined(inputs))


def _constant_text(c: Constant) -> str:
    return str(c.data)


def _text(node: Apply, args: list[str]) -> Any:
    symbol = getattr(node.op, "symbol", None)
    if symbol and len(args) > 1:
        text = f"({f' {symbol} '.join(args)})"
    elif symbol and len(args) == 1:
        text = f"({symbol}{args[0]})"
    else:
        text = f"{node.op}({', '.join(args)})"
    return text if len(node.outputs) == 1 else [f"{text}.{i}" for i in range(len(node.outputs))]
