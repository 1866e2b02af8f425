"""Scalar operations on each element of tensors that broadcast against one another, and the axes they stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from croton.config import config
from croton.errors import ShapeError
from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.scalar import variable as _scalar_variable  # noqa: F401  gives scalars their operators
from croton.ops.scalar.row import ScalarOp, as_scalar
from croton.vartypes.scalar import Scalar
from croton.vartypes.tensor import Dim, TensorType


@op("dimshuffle")
class DimShuffle(Primitive):
    """The axes in another order, some dropped (only where of length 1), some new ones of length 1.

    Shapes:    as `new_order` says: the number of an axis of the input, or 'x' for a new axis
    Dtypes:    as the input
    Gradient:  the cotangent's axes shuffled back
    Errors:    ValueError for an axis out of range, named twice, or dropped though it does not broadcast
    """

    input_broadcastable: tuple[bool, ...]
    new_order: tuple[int | str, ...]
    inplace: bool = True

    def __post_init__(self) -> None:
        self.input_broadcastable = tuple(map(bool, self.input_broadcastable))
        self.new_order = tuple(j if j == "x" else int(j) for j in self.new_order)
        kept = [j for j in self.new_order if j != "x"]
        ndim = len(self.input_broadcastable)
        for j in kept:
            if not 0 <= j < ndim:  # type: ignore[operator]
                raise ValueError(f"new_order {self.new_order} names axis {j}, but the input has {ndim} axes.")
        if len(set(kept)) != len(kept):
            raise ValueError(f"new_order {self.new_order} names an axis twice.")
        self.shuffle = kept
        self.drop = [j for j in range(ndim) if j not in kept]
        self.augment = [i for i, j in enumerate(self.new_order) if j == "x"]
        for j in self.drop:
            if not self.input_broadcastable[j]:
                raise ValueError(
                    f"You cannot drop a non-broadcastable dimension: axis {j} of an input with pattern "
                    f"{self.input_broadcastable}, by new_order {self.new_order}. Index it or reduce it first."
                )

    # What rewrites read: the input's value stands in every element of the output when it is one number.
    passes_scalar = 0

    @property
    def only_adds_axes(self) -> bool:
        """Whether it does what broadcasting does by itself: axes of length 1 in front."""
        added = len(self.augment)
        return self.new_order == ("x",) * added + tuple(range(len(self.input_broadcastable)))

    def infer(self, x: Variable) -> Type:
        kind = x.type
        assert isinstance(kind, TensorType)
        if kind.broadcastable != self.input_broadcastable:
            if kind.ndim != len(self.input_broadcastable):
                raise TypeError(f"{self} takes {len(self.input_broadcastable)} axes; {x} has {kind.ndim}.")
            for axis in self.drop:
                if not kind.broadcastable[axis]:
                    raise TypeError(
                        f"{self} drops axis {axis}, which does not broadcast in {x} of type {kind}."
                    )
        return TensorType(kind.dtype, [1 if j == "x" else kind.shape[j] for j in self.new_order])  # type: ignore[index]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        one = as_tensor_variable(np.int64(1))
        return [tuple(one if j == "x" else shapes[0][j] for j in self.new_order)]

    def eval(self, xp: Any, x: Any) -> Any:
        if any(x.shape[j] != 1 for j in self.drop):
            raise ShapeError(f"{self} drops axes {self.drop}, which must have length 1; got shape {x.shape}.")
        moved = xp.transpose(x, [*self.shuffle, *self.drop])
        shape = list(moved.shape[: len(self.shuffle)])
        for i in self.augment:
            shape.insert(i, 1)
        return moved.reshape(shape)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,), (g,) = xs, gs
        order: list[int | str] = ["x"] * x.ndim
        for i, j in enumerate(self.new_order):
            if j != "x":
                order[j] = i  # type: ignore[index]
        return [DimShuffle(tuple(g.type.broadcastable), tuple(order))(g)]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        dims = [1 if j == "x" else x.dims[j] for j in self.new_order]
        strides = [0 if j == "x" else x.strides[j] for j in self.new_order]
        b.view(ys[0], x, dims, strides, contiguous=x.contiguous and self.shuffle == sorted(self.shuffle))

    samples = (
        S((2, 3), input_broadcastable=(False, False), new_order=(1, 0)),
        S((2, 3), input_broadcastable=(False, False), new_order=("x", 1, "x", 0)),
        S((2, 1, 3), input_broadcastable=(False, True, False), new_order=(2, 0)),
        S((0, 4), input_broadcastable=(False, False), new_order=(1, "x", 0)),
    )
    errors = (
        E((2, 3), input_broadcastable=(False, False), new_order=(0,), raises=ValueError, says="drop a non-"),
        E(
            (2, 3),
            input_broadcastable=(False, False),
            new_order=(0, 2),
            raises=ValueError,
            says="names axis 2",
        ),
    )

    def __str__(self) -> str:
        return f"{'Inplace' if self.inplace else ''}DimShuffle{{{','.join(map(str, self.new_order))}}}"


def dimshuffle(x: Any, *pattern: Any) -> Variable:
    """The axes of `x` in the order of `pattern`: axis numbers, and 'x' for a new axis of length 1."""
    if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
        pattern = tuple(pattern[0])
    x = as_tensor_variable(x)
    for j in pattern:
        if j != "x" and not isinstance(j, (int, np.integer)):
            raise TypeError(
                f"dimshuffle takes axis numbers, and 'x' for a new axis; got {j!r} among {pattern}."
            )
    order = tuple(j if j == "x" else (j + x.type.ndim if j < 0 else j) for j in pattern)
    if order == tuple(range(x.type.ndim)):
        return x  # type: ignore[no-any-return]
    made: Variable = DimShuffle(x.type.broadcastable, order)(x)
    return made


# Scalar operations whose value is one of their inputs as it stands.
_PASSED = {"second": 1, "identity": 0}


class Elemwise(Primitive):
    """A scalar operation on each element; axes of static length 1 broadcast.

    `inplace_pattern` is taken for the sake of old programs: what is computed in place is for the plan to decide.

    Shapes:    inputs of the same shape, up to axes of static length 1; those with fewer axes get more in front
    Dtypes:    by the rule of the scalar operation
    Gradient:  that of the scalar operation; over broadcast axes the cotangents are summed
    Errors:    ShapeError (a ValueError) at run time when lengths differ
    """

    op_name = "elemwise"

    def __init__(
        self,
        scalar_op: ScalarOp,
        inplace_pattern: Mapping[int, int] | None = None,
        name: str | None = None,
        nfunc_spec: tuple[str, int, int] | None = None,
        openmp: bool | None = None,
    ) -> None:
        if not isinstance(scalar_op, ScalarOp):
            raise TypeError(f"Elemwise needs a scalar operation (theano.scalar.ScalarOp); got {scalar_op!r}.")
        self.scalar_op = scalar_op
        self.inplace_pattern = dict(inplace_pattern or {})
        self.name = name
        self.__name__ = name or str(getattr(scalar_op, "name", None) or scalar_op)
        self.__doc__ = scalar_op.__doc__
        self.nfunc_spec = nfunc_spec

    __props__ = ("scalar_op",)

    def __hash__(self) -> int:
        """As of any operation, said directly: nothing is asked of nodes as often."""
        return hash((type(self), self.scalar_op))

    # What rewrites read: the input whose number, where it is one for all elements, is the output's too.
    passes_scalar = property(lambda self: _PASSED.get(self.scalar_op.name))

    nin = property(lambda self: self.scalar_op.nin)
    nout = property(lambda self: self.scalar_op.nout)

    def prepare(self, *args: Any) -> list[Variable]:
        variables = [as_tensor_variable(a) for a in args]
        ndim = max((v.type.ndim for v in variables), default=0)
        return [
            v if v.type.ndim == ndim else dimshuffle(v, *["x"] * (ndim - v.type.ndim), *range(v.type.ndim))
            for v in variables
        ]

    def infer(self, *xs: Any) -> Sequence[Type]:
        kinds = [x.type for x in xs]
        _, outs = self.scalar_op.out_dtypes([kind.dtype for kind in kinds])
        shape = broadcast_static([kind.shape for kind in kinds], str(self))
        first = kinds[0]
        if len(outs) == 1 and outs[0] == first.dtype and shape == list(first.shape) and first.name is None:
            return [first]
        return [TensorType(dtype, shape) for dtype in outs]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        kinds: list[Any] = [x.type for x in node.inputs]
        out: list[Any] = []
        for axis in range(len(shapes[0])):
            lengths = (s[axis] for s, k in zip(shapes, kinds, strict=True) if not k.broadcastable[axis])
            out.append(next(lengths, shapes[0][axis]))
        return [tuple(out)] * len(node.outputs)

    def eval(self, xp: Any, *values: Any) -> Any:
        made = self.scalar_op.compute(xp, values)
        return made[0] if len(made) == 1 else made

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        self.check_shapes(node, [v.shape for v in inputs])
        super().perform(node, inputs, output_storage)

    def check_shapes(self, node: Apply, shapes: Sequence[tuple[int, ...]]) -> None:
        """Raise ShapeError unless the shapes agree wherever they do not broadcast."""
        patterns = [x.type.broadcastable for x in node.inputs]
        for axis in range(len(shapes[0])):
            first: tuple[int, int] | None = None
            for i, (shape, pattern) in enumerate(zip(shapes, patterns, strict=True)):
                if pattern[axis]:
                    continue
                if first is None:
                    first = (i, shape[axis])
                elif shape[axis] != first[1]:
                    raise ShapeError(mismatch(first[0], axis, first[1], i, axis, shape[axis]))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which inputs each output depends on."""
        return self.scalar_op.connection_pattern(node)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        found = _scalar_gradient(
            self.scalar_op,
            tuple(x.type.dtype for x in xs),
            tuple(None if g is None else g.type.dtype for g in gs),
            (config.floatX, config.cast_policy),
        )
        return found.applied(xs, ys, gs)

    def __str__(self) -> str:
        if self.name:
            return self.name
        if self.inplace_pattern:
            return f"Elemwise{{{self.scalar_op}}}{sorted(self.inplace_pattern.items())}"
        return f"Elemwise{{{self.scalar_op}}}"


