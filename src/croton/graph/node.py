"""The nodes of a program: variables, constants, and the applications of operations that make variables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from croton.graph import origin
from croton.graph.order import toposort
from croton.graph.type import Type
from croton.util.slots import Slotted

if TYPE_CHECKING:
    from croton.graph.op import Op

_serial = itertools.count()


class scratchpad:
    """Free room for notes on a variable, an application or an operation (`tag.test_value`, `tag.my_note`)."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __repr__(self) -> str:
        return f"tag({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"

    def copy(self) -> scratchpad:
        """A tag with the same notes."""
        made = scratchpad()
        made.__dict__.update(self.__dict__)
        return made


class Node(Slotted):
    """What a graph is made of: a variable, or the application of an operation."""

    __slots__ = ()


class Apply(Node):
    """One application of an operation to inputs, and the outputs it makes.

    `origin` is the user's line that made it, innermost frame first; `tag.story` names what made it after the user: the
    rules of rewrites, and gradients.
    """

    __slots__ = ("__weakref__", "inputs", "op", "origin", "outputs", "tag")

    def __init__(self, op: Op, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.op = op
        self.inputs: list[Variable] = []
        self.outputs: list[Variable] = []
        self.tag = scratchpad()
        self.origin = origin.capture()
        if origin.maker is not None:
            self.tag.story = (origin.maker,)
        if not isinstance(inputs, (list, tuple)):
            raise TypeError(f"The inputs of an Apply must be a list or tuple; got {type(inputs).__name__}.")
        if not isinstance(outputs, (list, tuple)):
            raise TypeError(f"The outputs of an Apply must be a list or tuple; got {type(outputs).__name__}.")
        for variable in inputs:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The inputs of an Apply must be Variables; got {variable!r} of type {type(variable).__name__}."
                )
            self.inputs.append(variable)
        for i, variable in enumerate(outputs):
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The outputs of an Apply must be Variables; got {variable!r} of type {type(variable).__name__}."
                )
            if variable.owner is not None and (variable.owner is not self or variable.index != i):
                raise ValueError(f"Output {i} of {op} already belongs to another Apply: {variable.owner}.")
            variable.owner = self
            variable.index = i
            self.outputs.append(variable)

    nin = property(lambda self: len(self.inputs))
    nout = property(lambda self: len(self.outputs))

    @property
    def out(self) -> Variable:
        """The default output."""
        return self.default_output()

    def default_output(self) -> Variable:
        """The output that stands for the application where one variable is expected.

        Errors: ValueError when there are several outputs and the operation names no default.
        """
        at = getattr(self.op, "default_output", None)
        if at is None:
            if len(self.outputs) == 1:
                return self.outputs[0]
            raise ValueError(f"{self.op} has {len(self.outputs)} outputs and no default output.")
        if not 0 <= at < len(self.outputs):
            raise ValueError(
                f"{self.op}.default_output is {at}, out of range for {len(self.outputs)} outputs."
            )
        chosen: Variable = self.outputs[at]
        return chosen

    @property
    def fgraph(self) -> Any:
        """The graph that is being rewritten with it. Errors: AttributeError where there is none"""
        return self.outputs[0].fgraph  # type: ignore[attr-defined]

    @property
    def params_type(self) -> Any:
        """The type of what the operation gives its `perform` last; None where it gives nothing."""
        return getattr(self.op, "params_type", None)

    def run_params(self) -> Any:
        """What the operation gives its `perform` last; None where it gives nothing."""
        return None if self.params_type is None else self.params_type.filter(self.op.get_params(self))

    def get_parents(self) -> list[Variable]:
        """The inputs."""
        return list(self.inputs)

    def clone(self) -> Apply:
        """A new application of the same operation to the same inputs, with new outputs."""
        return self.clone_with_new_inputs(self.inputs)

    def clone_with_new_inputs(self, inputs: Sequence[Variable], strict: bool = True) -> Apply:
        """The same operation applied to other inputs.

        Under `strict`, inputs of other types than the present ones are converted to those. Where the types still
        differ, or more or less is known of them, the operation is applied anew: its outputs may be of other types.
        """
        remake = False
        new_inputs = list(inputs)
        for i, (old, new) in enumerate(zip(self.inputs, new_inputs, strict=True)):
            if strict and old.type != new.type:
                new_inputs[i] = new = old.type.filter_variable(new)
            remake = remake or not old.type.is_same(new.type)
        with origin.inherit(self.origin):
            if remake:
                return self.op.make_node(*new_inputs)
            made = Apply(self.op, new_inputs, [out.clone() for out in self.outputs])
        made.tag = self.tag.copy()
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        for out in self.outputs:
            out.__dict__["_comes_with_owner"] = True
        return super().__reduce_ex__(protocol)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.inputs))})"

    __repr__ = __str__


