"""Making variables: `scalar`, `vector`, `matrix` … of a data type chosen by name, by prefix or by config.floatX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.config import config
from croton.graph.node import Variable
from croton.vartypes.dtype import as_dtype
from croton.vartypes.tensor import TensorType

_PATTERNS: tuple[tuple[Any, ...], ...] = (
    (),
    (None,),
    (1, None),
    (None, 1),
    (None, None),
    (None,) * 3,
    (None,) * 4,
    (None,) * 5,
    (None,) * 6,
    (None,) * 7,
)


def _family(dtype: str) -> list[TensorType]:
    return [TensorType(dtype, pattern) for pattern in _PATTERNS]


# The letter in front is the data type: b int8, w int16, i int32, l int64, f float32, d float64, c complex64,
# z complex128. Each of these is a type, which called with a name makes a variable.
bscalar, bvector, brow, bcol, bmatrix, btensor3, btensor4, btensor5, btensor6, btensor7 = _family("int8")
wscalar, wvector, wrow, wcol, wmatrix, wtensor3, wtensor4, wtensor5, wtensor6, wtensor7 = _family("int16")
iscalar, ivector, irow, icol, imatrix, itensor3, itensor4, itensor5, itensor6, itensor7 = _family("int32")
lscalar, lvector, lrow, lcol, lmatrix, ltensor3, ltensor4, ltensor5, ltensor6, ltensor7 = _family("int64")
fscalar, fvector, frow, fcol, fmatrix, ftensor3, ftensor4, ftensor5, ftensor6, ftensor7 = _family("float32")
dscalar, dvector, drow, dcol, dmatrix, dtensor3, dtensor4, dtensor5, dtensor6, dtensor7 = _family("float64")
cscalar, cvector, crow, ccol, cmatrix, ctensor3, ctensor4, ctensor5, ctensor6, ctensor7 = _family("complex64")
zscalar, zvector, zrow, zcol, zmatrix, ztensor3, ztensor4, ztensor5, ztensor6, ztensor7 = _family(
    "complex128"
)

int_scalar_types = [bscalar, wscalar, iscalar, lscalar]
int_vector_types = [bvector, wvector, ivector, lvector]
int_matrix_types = [bmatrix, wmatrix, imatrix, lmatrix]
int_types = int_scalar_types + int_vector_types + int_matrix_types
float_scalar_types = [fscalar, dscalar]
float_vector_types = [fvector, dvector]
float_matrix_types = [fmatrix, dmatrix]
float_types = float_scalar_types + float_vector_types + float_matrix_types
complex_scalar_types = [cscalar, zscalar]
complex_vector_types = [cvector, zvector]
complex_matrix_types = [cmatrix, zmatrix]
complex_types = complex_scalar_types + complex_vector_types + complex_matrix_types


def _make(pattern: tuple[Any, ...], name: str | None, dtype: Any) -> Variable:
    return TensorType(as_dtype(config.floatX if dtype is None else dtype), pattern)(name)


def tensor(*args: Any, **kwargs: Any) -> Variable:
    """A variable of the type TensorType(*args, **kwargs); `name` is the variable's."""
    name = kwargs.pop("name", None)
    return TensorType(*args, **kwargs)(name)


def scalar(name: str | None = None, dtype: Any = None) -> Variable:
    """A 0-d variable, of config.floatX unless `dtype` says else."""
    return _make((), name, dtype)


def vector(name: str | None = None, dtype: Any = None) -> Variable:
    """A 1-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,), name, dtype)


def row(name: str | None = None, dtype: Any = None) -> Variable:
    """A 2-d variable of one row, which broadcasts, of config.floatX unless `dtype` says else."""
    return _make((1, None), name, dtype)


def col(name: str | None = None, dtype: Any = None) -> Variable:
    """A 2-d variable of one column, which broadcasts, of config.floatX unless `dtype` says else."""
    return _make((None, 1), name, dtype)


def matrix(name: str | None = None, dtype: Any = None) -> Variable:
    """A 2-d variable, of config.floatX unless `dtype` says else."""
    return _make((None, None), name, dtype)


def tensor3(name: str | None = None, dtype: Any = None) -> Variable:
    """A 3-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,) * 3, name, dtype)


def tensor4(name: str | None = None, dtype: Any = None) -> Variable:
    """A 4-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,) * 4, name, dtype)


def tensor5(name: str | None = None, dtype: Any = None) -> Variable:
    """A 5-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,) * 5, name, dtype)


def tensor6(name: str | None = None, dtype: Any = None) -> Variable:
    """A 6-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,) * 6, name, dtype)


def tensor7(name: str | None = None, dtype: Any = None) -> Variable:
    """A 7-d variable, of config.floatX unless `dtype` says else."""
    return _make((None,) * 7, name, dtype)


class Several:
    """Makes several variables at once with a constructor of one.

    Example:
        >>> import theano.tensor as T
        >>> x, y = T.vectors("x", "y")
        >>> [v.name for v in T.fmatrices("ab")]
        ['a', 'b']
    """

    def __init__(self, one: Callable[..., Any]) -> None:
        self.one = one

    def __call__(self, *names: Any, **kwargs: Any) -> list[Variable]:
        """Variables called `names`; of one string, each letter is a name; of one number, so many without names."""
        if len(names) == 1:
            (names,) = names
            names = (None,) * names if isinstance(names, int) else names
        if not names:
            raise TypeError("Say how many variables, or their names; got neither.")
        return [self.one(name, **kwargs) for name in names]


def _several(*ones: Callable[..., Any]) -> list[Several]:
    return [Several(one) for one in ones]


scalars, fscalars, dscalars, iscalars, lscalars = _several(scalar, fscalar, dscalar, iscalar, lscalar)
vectors, fvectors, dvectors, ivectors, lvectors = _several(vector, fvector, dvector, ivector, lvector)
rows, frows, drows, irows, lrows = _several(row, frow, drow, irow, lrow)
cols, fcols, dcols, icols, lcols = _several(col, fcol, dcol, icol, lcol)
matrices, fmatrices, dmatrices, imatrices, lmatrices = _several(matrix, fmatrix, dmatrix, imatrix, lmatrix)
tensor3s, ftensor3s, dtensor3s, itensor3s, ltensor3s = _several(
    tensor3, ftensor3, dtensor3, itensor3, ltensor3
)
tensor4s, ftensor4s, dtensor4s, itensor4s, ltensor4s = _several(
    tensor4, ftensor4, dtensor4, itensor4, ltensor4
)
tensor5s, ftensor5s, dtensor5s, itensor5s, ltensor5s = _several(
    tensor5, ftensor5, dtensor5, itensor5, ltensor5
)
tensor6s, ftensor6s, dtensor6s, itensor6s, ltensor6s = _several(
    tensor6, ftensor6, dtensor6, itensor6, ltensor6
)
tensor7s, ftensor7s, dtensor7s, itensor7s, ltensor7s = _several(
    tensor7, ftensor7, dtensor7, itensor7, ltensor7
)
