"""Graphs as indented text: `debugprint`, and two shorter forms."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from croton.compile.callable import Function
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.util.record import field, record

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# From so many levels on, their number is printed: columns would make the text of a chain grow with its square.
_DEEPEST = 400


def char_from_number(number: int) -> str:
    """A number in base 26, with letters as digits.

    Example:
        >>> [char_from_number(n) for n in (0, 25, 26, 52)]
        ['A', 'Z', 'BA', 'CA']
    """
    text = _LETTERS[number % 26]
    while number >= 26:
        number //= 26
        text = _LETTERS[number % 26] + text
    return text


@record
class _Source:
    """Something to print: its roots, and where it is compiled, the order and the values of its parts."""

    roots: Sequence[Variable]
    order: Mapping[Apply, int] = field(default_factory=dict)
    values: Mapping[Variable, Any] | None = None
    clients: Mapping[Variable, Iterable[tuple[Any, int]]] = field(default_factory=dict)


class _Printer:
    """Prints graphs so that nodes seen in one have the same id in the next."""

    def __init__(
        self,
        out: Any,
        depth: int,
        print_type: bool,
        ids: str,
        stop_on_name: bool,
        done: dict[Any, str],
        used_ids: dict[Any, str],
    ) -> None:
        self.out = out
        self.depth = depth
        self.print_type = print_type
        self.ids = ids
        self.stop_on_name = stop_on_name
        self.done = done
        self.used = used_ids
        self.clients = False
        # Loops and conditions that were printed: variables that they make. What inputs of their graphs read outside.
        self.loops: list[Variable] = []
        self.outside: dict[Variable, Variable] = {}

    def id_of(self, thing: Any) -> str:
        """The text `[id …]` of a node, or of a variable that no node makes."""
        if thing not in self.used:
            number = len(self.used)
            made: dict[str, Callable[[], str]] = {
                "id": lambda: f"[id {id(thing)}]",
                "int": lambda: f"[id {number}]",
                "CHAR": lambda: f"[id {char_from_number(number)}]",
                "auto": lambda: f"[id {getattr(thing, 'auto_name', None) or thing.outputs[0].auto_name}]",
                "": lambda: "",
            }
            self.used[thing] = made[self.ids]()
        return self.used[thing]

    def print(self, source: _Source) -> None:
        """Print all roots of `source`, each with what it is made of."""
        for root in source.roots:
            self._print_below(root, source, "", "")

    def print_loops(self) -> None:
        """Print the graphs of all loops and conditions that were printed, and of those in these."""
        if self.loops:
            is_loop = all(len(_shown(root)) == 1 for root in self.loops)
            self.out.write(f"\nInner graphs{' of the scan ops' if is_loop else ''}:\n")
        for root in self.loops:
            node: Any = root.owner
            for _, graph, outside in _shown(root):
                self.outside.update(zip(graph.inputs, outside, strict=True))
            self.out.write(f"\n{self._inner(root, node, _Source([]))}\n")
            for mark, graph, _ in _shown(root):
                source = _Source(graph.outputs)
                for out in source.roots:
                    self._print_below(out, source, mark, mark)

    def _print_below(self, root: Variable, source: _Source, before: str, below: str) -> None:
        """Print a root and what it is made of, each line after `before` or `below`."""
        stack = [(root, before, below, self.depth)]
        while stack:
            variable, before, below, depth = stack.pop()
            if depth == 0:
                continue
            node = variable.owner
            if node is None:
                self.out.write(f"{before}{self._leaf(variable, source)}\n")
                continue
            seen = node in self.done
            if not seen and hasattr(node.op, "graphs_to_show"):
                self.loops.append(variable)
            self.out.write(f"{before}{self._inner(variable, node, source)}\n")
            self.done[node] = self.used[node]
            if seen or (self.stop_on_name and variable.name is not None):
                continue
            last = len(node.inputs) - 1
            mark, under_last = _marks(below, self.depth - depth)
            stack.extend(
                (x, mark, under_last if at == last else mark, depth - 1)
                for at, x in reversed(list(enumerate(node.inputs)))
            )

    def _leaf(self, variable: Variable, source: _Source) -> str:
        kind = f" <{variable.type}>" if self.print_type else ""
        outer = self.outside.get(variable)
        link = "" if outer is None else f" -> {self.id_of(outer.owner or outer)}"
        return f"{variable} {self.id_of(variable)}{kind}{_value(variable, source)}{link}"

    def _inner(self, variable: Variable, node: Apply, source: _Source) -> str:
        label = str(node.op) if len(node.outputs) == 1 else f"{node.op}.{variable.index}"
        kind = f" <{variable.type}>" if self.print_type else ""
        order = source.order.get(node, "")
        name = variable.name or ""
        rest = _value(variable, source) + self._readers(variable, source)
        return f"{label} {self.id_of(node)}{kind} '{name}'   {order}{rest}"

    def _readers(self, variable: Variable, source: _Source) -> str:
        clients = list(source.clients.get(variable, ())) if self.clients else []
        if len(clients) < 2:
            return ""
        said = [
            ("output", "") if client == "output" else (self.id_of(client), source.order.get(client, ""))
            for client, _ in clients
        ]
        return f" clients:{said}"


def _marks(below: str, level: int) -> tuple[str, str]:
    """What stands before inputs one level further in, and before what the last of them is made of."""
    if level < _DEEPEST:
        return f"{below} |", f"{below}  "
    numbered = f"{below[: 2 * _DEEPEST]}({level + 1}) |"
    return numbered, numbered


def _shown(root: Any) -> Any:
    return root.owner.op.graphs_to_show(root.owner)


def _value(variable: Variable, source: _Source) -> str:
    if source.values is None:
        return ""
    value = variable.data if isinstance(variable, Constant) else source.values.get(variable)
    return f" [{value!r}]"


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: Any = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
    done: dict[Any, str] | None = None,
    print_storage: bool = False,
    print_clients: bool = False,
    used_ids: dict[Any, str] | None = None,
) -> Any:
    """Print a graph, one node per line, inputs indented below; what stands twice is opened once.

    obj            a variable, an Apply, a Function, a FunctionGraph, or a list of these
    depth          how many levels; -1: all
    print_type     whether types are printed
    file           where to; None: the standard output; 'str': nowhere, the text is returned
    ids            how nodes are named: 'CHAR' (letters), 'int', 'id', 'auto' or '' for not at all
    stop_on_name   whether variables that have a name are left closed
    done           nodes printed by earlier calls: they are not opened again
    print_storage  whether the values that a function keeps are printed
    print_clients  whether the readers of what is read more than once are printed
    used_ids       the ids given by earlier calls

    Errors: TypeError for what is no graph, or no file; ValueError for a kind of ids that there is not
    """
    if ids not in ("CHAR", "int", "id", "auto", ""):
        raise ValueError(f"ids is one of 'CHAR', 'int', 'id', 'auto' and ''; got {ids!r}.")
    if not isinstance(depth, int):
        raise TypeError(f"depth is a number of levels; got {depth!r}.")
    out: Any = io.StringIO() if file == "str" else sys.stdout if file is None else file
    if not hasattr(out, "write"):
        raise TypeError(f"file is an open file, None for the standard output, or 'str'; got {file!r}.")
    done = {} if done is None else done
    printer = _Printer(out, depth, print_type, ids, stop_on_name, done, {} if used_ids is None else used_ids)
    printer.clients = print_clients
    for source in _sources(obj, print_storage):
        printer.print(source)
    printer.print_loops()
    if file == "str":
        text: str = out.getvalue()
        return text
    if file is not None:
        return file
    out.flush()
    return None


def _sources(obj: Any, with_values: bool) -> Iterable[_Source]:
    if isinstance(obj, (list, tuple, set)):
        for one in obj:
            yield from _sources(one, with_values)
    elif isinstance(obj, Variable):
        yield _Source([obj])
    elif isinstance(obj, Apply):
        yield _Source(obj.outputs)
    elif isinstance(obj, Function):
        graph = obj.maker.fgraph
        order = {node: at for at, node in enumerate(graph.toposort())}
        yield _Source(graph.outputs, order, kept_values(obj) if with_values else None, graph.clients)
    elif isinstance(obj, FunctionGraph) or (hasattr(obj, "toposort") and hasattr(obj, "outputs")):
        order = {node: at for at, node in enumerate(obj.toposort())}
        yield _Source(obj.outputs, order, {} if with_values else None, getattr(obj, "clients", {}))
    else:
        raise TypeError(
            f"debugprint takes a variable, an Apply, a Function, a FunctionGraph or a list of these; got {obj!r} "
            f"of type {type(obj).__name__}."
        )


def kept_values(function: Function) -> dict[Variable, Any]:
    """The values that `function` keeps between calls, by the variables of its graph."""
    inputs = function.maker.fgraph.inputs
    cells = function.compiled.interface.cells  # type: ignore[attr-defined]
    return dict(zip(inputs[len(inputs) - len(cells) :], [cell.value for cell in cells], strict=True))


# -- shorter forms -------------------------------------------------------------------------------------------
def min_informative_str(
    obj: Any, indent_level: int = 0, _prev_obs: Any = None, _tag_generator: Any = None
) -> str:
    """A graph as indented text without types and addresses: equal graphs have equal texts. Named variables stay closed.

    Example:
        >>> from croton.ops.constructors import dvector
        >>> print(min_informative_str(dvector("x")))
        A. x
    """
    seen: dict[int, str] = {} if _prev_obs is None else _prev_obs
    lines: list[str] = []
    stack = [(obj, indent_level)]
    keep = []
    while stack:
        one, level = stack.pop()
        keep.append(one)
        if id(one) in seen:
            lines.append(f"{_spaces(level)}<{seen[id(one)]}>")
            continue
        seen[id(one)] = char_from_number(len(seen))
        owner = getattr(one, "owner", None)
        name = getattr(one, "name", None)
        label = name or (str(owner.op) if owner is not None else str(one))
        lines.append(f"{_spaces(level)}{seen[id(one)]}. {label}")
        if owner is not None and not name:
            stack.extend((x, level + 1) for x in reversed(owner.inputs))
    return "\n".join(lines)


def _spaces(level: int) -> str:
    return " " * level if level < _DEEPEST else f"{' ' * _DEEPEST}({level}) "


def var_descriptor(obj: Any, _prev_obs: Any = None, _tag_generator: Any = None) -> str:
    """A graph or a value as one line that depends on what it is made of alone, not on addresses."""
    seen: dict[int, str] = {} if _prev_obs is None else _prev_obs
    text: list[str] = []
    stack: list[Any] = [obj]
    while stack:
        one = stack.pop()
        if isinstance(one, _Text):
            text.append(one.text)
        elif id(one) in seen:
            text.append(f"<{seen[id(one)]}>")
        else:
            seen[id(one)] = char_from_number(len(seen))
            text.append(f"{seen[id(one)]}=")
            owner = getattr(one, "owner", None)
            if owner is None:
                text.append(_described(one))
                continue
            parts: list[Any] = [_Text(f"{owner.op}(")]
            for at, x in enumerate(owner.inputs):
                parts += [x] if at == 0 else [_Text(","), x]
            stack.extend(reversed([*parts, _Text(")")]))
    return "".join(text)


@record(frozen=True)
class _Text:
    text: str


def _described(one: Any) -> str:
    if isinstance(one, np.ndarray):
        return f"<ndarray:strides=[{','.join(map(str, one.strides))}],digest={_digest(one)}>"
    return str(one)


def position_independent_str(obj: Any) -> str:
    """A variable as text that depends on its type alone.

    Errors: NotImplementedError for what is no variable
    """
    if isinstance(obj, Variable):
        return f"theano_var{{type={obj.type}}}"
    raise NotImplementedError(f"position_independent_str takes variables; got {type(obj).__name__}.")


def _digest(x: np.ndarray) -> str:
    return hashlib.sha256(x.tobytes()).hexdigest()


def hex_digest(x: np.ndarray) -> str:
    """A digest of an array's elements, with its strides and shape."""
    strides, shape = (",".join(map(str, one)) for one in (x.strides, x.shape))
    return f"{_digest(x)}|strides=[{strides}]|shape=[{shape}]"