class Variable(Node):
    """A value of a program that is not known yet.

    It is an input (no owner), or output number `index` of the application `owner`.

    origin  the user's line that made an input, innermost frame first, where it is known
    """

    origin: origin.Origin = ()

    def __init__(
        self, type: Type, owner: Apply | None = None, index: int | None = None, name: str | None = None
    ):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"The name of a variable must be a string; got {name!r}.")
        self.type = type
        self.owner = owner
        self.index = index
        self.name = name
        self.tag = scratchpad()
        self.auto_name = f"auto_{next(_serial)}"
        if self.construction_observers:
            self.notify_construction_observers(self)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.owner is not None:
            is_default = self.index == getattr(self.owner.op, "default_output", None)
            return f"{self.owner.op}.{'out' if is_default else self.index}"
        return f"<{self.type}>"

    def __repr__(self) -> str:
        return str(self)

    def clone(self) -> Variable:
        """A new variable of the same type and name, without owner."""
        made: Variable = type(self)(self.type, None, None, self.name)
        made.tag = self.tag.copy()
        return made

    # Who is told of each variable that is made: see `nodes_constructed`.
    construction_observers: ClassVar[list[Callable[[Variable], Any]]] = []

    @classmethod
    def append_construction_observer(cls, observer: Callable[[Variable], Any]) -> None:
        """Let `observer(variable)` be called for each variable that is made from now on."""
        cls.construction_observers.append(observer)

    @classmethod
    def remove_construction_observer(cls, observer: Callable[[Variable], Any]) -> None:
        """Let `observer` be called no longer."""
        cls.construction_observers.remove(observer)

    @classmethod
    def notify_construction_observers(cls, instance: Variable) -> None:
        """Call the observers for `instance`."""
        for observer in cls.construction_observers:
            observer(instance)

    def get_parents(self) -> list[Apply]:
        """The application that makes this variable, in a list; empty for an input."""
        return [] if self.owner is None else [self.owner]

    def __lt__(self, other: object) -> Any:
        raise NotImplementedError(f"variables of type {self.type} are not ordered")

    __gt__ = __le__ = __ge__ = __lt__

    if TYPE_CHECKING:
        # The class that `type` names offers the rest: those of arrays and numbers, what stands here and more.
        dtype: str
        ndim: int
        broadcastable: tuple[bool, ...]
        shape: Variable
        T: Variable
        astype: Callable[..., Variable]
        dimshuffle: Callable[..., Variable]
        flatten: Callable[..., Variable]
        reshape: Callable[..., Variable]
        sum: Callable[..., Variable]
        zeros_like: Callable[..., Variable]

        def __abs__(self) -> Variable: ...
        def __neg__(self) -> Variable: ...
        def __invert__(self) -> Variable: ...
        def __add__(self, other: Any) -> Variable: ...
        def __radd__(self, other: Any) -> Variable: ...
        def __sub__(self, other: Any) -> Variable: ...
        def __rsub__(self, other: Any) -> Variable: ...
        def __mul__(self, other: Any) -> Variable: ...
        def __rmul__(self, other: Any) -> Variable: ...
        def __truediv__(self, other: Any) -> Variable: ...
        def __rtruediv__(self, other: Any) -> Variable: ...
        def __pow__(self, other: Any) -> Variable: ...
        def __rpow__(self, other: Any) -> Variable: ...
        def __and__(self, other: Any) -> Variable: ...
        def __or__(self, other: Any) -> Variable: ...
        def __getitem__(self, at: Any) -> Variable: ...

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for passing in ("_function_cache", "_comes_with_owner", "origin"):
            state.pop(passing, None)
        return state

    def __reduce_ex__(self, protocol: Any) -> Any:
        """How it is pickled and deep-copied: after all that it is computed from, in order, so that nothing recurses.

        What `pickle` and `copy` meet first in a graph brings the applications before it along; when these come to
        their outputs, all that those need is there.
        """
        if self.owner is None or self.__dict__.pop("_comes_with_owner", False):
            return super().__reduce_ex__(protocol)
        return _output_of, (tuple(toposort([self])), self.index)

    def __copy__(self) -> Variable:
        made: Variable = object.__new__(type(self))
        made.__dict__.update(self.__getstate__())
        return made


def _output_of(nodes: Sequence[Apply], index: int) -> Variable:
    """An output of the last of `nodes`."""
    return nodes[-1].outputs[index]


class Constant(Variable):
    """A variable whose value is known: `data`, held as its type holds it."""

    def __init__(self, type: Type, data: Any, name: str | None = None) -> None:
        super().__init__(type, None, None, name)
        self.data = type.filter(data)

    @property
    def value(self) -> Any:
        """The value."""
        return self.data

    def signature(self) -> Any:
        """A hashable key, equal for constants of equal type and value."""
        return (self.type, self.type.value_key(self.data))

    def equals(self, other: object) -> bool:
        """Whether `other` is a constant of the same type and value."""
        if not isinstance(other, Constant):
            return False
        key = self.signature()
        return key[1] is not None and bool(key == other.signature())

    def clone(self) -> Constant:
        made: Constant = type(self)(self.type, self.data, self.name)
        made.tag = self.tag.copy()
        return made

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        text = str(self.data)
        if len(text) > 20:
            text = f"{text[:10]}..{text[-10:]}"
        return f"{type(self).__name__}{{{text}}}"


Type.variable_class = Variable
Type.constant_class = Constant
