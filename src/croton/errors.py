"""Every error that Croton raises on purpose: one hierarchy, each class also of the classic kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar


class CrotonError(Exception):
    """What all errors of this module have in common."""


class TheanoConfigWarning(Warning):
    """A setting that could not be understood and was left out."""


def explained(
    what: str, *, expected: object = None, got: object = None, where: object = None, todo: str | None = None
) -> str:
    """A message in the order in which a reader asks: what is wrong, expected, got, made where, what to do.

    `where` is a text, a variable, an application of an operation, or the frames of one; what is not known is left out.

    Example:
        >>> print(explained("x must be a matrix.", expected="2 dimensions", got=3, todo="use x.flatten(2)."))
        x must be a matrix.
          expected: 2 dimensions
          got: 3
          What to do: use x.flatten(2).
    """
    lines = [what]
    if expected is not None:
        lines.append(f"  expected: {expected}")
    if got is not None:
        lines.append(f"  got: {got}")
    frames = made_at(where)
    if frames:
        lines.append("  made at: " + "\n           ".join(frames))
    if todo is not None:
        lines.append(f"  What to do: {todo}")
    return "\n".join(lines)


def made_at(where: object) -> tuple[str, ...]:
    """The user's lines, innermost first, that `where` says or remembers; none where it remembers none."""
    if where is None:
        return ()
    if isinstance(where, str):
        return (where,)
    maker = getattr(where, "owner", None) or where
    frames = getattr(maker, "origin", maker)
    return tuple(map(str, frames)) if isinstance(frames, Iterable) else ()


# -- settings ------------------------------------------------------------------------------------------------
class FlagError(CrotonError, ValueError):
    """A flag was given a value that it can't have."""


class UnknownFlagError(CrotonError, AttributeError):
    """There is no flag of this name."""


class FixedFlagError(CrotonError, AttributeError):
    """The flag is read once, when the package is imported, and can't change afterwards."""


# -- graphs --------------------------------------------------------------------------------------------------
class InconsistencyError(CrotonError):
    """A change would leave the graph without meaning: unknown variables, wrong types, values overwritten early."""


class CachedConstantError(CrotonError):
    """A constant that is shared between graphs was put into one of them."""


class MissingInputError(CrotonError):
    """A variable is needed that nobody gives a value.

    variable  the variable
    reader    an application that reads it
    """

    def __init__(self, *args: object, variable: Any = None, reader: Any = None) -> None:
        if variable is not None:
            args = (_with_places(str(args[0]) if args else str(variable), variable, reader), *args[1:])
        super().__init__(*args)
        self.variable = variable
        self.reader = reader

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


def _with_places(said: str, variable: Any, reader: Any) -> str:
    lines = [said]
    for label, place in (("made at", variable), ("read at", reader)):
        frames = made_at(place)
        if frames:
            lines.append(f"  {label}: " + "\n           ".join(frames))
    if reader is not None:
        lines.append(f"  read by: {reader}")
    return "\n".join(lines)


class MethodNotDefined(CrotonError):
    """An operation or a type lacks a method that is needed of it: (method, class, …)."""

    def __str__(self) -> str:
        if len(self.args) < 2 or not isinstance(self.args[1], type):
            return super().__str__()
        method, owner, *more = self.args
        reason = "; ".join(str(one) for one in more if one != owner.__name__)
        return f"{owner.__name__} has no method {method!r}" + (f": {reason}" if reason else ".")


class AlreadyThere(CrotonError):
    """A feature was attached to a graph that has it."""


class ReplacementDidntRemovedError(CrotonError):
    """A replacement was to remove a variable from the graph, and it is still in use."""


class RewriteError(CrotonError):
    """A rewrite rule broke the graph, or rules undo one another without end."""


# -- values and types ----------------------------------------------------------------------------------------
class AsTensorError(CrotonError, TypeError):
    """A value can't be made a tensor variable."""


class ShapeError(CrotonError, ValueError):
    """Lengths do not go together, or are not known where they must be."""


class BatchError(ShapeError, TypeError):
    """Two batches, of which the elements go together in pairs, have different lengths."""


class NotScalarConstantError(CrotonError):
    """A variable has no value that is one number and known when the graph is built."""


class EmptyConstantError(NotScalarConstantError):
    """As NotScalarConstantError, for an array without elements."""


class ComplexError(CrotonError, NotImplementedError):
    """The operation has no meaning for complex numbers."""


class IntegerDivisionError(CrotonError):
    """Integers were divided with `/` while config.int_division says 'raise'."""


class AdvancedIndexingError(CrotonError, TypeError):
    """The index needs more than slices and integers."""


class AdvancedBooleanIndexingError(CrotonError, TypeError):
    """The index needs a mask."""


class IndexBoundsError(CrotonError, IndexError):
    """An index is beyond the end of its axis."""


