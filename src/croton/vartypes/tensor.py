"""The type of arrays: a data type, a number of axes, and what is known of their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.config import config
from croton.graph.node import Variable
from croton.graph.type import Type
from croton.vartypes.arrays import is_masked
from croton.vartypes.dtype import SIGNED, as_dtype, upcast

Dim = int | None

_PATTERN_NAMES = {
    (): "scalar",
    (False,): "vector",
    (False, True): "col",
    (True, False): "row",
    (False, False): "matrix",
}


def _dim(entry: Any) -> Dim:
    if entry is None:
        return None
    if isinstance(entry, (bool, np.bool_)):
        return 1 if entry else None
    if isinstance(entry, (int, np.integer)):
        if entry < 0:
            raise ValueError(f"A static dimension must be None or at least 0; got {entry}.")
        return int(entry)
    raise TypeError(f"A static dimension must be an int, None, or a broadcastable flag; got {entry!r}.")


class TensorType(Type):
    """Arrays of one data type and number of axes.

    `shape` has an entry per axis: its length where that is known, else None. The historic broadcastable
    pattern says the same of length 1: `(True, False)` is `(1, None)`. An axis of static length 1 broadcasts;
    an axis that happens to have length 1 at run time does not.

    Two types are equal when data type and broadcastable pattern are; further static lengths are knowledge,
    not identity.
    """

    ndim: int

    def __init__(
        self,
        dtype: Any,
        shape: Sequence[Any] | None = None,
        name: str | None = None,
        sparse_grad: bool = False,
        *,
        broadcastable: Any = None,
    ):
        if shape is None:
            shape = broadcastable
        if shape is None:
            raise TypeError(
                "TensorType needs a shape: a sequence with an int or None (or a broadcastable flag) per axis."
            )
        self.dtype = as_dtype(dtype)
        self.shape: tuple[Dim, ...] = tuple(map(_dim, shape))
        self.broadcastable: tuple[bool, ...] = tuple(d == 1 for d in self.shape)
        self.ndim = len(self.shape)
        self.name = name
        self.sparse_grad = sparse_grad  # kept for who asks; gradients are arrays
        self.numpy_dtype = np.dtype(self.dtype)
        self._hash = hash((TensorType, self.dtype, self.broadcastable))

    # -- identity --------------------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, TensorType)
            and type(self) is type(other)
            and self.dtype == other.dtype
            and self.broadcastable == other.broadcastable
        )

    def __hash__(self) -> int:
        return self._hash

    def is_same(self, other: Type) -> bool:
        return self == other and self.shape == other.shape

    def clone(self, dtype: Any = None, broadcastable: Any = None, shape: Any = None) -> TensorType:
        """This type with another data type or shape."""
        if shape is None:
            shape = broadcastable
        return TensorType(
            self.dtype if dtype is None else dtype, self.shape if shape is None else shape, name=self.name
        )

    def __str__(self) -> str:
        if self.name:
            return self.name
        pattern = self.broadcastable
        label = _PATTERN_NAMES.get(pattern)
        if label is None:
            label = str(pattern) if any(pattern) else f"{len(pattern)}D"
        return f"TensorType({self.dtype}, {label})"

    __repr__ = __str__

    # -- values ----------------------------------------------------------------------------------------------
    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> np.ndarray:
        """`value` as an array of this type; the same object where it is one already.

        Errors: TypeError when that would lose precision (unless `allow_downcast`; a Python float is always taken
        as floatX), when the number of axes is another, or an axis of static length has another length; ValueError for
        what NumPy can make no array of; OverflowError for an int that no signed integer holds.
        """
        if isinstance(value, Variable):
            raise TypeError(
                f"Expected an array-like object, but found a Variable ({value}): maybe you are trying to call a "
                "function on a (possibly shared) variable instead of a numeric array?"
            )
        if type(value) is np.ndarray and value.dtype is self.numpy_dtype:
            data = value
        elif isinstance(value, np.ndarray) and value.dtype == self.numpy_dtype and value.dtype.isnative:
            if is_masked(value) and np.ma.is_masked(value):
                raise TypeError(
                    "A masked array can't be held by a tensor; fill it first (`value.filled(...)`)."
                )
            data = value if isinstance(value, np.memmap) else np.asarray(value)
        elif strict:
            if not isinstance(value, np.ndarray):
                raise TypeError(f"{self} expected an ndarray object. (got a {type(value).__name__})")
            raise TypeError(
                f"{self} expected an ndarray object with dtype = {self.dtype} (got {value.dtype})."
            )
        else:
            data = self._convert(value, allow_downcast)
        self._check_shape(data)
        return data if data.flags.aligned else data.copy()

    def _convert(self, value: Any, allow_downcast: bool | None) -> np.ndarray:
        if value is None:
            raise TypeError(f"{self} expected a number or an array of {self.dtype}; got None.")
        given = value if isinstance(value, (np.ndarray, np.generic)) else None
        if allow_downcast:
            raw = np.asarray(value)
            if given is None:
                self._refuse_complex(raw)
            with np.errstate(all="ignore"):
                return raw.astype(self.numpy_dtype, copy=False)
        if given is not None:
            if given.dtype.name == self.dtype or _holds(self.dtype, given.dtype):
                return np.asarray(value, dtype=self.numpy_dtype)
            if isinstance(value, np.ndarray):
                raise TypeError(
                    f"{self} cannot store a value of dtype {given.dtype} without risking loss of precision. If you do "
                    f"not mind this loss, you can: 1) explicitly cast your data to {self.dtype}, or 2) set "
                    f'"allow_input_downcast=True" when calling "function". Value: {_short(value)}'
                )
        if allow_downcast is None and type(value) is float and self.dtype == config.floatX:
            with np.errstate(over="ignore"):
                return np.asarray(value, dtype=self.numpy_dtype)
        try:
            raw = np.asarray(value)
            self._refuse_complex(raw)
            with np.errstate(all="ignore"):
                data = raw.astype(self.numpy_dtype)
        except (ValueError, TypeError, OverflowError) as error:
            raise type(error)(f"{self} can't hold the value {_short(value)}: {error}") from None
        if type(value) is int and raw.dtype == np.uint64 and self.dtype in SIGNED:
            raise OverflowError(
                f"{self} can't hold the value {value}: it is too large for any signed integer."
            )
        if not _equal_values(raw, data):
            raise TypeError(
                f"{self} can't hold the value {_short(value)} (dtype {raw.dtype}) without losing precision. If you do "
                f"not mind this loss, cast it to {self.dtype} or set "
                '"allow_input_downcast=True" when calling "function".'
            )
        return data

    def _refuse_complex(self, raw: np.ndarray) -> None:
        """Fail where numbers would lose their imaginary parts."""
        if raw.dtype.kind == "c" and self.numpy_dtype.kind != "c":
            raise TypeError(f"can't convert complex to {self.dtype}: take its real part.")

    def _check_shape(self, data: np.ndarray) -> None:
        shape = data.shape
        if len(shape) != self.ndim:
            raise TypeError(
                f"Wrong number of dimensions: expected {self.ndim}, got {len(shape)} with shape {shape}."
            )
        for axis, known in enumerate(self.shape):
            if known is not None and shape[axis] != known:
                if known == 1:
                    raise TypeError(
                        f"Non-unit value on shape on a broadcastable dimension: got shape {shape}, "
                        f"expected length 1 on axis {axis} (pattern {self.broadcastable})."
                    )
                raise TypeError(f"Wrong shape: expected length {known} on axis {axis}, got shape {shape}.")

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two arrays have the same data type, shape and elements, NaN equal to NaN."""
        return a.shape == b.shape and a.dtype == b.dtype and _equal_values(a, b)

    def values_eq_approx(
        self, a: Any, b: Any, allow_remove_inf: bool = False, allow_remove_nan: bool = False,
        rtol: float | None = None, atol: float | None = None,
    ) -> bool:  # fmt: skip
        """Whether two arrays are the same up to rounding."""
        if (
            not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray))
            or a.shape != b.shape
            or a.dtype != b.dtype
        ):
            return False
        if self.dtype not in TOLERANCE:
            return bool(np.all(a == b))
        r, t = TOLERANCE[self.dtype]
        return bool(
            np.allclose(
                a, b, rtol=r if rtol is None else rtol, atol=t if atol is None else atol, equal_nan=True
            )
        )

    def value_key(self, value: Any) -> Any:
        """Data type, shape and bytes: equal keys, equal constants. NaNs and signed zeros differ by their bits."""
        return (value.dtype.name, value.shape, value.tobytes())

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether two arrays lie in the same range of memory; False for what is no array."""
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)

    def value_zeros(self, shape: Any) -> np.ndarray:
        """An array of this data type, all zero."""
        return np.zeros(shape, dtype=self.numpy_dtype)

    # -- variables -------------------------------------------------------------------------------------------
    def convert_variable(self, variable: Variable) -> Variable | None:
        """`variable` with this broadcastable pattern: a row as a matrix; a matrix as a row, checked at run time.

        None where each claims what the other does not: a column is no row.
        """
        kind = variable.type
        if isinstance(kind, TensorType) and kind.dtype == self.dtype and kind.ndim == self.ndim:
            if kind.broadcastable == self.broadcastable:
                return variable
            pairs = list(zip(self.broadcastable, kind.broadcastable, strict=True))
            nested = all(mine <= theirs for mine, theirs in pairs) or all(
                mine >= theirs for mine, theirs in pairs
            )
            if self.rebroadcast is not None and nested:
                made: Variable = self.rebroadcast(variable, self.broadcastable)
                return made
        return None

    # Set by ops/variable.py: gives a variable another broadcastable pattern.
    rebroadcast: Any = None


# Relative and absolute tolerance within which two values count as the same up to rounding.
TOLERANCE = {
    "float16": (5e-3, 5e-3),
    "float32": (1e-5, 1e-5),
    "float64": (1e-8, 1e-8),
    "complex64": (1e-5, 1e-5),
    "complex128": (1e-8, 1e-8),
}


def _holds(wide: str, narrow: np.dtype) -> bool:
    try:
        return upcast(wide, narrow.name) == wide
    except TypeError:
        return False


def _equal_values(a: Any, b: Any) -> bool:
    if a.shape != b.shape:
        return False
    same = a == b
    if np.all(same):
        return True
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        return bool(np.all(same | ((a != a) & (b != b))))
    return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:40] + " ... " + text[-20:]
