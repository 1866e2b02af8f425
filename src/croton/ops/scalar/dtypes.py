"""Rules of data types: from those of the inputs to those in which is computed and those of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from croton.config import config
from croton.vartypes.dtype import is_complex, is_discrete, is_float, upcast

# From the data types of the inputs: those in which it is computed (one per input), and those of the outputs.
DtypeRule = Callable[..., tuple[Sequence[str], Sequence[str]]]

# Smallest float types that hold the small integers exactly; int32 and wider go to float64.
AS_FLOAT = {
    "bool": "float32", "int8": "float32", "int16": "float32", "int32": "float64", "int64": "float64",
    "uint8": "float32", "uint16": "float32", "uint32": "float64", "uint64": "float64",
}  # fmt: skip

REAL_PART = {"complex64": "float32", "complex128": "float64"}


def same(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """All in the type they meet in; so is the output."""
    met = upcast(*dtypes)
    return (met,) * len(dtypes), (met,)


def to_bool(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Compared in the type they meet in; the output is bool."""
    return (upcast(*dtypes),) * len(dtypes), ("bool",)


def to_float(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Integers become floats (float32 up to 16 bits, else float64); then as `same`."""
    return same(*[AS_FLOAT.get(d, d) for d in dtypes])


def to_float64(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """The output is float64, whatever comes."""
    return tuple("complex128" if is_complex(d) else "float64" for d in dtypes), ("float64",)


def to_angle(dtype: str) -> tuple[Sequence[str], Sequence[str]]:
    """Computed in the type itself, integers in the float that `to_float` says; the output is float64."""
    return (AS_FLOAT.get(dtype, dtype),), ("float64",)


def to_real(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """As it is; of a complex type, that of its parts."""
    met = upcast(*dtypes)
    return (met,) * len(dtypes), (REAL_PART.get(met, met),)


def to_quotient(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Integers by integers give floatX, computed in float64; else as `same`."""
    if all(map(is_discrete, dtypes)):
        return ("float64",) * len(dtypes), (str(config.floatX),)
    return same(*dtypes)


def to_complex(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Two real parts make a complex number that holds them."""
    met = upcast("float32", upcast(*dtypes))
    return (met,) * len(dtypes), ("complex64" if met == "float32" else "complex128",)


def as_last(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """Each in its own type; the output is as the last."""
    return dtypes, (dtypes[-1],)


def as_branches(condition: str, *dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """The first is a condition, in its own type; the others meet."""
    met = upcast(*dtypes)
    return (condition, *(met,) * len(dtypes)), (met,)


def at_least_int8(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
    """As `same`, but that truth values become int8."""
    return same("int8", *dtypes[1:]) if set(dtypes) == {"bool"} else same(*dtypes)


def only(rule: DtypeRule, accepts: Callable[[str], bool], what: str) -> DtypeRule:
    """`rule`, for inputs that `accepts` all of.

    Errors: TypeError for others
    """

    def checked(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
        for dtype in dtypes:
            if not accepts(dtype):
                raise TypeError(f"This operation takes {what}; got {', '.join(dtypes)}.")
        return rule(*dtypes)

    return checked


def real(rule: DtypeRule) -> DtypeRule:
    """`rule`, for real numbers."""
    return only(rule, lambda d: not is_complex(d), "real numbers, not complex ones")


def number(rule: DtypeRule) -> DtypeRule:
    """`rule`, for numbers and not for truth values alone."""

    def checked(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
        if set(dtypes) == {"bool"}:
            raise TypeError(
                "This operation takes numbers, not bool alone: use logical operations (xor, invert, …), or cast first."
            )
        return rule(*dtypes)

    return checked


def floating(rule: DtypeRule) -> DtypeRule:
    """`rule`, for floating-point numbers."""
    return only(rule, is_float, "real floating-point numbers")


def discrete(rule: DtypeRule) -> DtypeRule:
    """`rule`, for integers or for truth values, not both."""

    def checked(*dtypes: str) -> tuple[Sequence[str], Sequence[str]]:
        if not all(map(is_discrete, dtypes)) or (len({d == "bool" for d in dtypes}) > 1):
            raise TypeError(f"Bit operations take integers only, or bool only; got {', '.join(dtypes)}.")
        if not is_discrete(upcast(*dtypes)):
            raise TypeError(
                f"No integer type holds all of {', '.join(dtypes)}: cast one of them to that of the other."
            )
        return rule(*dtypes)

    return checked
