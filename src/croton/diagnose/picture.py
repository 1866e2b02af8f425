"""What a picture of a graph shows: boxes for variables, ellipses for applications, and arrows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from croton.compile.callable import Function
from croton.compile.graph_op import OpFromGraph
from croton.compile.shared import SharedVariable
from croton.graph.node import Apply, Constant, Variable
from croton.graph.walk import toposort
from croton.ops.inner import InnerGraph
from croton.util.record import field, record

# Longer labels are cut; the whole text stands among the details.
_LONGEST = 40


@record(eq=False)
class Shape:
    """A box or an ellipse.

    kind     'apply', 'input', 'constant_input', 'shared_input', 'intermediate', 'output' or 'unused_output'
    details  what is told of it beside its label
    inner    the graphs that its operation holds
    """

    name: str
    label: str
    kind: str
    shape: str
    color: str | None
    details: Mapping[str, str]
    inner: Sequence[Picture] = ()

    def get_name(self) -> str:
        """What arrows call it."""
        return self.name

    def get_attributes(self) -> dict[str, str]:
        """Its looks, by the words of Graphviz, and its `node_type`."""
        color = {"style": "filled", "fillcolor": self.color} if self.color else {}
        return {"label": self.label, "node_type": self.kind, "shape": self.shape, **color, **self.details}


@record(eq=False)
class Arrow:
    """From one shape to another; its color is blue where the application gives a view, red where it writes over it."""

    source: str
    target: str
    label: str
    color: str = "black"


@record(eq=False)
class Picture:
    """A graph as it is drawn. Its methods are those that programs use of pydot's graphs."""

    name: str = "G"
    nodes: list[Shape] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    def get_nodes(self) -> list[Shape]:
        """Boxes and ellipses, in the order in which the graph is computed."""
        return self.nodes

    get_node_list = get_nodes

    def get_edges(self) -> list[Arrow]:
        """The arrows."""
        return self.arrows

    get_edge_list = get_edges

    def get_subgraph_list(self) -> list[Picture]:
        """The graphs that operations of this one hold."""
        return [picture for node in self.nodes for picture in node.inner]

    def to_string(self) -> str:
        """The picture in Graphviz's language."""
        return "\n".join([f"digraph {self.name} {{", *self._lines(), "}"]) + "\n"

    def _lines(self) -> Iterator[str]:
        for node in self.nodes:
            told = ", ".join(f"{key}={_quoted(value)}" for key, value in node.get_attributes().items())
            yield f"  {node.name} [{told}];"
            for inner in node.inner:
                yield f"  subgraph cluster_{inner.name} {{"
                yield f"  label={_quoted(node.label)};"
                yield from inner._lines()
                yield "  }"
        for arrow in self.arrows:
            yield (
                f"  {arrow.source} -> {arrow.target} [label={_quoted(arrow.label)}, color={_quoted(arrow.color)}];"
            )

    def write(self, path: str, prog: Any = None, format: str = "raw") -> bool:
        """Write the text of the picture into a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.to_string())
        return True

    write_dot = write_raw = write


def _quoted(text: str) -> str:
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class PyDotFormatter:
    """Makes pictures of functions, variables, applications and graphs; pydot is not needed.

    compact       leave out the boxes of variables without a name that applications pass on to others
    node_colors   backgrounds by kinds of variables
    apply_colors  backgrounds by words in the names of operations; the first that fits
    shapes        by kinds of nodes
    """

    def __init__(self, compact: bool = True) -> None:
        self.compact = compact
        self.node_colors = {
            "input": "limegreen", "constant_input": "SpringGreen", "shared_input": "YellowGreen",
            "output": "dodgerblue", "unused_output": "lightgrey",
        }  # fmt: skip
        self.apply_colors = {
            "Scan": "yellow", "Loop": "yellow", "Shape": "cyan", "IfElse": "magenta", "Elemwise": "#FFAABB",
            "Subtensor": "#FFAAFF", "Alloc": "#FFAA22",
        }  # fmt: skip
        self.shapes = {"input": "box", "output": "box", "apply": "ellipse"}

    def __call__(self, fct: Any, graph: Picture | None = None) -> Picture:
        """The picture of `fct`; with `graph`, what is shown is added to that."""
        outputs, inputs, profile = _parts(fct)
        picture = Picture() if graph is None else graph
        _Drawing(self, picture, outputs, inputs, profile).draw()
        return picture


def _parts(fct: Any) -> tuple[Sequence[Variable], Sequence[Variable], Any]:
    """Outputs, inputs where they are known, and measurements of what is to be drawn.

    Errors: TypeError for what is no graph
    """
    if isinstance(fct, Function):
        return fct.maker.fgraph.outputs, fct.maker.fgraph.inputs, getattr(fct, "profile", None)
    if isinstance(fct, Variable):
        return [fct], (), None
    if isinstance(fct, Apply):
        return fct.outputs, (), None
    found = getattr(fct, "outputs", fct)
    if isinstance(found, (list, tuple)) and found and all(isinstance(v, Variable) for v in found):
        return found, getattr(fct, "inputs", ()), None
    raise TypeError(
        f"A Function, a variable, a list of them, an Apply or a FunctionGraph is drawn; got {fct!r}."
    )


class _Drawing:
    """One picture in the making."""

    def __init__(
        self, formatter: PyDotFormatter, picture: Picture, outputs: Sequence[Variable],
        inputs: Sequence[Variable], profile: Any,
    ) -> None:  # fmt: skip
        self.formatter, self.picture = formatter, picture
        self.outputs, self.inputs = outputs, inputs
        self.times: Mapping[Apply, float] = getattr(profile, "apply_time", None) or {}
        self.names: dict[Any, str] = {}

    def draw(self) -> None:
        """Enter all nodes and arrows."""
        nodes = toposort(self.outputs, self.inputs)
        for variable in self.inputs:
            self._variable(variable)
        for node in nodes:
            self._apply(node)
        for at, variable in enumerate(self.outputs):
            self._output(at, variable)

    # -- applications ----------------------------------------------------------------------------------------
    def _apply(self, node: Apply) -> None:
        sources = [self._source(v) for v in node.inputs]
        op: Any = node.op
        text = str(op)
        kind = type(op).__name__
        colors = self.formatter.apply_colors
        color = next((c for word, c in colors.items() if word in text or word in kind), None)
        details = {"operation": text, "class": kind, "output": ", ".join(str(v.type) for v in node.outputs)}
        if node.origin:
            details["line"] = "{}:{} in {}".format(*node.origin[0][:3])
        if self.times:
            share = self.times.get(node, 0.0) / (sum(self.times.values()) or 1.0)
            details["time"] = f"{self.times.get(node, 0.0):.6f} s, {100 * share:.1f} %"
        here = self._enter(node, text, "apply", color, details, [self._inner(*ends) for ends in _graphs(op)])
        for at, (there, variable) in enumerate(zip(sources, node.inputs, strict=True)):
            label = f"{at} {variable.type}" if len(sources) > 1 else str(variable.type)
            self.picture.arrows.append(Arrow(there, here, label, _arrow_color(node, at)))
        for variable in node.outputs:
            if variable not in self.outputs and (variable.name is not None or not self.formatter.compact):
                self._intermediate(variable)

    def _inner(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> Picture:
        picture = Picture(f"G{len(self.names)}_{self.picture.name}")
        _Drawing(self.formatter, picture, outputs, inputs, None).draw()
        # Names are told apart by the picture that they stand in.
        for node in picture.nodes:
            node.name = f"{picture.name}_{node.name}"
        for arrow in picture.arrows:
            arrow.source, arrow.target = f"{picture.name}_{arrow.source}", f"{picture.name}_{arrow.target}"
        return picture

    # -- variables -------------------------------------------------------------------------------------------
    def _source(self, variable: Variable) -> str:
        """The name of what an arrow that reads `variable` comes from."""
        if variable in self.names:
            return self.names[variable]
        if variable.owner is None or variable.owner not in self.names:
            return self._variable(variable)
        return self.names[variable.owner]

    def _variable(self, variable: Variable) -> str:
        if variable in self.names:
            return self.names[variable]
        kind = "input"
        if isinstance(variable, Constant):
            kind = "constant_input"
        elif isinstance(variable, SharedVariable):
            kind = "shared_input"
        return self._enter(
            variable, _label(variable), kind, self.formatter.node_colors[kind], _details(variable)
        )

    def _intermediate(self, variable: Variable) -> None:
        assert variable.owner is not None
        here = self._enter(variable, _label(variable), "intermediate", None, _details(variable))
        self.picture.arrows.append(Arrow(self.names[variable.owner], here, str(variable.type)))

    def _output(self, at: int, variable: Variable) -> None:
        there = self._source(variable)
        color = self.formatter.node_colors["output"]
        here = self._enter(("output", at), _label(variable), "output", color, _details(variable))
        self.picture.arrows.append(Arrow(there, here, str(variable.type)))

    def _enter(
        self, thing: Any, label: str, kind: str, color: str | None, details: Mapping[str, str],
        inner: Sequence[Picture] = (),
    ) -> str:  # fmt: skip
        name = self.names[thing] = f"n{len(self.picture.nodes)}"
        shapes = self.formatter.shapes
        shape = shapes.get(kind) or shapes["input"]
        cut = label if len(label) <= _LONGEST else label[: _LONGEST - 3] + "..."
        self.picture.nodes.append(Shape(name, cut, kind, shape, color, details, inner))
        return name


def _label(variable: Variable) -> str:
    return str(variable) if variable.name or isinstance(variable, Constant) else str(variable.type)


def _details(variable: Variable) -> dict[str, str]:
    told = {"type": str(variable.type)}
    if variable.name:
        told = {"name": variable.name, **told}
    if isinstance(variable, Constant):
        told["value"] = str(variable.data)[:200]
    return told


def _graphs(op: Any) -> list[tuple[Sequence[Variable], Sequence[Variable]]]:
    """Inputs and outputs of the graphs that an operation holds."""
    if isinstance(op, OpFromGraph):
        return [(op.local_inputs, op.local_outputs)]
    held = [getattr(op, "graph", None), *(getattr(op, "graphs", None) or ())]
    return [(graph.inputs, graph.outputs) for graph in held if isinstance(graph, InnerGraph)]


def _arrow_color(node: Apply, at: int) -> str:
    if any(at in places for places in (node.op.destroy_map or {}).values()):
        return "red"
    return "blue" if any(at in places for places in (node.op.view_map or {}).values()) else "black"
