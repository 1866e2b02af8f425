"""Tensor variables: what a user holds, with the operators and methods of an array."""

from __future__ import annotations

from typing import Any

from croton.errors import AsTensorError, ComplexError
from croton.graph.node import Apply, Constant, Variable
from croton.ops import (
    argmax,
    axes,
    creation,
    cumulate,
    diagonal,
    elementwise,
    elemwise,
    known,
    passing,
    reduce,
    repeat,
    search,
    statistics,
    truth,
)
from croton.ops import dot as products
from croton.ops import reshape as reshapes
from croton.ops import shape as shapes
from croton.ops import sort as orders
from croton.ops.cast import cast
from croton.ops.index import take
from croton.ops.index.getitem import getitem
from croton.ops.linalg import norm
from croton.vartypes.tensor import TensorType


class TensorOperators:
    """The operators and methods of an array, each of which makes a new variable."""

    type: Any
    owner: Apply | None

    # Arrays leave operators between them and a variable to the variable.
    __array_priority__ = 1000

    # -- type ------------------------------------------------------------------------------------------------
    dtype = property(lambda self: self.type.dtype)
    ndim = property(lambda self: self.type.ndim)
    broadcastable = property(lambda self: self.type.broadcastable)

    # -- arithmetic, comparison, bits -------------------------------------------------------------------------
    def __abs__(self) -> Any:
        return elementwise.abs_(self)

    def __neg__(self) -> Any:
        return elementwise.neg(self)

    def __invert__(self) -> Any:
        return elementwise.invert(self)

    def __lt__(self, other: Any) -> Any:
        return _compared(elementwise.lt(self, other))

    def __le__(self, other: Any) -> Any:
        return _compared(elementwise.le(self, other))

    def __gt__(self, other: Any) -> Any:
        return _compared(elementwise.gt(self, other))

    def __ge__(self, other: Any) -> Any:
        return _compared(elementwise.ge(self, other))

    def __bool__(self) -> bool:
        # `if x > 0:` can't mean what it says. Other variables are true, as all objects are by default.
        if self._is_comparison:
            raise TypeError(
                "Variables do not support boolean operations: the value of a comparison is not known while the graph "
                "is being built. Use T.switch or theano.ifelse.ifelse to choose by it."
            )
        return True

    _is_comparison = False

    def __add__(self, other: Any) -> Any:
        return _binary(elementwise.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _binary(elementwise.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _binary(elementwise.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _binary(elementwise.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _binary(elementwise.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _binary(elementwise.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _binary(elementwise.true_div, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary(elementwise.true_div, other, self)

    __div__, __rdiv__ = __truediv__, __rtruediv__

    def __floordiv__(self, other: Any) -> Any:
        return _binary(elementwise.int_div, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _binary(elementwise.int_div, other, self)

    def __mod__(self, other: Any) -> Any:
        return _binary(elementwise.mod_check, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _binary(elementwise.mod_check, other, self)

    def __divmod__(self, other: Any) -> Any:
        return elementwise.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return elementwise.divmod(other, self)

    def __pow__(self, other: Any) -> Any:
        return _binary(elementwise.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary(elementwise.pow, other, self)

    def __and__(self, other: Any) -> Any:
        return _binary(elementwise.and_, self, other)

    def __rand__(self, other: Any) -> Any:
        return _binary(elementwise.and_, other, self)

    def __or__(self, other: Any) -> Any:
        return _binary(elementwise.or_, self, other)

    def __ror__(self, other: Any) -> Any:
        return _binary(elementwise.or_, other, self)

    def __xor__(self, other: Any) -> Any:
        return _binary(elementwise.xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return _binary(elementwise.xor, other, self)

    # -- reductions, products, orders -------------------------------------------------------------------------
    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The sum of the elements along `axis`; see `theano.tensor.sum`."""
        return reduce.sum(self, axis, dtype, keepdims, acc_dtype)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The product of the elements along `axis`; see `theano.tensor.prod`."""
        return reduce.prod(self, axis, dtype, keepdims, acc_dtype)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The mean of the elements along `axis`; see `theano.tensor.mean`."""
        return statistics.mean(self, axis, dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        """The variance of the elements along `axis`; see `theano.tensor.var`."""
        return statistics.var(self, axis, ddof, keepdims, corrected)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        """The standard deviation of the elements along `axis`; see `theano.tensor.std`."""
        return statistics.std(self, axis, ddof, keepdims, corrected)

    def norm(self, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The L-norm of the elements along `axis`."""
        return statistics.norm(self, L, axis, keepdims)

    def ptp(self, axis: Any = None) -> Any:
        """The greatest element along `axis` less the least."""
        return statistics.ptp(self, axis)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The least element along `axis`."""
        return reduce.min(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The greatest element along `axis`."""
        return reduce.max(self, axis, keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Where the least element along `axis` is."""
        return argmax.argmin(self, axis, keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Where the greatest element along `axis` is."""
        return argmax.argmax(self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any element along `axis` is true (not zero)."""
        return truth.any(self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements along `axis` are true (not zero)."""
        return truth.all(self, axis, keepdims)

    def dot(self, right: Any) -> Any:
        """The product with `right`; see `theano.tensor.dot`."""
        return products.dot(self, right)

    def cumsum(self, axis: int | None = None) -> Any:
        """The running sum along `axis`."""
        return cumulate.cumsum(self, axis)

    def cumprod(self, axis: int | None = None) -> Any:
        """The running product along `axis`."""
        return cumulate.cumprod(self, axis)

    def sort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """The elements in ascending order along `axis`."""
        return orders.sort(self, axis, kind, order)

    def argsort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """The places of the elements in ascending order along `axis`."""
        return orders.argsort(self, axis, kind, order)

    def trace(self) -> Any:
        """The sum of the diagonal of this matrix."""
        return norm.trace(self)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        """Where the values `v` belong in this sorted vector."""
        return search.searchsorted(self, v, side, sorter)

    def __dot__(self, right: Any) -> Any:
        return products.dot(self, right)

    def __rdot__(self, left: Any) -> Any:
        return products.dot(left, self)

    # -- functions of each element ---------------------------------------------------------------------------
    def astype(self, dtype: Any) -> Any:
        """Each element as `dtype`."""
        return cast(self, dtype)

    def copy(self, name: str | None = None) -> Any:
        """The same values in memory of their own."""
        made = elementwise.tensor_copy(self)
        made.name = name
        return made

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Each element brought between `a_min` and `a_max`."""
        return elementwise.clip(self, a_min, a_max)

    def round(self, mode: str | None = None) -> Any:
        """The nearest whole numbers; see `theano.tensor.round`."""
        return elementwise.round(self, mode)

    def fill(self, value: Any) -> Any:
        """`value`, as often as there are elements."""
        return elementwise.fill(self, value)

    real = property(lambda self: elementwise.real(self))
    imag = property(lambda self: elementwise.imag(self))

    def conj(self) -> Any:
        """Complex conjugates."""
        return elementwise.conj(self)

    conjugate = conj

    def exp(self) -> Any:
        """e to the power of each element."""
        return elementwise.exp(self)

    def exp2(self) -> Any:
        """2 to the power of each element."""
        return elementwise.exp2(self)

    def expm1(self) -> Any:
        """exp(x) - 1, accurate for small |x|."""
        return elementwise.expm1(self)

    def log(self) -> Any:
        """Natural logarithms."""
        return elementwise.log(self)

    def log2(self) -> Any:
        """Logarithms to the base 2."""
        return elementwise.log2(self)

    def log10(self) -> Any:
        """Logarithms to the base 10."""
        return elementwise.log10(self)

    def log1p(self) -> Any:
        """log(1 + x), accurate for small |x|."""
        return elementwise.log1p(self)

    def sqrt(self) -> Any:
        """Square roots."""
        return elementwise.sqrt(self)

    def ceil(self) -> Any:
        """Smallest whole numbers that are not smaller."""
        return elementwise.ceil(self)

    def floor(self) -> Any:
        """Greatest whole numbers that are not greater."""
        return elementwise.floor(self)

    def trunc(self) -> Any:
        """Whole numbers without the fractions."""
        return elementwise.trunc(self)

    def sin(self) -> Any:
        """Sines."""
        return elementwise.sin(self)

    def cos(self) -> Any:
        """Cosines."""
        return elementwise.cos(self)

    def tan(self) -> Any:
        """Tangents."""
        return elementwise.tan(self)

    def arcsin(self) -> Any:
        """Inverse sines."""
        return elementwise.arcsin(self)

    def arccos(self) -> Any:
        """Inverse cosines."""
        return elementwise.arccos(self)

    def arctan(self) -> Any:
        """Inverse tangents."""
        return elementwise.arctan(self)

    def sinh(self) -> Any:
        """Hyperbolic sines."""
        return elementwise.sinh(self)

    def cosh(self) -> Any:
        """Hyperbolic cosines."""
        return elementwise.cosh(self)

    def tanh(self) -> Any:
        """Hyperbolic tangents."""
        return elementwise.tanh(self)

    def arcsinh(self) -> Any:
        """Inverse hyperbolic sines."""
        return elementwise.arcsinh(self)

    def arccosh(self) -> Any:
        """Inverse hyperbolic cosines."""
        return elementwise.arccosh(self)

    def arctanh(self) -> Any:
        """Inverse hyperbolic tangents."""
        return elementwise.arctanh(self)

    def deg2rad(self) -> Any:
        """From degrees to radians."""
        return elementwise.deg2rad(self)

    def rad2deg(self) -> Any:
        """From radians to degrees."""
        return elementwise.rad2deg(self)

    __floor__, __ceil__, __trunc__ = floor, ceil, trunc

    # -- lengths and axes ------------------------------------------------------------------------------------
    shape = property(lambda self: shapes.shape(self))
    size = property(lambda self: shapes.size(self))

    def reshape(self, shape: Any, ndim: int | None = None) -> Any:
        """The elements in another shape; see `theano.tensor.reshape`."""
        if ndim is not None and not isinstance(ndim, int):
            raise ValueError(
                f"Expected ndim to be an integer, is {type(ndim)}: give the shape as one list or tuple."
            )
        return reshapes.reshape(self, shape, ndim)

    def flatten(self, ndim: int = 1) -> Any:
        """`ndim` axes: all from axis `ndim - 1` on become one."""
        return reshapes.flatten(self, ndim)

    def ravel(self) -> Any:
        """One axis."""
        return reshapes.flatten(self)

    def dimshuffle(self, *pattern: Any) -> Any:
        """The axes in the order of `pattern`, which may name new ones of length 1 by 'x'."""
        return elemwise.dimshuffle(self, *pattern)

    def transpose(self, *order: Any) -> Any:
        """The axes in the given order, or in reverse order."""
        if len(order) == 1 and (order[0] is None or isinstance(order[0], (list, tuple))):
            (order,) = order
        return axes.transpose(self, order or None)

    T = property(lambda self: axes.transpose(self))

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes in each other's place."""
        return axes.swapaxes(self, axis1, axis2)

    def squeeze(self) -> Any:
        """Without the axes of length 1, so far as they are known."""
        return axes.squeeze(self)

    def zeros_like(self, dtype: Any = None) -> Any:
        """Zeros in the same shape."""
        return creation.zeros_like(self, dtype)

    def ones_like(self, dtype: Any = None) -> Any:
        """Ones in the same shape."""
        return creation.ones_like(self, dtype)

    def get_scalar_constant_value(self) -> Any:
        """The one number that stands in every element; see `theano.tensor.get_scalar_constant_value`."""
        return known.get_scalar_constant_value(self)

    # -- parts -----------------------------------------------------------------------------------------------
    def __getitem__(self, args: Any) -> Any:
        return getitem(self, args)

    def take(self, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
        """Places of an axis; see `theano.tensor.take`."""
        return take.take(self, indices, axis, mode)

    def choose(self, choices: Any, out: Any = None, mode: str = "raise") -> Any:
        """Elements of the choices that the numbers here name; see `theano.tensor.choose`."""
        return take.choose(self, choices, out, mode)

    def compress(self, a: Any, axis: int | None = None) -> Any:
        """The places of an axis of `a` for which this vector is not zero."""
        return take.compress(self, a, axis)

    def nonzero(self, return_matrix: bool = False) -> Any:
        """The places of the elements that are not zero; see `theano.tensor.nonzero`."""
        return take.nonzero(self, return_matrix)

    def nonzero_values(self) -> Any:
        """The elements that are not zero."""
        return take.nonzero_values(self)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """A diagonal; see `theano.tensor.diagonal`."""
        return diagonal.diagonal(self, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each place of an axis several times over; see `theano.tensor.repeat`."""
        return repeat.repeat(self, repeats, axis)

    def transfer(self, target: str) -> Any:
        """The variable on another device."""
        return passing.transfer(self, target)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "'TensorVariable' object does not support item assignment: variables do not change. Make a new one, "
            "x = T.set_subtensor(x[...], value), or T.inc_subtensor(x[...], value) for +=."
        )

    def __iter__(self) -> Any:
        try:
            length = known.get_vector_length(self)
        except TypeError:
            # So that Python's own sum, max … do not fall back to counting up indices for ever.
            raise TypeError(
                "TensorType does not support iteration. Maybe you are using builtin.sum instead of theano.tensor.sum? "
                "(Maybe .max?) To loop over the first axis, use theano.scan."
            ) from None
        return iter([self[i] for i in range(length)])


def _binary(operation: Any, x: Any, y: Any) -> Any:
    """`operation`, or NotImplemented where an operand can't become a tensor, so that it may answer itself."""
    try:
        return operation(x, y)
    except ComplexError:
        raise
    except (NotImplementedError, AsTensorError):
        return NotImplemented


def _compared(made: Any) -> Any:
    """The variable `made`, marked as what `if` can't ask."""
    made._is_comparison = True
    return made


class TensorVariable(TensorOperators, Variable):
    """A tensor that is not known yet."""


class TensorConstant(TensorOperators, Constant):
    """A tensor whose value is known."""

    def __str__(self) -> str:
        data = self.data
        if self.name is None and data.ndim and data.size and bool((data == data.flat[0]).all()):
            return f"{type(self).__name__}{{{data.shape} of {data.flat[0]}}}"
        return super().__str__()


TensorType.variable_class = TensorVariable
TensorType.constant_class = TensorConstant
TensorType.rebroadcast = staticmethod(shapes.patternbroadcast)
