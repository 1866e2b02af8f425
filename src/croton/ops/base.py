"""The house's own operations: one class with its type rule, evaluation, gradient, lowering, samples and errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, dataclass_transform

import numpy as np

from croton.errors import MethodNotDefined
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.convert import as_tensor_variable


@dataclass(frozen=True, slots=True)
class S:
    """A sample of an operation's use: what the registry tests run on every backend.

    `inputs` are shapes or arrays (a shape is filled with seeded values of `dtype` in `domain`);
    `params` are the operation's fields.
    """

    inputs: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    dtype: str = "float64"
    domain: tuple[float, float] = (-2.0, 2.0)
    grad: bool = True

    def __init__(
        self,
        *inputs: Any,
        dtype: str = "float64",
        domain: tuple[float, float] = (-2.0, 2.0),
        grad: bool = True,
        **params: Any,
    ):
        for name, value in (
            ("inputs", inputs),
            ("params", params),
            ("dtype", dtype),
            ("domain", domain),
            ("grad", grad),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class E:
    """A wrong use of an operation: the error class it `raises` and what the message `says`."""

    inputs: tuple[Any, ...]
    params: dict[str, Any]
    raises: type[BaseException]
    says: str
    dtype: str = "float64"

    def __init__(
        self, *inputs: Any, raises: type[BaseException], says: str, dtype: str = "float64", **params: Any
    ):
        for name, value in (
            ("inputs", inputs),
            ("params", params),
            ("raises", raises),
            ("says", says),
            ("dtype", dtype),
        ):
            object.__setattr__(self, name, value)


REGISTRY: dict[str, type[Primitive]] = {}


class Primitive(Op):
    """An operation of the house.

    Its parts, always in this order:

    infer(*xs)            output type, or list of types, from the input variables
    infer_shape(node, s)  output shapes from input shapes; may be left out when all outputs are as the first input
    eval(xp, *values)     reference evaluation on NumPy arrays; with xp=jax.numpy, what JAX traces
    grad(xs, ys, gs)      cotangents of the inputs from inputs, outputs and cotangents of the outputs; of the
                          latter, None is a disconnected output; None in the result, a disconnected input
    lower(b, xs, ys)      loop IR for the native backend; without it the native backend calls `eval` back
    samples, errors       what the registry tests run

    Fields are declared as in a dataclass; they are the operation's identity (`__props__`).
    """

    op_name: ClassVar[str]
    samples: ClassVar[Sequence[S]] = ()
    errors: ClassVar[Sequence[E]] = ()
    lower: ClassVar[Any] = None

    def prepare(self, *args: Any) -> list[Variable]:
        """The arguments of a call as variables."""
        return [as_tensor_variable(a) for a in args]

    def infer(self, *xs: Any) -> Type | Sequence[Type]:
        """The type of the output, or the types of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no type rule")

    def eval(self, xp: Any, *values: Any) -> Any:
        """The value of the output, or a tuple of those of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no evaluation")

    def make_node(self, *inputs: Any) -> Apply:
        variables = self.prepare(*inputs)
        kinds = self.infer(*variables)
        if isinstance(kinds, Type):
            kinds = (kinds,)
        return Apply(self, variables, [kind() for kind in kinds])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        values = self.eval(np, *inputs)
        if len(node.outputs) == 1:
            values = (values,)
        for cell, value, out in zip(output_storage, values, node.outputs, strict=True):
            dtype = getattr(out.type, "numpy_dtype", None)
            cell[0] = value if dtype is None else np.asarray(value, dtype=dtype)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0]] * len(node.outputs)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        """The cotangents of the inputs."""
        raise MethodNotDefined("grad", type(self), type(self).__name__)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return self.grad(inputs, outputs, output_grads)


@dataclass_transform()
def op(name: str) -> Callable[[type[Primitive]], Any]:
    """Make a class an operation of the house called `name`: its annotated fields become its identity."""

    def decorate(cls: type[Primitive]) -> Any:
        own_str = cls.__str__
        made: Any = dataclasses.dataclass(eq=False, repr=False)(cls)
        made.op_name = name
        made.__props__ = tuple(f.name for f in dataclasses.fields(made))
        made.__str__ = own_str
        REGISTRY[name] = made
        return made

    return decorate
