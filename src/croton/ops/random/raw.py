"""Draws from NumPy's legacy generator: operations from a state to a new state and an array of numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from croton.config import config
from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.convert import as_tensor_variable
from croton.ops.permute import permute_row_elements
from croton.ops.random import one_by_one
from croton.ops.random.shapes import shape_of_draw
from croton.vartypes.dtype import upcast
from croton.vartypes.null import NullType
from croton.vartypes.random import RandomStateType
from croton.vartypes.tensor import TensorType


class RandomFunction(Op):
    """A draw: from a state, a shape and parameters to the state after it and the numbers.

    fn          a method of numpy.random.RandomState by its name, or a function f(state, *parameters, shape)
    outtype     the type of the numbers
    inplace     whether the state itself may be moved on, rather than a copy of it
    ndim_added  how many axes the numbers have besides those of the shape

    Shapes:    the shape; an empty vector stands for the one that the parameters broadcast to
    Gradient:  undefined
    Errors:    ValueError at run time when the numbers are not of the shape or number of axes that was promised
    """

    __props__ = ("fn", "outtype", "inplace", "ndim_added")
    is_dear = True

    def __init__(
        self, fn: str | Callable[..., Any], outtype: Type, inplace: bool = False, ndim_added: int = 0
    ) -> None:
        self.fn = fn
        self.outtype: Any = outtype
        self.inplace = inplace
        self.ndim_added = ndim_added
        if inplace:
            self.destroy_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        state, shape, *parameters = inputs
        if not isinstance(getattr(state, "type", None), RandomStateType):
            raise TypeError(f"{self} draws from a variable of RandomStateType; got {state!r}.")
        if isinstance(shape, (tuple, list)) and not shape:
            shape = np.zeros(0, "int64")
        size = as_tensor_variable(shape, ndim=1)
        if size.type.dtype not in ("int64", "int32"):
            raise TypeError(f"The shape of a draw must be of integers; got {size} of type {size.type}.")
        return Apply(
            self, [state, size, *map(as_tensor_variable, parameters)], [state.type(), self.outtype()]
        )

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        size = node.inputs[1]
        if self.ndim_added or np.size(getattr(size, "data", 1)) == 0:
            raise ShapeError(f"The shape of {self} is known only after the draw.")
        return [None, tuple(size[i] for i in range(node.outputs[1].type.ndim))]

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        state, size, *parameters = inputs
        shape = tuple(int(n) for n in size) if len(size) else None
        if shape is not None and self.outtype.ndim != len(shape) + self.ndim_added:
            raise ShapeError(
                f"{self} was to give {self.outtype.ndim} axes, but is asked for the shape {shape}"
                + (f" with {self.ndim_added} more axes." if self.ndim_added else ".")
            )
        if not self.inplace:
            # A shallow copy would go on drawing from the same bit generator.
            state = copy.deepcopy(state)
        draw = getattr(np.random.RandomState, self.fn) if isinstance(self.fn, str) else self.fn
        drawn = np.asarray(draw(state, *parameters, shape)).astype(self.outtype.dtype, copy=False)
        if shape is None and drawn.ndim == 0:
            drawn = drawn.reshape([1] * self.outtype.ndim)
        self._check(drawn, shape)
        output_storage[0][0] = state
        output_storage[1][0] = drawn

    def _check(self, drawn: np.ndarray, shape: tuple[int, ...] | None) -> None:
        """Raise ShapeError unless the numbers are of the promised shape."""
        if drawn.ndim != self.outtype.ndim:
            raise ShapeError(
                f"{self} was to give {self.outtype.ndim} axes, but what was drawn has shape {drawn.shape}."
            )
        if shape is not None and drawn.shape[: drawn.ndim - self.ndim_added] != shape:
            raise ShapeError(
                f"{self} was asked for the shape {shape}, but what was drawn has shape {drawn.shape}."
            )

    makes_new_memory: ClassVar[bool] = True
    # A state that nothing else reads may be moved on itself: copying it takes longer than most draws.
    writes_over: ClassVar[int] = 0

    def in_place(self) -> RandomFunction:
        """The same draw, from the state itself: whoever asks for it has seen that nothing else reads that."""
        made = RandomFunction(self.fn, self.outtype, inplace=True, ndim_added=self.ndim_added)
        made.destroy_map = {}
        return made

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return [
            NullType(f"{self} draws random numbers: no gradient is defined through them.")() for _ in inputs
        ]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None for _ in eval_points]

    def __str__(self) -> str:
        return f"RandomFunction{{{self.fn if isinstance(self.fn, str) else self.fn.__name__}}}"


def _draw(
    fn: str | Callable[..., Any],
    state: Variable,
    dtype: str,
    ndim: int | None,
    size: Any,
    *parameters: Variable,
) -> list[Variable]:
    shape, pattern = shape_of_draw(ndim, size, *parameters)
    made: list[Variable] = RandomFunction(fn, TensorType(dtype, pattern))(state, shape, *parameters)
    return made


def _float_dtype(dtype: str | None, *parameters: Variable) -> str:
    """The data type asked for; else one that holds the parameters, and at least floatX."""
    return upcast(config.floatX, *(p.type.dtype for p in parameters)) if dtype is None else dtype


def uniform(
    random_state: Variable, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None,
    dtype: str | None = None,
) -> list[Variable]:  # fmt: skip
    """The new state, and numbers evenly spread between `low` and `high`."""
    low, high = as_tensor_variable(low), as_tensor_variable(high)
    return _draw("uniform", random_state, _float_dtype(dtype, low, high), ndim, size, low, high)


def normal(
    random_state: Variable, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
    dtype: str | None = None,
) -> list[Variable]:  # fmt: skip
    """The new state, and normally distributed numbers of mean `avg` and standard deviation `std`."""
    avg, std = as_tensor_variable(avg), as_tensor_variable(std)
    return _draw("normal", random_state, _float_dtype(dtype, avg, std), ndim, size, avg, std)


def binomial(
    random_state: Variable, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None, dtype: str = "int64",
    prob: Any = None,
) -> list[Variable]:  # fmt: skip
    """The new state, and how many of `n` trials succeed, each with probability `p` (by its older name, `prob`)."""
    n, p = as_tensor_variable(n), as_tensor_variable(p if prob is None else prob)
    shape, pattern = shape_of_draw(ndim, size, n, p)
    made: list[Variable] = RandomFunction("binomial", TensorType(dtype, [None] * len(pattern)))(
        random_state, shape, n, p
    )
    return made


def random_integers(
    random_state: Variable, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None,
    dtype: str = "int64",
) -> list[Variable]:  # fmt: skip
    """The new state, and integers from `low` to `high`, both included."""
    low, high = as_tensor_variable(low), as_tensor_variable(high)
    return _draw(one_by_one.random_integers_helper, random_state, dtype, ndim, size, low, high)


def choice(
    random_state: Variable, size: Any = None, a: Any = 2, replace: Any = True, p: Any = None, ndim: int | None = None,
    dtype: str = "int64",
) -> list[Variable]:  # fmt: skip
    """The new state, and elements of the vector `a` (or of 0, …, a - 1) with probabilities `p`, or all alike."""
    replace = as_tensor_variable(np.int8(replace) if isinstance(replace, bool) else replace)
    # An empty vector says that there are no probabilities.
    p = as_tensor_variable(np.zeros(0, str(config.floatX)) if p is None else p)
    shape, pattern = shape_of_draw(ndim, size)
    made: list[Variable] = RandomFunction(one_by_one.choice_helper, TensorType(dtype, pattern))(
        random_state, shape, as_tensor_variable(a), replace, p
    )
    return made


def poisson(
    random_state: Variable, size: Any = None, lam: Any = 1.0, ndim: int | None = None, dtype: str = "int64"
) -> list[Variable]:
    """The new state, and how many of many rare events happen, of which `lam` are expected."""
    shape, pattern = shape_of_draw(ndim, size)
    made: list[Variable] = RandomFunction("poisson", TensorType(dtype, pattern))(
        random_state, shape, as_tensor_variable(lam)
    )
    return made


def permutation(
    random_state: Variable, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: str = "int64"
) -> list[Variable]:
    """The new state, and for each place of `size` the numbers 0, …, n - 1 in random order, along a last axis.

    Errors: TypeError when there is no size but an `ndim` other than 1
    """
    if size is None or (isinstance(size, (tuple, list)) and not size):
        if ndim not in (None, 1):
            raise TypeError(f"One permutation has one axis, so there is no ndim to choose; got ndim={ndim}.")
        size, ndim = (), None
    shape, pattern = shape_of_draw(ndim, size)
    kind = TensorType(dtype, (*pattern, False))
    made: list[Variable] = RandomFunction(one_by_one.permutation_helper, kind, ndim_added=1)(
        random_state, shape, as_tensor_variable(n)
    )
    return made


def multinomial(
    random_state: Variable, size: Any = None, n: Any = 1, pvals: Any = (0.5, 0.5), ndim: int | None = None,
    dtype: str = "int64",
) -> list[Variable]:  # fmt: skip
    """The new state, and how often each outcome comes in `n` trials; `pvals` has probabilities along its last axis."""
    n, pvals = as_tensor_variable(n), as_tensor_variable(pvals)
    of_row = pvals.dimshuffle(pvals.type.ndim - 1, *range(pvals.type.ndim - 1))[0]
    shape, pattern = shape_of_draw(ndim, size, n, of_row)
    kind = TensorType(dtype, (*pattern, pvals.type.broadcastable[-1]))
    made: list[Variable] = RandomFunction(one_by_one.multinomial_helper, kind, ndim_added=1)(
        random_state, shape, n, pvals
    )
    return made


class RandomStreamsBase:
    """The distributions as methods. `gen(op, *arguments)` of a subclass gives the numbers, and keeps the new state."""

    def gen(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Variable:
        """The numbers that `op` draws from a state of its own."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its states lie")

    def binomial(
        self, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None, dtype: str = "int64",
        prob: Any = None,
    ) -> Variable:  # fmt: skip
        """How many of `n` trials succeed, each with probability `p`."""
        return self.gen(binomial, size, n, p, ndim=ndim, dtype=dtype, prob=prob)

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: str | None = None
    ) -> Variable:  # fmt: skip
        """Numbers evenly spread between `low` and `high`."""
        return self.gen(uniform, size, low, high, ndim=ndim, dtype=dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: str | None = None
    ) -> Variable:  # fmt: skip
        """Normally distributed numbers of mean `avg` and standard deviation `std`."""
        return self.gen(normal, size, avg, std, ndim=ndim, dtype=dtype)

    def random_integers(
        self, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None, dtype: str = "int64"
    ) -> Variable:
        """Integers from `low` to `high`, both included."""
        return self.gen(random_integers, size, low, high, ndim=ndim, dtype=dtype)

    def choice(
        self, size: Any = None, a: Any = 2, replace: Any = True, p: Any = None, ndim: int | None = None,
        dtype: str = "int64",
    ) -> Variable:  # fmt: skip
        """Elements of the vector `a` (or of 0, …, a - 1) with probabilities `p`, or all alike."""
        return self.gen(choice, size, a, replace, p, ndim=ndim, dtype=dtype)

    def poisson(
        self, size: Any = None, lam: Any = None, ndim: int | None = None, dtype: str = "int64"
    ) -> Variable:
        """How many of many rare events happen, of which `lam` are expected."""
        return self.gen(poisson, size, lam, ndim=ndim, dtype=dtype)

    def permutation(
        self, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: str = "int64"
    ) -> Variable:
        """For each place of `size` the numbers 0, …, n - 1 in random order, along a last axis."""
        return self.gen(permutation, size, n, ndim=ndim, dtype=dtype)

    def multinomial(
        self, size: Any = None, n: Any = 1, pvals: Any = (0.5, 0.5), ndim: int | None = None, dtype: str = "int64"
    ) -> Variable:  # fmt: skip
        """How often each outcome comes in `n` trials; `pvals` has probabilities along its last axis."""
        return self.gen(multinomial, size, n, pvals, ndim=ndim, dtype=dtype)

    def shuffle_row_elements(self, input: Any) -> Variable:
        """Each row (along the last axis) in a random order of its own."""
        rows: Any = as_tensor_variable(input)
        ndim = rows.type.ndim
        order = self.permutation(
            size=rows.shape[:-1] if ndim > 1 else (),
            n=rows.shape[-1],
            ndim=ndim - 1 if ndim > 1 else None,
        )
        return permute_row_elements(rows, order)
