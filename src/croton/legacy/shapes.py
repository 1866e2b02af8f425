"""Lengths while a graph is rewritten: `fgraph.shape_feature`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from croton.errors import AlreadyThere
from croton.graph.node import Apply, Variable
from croton.ops.convert import MakeVector, as_tensor_variable, constant
from croton.ops.shape import Shape_i
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType


class ShapeOf(Mapping[Variable, Any]):
    """For each variable of a graph its lengths, as variables; None for what is no tensor. They are found when asked."""

    def __init__(self, feature: ShapeFeature) -> None:
        self._feature = feature

    def __getitem__(self, variable: Variable) -> Any:
        return self._feature.lengths(variable)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._feature.known())

    def __len__(self) -> int:
        return len(self._feature.known())

    def __repr__(self) -> str:
        return repr(dict(self))


class ShapeFeature:
    """Knows the lengths of the variables of a graph, in terms of those of its inputs.

    `shape_of[v]` are those of `v`, `get_shape(v, i)` is one of them, `set_shape` tells what only the caller knows.
    """

    def __init__(self) -> None:
        self.shape_of = ShapeOf(self)
        self.lscalar_one = constant(1, dtype="int64")
        self._table = ShapeTable()
        self._graph: Any = None

    # -- asking ----------------------------------------------------------------------------------------------
    def lengths(self, variable: Variable) -> tuple[Variable, ...] | None:
        """The lengths of `variable`; None for what is no tensor."""
        if not isinstance(variable.type, TensorType):
            return None
        return tuple(self._table.variable(n) for n in self._table.lengths(variable))

    def known(self) -> list[Variable]:
        """The variables of the graph."""
        return [] if self._graph is None else list(self._graph.clients)

    def get_shape(self, var: Variable, idx: int) -> Variable:
        """The length of axis `idx` of `var`."""
        return self._of(var)[idx]

    def _of(self, var: Variable) -> tuple[Variable, ...]:
        found = self.lengths(var)
        if found is None:
            raise TypeError(f"{var} of type {var.type} has no lengths: it is no tensor.")
        return found

    def same_shape(
        self, x: Variable, y: Variable, dim_x: int | None = None, dim_y: int | None = None
    ) -> bool:
        """Whether two tensors, or an axis of each, are known to be of the same lengths."""
        a, b = self._table.lengths(x), self._table.lengths(y)
        if dim_x is not None:
            a = (a[dim_x],)
        if dim_y is not None:
            b = (b[dim_y],)
        return len(a) == len(b) and all(
            m is n or (isinstance(m, int) and isinstance(n, int) and m == n)
            for m, n in zip(a, b, strict=True)
        )

    def make_vector_shape(self, r: Variable) -> Variable:
        """The lengths of `r` in one vector."""
        made: Variable = MakeVector("int64")(*self._of(r))
        return made

    def get_node_infer_shape(self, node: Apply) -> list[tuple[Variable, ...] | None]:
        """The lengths of all outputs of `node`."""
        return [self.lengths(out) for out in node.outputs]

    def default_infer_shape(self, node: Apply, i_shapes: Sequence[Any]) -> list[Any]:
        """The lengths of the outputs of `node` as they are read from the outputs themselves."""
        return [self.shape_tuple(out) for out in node.outputs]

    def shape_ir(self, i: int, r: Variable) -> Variable:
        """The length of axis `i` of `r` as it is read from `r`; 1 where it broadcasts."""
        if r.type.broadcastable[i]:
            return self.lscalar_one
        made: Variable = Shape_i(i)(r)
        return made

    def shape_tuple(self, r: Variable) -> tuple[Variable, ...] | None:
        """All lengths of `r`, each by `shape_ir`; None for what is no tensor."""
        if not isinstance(r.type, TensorType):
            return None
        return tuple(self.shape_ir(i, r) for i in range(r.type.ndim))

    # -- telling ---------------------------------------------------------------------------------------------
    def unpack(self, s_i: Any, var: Variable) -> Variable:
        """A length that an `infer_shape` gave for `var`, as a variable.

        Errors: TypeError for what is no integer
        """
        length = as_tensor_variable(s_i)
        if length.type.ndim or not length.type.dtype.startswith(("int", "uint")):
            raise TypeError(f"A length of {var} must be an integer; got {s_i!r} of type {length.type}.")
        return length

    def set_shape(self, r: Variable, s: Sequence[Any] | None, override: bool = False) -> None:
        """Say that the lengths of `r` are `s`: what is computed from `r` has lengths in terms of them.

        Errors: AlreadyThere when they are known, unless `override`; ValueError for another number of lengths
        """
        if not override and self._table.knows(r):
            raise AlreadyThere(
                f"The lengths of {r} are known: {self.shape_of[r]}. Set override to replace them."
            )
        if s is None:
            return
        if len(s) != r.type.ndim:
            raise ValueError(f"{r} has {r.type.ndim} axes; got {len(s)} lengths: {tuple(s)}.")
        self._table.tell(r, [self.unpack(one, r) for one in s])

    def set_shape_i(self, r: Variable, i: int, s_i: Any) -> None:
        """Say that the length of axis `i` of `r` is `s_i`."""
        lengths = list(self._of(r))
        lengths[i] = self.unpack(s_i, r)
        self._table.tell(r, lengths)

    def update_shape(self, r: Variable, other_r: Variable) -> None:
        """Say that `r` and `other_r` have the same lengths."""
        if isinstance(r.type, TensorType):
            for mine, other in zip(self._table.lengths(r), self._table.lengths(other_r), strict=True):
                self._table.equate(mine, other)

    def init_r(self, r: Variable) -> None:
        """Let the lengths of `r` be known, from what it is computed from."""
        self.lengths(r)

    # -- as a feature ----------------------------------------------------------------------------------------
    def on_attach(self, fgraph: Any) -> None:
        """Errors: AlreadyThere when the graph has one"""
        if fgraph.__dict__.get("_shape_feature") is not None:
            raise AlreadyThere("There is a ShapeFeature at this graph already.")
        fgraph.__dict__["_shape_feature"] = self
        self._graph = fgraph

    def on_detach(self, fgraph: Any) -> None:
        """Forget the graph."""
        fgraph.__dict__["_shape_feature"] = self._graph = None

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        """What stands in the place of a variable has its lengths."""
        self.update_shape(new_r, r)
