"""Rules of output types for a user's own scalar operations: functions from Scalar types to a tuple of Scalar types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from croton.ops.scalar import dtypes
from croton.ops.scalar.types import complex_types, float64, float_types, get_scalar_type, int8, int64
from croton.vartypes.dtype import upcast
from croton.vartypes.scalar import Scalar


def _real(types: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    if any(t in complex_types for t in types):
        raise TypeError(f"complex argument not supported: {', '.join(map(str, types))}.")
    return types


def _one(types: tuple[Scalar, ...]) -> Scalar:
    if len(types) != 1:
        raise TypeError(f"This rule is for operations of one input; got {len(types)} types.")
    return types[0]


def upcast_out(*types: Scalar) -> tuple[Scalar, ...]:
    """The type they meet in."""
    return (get_scalar_type(upcast(*[t.dtype for t in types])),)


def upcast_out_nobool(*types: Scalar) -> tuple[Scalar, ...]:
    """The type they meet in, which may not be bool."""
    (met,) = upcast_out(*types)
    if met.dtype == "bool":
        raise TypeError("bool output not supported: cast to a type of numbers first.")
    return (met,)


def upcast_out_min8(*types: Scalar) -> tuple[Scalar, ...]:
    """The type they meet in; int8 for bool."""
    (met,) = upcast_out(*types)
    return (int8 if met.dtype == "bool" else met,)


def upcast_out_no_complex(*types: Scalar) -> tuple[Scalar, ...]:
    """The type they meet in; complex ones are refused."""
    return upcast_out(*_real(types))


def upgrade_to_float(*types: Scalar) -> tuple[Scalar, ...]:
    """Integers become floats (float32 up to 16 bits, else float64); then the type they meet in."""
    return upcast_out(*[get_scalar_type(dtypes.AS_FLOAT.get(t.dtype, t.dtype)) for t in types])


def upgrade_to_float_no_complex(*types: Scalar) -> tuple[Scalar, ...]:
    """As upgrade_to_float; complex ones are refused."""
    return upgrade_to_float(*_real(types))


def upgrade_to_float64(*types: Scalar) -> tuple[Scalar, ...]:
    """float64."""
    return (float64,)


def same_out(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input."""
    return (_one((kind, *others)),)


def same_out_nobool(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input, which may not be bool."""
    if kind.dtype == "bool":
        raise TypeError("bool input not supported: cast to a type of numbers first.")
    return same_out(kind, *others)


def same_out_min8(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input; int8 for bool."""
    return (int8,) if _one((kind, *others)).dtype == "bool" else (kind,)


def same_out_nocomplex(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input; complex ones are refused."""
    return _real((_one((kind, *others)),))


def same_out_float_only(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input, which must be a real float."""
    if _one((kind, *others)) not in float_types:
        raise TypeError(f"only float types are supported; got {kind}.")
    return (kind,)


def real_out(kind: Scalar, *others: Scalar) -> tuple[Scalar, ...]:
    """As the one input; of a complex one, the type of its parts."""
    dtype = _one((kind, *others)).dtype
    return (get_scalar_type(dtypes.REAL_PART.get(dtype, dtype)),)


def int_out(*types: Scalar) -> tuple[Scalar, ...]:
    """int64."""
    return (int64,)


def int_out_nocomplex(*types: Scalar) -> tuple[Scalar, ...]:
    """int64; complex ones are refused."""
    return int_out(*_real(types))


def float_out(*types: Scalar) -> tuple[Scalar, ...]:
    """float64."""
    return (float64,)


def float_out_nocomplex(*types: Scalar) -> tuple[Scalar, ...]:
    """float64; complex ones are refused."""
    return float_out(*_real(types))


class _Rule:
    """A rule with parameters: two of them are equal when those are."""

    parameters: Any

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.parameters == other.parameters

    def __hash__(self) -> int:
        return hash((type(self), repr(self.parameters)))


class specific_out(_Rule):
    """Always the types it is made with."""

    def __init__(self, *spec: Scalar) -> None:
        self.spec = self.parameters = spec

    def __call__(self, *types: Scalar) -> tuple[Scalar, ...]:
        return self.spec


class transfer_type(_Rule):
    """For each output the number of the input whose type it takes, or None for the type all meet in."""

    def __init__(self, *transfer: int | None) -> None:
        if not all(i is None or isinstance(i, int) for i in transfer):
            raise TypeError(f"transfer_type takes numbers of inputs, or None; got {transfer!r}.")
        self.transfer = self.parameters = transfer

    def __call__(self, *types: Scalar) -> list[Scalar]:
        return [upcast_out(*types)[0] if i is None else types[i] for i in self.transfer]


class unary_out_lookup(_Rule):
    """The type that a table says for that of the one input."""

    def __init__(self, table: Mapping[Scalar, Scalar]) -> None:
        self.table = self.parameters = dict(table)

    def __call__(self, *types: Scalar) -> list[Scalar]:
        found = self.table.get(_one(types))
        if found is None:
            raise TypeError(f"There is no output type for {types[0]}.")
        return [found]
