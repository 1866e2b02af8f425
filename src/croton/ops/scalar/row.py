"""Operations on single numbers: what they share, what a row of their table says, and the operation it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.errors import MethodNotDefined
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.ops.scalar.dtypes import DtypeRule
from croton.vartypes.dtype import autocast, is_complex
from croton.vartypes.null import NullType
from croton.vartypes.scalar import Scalar

ROWS: dict[str, Row] = {}


class ScalarOp(Op):
    """A function of numbers.

    A subclass of a user's gives `nin`, `impl(*numbers)` and, where they make sense, `grad` and `output_types`; the
    data types of the outputs can also be had from `output_types_preference`, a function from Scalar types to Scalar
    types such as `theano.scalar.upgrade_to_float`.
    """

    nin: int | None = None
    nout: int = 1

    # What rows of the table say more; see `Row`.
    lower: Any = None
    parts: Any = None
    domain: Any = (-2.0, 2.0)
    keeps_zero = False
    commutative = False
    associative = False
    identity: Any = None
    symbol: str | None = None
    ulp: float | None = None
    exact: str | None = None
    cost = 8
    unconnected: Sequence[int] = ()

    def __init__(
        self, output_types_preference: Callable[..., Any] | None = None, name: str | None = None
    ) -> None:
        self.name = name
        if output_types_preference is not None:
            if not callable(output_types_preference):
                raise TypeError(
                    f"output_types_preference of {type(self).__name__} must be a function from Scalar types to Scalar "
                    f"types; got {output_types_preference!r}."
                )
            self.output_types_preference = output_types_preference

    def lowers(self, node: Apply) -> bool:
        """Not on its own, with numbers of Python's to work on: native code has it inside elementwise operations."""
        return False

    # -- types -----------------------------------------------------------------------------------------------
    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        """The types of the outputs for inputs of these types.

        Errors: NotImplementedError when neither this nor `output_types_preference` says.
        """
        preference = getattr(self, "output_types_preference", None)
        if preference is None:
            raise NotImplementedError(
                f"{self} says nothing of the types of its outputs: give it output_types_preference."
            )
        found = preference(*types)
        if not isinstance(found, (list, tuple)) or not all(isinstance(t, Scalar) for t in found):
            raise TypeError(
                f"output_types_preference of {self} must return a list of Scalar types; got {found!r}."
            )
        if len(found) != self.nout:
            raise TypeError(
                f"output_types_preference of {self} must return {self.nout} types; got {found!r}."
            )
        return list(found)

    def out_dtypes(self, in_dtypes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """Compute types (one per input) and output types for these input types.

        Errors: TypeError for a wrong number of inputs or types it does not take.
        """
        self.check_count(len(in_dtypes))
        return tuple(in_dtypes), tuple(t.dtype for t in self.output_types([Scalar(d) for d in in_dtypes]))

    def check_count(self, count: int) -> None:
        """Raise TypeError unless it takes so many inputs."""
        if self.nin is not None and 0 <= self.nin != count:
            raise TypeError(
                f"Wrong number of inputs for {self}.make_node (got {count}, expected {self.nin})."
            )
        if count == 0:
            raise TypeError(f"{self} takes at least one input; got none.")

    def make_node(self, *inputs: Any) -> Apply:
        variables = [as_scalar(x) for x in inputs]
        _, outs = self.out_dtypes([v.type.dtype for v in variables])
        return Apply(self, variables, [Scalar(d)() for d in outs])

    # -- values ----------------------------------------------------------------------------------------------
    def impl(self, *values: Any) -> Any:
        """The value for numbers; for several outputs, a tuple."""
        raise MethodNotDefined("impl", type(self), type(self).__name__)

    def compute(self, xp: Any, values: Sequence[Any], dtypes: Sequence[str] | None = None) -> tuple[Any, ...]:
        """The values of the outputs for arrays that broadcast against one another."""
        _, outs = self.out_dtypes([np.dtype(v.dtype).name for v in values] if dtypes is None else dtypes)
        made = np.frompyfunc(self.impl, len(values), self.nout)(*values)
        if self.nout == 1:
            made = (made,)
        return tuple(np.asarray(m).astype(d) for m, d in zip(made, outs, strict=True))

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        values = self.compute(np, [np.asarray(v) for v in inputs], [v.type.dtype for v in node.inputs])
        for cell, value in zip(output_storage, values, strict=True):
            cell[0] = value[()]

    # -- derivatives -----------------------------------------------------------------------------------------
    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which inputs each output depends on."""
        return [[i not in self.unconnected] * len(node.outputs) for i in range(len(node.inputs))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()] * len(node.outputs)

    # -- identity --------------------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        if hasattr(self, "__props__"):
            return super().__eq__(other)
        return type(self) is type(other) and getattr(self, "output_types_preference", None) == getattr(
            other, "output_types_preference", None
        )

    def __hash__(self) -> int:
        if hasattr(self, "__props__"):
            return super().__hash__()
        return hash((type(self), getattr(self, "output_types_preference", None)))

    def __str__(self) -> str:
        if getattr(self, "name", None):
            return str(self.name)
        return super().__str__()


class UnaryScalarOp(ScalarOp):
    """A function of one number."""

    nin = 1


class BinaryScalarOp(ScalarOp):
    """A function of two numbers."""

    nin = 2


class Row(ScalarOp):
    """A function of numbers made from a row of the table: all that is to be known of it.

    name      the public name: `theano.tensor.<name>` is its elementwise form
    doc       one sentence
    dtypes    the rule of data types
    eval      (xp, *values) -> value: the reference; the inputs come in the rule's compute types
    lower     (b, *values) -> value: the same in loop IR, in the compute types; None leaves it to `eval`
    parts     (b, *values) -> value: the same of complex numbers, given and made as pairs of parts; see parts.py
    grad      (*inputs, output, cotangent) -> cotangent(s) of the inputs, made of scalar operations; None marks an
              input the output does not depend on
    holomorphic  whether `grad` says the complex derivative too
    nin       number of inputs; None: any number from 1 up
    domain    where samples for its tests are drawn from, one pair for all inputs or one per input
    keeps_zero  f(0, …) = 0: what sparse matrices need to know
    commutative, associative, identity   facts that generic rewrites read
    unconnected  the inputs that no output depends on
    symbol    how it is written infix by `pp`, with precedence in printing
    ulp, exact  the promised error of native code in units in the last place, and the mpmath name of the truth
    cost      of native code per element, in additions, where no primitive of the same name says it
    label     how it prints, where that is not the name
    """

    template: dict[str, Any]
    dtypes: Any
    eval: Any
    row_grad: Any
    holomorphic: bool
    label: str

    def __init__(self, output_types_preference: Any = None, name: str | None = None) -> None:
        super().__init__(output_types_preference, name)
        self.__dict__.update(self.template)
        if name is not None:
            self.name = self.label = name

    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        if getattr(self, "output_types_preference", None) is not None:
            return super().output_types(types)
        return [Scalar(d) for d in self.dtypes(*[t.dtype for t in types])[1]]

    def out_dtypes(self, in_dtypes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        self.check_count(len(in_dtypes))
        inner, outs = self.dtypes(*in_dtypes)
        if getattr(self, "output_types_preference", None) is not None:
            outs = [t.dtype for t in super().output_types([Scalar(d) for d in in_dtypes])]
        return inner, outs

    def compute(self, xp: Any, values: Sequence[Any], dtypes: Sequence[str] | None = None) -> tuple[Any, ...]:
        """Outputs for input arrays: cast to compute types, evaluated, cast to output types."""
        if dtypes is None:
            dtypes = [np.dtype(v.dtype).name for v in values]
        inner, outs = self.out_dtypes(dtypes)
        cast = [v if v.dtype == d else v.astype(d) for v, d in zip(values, inner, strict=True)]
        if xp is np:
            with np.errstate(all="ignore"):
                made = self.eval(xp, *cast)
                if self.nout == 1:
                    made = (made,)
                return tuple(_own(np.asarray(m), d, values) for m, d in zip(made, outs, strict=True))
        made = self.eval(xp, *cast)
        if self.nout == 1:
            made = (made,)
        return tuple(xp.asarray(m).astype(d) for m, d in zip(made, outs, strict=True))

    def impl(self, *values: Any) -> Any:
        plain = all(isinstance(v, int) for v in values)
        made = self.compute(np, [_number(v) for v in values])
        own = [m.item() if plain and m.dtype.kind in "biu" else m[()] for m in made]
        return own[0] if self.nout == 1 else own

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        if self.row_grad is None:
            return [None] * len(inputs)
        mixed = [v.type.dtype for v in (*inputs, *outputs)]
        if self.holomorphic and any(map(is_complex, mixed)):
            return self._complex_gradient(inputs, outputs, output_grads)
        return self._row_gradient(inputs, outputs, output_grads)

    def _row_gradient(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        made = self.row_grad(*inputs, *outputs, *output_grads)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    def _complex_gradient(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        # The cotangent of z = a + ib is dC/da + i dC/db; that of the input of a holomorphic f is conj(f'(z)) times
        # that of its output. source: Wirtinger derivatives of a real cost
        conj, real = ROWS["conj"], ROWS["real"]
        made = self._row_gradient(inputs, outputs, [conj(g) for g in output_grads])
        return [
            g
            if g is None or isinstance(g.type, NullType)
            else (conj(g) if is_complex(x.type.dtype) else real(g))
            for x, g in zip(inputs, made, strict=True)
        ]

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return self.L_op(inputs, self(*inputs, return_list=True), output_grads)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self.template["name"] == other.template["name"]  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return super().__hash__()

    def __reduce__(self) -> Any:
        if ROWS.get(str(self.name)) is self:
            return row_of, (self.name,)
        return remake, (self.template["name"], self.name, getattr(self, "output_types_preference", None))

    def __str__(self) -> str:
        return str(self.label)


def _number(value: Any) -> np.ndarray:
    """A number as an array. A Python integer is not in the least type that holds it: results may be larger."""
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return np.asarray(value, dtype="int64")
    return np.asarray(autocast(value))


def _own(made: np.ndarray, dtype: str, values: Sequence[Any]) -> np.ndarray:
    """`made` as `dtype`, in memory of its own: neither a view nor one of `values`."""
    if made.dtype != dtype:
        return made.astype(dtype)
    return made if made.flags.owndata and not any(made is v for v in values) else made.copy()


def row_of(name: str) -> Row:
    """The scalar operation called `name`."""
    return ROWS[name]


def remake(row: str, name: str, preference: Any) -> Row:
    """A variant of the row called `row`, with another name or preference of output types."""
    kind: Any = type(ROWS[row])
    return kind(preference, name)  # type: ignore[no-any-return]


def template(
    name: str,
    doc: str,
    *,
    dtypes: DtypeRule,
    eval: Callable[..., Any],
    lower: Callable[..., Any] | None = None,
    parts: Callable[..., Any] | None = None,
    grad: Callable[..., Any] | None = None,
    holomorphic: bool = True,
    nin: int | None = -1,
    nout: int = 1,
    domain: Any = (-2.0, 2.0),
    keeps_zero: bool = False,
    commutative: bool = False,
    associative: bool = False,
    identity: Any = None,
    unconnected: Sequence[int] = (),
    symbol: str | None = None,
    ulp: float | None = None,
    exact: str | None = None,
    cost: int = 8,
    label: str | None = None,
) -> dict[str, Any]:
    """What a row says, completed; the names are those of `Row`. `nin` is read from `eval` where it is not given."""
    return {
        "name": name,
        "__doc__": doc,
        "dtypes": dtypes,
        "eval": eval,
        "lower": lower,
        "parts": parts,
        "row_grad": grad,
        "holomorphic": holomorphic,
        "nin": len(inspect.signature(eval).parameters) - 1 if nin == -1 else nin,
        "nout": nout,
        "domain": domain,
        "keeps_zero": keeps_zero,
        "commutative": commutative,
        "associative": associative,
        "identity": identity,
        "unconnected": unconnected,
        "symbol": symbol,
        "ulp": ulp,
        "exact": exact,
        "cost": cost,
        "label": name if label is None else label,
    }


def enter(row: Row) -> Row:
    """Put `row` into the table, under its name."""
    ROWS[str(row.name)] = row
    return row


def scalar_op(
    name: str, doc: str, *, kind: str | None = None, base: type[Row] | None = None, **says: Any
) -> Row:
    """Enter a row into the table; what it says is for `template`.

    Each row is the one instance of a class, called `kind`: old programs ask by it what an operation is.
    """
    made = template(name, doc, **says)
    bases = (
        {1: (Row, UnaryScalarOp), 2: (Row, BinaryScalarOp)}.get(made["nin"], (Row,))
        if base is None
        else (base,)
    )
    return enter(type(kind or name.rstrip("_").capitalize(), bases, {"template": made, "__doc__": doc})())


# -- pieces of rows ------------------------------------------------------------------------------------------
def as_scalar(x: Any, name: str | None = None) -> Variable:
    """`x` as a variable of a Scalar type.

    Errors: TypeError for a variable of another type, or what is no number
    """
    if isinstance(x, Apply):
        x = x.default_output()
    if isinstance(x, Variable):
        if isinstance(x.type, Scalar):
            return x
        raise TypeError(f"Expected a scalar variable (theano.scalar); got {x} of type {x.type}.")
    data = autocast(x)
    if data.ndim != 0:
        raise TypeError(f"Expected one number; got {x!r}.")
    made: Constant = Scalar(data.dtype.name).make_constant(data[()], name=name)
    return made


def like(x: Any, value: float) -> Constant:
    """The number `value` in the data type of `x`."""
    made: Constant = Scalar(x.type.dtype).make_constant(np.asarray(value).astype(x.type.dtype)[()])
    return made


def no_slope(*args: Any) -> list[Any]:
    """The gradient of a step function: zero, in the data type of the cotangent, for each input."""
    return [ROWS["second"](x, like(args[-1], 0)) for x in args[:-2]]


def not_implemented(op: str, argument: str) -> Variable:
    """What stands for a gradient that there is no formula for."""
    made: Variable = NullType(
        f"the gradient of {op} with respect to its argument `{argument}` is not implemented."
    )()
    return made