class _Gradient:
    """The gradient of a scalar operation as a graph of scalar operations, to be applied to tensors."""

    def __init__(
        self, xs: Sequence[Variable], ys: Sequence[Variable], gs: Sequence[Any], found: Sequence[Any]
    ) -> None:
        self.leaves = (*xs, *ys, *[g for g in gs if g is not None])
        self.found = [as_scalar(v) if v is not None and not isinstance(v, Variable) else v for v in found]
        kept = [v for v in self.found if v is not None]
        self.nodes = walk.toposort(kept, self.leaves)

    def applied(
        self, xs: Sequence[Variable], ys: Sequence[Variable], gs: Sequence[Any]
    ) -> list[Variable | None]:
        """The same on tensors: `xs`, `ys` and `gs` stand for the scalars it was made with."""
        ndim = xs[0].type.ndim
        made: dict[Variable, Variable] = dict(
            zip(self.leaves, (*xs, *ys, *[g for g in gs if g is not None]), strict=True)
        )

        def tensor_of(v: Variable) -> Variable:
            if isinstance(v, Constant) and v not in made:
                data = np.asarray(v.data).reshape((1,) * ndim)
                made[v] = TensorType(v.type.dtype, data.shape).make_constant(data)
            return made[v]

        for node in self.nodes:
            outs = Elemwise(node.op)(*map(tensor_of, node.inputs), return_list=True)  # type: ignore[arg-type]
            made.update(zip(node.outputs, outs, strict=True))
        return [
            None if v is None else tensor_of(v) if isinstance(v.type, Scalar) else v.type()
            for v in self.found
        ]


