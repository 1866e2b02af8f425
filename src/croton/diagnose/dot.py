"""Graphs as pictures: `pydotprint` writes the language of Graphviz, whose program `dot` draws."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from croton.compile.callable import Function
from croton.config import config
from croton.diagnose.debugprint import char_from_number
from croton.graph.node import Apply, Constant, Variable
from croton.graph.walk import toposort

# Background colours of operations whose name holds a word.
default_colorCodes = {
    "Scan": "yellow", "Shape": "brown", "IfElse": "magenta", "Elemwise": "#FFAABB", "Subtensor": "#FFAAFF",
    "Alloc": "#FFAA22", "Output": "#AACCFF",
}  # fmt: skip

pydot_imported = True
pydot_imported_msg = ""


def dot_text(
    outputs: Sequence[Variable],
    *,
    compact: bool = True,
    with_ids: bool = False,
    colors: Mapping[str, str] | None = None,
    longest: int = 70,
    simple_names: bool = False,
) -> str:
    """The graph of `outputs` in Graphviz's language: boxes for variables, ellipses for applications.

    compact       leave out the boxes of variables that are neither inputs nor outputs
    with_ids      put a letter in front of each label
    colors        background by words in operations' names
    longest       longer labels are cut
    simple_names  label variables that have a name with the name alone
    """
    chosen = default_colorCodes if colors is None else colors
    ids: dict[Any, str] = {}
    lines: list[str] = []

    def place(thing: Any, label: str, style: str) -> str:
        if thing not in ids:
            ids[thing] = f"n{len(ids)}"
            label = f"{char_from_number(len(ids) - 1)} {label}" if with_ids else label
            lines.append(f"  {ids[thing]} [label={_quoted(_cut(label, longest))}, {style}];")
        return ids[thing]

    def source(v: Variable) -> str:
        if v.owner is not None and compact and v not in ends:
            return ids[v.owner]
        named = simple_names and v.name is not None
        label = str(v) if named else f"{v if v.owner is None or v.name else ''} {v.type}".strip()
        kind = "Output" if v in ends else ""
        known = v in ids
        at = place(v, label, _box(v, chosen.get(kind)))
        if not known and v.owner is not None:
            lines.append(f"  {ids[v.owner]} -> {at};")
        return at

    ends = set(outputs)
    for node in toposort(outputs):
        sources = [(at, source(v), v) for at, v in enumerate(node.inputs)]
        here = place(node, str(node.op), _ellipse(node, chosen))
        for at, there, v in sources:
            label = f"{at} {v.type}" if len(sources) > 1 else str(v.type)
            lines.append(f"  {there} -> {here} [label={_quoted(_cut(label, longest))}];")
    for v in outputs:
        source(v)
    return "\n".join(["digraph {", *lines, "}"]) + "\n"


def _box(v: Variable, color: str | None) -> str:
    outline = "shape=box" + (", style=dashed" if isinstance(v, Constant) else "")
    return f'shape=box, style=filled, fillcolor="{color}"' if color else outline


def _ellipse(node: Apply, colors: Mapping[str, str]) -> str:
    for word, color in colors.items():
        if word in str(node.op) or word in type(node.op).__name__:
            return f'shape=ellipse, style=filled, fillcolor="{color}"'
    return "shape=ellipse"


def _cut(label: str, longest: int) -> str:
    return label if len(label) <= longest else label[: longest - 3] + "..."


def _quoted(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def pydotprint(
    fct: Any,
    outfile: Any = None,
    compact: bool = True,
    format: str = "png",
    with_ids: bool = False,
    high_contrast: bool = True,
    cond_highlight: Any = None,
    colorCodes: Mapping[str, str] | None = None,
    max_label_size: int = 70,
    scan_graphs: bool = False,
    var_with_name_simple: bool = False,
    print_output_file: bool = True,
    return_image: bool = False,
) -> Any:
    """Draw the graph of a function, of variables, or of a FunctionGraph.

    The picture is made by Graphviz's program `dot`; a file that ends in `.dot`, or `format='dot'`, needs none.
    `return_image` gives the text (format 'dot'), or the bytes of the picture, instead of writing a file.
    `high_contrast`, `cond_highlight` and `scan_graphs` are accepted.

    Errors: RuntimeError without Graphviz; TypeError for what is no graph
    """
    text = dot_text(
        _outputs(fct),
        compact=compact,
        with_ids=with_ids,
        colors=colorCodes,
        longest=max_label_size,
        simple_names=var_with_name_simple,
    )
    path = str(outfile or os.path.join(config.compiledir, f"theano.pydotprint.{config.device}.{format}"))
    suffix = os.path.splitext(path)[1].removeprefix(".")
    if suffix == "dot" or format == "dot":
        if return_image:
            return text
        content = text.encode()
    else:
        content = _drawn(text, suffix or format)
        if return_image:
            return content
    with open(path, "wb") as file:
        file.write(content)
    if print_output_file:
        print("The output file is available at", path)
    return None


def _outputs(fct: Any) -> Sequence[Variable]:
    if isinstance(fct, Function):
        return fct.maker.fgraph.outputs
    if isinstance(fct, Variable):
        return [fct]
    if isinstance(fct, Apply):
        return fct.outputs
    found = getattr(fct, "outputs", fct)
    if isinstance(found, (list, tuple)) and all(isinstance(v, Variable) for v in found):
        return found
    raise TypeError(
        f"pydotprint draws a Function, a variable, a list of them or a FunctionGraph; got {fct!r}."
    )


def _drawn(text: str, format: str) -> bytes:
    import shutil
    import subprocess

    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(
            "There is no program `dot` here: install Graphviz, or write a file that ends in .dot and draw it elsewhere."
        )
    done = subprocess.run([program, f"-T{format}"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"Graphviz could not draw the graph: {done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout
