"""The house's own operations: one class with its type rule, evaluation, gradient, lowering, samples and errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, dataclass_transform

import numpy as np

from croton.errors import MethodNotDefined
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.convert import as_tensor_variable
from croton.util.record import field, record


@record(frozen=True)
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


@record(frozen=True)
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


class FieldsAsArguments:
    """What `inspect.signature` reads of a class of operations: its fields are the arguments of its constructor."""

    def __get__(self, operation: Any, cls: Any) -> inspect.Signature:
        if operation is not None or cls.__init__ is not _fill_fields:
            raise AttributeError("__signature__")
        return inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=inspect.Parameter.empty if default is _MISSING else default,
                )
                for name, default in zip(cls.__props__, cls.field_defaults, strict=True)
            ]
        )


class Primitive(Op):
    """An operation of the house.

    Its parts, always in this order:

    infer(*xs)            output type, or list of types, from the input variables
    infer_shape(node, s)  output shapes from input shapes; may be left out when all outputs are as the first input
    eval(xp, *values)     reference evaluation on NumPy arrays; with xp=jax.numpy, what JAX traces
    grad(xs, ys, gs)      cotangents of the inputs from inputs, outputs and cotangents of the outputs; of the
                          latter, None is a disconnected output; None in the result, a disconnected input
    push(xs, ys, moved, jvp)  derivatives of the outputs along those of the inputs (None: does not move), for operations
                          that hold graphs: jvp(directions, outputs) does it for these; without it, by grad twice
    lower(b, xs, ys)      loop IR for the native backend; without it the native backend calls `eval` back
    samples, errors       what the registry tests run

    Fields are declared as in a dataclass; they are the operation's identity (`__props__`).
    """

    __signature__: ClassVar[Any] = FieldsAsArguments()
    op_name: ClassVar[str]
    field_defaults: ClassVar[tuple[Any, ...]] = ()
    samples: ClassVar[Sequence[S]] = ()
    errors: ClassVar[Sequence[E]] = ()
    lower: ClassVar[Any] = None
    # Whether its value is worth storing for the gradient of a loop, instead of computing it twice.
    is_dear: ClassVar[bool] = False

    def prepare(self, *args: Any) -> list[Variable]:
        """The arguments of a call as variables."""
        return [as_tensor_variable(a) for a in args]

    def infer(self, *xs: Any) -> Type | Sequence[Type]:
        """The type of the output, or the types of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no type rule")

    def eval(self, xp: Any, *values: Any) -> Any:
        """The value of the output, or a tuple of those of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no evaluation")

    def __post_init__(self) -> None:
        """Bring the fields into the form that makes equal operations equal."""

    def make_node(self, *inputs: Any) -> Apply:
        least, named = _named_inputs(type(self))
        if named is not None and len(inputs) > len(named):
            raise _wrong_count(self, named, inputs)
        try:
            variables = self.prepare(*inputs)
        except IndexError:
            if named is not None and len(inputs) < len(named):
                raise _wrong_count(self, named, inputs) from None
            raise
        if named is not None and len(variables) < least:
            raise _wrong_count(self, named, inputs)
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


def _named_inputs(cls: type[Primitive]) -> tuple[int, tuple[str, ...] | None]:
    """The least number of inputs of an operation, and all, as its type rule names them; None for any number."""
    code = cls.infer.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return 0, None
    return code.co_argcount - 1 - len(cls.infer.__defaults__ or ()), code.co_varnames[1 : code.co_argcount]


def _wrong_count(operation: Primitive, named: Sequence[str], given: Sequence[Any]) -> TypeError:
    return TypeError(
        f"{operation} takes {len(named)} input{'s' * (len(named) != 1)} ({', '.join(named)}); got {len(given)}"
        f"{': ' if given else ''}{', '.join(map(str, given))}."
    )


_MISSING = object()


def _fill_fields(self: Any, *args: Any, **kwargs: Any) -> None:
    """The constructor of an operation: its fields, by position or by name."""
    cls = type(self)
    names = cls.__props__
    if len(args) > len(names):
        raise TypeError(f"{cls.__name__} takes {len(names)} arguments ({', '.join(names)}); got {len(args)}.")
    given = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in names or name in given:
            why = "twice" if name in given else "which it does not have"
            raise TypeError(
                f"{cls.__name__} got the argument {name!r} {why}; it takes {', '.join(names) or 'none'}."
            )
        given[name] = value
    for name, default in zip(names, cls.field_defaults, strict=True):
        value = given.get(name, default)
        if value is _MISSING:
            raise TypeError(f"{cls.__name__} needs the argument {name!r}.")
        setattr(self, name, value)
    cls.__post_init__(self)


def _own_fields(cls: type) -> list[str]:
    notes = inspect.get_annotations(cls)
    return [name for name, note in notes.items() if not str(note).startswith(("ClassVar", "typing.ClassVar"))]


@dataclass_transform()
def op(name: str) -> Callable[[type[Primitive]], Any]:
    """Make a class an operation of the house called `name`: its annotated fields become its identity.

    What a dataclass would do, without the code that it writes and compiles for each class: that was a fifth of the time
    it takes to import the library.
    """

    def decorate(cls: type[Primitive]) -> Any:
        own = inspect.get_annotations(cls)
        inherited = [n for n in getattr(cls, "__props__", ()) if n not in own]
        names = (*inherited, *_own_fields(cls))
        cls.op_name = name
        cls.__props__ = names
        cls.field_defaults = tuple(getattr(cls, n, _MISSING) for n in names)
        if "__init__" not in cls.__dict__:
            cls.__init__ = _fill_fields  # type: ignore[method-assign]
        REGISTRY[name] = cls
        return cls

    return decorate