class AxisError(CrotonError, IndexError, ValueError):
    """An array does not have the axis; an IndexError and a ValueError, as NumPy's is."""


# -- derivatives ---------------------------------------------------------------------------------------------
class NullTypeGradError(CrotonError, TypeError):
    """The derivative is not defined or not implemented somewhere on the way."""


class DisconnectedInputError(CrotonError, ValueError):
    """A derivative was asked for with respect to what the cost does not depend on."""


# -- functions -----------------------------------------------------------------------------------------------
class UnusedInputError(CrotonError):
    """A function was given an input that its outputs do not need."""


class FunctionInputsError(CrotonError):
    """The inputs of a function are not in a list."""


class UnknownModeError(CrotonError):
    """A function is to be compiled in a mode that is not there."""


class AliasedMemoryError(CrotonError):
    """Two inputs that a function may overwrite share memory."""


# -- errors that carry facts ---------------------------------------------------------------------------------
class RecordedError(CrotonError):
    """An error whose facts can be read as attributes, in the order in which its class takes them."""

    headline: ClassVar[str] = ""

    def _record(self, **facts: object) -> None:
        self.__dict__.update(facts)
        self.args = tuple(facts.values())
        self._names = tuple(facts)

    def __str__(self) -> str:
        facts = [
            f"  {name}: {getattr(self, name)}" for name in self._names if getattr(self, name) is not None
        ]
        return "\n".join([self.headline, *facts])


class GradientError(RecordedError):
    """A derivative differs from the numeric one by more than is allowed."""

    headline = "The symbolic and the numeric gradient differ."

    def __init__(
        self, arg: object, err_pos: object, shape: object, val1: object, val2: object,
        abs_err: object, rel_err: object, abs_tol: object, rel_tol: object,
    ) -> None:  # fmt: skip
        self._record(
            arg=arg, err_pos=err_pos, shape=shape, val1=val1, val2=val2,
            abs_err=abs_err, rel_err=rel_err, abs_tol=abs_tol, rel_tol=rel_tol,
        )  # fmt: skip


class DebugModeError(CrotonError):
    """A check of DebugMode failed."""


class BadThunkOutput(RecordedError, DebugModeError):
    """Two ways to compute one variable gave different values."""

    headline = "Two implementations of one operation gave different values."

    def __init__(
        self, r: Any, thunk1: object, val1: object, thunk2: object, val2: object, inputs_val: object = ()
    ) -> None:
        self._record(r=r, thunk1=thunk1, val1=val1, thunk2=thunk2, val2=val2, inputs_val=inputs_val)

    def offending_op(self) -> type:
        """The class of the operation that made the variable."""
        return type(self.args[0].owner.op)

    def str_diagnostic(self) -> str:
        """The message."""
        return str(self)


class BadOptimization(RecordedError, DebugModeError):
    """A rewrite replaced a variable by one of another value."""

    headline = "A rewrite changed the value that is computed."
    full_err: str | None = None

    def __init__(
        self, old_r: object, new_r: object = None, old_r_val: object = None, new_r_val: object = None,
        reason: object = None, old_graph: object = None, new_graph: object = None,
    ) -> None:  # fmt: skip
        self._record(
            old_r=old_r, new_r=new_r, old_r_val=old_r_val, new_r_val=new_r_val,
            reason=reason, old_graph=old_graph, new_graph=new_graph,
        )  # fmt: skip

    def str_diagnostic(self) -> str:
        """The message."""
        return str(self)


class BadDestroyMap(RecordedError, DebugModeError):
    """An operation overwrote an input that its `destroy_map` does not name."""

    headline = "An operation changed an input that its destroy_map does not name."

    def __init__(self, node: object, idx: object, old_val: object, new_val: object, perform: object) -> None:
        self._record(node=node, idx=idx, old_val=old_val, new_val=new_val, perform=perform)


class BadViewMap(RecordedError, DebugModeError):
    """An output shares memory that the `view_map` of its operation does not say."""

    headline = "An output shares memory with what the view_map of its operation does not name."

    def __init__(
        self, node: object, output_idx: object, out_storage: object,
        in_alias_idx: object = None, out_alias_idx: object = None,
    ) -> None:  # fmt: skip
        self._record(
            node=node, output_idx=output_idx, out_storage=out_storage,
            in_alias_idx=in_alias_idx, out_alias_idx=out_alias_idx,
        )  # fmt: skip


class StochasticOrder(DebugModeError):
    """The same program was put into two different orders."""


class InvalidValueError(RecordedError, DebugModeError):
    """An operation gave a value that its output's type does not admit."""

    headline = "A value does not fit the type of its variable."
    full_err: str | None = None

    def __init__(
        self, r: object, v: object = None, client_node: object = None, hint: object = "none",
        specific_hint: object = "none",
    ) -> None:  # fmt: skip
        self._record(r=r, v=v, client_node=client_node, hint=hint, specific_hint=specific_hint)