@lru_cache(maxsize=1024)
def _scalar_gradient(
    scalar_op: ScalarOp,
    in_dtypes: tuple[str, ...],
    g_dtypes: tuple[str | None, ...],
    settings: tuple[str, str],
) -> _Gradient:
    """The gradient of `scalar_op` for inputs and cotangents of these types; `settings` are those it may depend on."""
    xs = [Scalar(d)() for d in in_dtypes]
    ys = scalar_op(*xs, return_list=True)
    gs: Any = [None if d is None else Scalar(d)() for d in g_dtypes]
    return _Gradient(xs, ys, gs, scalar_op.L_op(xs, ys, gs))


def mismatch(i: int, axis_i: int, length_i: int, j: int, axis_j: int, length_j: int) -> str:
    """What is said of two inputs of an elementwise operation whose lengths differ where both types leave them open."""
    said = (
        f"Input dimension mis-match. (input[{i}].shape[{axis_i}] = {length_i}, "
        f"input[{j}].shape[{axis_j}] = {length_j})"
    )
    one, axis = (i, axis_i) if length_i == 1 else (j, axis_j)
    if 1 not in (length_i, length_j):
        return said
    return (
        f"{said} An axis of length 1 broadcasts where its type says that it has this length: let input[{one}] be "
        f"theano.tensor.addbroadcast(…, {axis}), or a shared variable made with broadcastable=."
    )


def broadcast_static(shapes: Sequence[tuple[Dim, ...]], what: str) -> list[Dim]:
    """The static shape of things that broadcast against one another.

    Errors: ShapeError when two known lengths, neither of them 1, differ.
    """
    out: list[Dim] = []
    for axis, dims in enumerate(zip(*shapes, strict=True)):
        known = {d for d in dims if d is not None and d != 1}
        if len(known) > 1:
            raise ShapeError(
                f"Input dimension mis-match: {what} gets inputs of lengths {sorted(known)} on axis {axis}; "
                "they must be the same, or 1 where the type says so (broadcastable)."
            )
        if known:
            out.append(known.pop())
        else:
            out.append(1 if all(d == 1 for d in dims) else None)
    return out
