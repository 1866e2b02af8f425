"""The text of graphs is that of Theano 1.0.5, to the last blank."""

import io

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.printing import debugprint, hex_digest, min_informative_str, var_descriptor

x = T.dvector("x")


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)


def test_layout():
    y = T.dmatrix("y")
    e = T.exp(x) + 1
    e.name = "e"
    assert debugprint([e, T.dot(y, x)], file="str") == lines(
        "Elemwise{add,no_inplace} [id A] 'e'   ",
        " |Elemwise{exp,no_inplace} [id B] ''   ",
        " | |x [id C]",
        " |InplaceDimShuffle{x} [id D] ''   ",
        "   |TensorConstant{1} [id E]",
        "dot [id F] ''   ",
        " |y [id G]",
        " |x [id C]",
    )


def test_types_and_depth():
    assert debugprint(T.exp(x) + x, file="str", depth=2, print_type=True) == lines(
        "Elemwise{add,no_inplace} [id A] <TensorType(float64, vector)> ''   ",
        " |Elemwise{exp,no_inplace} [id B] <TensorType(float64, vector)> ''   ",
        " |x [id C] <TensorType(float64, vector)>",
    )


@pytest.mark.parametrize(("ids", "first", "leaf"), [("int", "[id 0]", "[id 1]"), ("", "", "")])
def test_ids(ids: str, first: str, leaf: str):
    assert debugprint(T.exp(x), file="str", ids=ids) == lines(
        f"Elemwise{{exp,no_inplace}} {first} ''   ", f" |x {leaf}"
    )


def test_what_stands_twice_is_opened_once():
    z = T.exp(x)
    assert debugprint(z * z, file="str") == lines(
        "Elemwise{mul,no_inplace} [id A] ''   ",
        " |Elemwise{exp,no_inplace} [id B] ''   ",
        " | |x [id C]",
        " |Elemwise{exp,no_inplace} [id B] ''   ",
    )


def test_a_name_stops():
    z = T.exp(x)
    z.name = "z"
    assert debugprint(-z, file="str", stop_on_name=True) == lines(
        "Elemwise{neg,no_inplace} [id A] ''   ", " |Elemwise{exp,no_inplace} [id B] 'z'   "
    )


def test_function_shows_order_values_and_readers():
    s = theano.shared(np.array(1.0), "s")
    f = theano.function([x], T.exp(x) * 2, updates=[(s, s + 1)], mode="FAST_COMPILE")
    assert debugprint(f, file="str", print_storage=True) == lines(
        "Elemwise{mul,no_inplace} [id A] ''   1 [None]",
        " |Elemwise{exp,no_inplace} [id B] ''   0 [None]",
        " | |x [id C] [None]",
        " |TensorConstant{(1,) of 2} [id D] [array([2], dtype=int8)]",
        "Elemwise{add,no_inplace} [id E] ''   2 [None]",
        " |s [id F] [array(1.)]",
        " |TensorConstant{1} [id G] [array(1, dtype=int8)]",
    )
    e = T.exp(x)
    g = theano.function([x], [e.sum(), e], mode="FAST_COMPILE")
    assert "''   0 clients:[('[id A]', 1), ('output', '')]\n" in debugprint(g, file="str", print_clients=True)


def test_deep_graphs_need_no_recursion():
    y = x
    for _ in range(3000):
        y = y + x
    text = debugprint(y, file="str")
    assert text.count("\n") == 6001
    # A column for each level would take 2 * 3000**2 letters and more.
    assert len(text) < 8_000_000
    lines = text.splitlines()
    assert lines[400].startswith(" |" * 400 + "Elemwise{add")
    assert lines[401].startswith(" |" * 400 + "(401) |Elemwise{add")
    short = min_informative_str(y)
    assert short.count("\n") == 6000
    assert "\n" + " " * 400 + "(401) " in short
    assert var_descriptor(y).count("(") == 3000


def test_goes_where_it_is_told(capsys: pytest.CaptureFixture[str]):
    out = io.StringIO()
    assert debugprint(x, file=out) is out
    assert out.getvalue() == "x [id A]\n"
    assert debugprint(x) is None
    assert capsys.readouterr().out == "x [id A]\n"


def test_errors():
    with pytest.raises(TypeError, match="takes a variable, an Apply"):
        debugprint(3)
    with pytest.raises(TypeError, match="file is an open file, None .* got 'graph.txt'"):
        debugprint(x, file="graph.txt")
    with pytest.raises(ValueError, match="ids is one of"):
        debugprint(x, ids="roman")


def test_short_forms():
    y = x + 1
    assert min_informative_str(y * y) == "\n".join(
        [
            "A. Elemwise{mul,no_inplace}",
            " B. Elemwise{add,no_inplace}",
            "  C. x",
            "  D. InplaceDimShuffle{x}",
            "   E. TensorConstant{1}",
            " <B>",
        ]
    )
    e = T.exp(x)
    assert var_descriptor(e + e) == "A=Elemwise{add,no_inplace}(B=Elemwise{exp,no_inplace}(C=x),<B>)"
    assert var_descriptor(T.constant(np.ones((3, 4)))) == "A=TensorConstant{(3, 4) of 1.0}"
    known = "b0c45303f7f11848cb5e6e5b2af2fb2aecd0b72c28748b88b583ab6bb76df174"
    assert hex_digest(np.arange(3.0)) == f"{known}|strides=[8]|shape=[3]"


def test_graphs_of_loops_come_after_the_rest():
    y, k = T.dvector("y"), T.dscalar("k")
    out, _ = theano.scan(lambda a, s: s * k + a, sequences=y, outputs_info=T.dscalar("s"))
    assert debugprint(out, file="str") == lines(
        "Subtensor{1:} [id A] ''   ",
        " |for{cpu,scan_fn} [id B] ''   ",
        "   |Shape_i{i=0} [id C] ''   ",
        "   | |y [id D]",
        "   |y [id D]",
        "   |InplaceDimShuffle{x} [id E] ''   ",
        "   | |s [id F]",
        "   |k [id G]",
        "",
        "Inner graphs of the scan ops:",
        "",
        "for{cpu,scan_fn} [id B] ''   ",
        " >Elemwise{add,no_inplace} [id H] ''   ",
        " > |Elemwise{mul,no_inplace} [id I] ''   ",
        " > | |s[t-1] [id J] -> [id E]",
        " > | |k [id K] -> [id G]",
        " > |y[t] [id L] -> [id D]",
    )


def test_graphs_of_conditions_are_printed() -> None:
    c, x = T.iscalar("c"), T.dvector("x")
    f = theano.function([c, x], ifelse(c, T.tanh(x).sum(), T.exp(x).prod()))
    text = theano.printing.debugprint(f, file="str")
    above, inner = text.split("\nInner graphs:\n")
    assert above.startswith("Conditional{")
    lines = inner.splitlines()
    assert any(line.startswith(" then >") and "tanh" in line for line in lines)
    assert any(line.startswith(" else >") and "exp" in line for line in lines)
    assert any(line.startswith(" else >") and "-> [id" in line for line in lines)
