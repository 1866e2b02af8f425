"""Operations that pass their input on as it is: viewed, copied, shown, moved."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.convert import as_tensor_variable
from croton.vartypes.tensor import TensorType


class _Passing(Op):
    """What has one input, and an output of the same type and shape."""

    __props__: tuple[str, ...] = ()

    def make_node(self, *inputs: Any) -> Apply:
        (x,) = inputs
        x = x if isinstance(x, Variable) else as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = inputs[0]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return shapes

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return output_grads

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if eval_points[0] is None else self(eval_points[0])]


class ViewOp(_Passing):
    """The input itself."""

    view_map = {0: [0]}

    def lowers(self, node: Apply) -> bool:
        """Tensors."""
        return isinstance(node.inputs[0].type, TensorType)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        """Native code: other axes over the same memory."""
        x = b.array(xs[0])
        b.view(ys[0], x, x.dims, x.strides, contiguous=x.contiguous)


class OutputGuard(ViewOp):
    """The input itself; nothing may overwrite it."""

    destroy_map = {0: [0]}


class Hint(ViewOp):
    """The input itself, of which something is known: `Hint(symmetric=True)(x)`.

    Rules may use it; when they have been tried it is left out.
    """

    __props__ = ("hints",)

    def __init__(self, **kwargs: Any) -> None:
        self.hints = tuple(kwargs.items())


def psd(v: Any) -> Variable:
    """`v`, a matrix that is said to be symmetric and positive definite: equations with it are solved as such."""
    made: Variable = Hint(psd=True, symmetric=True)(v)
    return made


class DeepCopyOp(_Passing):
    """A copy of the input, of all that it holds."""

    makes_new_memory = True
    lowers = ViewOp.lowers

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        """Native code: a copy of the elements."""
        x = b.array(xs[0])
        b.copy(b.new(ys[0], x.dims), x)

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = copy.deepcopy(inputs[0])


view_op = ViewOp()
deep_copy_op = DeepCopyOp()


# -- shown ---------------------------------------------------------------------------------------------------
def print_attributes(operation: Print, value: Any) -> None:
    """Print the attributes of a value that `operation` names; what can be called is called."""
    for name in operation.attrs:
        attribute = getattr(value, name)
        print(operation.message, name, "=", attribute() if callable(attribute) else attribute)


class Print(_Passing):
    """The input as it is, which is printed each time it is computed.

    message    stands in front
    attrs      the names of what is printed of the value; `shape`, `min` …; '__str__' is the value itself
    global_fn  a function of this operation and the value, called instead of printing

    Gradient:  the cotangent
    """

    view_map = {0: [0]}
    __props__ = ("message", "attrs", "global_fn")

    def __init__(
        self,
        message: str = "",
        attrs: Sequence[str] = ("__str__",),
        global_fn: Callable[..., None] = print_attributes,
    ) -> None:
        self.message = message
        self.attrs = tuple(attrs)
        self.global_fn = global_fn

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = inputs[0]
        self.global_fn(self, inputs[0])

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return list(eval_points)


# -- in place of what is not there ---------------------------------------------------------------------------
class Default(Op):
    """The first input, or where its value is None, a copy of the second, which is of the same type."""

    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        x, default = (v if isinstance(v, Variable) else as_tensor_variable(v) for v in inputs)
        if x.type != default.type:
            raise TypeError(
                f"Both arguments of default must be of the same type; got {x.type} and {default.type}."
            )
        return Apply(self, [x, default], [default.type()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        x, default = inputs
        output_storage[0][0] = copy.deepcopy(default) if x is None else x


default = setdefault = Default()


# -- between devices -----------------------------------------------------------------------------------------
# Functions (variable, target) -> variable or None, for targets that are not of this library.
_transfers: list[Callable[[Variable, str], Variable | None]] = []


def register_transfer(fn: Callable[[Variable, str], Variable | None]) -> None:
    """Let `transfer` ask `fn(variable, target)`, which gives a variable, or None for a target it does not know.

    Errors:  TypeError for what can't be called
    """
    if not callable(fn):
        raise TypeError("register_transfer takes a function of a variable and a target.")
    _transfers.append(fn)


def transfer(var: Any, target: str) -> Variable:
    """`var` on the device `target`; 'cpu' is where all variables are.

    Errors:  ValueError for a target that nobody knows
    """
    if target == "cpu":
        return as_tensor_variable(var)
    for ask in _transfers:
        found = ask(var, target)
        if found is not None:
            return found
    raise ValueError(f"Can't transfer to target {target}")
