"""Expressions are written as Theano 1.0.5 writes them."""

import pytest

import theano
import theano.tensor as T
from theano.printing import FunctionPrinter, IgnorePrinter, OperatorPrinter, PatternPrinter, PPrinter, pprint

x, y = T.dmatrices("x", "y")
v = T.dvector("v")
i = T.iscalar("i")

TEXTS = [
    (x - (y - x), "(x - (y - x))"),
    (-(x + y), "(-(x + y))"),
    (x**y**x, "(x ** (y ** x))"),
    (1 / (1 + T.exp(-x)), "(TensorConstant{1} / (TensorConstant{1} + exp((-x))))"),
    (T.dot(x * 2, y), "((x * TensorConstant{2}) \\dot y)"),
    (x.sum(0), "Sum{axis=[0], acc_dtype=float64}(x)"),
    (abs(x), "|x|"),
    (x % y, "mod(x, y)"),
    (x // y, "(x // y)"),
    (T.cast(x, "float32"), "float32(x)"),
    (T.fill(x, 0), "fill(x, TensorConstant{0})"),
    (T.zeros((2, 3)), "alloc(TensorConstant{0.0}, TensorConstant{2}, TensorConstant{3})"),
    (T.join(0, x, y), "join(TensorConstant{0}, x, y)"),
    (x.T, "x.T"),
    (v.dimshuffle("x", 0), "v"),
    (v.dimshuffle(0, "x"), "DimShuffle{0, x}(v)"),
    (v[i], "v[ScalarFromTensor(i)]"),
    (v[1:i], "v[int64:int32]"),
    (x[i:, ::-1], "x[int32:, ::int64]"),
    (x[:, i], "x[:, ScalarFromTensor(i)]"),
    (T.dvector("alpha") + 1, "(\\alpha + TensorConstant{1})"),
    (T.dvector() + v, "(<TensorType(float64, vector)> + v)"),
]


@pytest.mark.parametrize(("expression", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(expression: T.TensorVariable, text: str):
    assert theano.pp(expression) == text


def test_printers_can_be_assigned():
    mine = pprint.clone()
    mine.assign(T.exp, PatternPrinter("e^{%(0)s}"))
    mine.assign(T.log, FunctionPrinter("ln"))
    mine.assign(T.sqrt, IgnorePrinter())
    mine.assign(T.sqr, OperatorPrinter("^2 ", 1))
    mine.assign(lambda state, r: r is y, FunctionPrinter("never"))
    assert mine(T.exp(x + 1)) == "e^{(x + TensorConstant{1})}"
    assert mine(T.log(T.sqrt(x))) == "ln(x)"
    assert pprint(T.log(x)) == "log(x)"
    with pytest.raises(TypeError, match="no operation computes"):
        mine(y)


def test_graphs():
    w = theano.shared(1.0, "w")
    assert pprint([v], [v * 2, v], [(w, w + 1)]) == "(v * TensorConstant{2})\nv\nw <- (w + TensorConstant{1})"
    with pytest.raises(TypeError, match="got 0 arguments"):
        PPrinter()()
    with pytest.raises(ValueError, match="assoc"):
        OperatorPrinter("+", 1, "middle")


def test_deep_expressions_need_no_recursion():
    x = T.dvector("x")
    expression, text = x, "x"
    for _ in range(2000):
        expression, text = T.exp(expression * x), f"exp(({text} * x))"
    assert pprint(expression) == theano.pp(expression) == text


def test_a_function_is_no_variable():
    x = T.dscalar("x")
    with pytest.raises(TypeError, match=r"take f.maker.fgraph.outputs\[0\]; debugprint takes the function"):
        theano.pp(theano.function([x], x + 1))
