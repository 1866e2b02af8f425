"""Conditions: of two branches, the one that is taken is computed, and the other is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.config import change_flags
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros_like
from croton.ops.elementwise import exp, neg
from croton.ops.inner import InnerGraph, Run
from croton.vartypes.dtype import is_complex
from croton.vartypes.tensor import TensorType


@op("ifelse")
class IfElse(Primitive):
    """The first `n_outs` values after the condition when it is true (not 0), else the last `n_outs`.

    A compiled function computes what only one of the branches needs when that branch is taken, and not before: a pass
    moves it into a `Conditional`.

    as_view, gpu  are kept for programs that say them; they change nothing

    Shapes:    condition (), then `n_outs` of any, and as many of the same number of axes -> those of the branch taken
    Dtypes:    as the branches, which agree
    Gradient:  the cotangent to the branch that was taken, zeros to the other
    Errors:    TypeError for a condition that is no scalar, or for branches of different types
    """

    n_outs: int
    as_view: bool = False
    gpu: bool = False
    name: str | None = None

    def prepare(self, *args: Any) -> list[Variable]:
        condition, *values = args
        if len(values) != 2 * self.n_outs:
            raise AssertionError(
                f"Wrong number of arguments to {self}: expected {2 * self.n_outs} after the condition, {self.n_outs} "
                f"for each branch; got {len(values)}."
            )
        return [as_tensor_variable(condition), *map(_as_value, values)]

    def infer(self, condition: Variable, *values: Variable) -> Sequence[Type]:
        if not isinstance(condition.type, TensorType) or condition.type.ndim:
            raise TypeError(
                "Condition given to the op has to be a scalar with 0 standing for False, anything else for True; got "
                f"{condition} of type {condition.type}."
            )
        pairs = zip(values[: self.n_outs], values[self.n_outs :], strict=True)
        return [_common_type(yes, no) for yes, no in pairs]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        condition = node.inputs[0]
        pairs = zip(shapes[1 : 1 + self.n_outs], shapes[1 + self.n_outs :], strict=True)
        return [
            None
            if yes is None or no is None
            else tuple(a if a is b else ifelse(condition, a, b) for a, b in zip(yes, no, strict=True))
            for yes, no in pairs
        ]

    def eval(self, xp: Any, condition: Any, *values: Any) -> Any:
        taken = values[: self.n_outs] if condition else values[self.n_outs :]
        return taken[0] if self.n_outs == 1 else taken

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        condition, *values = xs
        found: list[Variable | None] = [None] * (2 * self.n_outs)
        for at, g in enumerate(gs):
            if g is None:
                continue
            yes, no = values[at], values[self.n_outs + at]
            found[at] = IfElse(1)(condition, g, zeros_like(yes, dtype=g.type.dtype))
            found[self.n_outs + at] = IfElse(1)(condition, zeros_like(no, dtype=g.type.dtype), g)
        return [zeros_like(condition), *found]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """An output depends on the condition and on the two values that it may be."""
        own = [[at == out for out in range(self.n_outs)] for at in range(self.n_outs)]
        return [[True] * self.n_outs, *own, *own]

    def __str__(self) -> str:
        return f"if{{{self.name or ''}}}"

    samples = (
        S(np.int8(1), (3,), (3,), n_outs=1),
        S(np.float64(0), (3,), (2, 4), (3,), (2, 4), n_outs=2),
        S(np.bool_(True), (0, 2), (0, 2), n_outs=1),
    )
    errors = (
        E((3,), (3,), (3,), n_outs=1, raises=TypeError, says="has to be a scalar"),
        E((), (3,), (2, 3), n_outs=1, raises=TypeError, says="should have identical types"),
    )


def _as_value(x: Any) -> Variable:
    return x if isinstance(x, Variable) else as_tensor_variable(x)


def _common_type(yes: Variable, no: Variable) -> Type:
    """The type of what is one or the other."""
    if yes.type != no.type:
        raise TypeError(
            f"The two branches should have identical types, but they are {yes.type} and {no.type} respectively. Cast "
            "one of them, or give its axes of length 1 the same pattern (theano.tensor.patternbroadcast)."
        )
    kind = yes.type
    if not isinstance(kind, TensorType) or not isinstance(no.type, TensorType):
        return kind
    return kind.clone(shape=[a if a == b else None for a, b in zip(kind.shape, no.type.shape, strict=True)])


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """`then_branch` where the scalar `condition` is true (not 0), else `else_branch`; the other is not computed.

    Each branch is a variable, or a list or tuple of variables; both have as many, of the same types.

    Shapes:  those of the branch taken
    Dtypes:  as the branches
    Errors:  TypeError for a condition that is no scalar and for branches of different types; ValueError for branches
             that have not as many values
    Example:
        >>> import theano.tensor as T
        >>> from theano.ifelse import ifelse
        >>> c, x = T.iscalar("c"), T.dvector("x")
        >>> ifelse(c, x.sum(), x.prod()).eval({c: 1, x: [2.0, 5.0]})
        array(7.)
    """
    is_tuple = isinstance(then_branch, tuple)
    many = any(isinstance(branch, (list, tuple)) for branch in (then_branch, else_branch))
    thens = list(then_branch) if isinstance(then_branch, (list, tuple)) else [then_branch]
    elses = list(else_branch) if isinstance(else_branch, (list, tuple)) else [else_branch]
    if len(thens) != len(elses):
        raise ValueError(
            "The number of values on the `then` branch should be the same as on the `else` branch: "
            f"(variables on `then` {len(thens)}, variables on `else` {len(elses)})"
        )
    values = [_as_value(x) for x in (*thens, *elses)]
    made = IfElse(len(thens), name=name)(as_tensor_variable(condition), *values, return_list=True)
    if not many:
        return made[0]
    return tuple(made) if is_tuple else made


@change_flags(compute_test_value="off")
def _sample_graph(f: Any, dtype: str = "float64") -> InnerGraph:
    """A graph from a vector to what `f` makes of it."""
    x = TensorType("float64", (None,))()
    return InnerGraph([x], [cast(f(x), dtype)])


@op("conditional")
class Conditional(Primitive):
    """Two graphs, of which the condition says which is computed: what a compiled function makes of `IfElse`.

    The inputs are the condition, those of the graph `then`, and those of the graph `otherwise`.

    Shapes:    those of the graph taken
    Dtypes:    as the graphs' outputs, which agree
    Errors:    TypeError at once for graphs whose outputs differ in type, and for inputs of other data types than theirs
    """

    then: InnerGraph
    otherwise: InnerGraph

    graphs = property(lambda self: (self.then, self.otherwise))

    def graphs_to_show(self, node: Apply) -> list[tuple[str, InnerGraph, list[Variable]]]:
        """What texts put before the lines of each graph, the graph, and what each of its inputs reads of outside."""
        count = 1 + len(self.then.inputs)
        return [
            (" then >", self.then, node.inputs[1:count]),
            (" else >", self.otherwise, node.inputs[count:]),
        ]

    def prepare(self, *args: Any) -> list[Variable]:
        return list(args)

    def infer(self, *xs: Any) -> Sequence[Type]:
        for x, read in zip(xs[1:], (*self.then.inputs, *self.otherwise.inputs), strict=True):
            wanted, came = (getattr(v.type, "dtype", None) for v in (read, x))
            if came != wanted:
                raise TypeError(f"A graph of {self} reads {read} of dtype {wanted}; got {x} of dtype {came}.")
        return [_common_type(a, b) for a, b in zip(self.then.outputs, self.otherwise.outputs, strict=True)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [None] * len(node.outputs)

    def eval(self, xp: Any, condition: Any, *values: Any, run: Sequence[Run] | None = None) -> Any:
        """The outputs; `run` computes the two graphs, from values to values."""
        count = len(self.then.inputs)
        compute = [graph.run for graph in self.graphs] if run is None else run
        made = compute[0](values[:count]) if condition else compute[1](values[count:])
        return made[0] if len(made) == 1 else tuple(made)

    def lowers(self, node: Apply) -> bool:
        """Under conditions of real types."""
        kind: Any = node.inputs[0].type
        return kind.dtype != "float16" and not is_complex(kind.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        count = 1 + len(self.then.inputs)
        values = [b.given(x) for x in xs[1:]]
        b.choose(
            b.is_true(b.scalar(xs[0]), xs[0].type.dtype),
            (self.then, values[: count - 1]),
            (self.otherwise, values[count - 1 :]),
            ys,
        )

    def __str__(self) -> str:
        return f"Conditional{{{len(self.then.nodes)} or {len(self.otherwise.nodes)} operations}}"

    samples = tuple(
        S(condition, *lengths, then=_sample_graph(exp), otherwise=_sample_graph(neg), grad=False)
        for condition, lengths in (
            (np.int8(1), ((3,), (2,))),
            (np.float64(0), ((3,), (2,))),
            (np.bool_(True), ((0,), (2,))),
        )
    )
    errors = (
        E(
            np.int8(1), (3,), (3,), then=_sample_graph(exp), otherwise=_sample_graph(neg, "float32"),
            raises=TypeError, says="should have identical types",
        ),
        E(
            np.int8(1), (3,), np.ones(3, "float32"), then=_sample_graph(exp), otherwise=_sample_graph(neg),
            raises=TypeError, says="of dtype float64; got",
        ),
    )  # fmt: skip
