"""Graphs as pages for a browser: `theano.d3viz`. A page is one file, and needs no network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from croton.diagnose.layout import placed
from croton.diagnose.picture import Picture, PyDotFormatter, Shape

_HEIGHT = 34.0
# The width of a letter, about, and of the room around a label.
_LETTER, _AROUND = 7.2, 26.0


def d3viz(fct: Any, outfile: Any, copy_deps: bool = True, *args: Any, **kwargs: Any) -> None:
    """Write a page that shows the graph of a function, a variable, an application or a list of variables.

    Nodes can be moved, the view zoomed; details of nodes and arrows show where the pointer rests, and a double click on
    an operation that holds a graph shows that. Inputs are green, outputs blue; an arrow is blue where an operation
    gives a view of its input, red where it writes over it. A function that was profiled tells the times of its nodes.

    copy_deps  is accepted: all is in the one file
    args       and `kwargs` are those of PyDotFormatter

    Errors: TypeError for what is no graph
    """
    picture = PyDotFormatter(*args, **kwargs)(fct)
    title = html.escape(getattr(fct, "name", None) or str(outfile))
    page = resources.files("croton.diagnose").joinpath("page.html").read_text("utf-8")
    with open(outfile, "w", encoding="utf-8") as file:
        file.write(replace_patterns(page, {"%TITLE%": title, "%PICTURES%": safe_json(_laid_out(picture))}))


def d3write(fct: Any, path: Any, *args: Any, **kwargs: Any) -> None:
    """Write the graph of a function, a variable, … in Graphviz's language; further arguments are PyDotFormatter's."""
    PyDotFormatter(*args, **kwargs)(fct).write(path)


def replace_patterns(x: str, replace: Mapping[str, Any]) -> str:
    """`x`, in which each key of `replace` has become its value, one key after the other."""
    for old, new in replace.items():
        x = x.replace(str(old), str(new))
    return x


def safe_json(obj: Any) -> str:
    """`obj` as JSON that can stand in a page."""
    return json.dumps(obj).replace("<", "\\u003c")


def _laid_out(picture: Picture) -> list[dict[str, Any]]:
    """The picture and all inside it, as the page draws them: it first; nodes name those that they hold by number."""
    pictures = [picture]
    for one in pictures:  # grows while it is walked
        pictures.extend(one.get_subgraph_list())
    number = {id(one): i for i, one in enumerate(pictures)}
    return [_drawn(one, number) for one in pictures]


def _drawn(picture: Picture, number: Mapping[int, int]) -> dict[str, Any]:
    order = {node.name: i for i, node in enumerate(picture.nodes)}
    points, paths = placed(
        {node.name: _width(node) for node in picture.nodes}, [(a.source, a.target) for a in picture.arrows]
    )
    nodes = [
        {
            "x": round(points[node.name][0], 1), "y": round(points[node.name][1], 1), "w": _width(node), "h": _HEIGHT,
            "label": node.label, "shape": node.shape, "color": node.color or "white",
            "details": "\n".join(f"{key}: {value}" for key, value in node.details.items()),
            "inner": [number[id(one)] for one in node.inner],
        }
        for node in picture.nodes
    ]  # fmt: skip
    edges = [
        {
            "from": order[arrow.source], "to": order[arrow.target], "label": arrow.label, "color": arrow.color,
            "via": [[round(x, 1), round(y, 1)] for x, y in paths[arrow.source, arrow.target]],
        }
        for arrow in picture.arrows
    ]  # fmt: skip
    return {"nodes": nodes, "edges": edges}


def _width(node: Shape) -> float:
    return round(_LETTER * len(node.label) + _AROUND, 1)
