"""Graphs in Graphviz's language."""

import shutil
from pathlib import Path

import pytest

import theano
import theano.tensor as T
from croton.diagnose.dot import dot_text
from theano.printing import pydotprint

x = T.dvector("x")


def test_text():
    assert dot_text([T.exp(x) * 2]).splitlines() == [
        "digraph {",
        '  n0 [label="x TensorType(float64, vector)", shape=box];',
        '  n1 [label="Elemwise{exp,no_inplace}", shape=ellipse, style=filled, fillcolor="#FFAABB"];',
        '  n0 -> n1 [label="TensorType(float64, vector)"];',
        '  n2 [label="TensorConstant{2} TensorType(int8, scalar)", shape=box, style=dashed];',
        '  n3 [label="InplaceDimShuffle{x}", shape=ellipse];',
        '  n2 -> n3 [label="TensorType(int8, scalar)"];',
        '  n4 [label="Elemwise{mul,no_inplace}", shape=ellipse, style=filled, fillcolor="#FFAABB"];',
        '  n1 -> n4 [label="0 TensorType(float64, vector)"];',
        '  n3 -> n4 [label="1 TensorType(int8, (True,))"];',
        '  n5 [label="TensorType(float64, vector)", shape=box, style=filled, fillcolor="#AACCFF"];',
        "  n4 -> n5;",
        "}",
    ]
    assert (
        dot_text([x], with_ids=True, simple_names=True)
        .splitlines()[1]
        .startswith('  n0 [label="A x", shape=box')
    )
    assert dot_text([T.exp(x)], compact=False) == dot_text([T.exp(x)])
    assert dot_text([T.exp(-x)], compact=False).count("shape=box") == 3


def test_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    f = theano.function([x], T.exp(x))
    pydotprint(f, outfile=tmp_path / "f.dot")
    assert (tmp_path / "f.dot").read_text() == pydotprint(f.maker.fgraph, format="dot", return_image=True)
    assert capsys.readouterr().out == f"The output file is available at {tmp_path / 'f.dot'}\n"


@pytest.mark.skipif(shutil.which("dot") is not None, reason="Graphviz is here")
def test_says_what_a_picture_needs(tmp_path: Path):
    with pytest.raises(RuntimeError, match="install Graphviz"):
        pydotprint(x, outfile=tmp_path / "x.png")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not here")
def test_draws(tmp_path: Path):
    pydotprint(x, outfile=tmp_path / "x.png", print_output_file=False)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_errors():
    with pytest.raises(TypeError, match="pydotprint draws"):
        pydotprint(3)
