"""Graphs as pages for a browser, and what is drawn there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.diagnose.layout import layers_of, placed
from theano.d3viz import d3viz, d3write
from theano.d3viz.d3viz import replace_patterns, safe_json
from theano.d3viz.formatting import PyDotFormatter

x = T.dmatrix("x")
w = theano.shared(np.ones((3, 2)), "w")


def kinds(picture):
    return [node.get_attributes()["node_type"] for node in picture.get_nodes()]


def pictures_in(path):
    return json.loads(re.search(r"const PICTURES = (.*);\n", path.read_text()).group(1))


def test_boxes_and_ellipses():
    hidden = T.exp(T.dot(x, w))
    hidden.name = "hidden"
    picture = PyDotFormatter()(hidden * 2.0)
    assert sorted(kinds(picture)) == sorted(
        [
            "input",
            "shared_input",
            "apply",
            "apply",
            "intermediate",
            "constant_input",
            "apply",
            "apply",
            "output",
        ]
    )
    labels = {node.label for node in picture.get_nodes()}
    assert {"x", "w", "hidden", "dot"} <= labels and len(picture.get_edges()) == 8
    assert len(PyDotFormatter(compact=False)(hidden * 2.0).get_nodes()) == 11
    colored = PyDotFormatter()
    colored.node_colors["input"] = "pink"
    assert colored(x).get_nodes()[0].get_attributes()["fillcolor"] == "pink"
    again = PyDotFormatter()(T.exp(x), picture)
    assert again is picture and len({node.get_name() for node in again.get_nodes()}) == len(again.get_nodes())
    with pytest.raises(TypeError, match="is drawn; got 3"):
        PyDotFormatter()(3)


def test_arrows_tell_views_and_what_is_written_over():
    class Writes(theano.Op):
        itypes, otypes, destroy_map = [T.dmatrix], [T.dmatrix], {0: [0]}

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0]

    colors = [a.color for a in PyDotFormatter()(Writes()(theano.compile.view_op(x))).get_edges()]
    assert colors == ["blue", "red", "black"]


def test_graphs_inside_operations():
    inner = theano.OpFromGraph([x], [T.exp(x) + 1.0])
    outer = theano.OpFromGraph([x], [inner(x) * 2.0])
    picture = PyDotFormatter()(outer(x))
    (held,) = picture.get_subgraph_list()
    (deepest,) = held.get_subgraph_list()
    assert {"input", "apply", "output"} <= set(kinds(deepest))
    assert picture.to_string().count("subgraph cluster_") == 2
    names = [n.get_name() for one in (picture, held, deepest) for n in one.get_nodes()]
    assert len(set(names)) == len(names)


def test_pages(tmp_path):
    inner = theano.OpFromGraph([x], [T.exp(x)])
    page = tmp_path / "graph.html"
    d3viz([inner(x).sum(), T.dot(x, w)], str(page))
    text = page.read_text()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "") and "%PICTURES%" not in text
    outer, held = pictures_in(page)
    assert [n["label"] for n in outer["nodes"] if n["inner"] == [1]] and "x" in {
        n["label"] for n in held["nodes"]
    }
    assert all({"x", "y", "w", "h", "details", "color"} <= set(n) for n in outer["nodes"])
    assert all(0 <= e[end] < len(outer["nodes"]) for e in outer["edges"] for end in ("from", "to"))
    f = theano.function([x], T.exp(x) * 2.0, mode="NUMPY", profile=True, name="<f>")
    f.profile.fct_callcount, _ = 0, f(np.ones((2, 2)))
    d3viz(f, page, copy_deps=False, compact=False)
    assert "<title>&lt;f&gt;</title>" in page.read_text()
    assert any("time: " in n["details"] for n in pictures_in(page)[0]["nodes"])
    f.profile.fct_callcount = 0


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to read the page's program")
def test_the_program_of_the_page_is_one(tmp_path):
    page = tmp_path / "graph.html"
    d3viz(T.exp(x), str(page))
    (tmp_path / "page.js").write_text(re.search(r"<script>(.*)</script>", page.read_text(), re.S).group(1))
    subprocess.run(["node", "--check", str(tmp_path / "page.js")], check=True)


def test_text_for_graphviz(tmp_path):
    d3write(T.exp(x), tmp_path / "graph.dot")
    text = (tmp_path / "graph.dot").read_text()
    assert text.startswith("digraph G {") and 'label="x"' in text and "n0 -> n1" in text


def test_texts():
    assert replace_patterns("a.b+%% x", {"a.b": 1, "%% x": "y", ".": "!"}) == "1+y"
    assert safe_json({"a": "</script>", "b": [1, None]}) == '{"a": "\\u003c/script>", "b": [1, null]}'


def test_layers_and_places():
    arrows = [("a", "b"), ("b", "c"), ("a", "c"), ("k", "c")]
    assert layers_of(["a", "b", "k", "c"], arrows) == {"a": 0, "b": 1, "k": 1, "c": 2}
    widths = dict.fromkeys(["a", "b", "k", "c"], 50.0)
    points, paths = placed(widths, arrows)
    assert abs(points["b"][0] - points["k"][0]) >= 50.0 + 24.0 - 1e-9  # they stand side by side
    assert len(paths["a", "c"]) == 1 and paths["a", "b"] == [] and min(p[0] for p in points.values()) >= 25.0
    assert placed({}, []) == ({}, {})


def test_large_graphs_are_drawn_too():
    v = T.dvector("v")
    long = v
    for i in range(300):
        long = T.exp(long) + v * i
    picture = PyDotFormatter()(long)
    widths = {node.name: 50.0 for node in picture.get_nodes()}
    points, paths = placed(widths, [(a.source, a.target) for a in picture.get_edges()])
    assert len(points) == len(widths) and sum(map(len, paths.values())) < 20 * len(paths)


def test_few_arrows_cross():
    names = [f"{row}{i}" for row in "ab" for i in range(6)]
    arrows = [(f"a{i}", f"b{5 - i}") for i in range(6)]
    points, _ = placed(dict.fromkeys(names, 10.0), arrows)
    crossings = sum(
        (points[a][0] - points[c][0]) * (points[b][0] - points[d][0]) < 0
        for a, b in arrows
        for c, d in arrows
    )
    assert crossings == 0
