"""Python functions as operations."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

from croton.graph.node import Apply
from croton.graph.op import Op
from croton.graph.type import Type


class FromFunctionOp(Op):
    """A Python function of values, with the types of its inputs and outputs.

    `infer_shape(node, shapes)`, where given, says the shapes of the outputs.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        itypes: Sequence[Type],
        otypes: Sequence[Type],
        infer_shape: Callable[..., Any] | None = None,
    ) -> None:
        self._fn = fn
        self.itypes = list(itypes)
        self.otypes = list(otypes)
        self.__name__ = fn.__name__
        if infer_shape is not None:
            self.infer_shape = infer_shape  # type: ignore[method-assign]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._fn == other._fn

    def __hash__(self) -> int:
        return hash((FromFunctionOp, self._fn))

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self._fn(*inputs)
        if len(output_storage) == 1:
            made = (made,)
        if len(made) != len(output_storage):
            raise ValueError(f"{self} is to give {len(output_storage)} values; it returned {len(made)}.")
        for cell, value in zip(output_storage, made, strict=True):
            cell[0] = value

    def __reduce__(self) -> Any:
        module = __import__(self._fn.__module__, fromlist=["x"])
        if getattr(module, self.__name__, None) is not self:
            raise pickle.PicklingError(
                f"{self} can't be pickled: in its module {module.__name__}, that name must be the operation."
            )
        return load_back, (self._fn.__module__, self.__name__)

    def __str__(self) -> str:
        return f"FromFunctionOp{{{self.__name__}}}"


def load_back(mod: str, name: str) -> Any:
    """What is called `name` in the module `mod`."""
    return getattr(__import__(mod, fromlist=["x"]), name)


def as_op(
    itypes: Any, otypes: Any, infer_shape: Callable[..., Any] | None = None
) -> Callable[[Callable[..., Any]], FromFunctionOp]:
    """Make a Python function of values an operation on variables. To be used as a decorator.

    Errors:  TypeError for what is no type, or no list of types
    Example:
        >>> import theano.tensor as T
        >>> from theano.compile.ops import as_op
        >>> @as_op(itypes=[T.dvector], otypes=[T.dvector])
        ... def doubled(x):
        ...     return x + x
        >>> doubled(T.dvector()).type
        TensorType(float64, vector)
    """
    ins, outs = _types(itypes), _types(otypes)
    if infer_shape is not None and not callable(infer_shape):
        raise TypeError("infer_shape must be a function of a node and shapes.")

    def decorate(fn: Callable[..., Any]) -> FromFunctionOp:
        return FromFunctionOp(fn, ins, outs, infer_shape)

    return decorate


def _types(given: Any) -> list[Type]:
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    for kind in listed:
        if not isinstance(kind, Type):
            raise TypeError(f"itypes and otypes must be types or lists of types; got {kind!r}.")
    return listed


def register_c_code(*args: Any, **kwargs: Any) -> None:
    """C code for a type of a user's own: accepted, and not used; such types run in Python."""
