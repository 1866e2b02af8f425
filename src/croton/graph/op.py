"""The classic protocol of an operation: what a user's own `theano.Op` implements."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from croton.config import change_flags, config
from croton.errors import MethodNotDefined, explained
from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable, scratchpad
from croton.graph.type import Type

P = ParamSpec("P")
R = TypeVar("R")


class Op:
    """A function from variables to variables.

    A subclass gives `make_node` (or `itypes` and `otypes`) and `perform`; where they make sense also `grad` or
    `L_op`, `R_op`, `infer_shape`, and `__props__`, the names of the attributes that tell two instances apart.
    """

    default_output: int | None = None
    view_map: dict[int, list[int]] = {}
    destroy_map: dict[int, list[int]] = {}
    itypes: Sequence[Type]
    otypes: Sequence[Type]
    __props__: tuple[str, ...]

    # -- application -----------------------------------------------------------------------------------------
    def make_node(self, *inputs: Any) -> Apply:
        """An application of this operation to `inputs`."""
        if not hasattr(self, "itypes"):
            raise NotImplementedError(
                f"{type(self).__name__} defines neither make_node nor itypes and otypes; one of the two is needed."
            )
        if len(inputs) != len(self.itypes):
            raise ValueError(f"{self} takes {len(self.itypes)} inputs; got {len(inputs)}.")
        variables = [
            kind.filter_variable(x) if isinstance(x, Variable) else kind.make_constant(x)
            for x, kind in zip(inputs, self.itypes, strict=True)
        ]
        return Apply(self, variables, [kind() for kind in self.otypes])

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """The output, or the list of outputs, of applying this operation to `inputs`.

        `return_list=True` asks for a list whatever the number of outputs.
        """
        return_list = kwargs.pop("return_list", False)
        node = self.make_node(*inputs, **kwargs)
        if not isinstance(node, Apply):
            raise TypeError(
                f"{type(self).__name__}.make_node must return an Apply(self, inputs, outputs); got {node!r}."
            )
        if config.compute_test_value != "off":
            compute_test_value(node)
        if self.default_output is not None:
            out = node.outputs[self.default_output]
            return [out] if return_list else out
        if return_list:
            return list(node.outputs)
        return node.outputs[0] if len(node.outputs) == 1 else node.outputs

    # -- what it computes ------------------------------------------------------------------------------------
    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        """Write the value of output i into `output_storage[i][0]`."""
        why = type(self).__name__
        if hasattr(self, "c_code"):
            why = (
                "it has only c_code, and no C of operations is compiled here. Write perform(self, node, inputs, "
                "output_storage), in NumPy, or make it of operations that are there (theano.OpFromGraph)."
            )
        raise MethodNotDefined("perform", type(self), why)

    def make_thunk(
        self, node: Apply, storage_map: Any, compute_map: Any, no_recycling: Any, impl: str | None = None
    ) -> Callable[[], Any]:
        """A function without arguments that runs `node`; an operation may give its own in the place of `perform`.

        storage_map  for each variable of the node, a list whose first element is the value
        compute_map  for each variable of the node, a list whose first element says whether the value is there
        """
        inputs = [storage_map[v] for v in node.inputs]
        outputs = [storage_map[v] for v in node.outputs]
        params = () if getattr(self, "params_type", None) is None else (self.get_params(node),)

        def thunk() -> None:
            self.perform(node, [cell[0] for cell in inputs], outputs, *params)
            for v in node.outputs:
                if compute_map is not None:
                    compute_map[v][0] = True

        thunk.inputs, thunk.outputs, thunk.lazy = inputs, outputs, False  # type: ignore[attr-defined]
        return thunk

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        """The shapes of the outputs, given those of the inputs: tuples of scalars, None for what has no shape."""
        raise MethodNotDefined("infer_shape", type(self), type(self).__name__)

    def do_constant_folding(self, node: Apply) -> bool:
        """Whether an application to constants may be replaced by its value."""
        return True

    def get_params(self, node: Apply) -> Any:
        """The last argument of `perform`, where the operation has a `params_type`: its attributes, as that says.

        Errors: MethodNotDefined when there is none
        """
        kind = getattr(self, "params_type", None)
        if kind is None or not hasattr(kind, "get_params"):
            raise MethodNotDefined("get_params", type(self), type(self).__name__)
        return kind.get_params(self)

    # -- derivatives -----------------------------------------------------------------------------------------
    def grad(self, inputs: list[Variable], output_grads: list[Variable]) -> list[Variable]:
        """The gradient with respect to each input, given that of each output."""
        raise MethodNotDefined("grad", type(self), type(self).__name__)

    def L_op(
        self, inputs: list[Variable], outputs: list[Variable], output_grads: list[Variable]
    ) -> list[Variable]:
        """As `grad`, with the outputs at hand."""
        return self.grad(inputs, output_grads)

    def R_op(self, inputs: list[Variable], eval_points: list[Variable | None]) -> list[Variable | None]:
        """The derivative of each output along `eval_points`."""
        raise MethodNotDefined("R_op", type(self), type(self).__name__)

    # -- identity --------------------------------------------------------------------------------------------
    def _props(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__props__)

    def _props_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__props__}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or not hasattr(self, "__props__"):
            return False
        return self._props() == other._props()

    def __hash__(self) -> int:
        if not hasattr(self, "__props__"):
            return id(self)
        return hash((type(self), self._props()))

    def __str__(self) -> str:
        if "__props__" in dir(self) and self.__props__:
            inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__props__)
            return f"{type(self).__name__}{{{inside}}}"
        return type(self).__name__

    def __repr__(self) -> str:
        return str(self)

    @property
    def tag(self) -> scratchpad:
        """Free room for notes."""
        found = self.__dict__.get("_tag")
        if found is None:
            found = scratchpad()
            object.__setattr__(self, "_tag", found)
        return found


# -- test values ---------------------------------------------------------------------------------------------
def get_test_value(v: Any) -> Any:
    """The value that stands in for `v` while a graph is being built.

    Errors: AttributeError when it has none.
    """
    if isinstance(v, Constant):
        return v.value
    if not isinstance(v, Variable):
        return v
    if hasattr(v.tag, "test_value"):
        return v.type.filter(v.tag.test_value)
    if hasattr(v, "get_value"):
        return v.get_value(borrow=True, return_internal_type=True)
    raise AttributeError(f"{v} of type {v.type} has no test value: set {v}.tag.test_value.")


def get_debug_values(*args: Any) -> list[tuple[Any, ...]]:
    """The test values of `args` as the one tuple of a list, for checks; an empty list where they are not in use.

    Errors: AttributeError when one is missing and config.compute_test_value says 'raise'
    """
    how = config.compute_test_value
    if how == "off":
        return []
    values = []
    for i, one in enumerate(args):
        try:
            values.append(get_test_value(one))
        except AttributeError:
            said = f"Argument {i}('{one}') has no test value"
            if how == "raise":
                raise AttributeError(said) from None
            if how == "warn":
                warnings.warn(said, stacklevel=2)
            return []
    return [tuple(values)]


def compute_test_value(node: Apply) -> None:
    """Set `tag.test_value` on the outputs of `node` from the test values of its inputs.

    Errors: ValueError, a warning or the debugger when an input has none, as config.compute_test_value says; TypeError
    for one that does not fit its variable; what the operation raises when the values do not go together.
    """
    values = []
    for i, variable in enumerate(node.inputs):
        try:
            values.append(get_test_value(variable))
        except AttributeError:
            _missing_test_value(node, i, variable)
            return
        except TypeError as error:
            said = f"The test value of {variable}, input {i} of {node}, does not fit its type: {error}"
            raise TypeError(explained(said, expected=variable.type, where=_line_of(variable))) from None
    destroyed = {i for places in (node.op.destroy_map or {}).values() for i in places}
    values = [copy.copy(value) if i in destroyed else value for i, value in enumerate(values)]
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    params = () if getattr(node.op, "params_type", None) is None else (node.op.get_params(node),)
    node.op.perform(node, values, storage, *params)
    for variable, cell in zip(node.outputs, storage, strict=True):
        variable.tag.test_value = cell[0]


def tested_as_a_whole(build: Callable[P, R]) -> Callable[P, R]:
    """A function that makes expressions by way of others, on variables of its own that have no test values.

    Those of what it gives are computed in the end, of nodes that they depend on alone.
    """

    @wraps(build)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if config.compute_test_value == "off":
            return build(*args, **kwargs)
        with change_flags(compute_test_value="off"):
            made = build(*args, **kwargs)
        for node in walk.toposort(list(_variables_in(made))):
            if not all(hasattr(out.tag, "test_value") for out in node.outputs):
                compute_test_value(node)
        return made

    return wrapped


def _variables_in(made: Any) -> Iterator[Variable]:
    if isinstance(made, Variable):
        yield made
    elif isinstance(made, (list, tuple)):
        for one in made:
            yield from _variables_in(one)


def _missing_test_value(node: Apply, i: int, variable: Variable) -> None:
    said = f"Cannot compute test value: input {i} ({variable}) of Op {node} missing default value"
    how = config.compute_test_value
    if how == "raise":
        todo = f"set {variable}.tag.test_value, or compute_test_value to 'ignore'."
        raise ValueError(explained(said, where=_line_of(variable), todo=todo))
    if how == "warn":
        warnings.warn(said, stacklevel=4)
    if how == "pdb":
        print(said)
        breakpoint()


def _line_of(variable: Variable) -> Any:
    return variable.origin if variable.owner is None else variable
