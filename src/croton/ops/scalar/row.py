"""What a row of the table of scalar operations says, and the operation it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.vartypes.dtype import autocast, upcast
from croton.vartypes.scalar import Scalar

# From the data types of the inputs: those in which it is computed (one per input), and those of the outputs.
DtypeRule = Callable[..., tuple[Sequence[str], Sequence[str]]]

ROWS: dict[str, ScalarOp] = {}


class ScalarOp(Op):
    """A function of numbers: all that is to be known of it.

    name      the public name: `theano.tensor.<name>` is its elementwise form
    doc       one sentence
    dtypes    the rule of data types
    eval      (xp, *values) -> value: the reference; the inputs come in the rule's compute types
    lower     (b, *values) -> value: the same in loop IR
    grad      (*inputs, output, cotangent) -> cotangent(s) of the inputs; None marks an input without gradient
    nin       number of inputs; None: any number from 1 up
    domain    where samples for its tests are drawn from, one pair for all inputs or one per input
    keeps_zero  f(0, …) = 0: what sparse matrices need to know
    commutative, associative, identity   facts that generic rewrites read
    symbol    how it is written infix by `pp`, with precedence in printing
    ulp, exact  the promised error of native code in units in the last place, and the mpmath name of the truth
    """

    def __init__(
        self,
        name: str,
        doc: str,
        *,
        dtypes: DtypeRule,
        eval: Callable[..., Any],
        lower: Callable[..., Any] | None = None,
        grad: Callable[..., Any] | None = None,
        nin: int | None = -1,
        nout: int = 1,
        domain: Any = (-2.0, 2.0),
        keeps_zero: bool = False,
        commutative: bool = False,
        associative: bool = False,
        identity: Any = None,
        symbol: str | None = None,
        ulp: float | None = None,
        exact: str | None = None,
        label: str | None = None,
    ) -> None:
        self.name = name
        self.__doc__ = doc
        self.dtypes = dtypes
        self.eval = eval
        self.lower = lower
        self.row_grad = grad
        self.nin = len(inspect.signature(eval).parameters) - 1 if nin == -1 else nin
        self.nout = nout
        self.domain = domain
        self.keeps_zero = keeps_zero
        self.commutative = commutative
        self.associative = associative
        self.identity = identity
        self.symbol = symbol
        self.ulp = ulp
        self.exact = exact
        self.label = name if label is None else label

    def out_dtypes(self, in_dtypes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """Compute types and output types for these input types.

        Errors: TypeError for a wrong number of inputs or types it does not take.
        """
        if self.nin is not None and len(in_dtypes) != self.nin:
            raise TypeError(f"{self.name} takes {self.nin} inputs; got {len(in_dtypes)}.")
        if not in_dtypes:
            raise TypeError(f"{self.name} takes at least one input; got none.")
        return self.dtypes(*in_dtypes)

    def make_node(self, *inputs: Any) -> Apply:
        variables = [as_scalar(x) for x in inputs]
        _, outs = self.out_dtypes([v.type.dtype for v in variables])  # type: ignore[attr-defined]
        return Apply(self, variables, [Scalar(d)() for d in outs])

    def compute(self, xp: Any, values: Sequence[Any], dtypes: Sequence[str] | None = None) -> tuple[Any, ...]:
        """Outputs for input arrays: cast to compute types, evaluated, cast to output types."""
        if dtypes is None:
            dtypes = [np.dtype(v.dtype).name for v in values]
        inner, outs = self.out_dtypes(dtypes)
        cast = [v if v.dtype == d else v.astype(d) for v, d in zip(values, inner, strict=True)]
        if xp is np:
            with np.errstate(all="ignore"):
                made = self.eval(xp, *cast)
        else:
            made = self.eval(xp, *cast)
        if self.nout == 1:
            made = (made,)
        return tuple(xp.asarray(m).astype(d) if m.dtype != d else m for m, d in zip(made, outs, strict=True))

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        values = self.compute(np, [np.asarray(v) for v in inputs], [v.type.dtype for v in node.inputs])  # type: ignore[attr-defined]
        for cell, value in zip(output_storage, values, strict=True):
            cell[0] = value[()]

    def impl(self, *values: Any) -> Any:
        """The value for Python or NumPy numbers."""
        made = self.compute(np, [np.asarray(autocast(v)) for v in values])
        return made[0][()] if self.nout == 1 else [m[()] for m in made]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        if self.row_grad is None:
            return [None] * len(inputs)
        made = self.row_grad(*inputs, *outputs, *output_grads)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()] * len(node.outputs)

    def __reduce__(self) -> Any:
        return (row_of, (self.name,)) if ROWS.get(self.name) is self else super().__reduce__()

    def __str__(self) -> str:
        return self.label


def row_of(name: str) -> ScalarOp:
    """The scalar operation called `name`."""
    return ROWS[name]


def scalar_op(name: str, doc: str, **row: Any) -> ScalarOp:
    """Enter a row into the table."""
    made = ScalarOp(name, doc, **row)
    ROWS[name] = made
    return made


def as_scalar(x: Any) -> Variable:
    """`x` as a variable of a Scalar type."""
    if isinstance(x, Variable):
        if isinstance(x.type, Scalar):
            return x
        raise TypeError(f"Expected a scalar variable (theano.scalar); got {x} of type {x.type}.")
    data = autocast(x)
    made: Constant = Scalar(data.dtype.name).make_constant(data[()])
    return made


def same(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """All in the type they meet in; so is the output."""
    met = upcast(*dtypes)
    return (met,) * len(dtypes), (met,)


def to_bool(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Compared in the type they meet in; the output is bool."""
    return (upcast(*dtypes),) * len(dtypes), ("bool",)


# Smallest float types that hold the small integers exactly; int32 and wider go to float64.
_AS_FLOAT = {
    "bool": "float32", "int8": "float32", "int16": "float32", "int32": "float64", "int64": "float64",
    "uint8": "float32", "uint16": "float32", "uint32": "float64", "uint64": "float64",
}  # fmt: skip


def to_float(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Integers become floats (float32 up to 16 bits, else float64); then as `same`."""
    return same(*[_AS_FLOAT.get(d, d) for d in dtypes])
