"""Calling compiled functions: what goes in, what comes out, and what is said when it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.errors import FunctionInputsError, MissingInputError, UnusedInputError


@pytest.fixture
def xy():
    return T.dvectors("x", "y")


# -- forms of inputs and outputs -----------------------------------------------------------------------------
def test_single_list_none_and_dict_outputs(xy):
    x, y = xy
    np.testing.assert_array_equal(theano.function([x, y], x + y)([1, 2], [3, 4]), [4, 6])
    (only,) = theano.function([x], [x * 2])([1, 2])
    np.testing.assert_array_equal(only, [2, 4])
    assert theano.function([x], [], on_unused_input="ignore")([1]) == []
    assert theano.function([x], None, on_unused_input="ignore")([1]) == []
    named = theano.function([x, y], {"b": x - y, "a": x + y})([3], [1])
    assert {k: float(v[0]) for k, v in named.items()} == {"a": 4.0, "b": 2.0}


def test_outputs_are_arrays_also_of_no_axes():
    x = T.dscalar()
    assert isinstance(theano.function([x], x * 2)(3), np.ndarray)
    assert theano.function([x], x * 2)(3).shape == ()


def test_calls_by_name_run_no_python(monkeypatch):
    a, b, c = T.dscalars("a", "b", "c")
    f = theano.function([a, b, c], a + 2 * b + 3 * c)
    if f.maker.mode.backend.name == "cpu":
        monkeypatch.setattr(type(f), "_call_slow", None)
    assert f(a=1.0, b=2.0, c=3.0) == f(1.0, c=3.0, b=2.0) == f(1.0, 2.0, c=3.0) == 14
    assert f(**{"".join(["", name]): value for name, value in zip("cab", (3.0, 1.0, 2.0), strict=True)}) == 14


def test_calls_by_name_that_do_not_fit():
    a, b, c = T.dscalars("a", "b", "c")
    f = theano.function([a, b, c], a + 2 * b + 3 * c)
    for args, kwargs, said in (
        ((), {"a": 1.0, "b": 2.0}, "Missing required input: c"),
        ((), {"a": 1.0, "b": 2.0, "d": 3.0}, "Unknown input or state: d"),
        ((1.0, 2.0), {"a": 3.0}, "Multiple values for input: a"),
        ((1.0, 2.0, 3.0), {"c": 3.0}, "Multiple values for input: c"),
    ):
        with pytest.raises(TypeError, match=said):
            f(*args, **kwargs)
    twice = theano.function([T.dscalar("a"), T.dscalar("a"), T.dscalar()], [], on_unused_input="ignore")
    with pytest.raises(TypeError, match="Ambiguous name: a"):
        twice(1.0, 2.0, a=3.0)


def test_keyword_calls():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, y], x - y)
    assert f(3, 1) == f(x=3, y=1) == f(3, y=1) == f(y=1, x=3) == 2


def test_defaults_are_put_back_after_each_call():
    x, y, w = T.dscalars("x", "y", "w")
    f = theano.function([x, theano.In(y, value=1), theano.In(w, value=2, name="w_by_name")], (x + y) * w)
    assert [float(v) for v in (f(33), f(33, 2), f(33, 0, 1), f(33, w_by_name=1), f(33, w_by_name=1, y=0))] == [
        68, 70, 33, 34, 33,
    ]  # fmt: skip
    f["y"] = 5.0
    assert f(1) == 12
    assert f(1) == 4
    assert f["y"] == 1
    f["y"] = 5.0
    assert f(1, y=2) == 6
    assert f["y"] == 1
    assert f(1) == 4


def test_an_input_may_be_computed_from_others():
    x = T.dscalar("x")
    y = x + 1
    assert theano.function([y], y * 2)(10) == 20


def test_state_kept_by_an_update():
    x, s = T.dscalars("x", "s")
    f = theano.function([x, theano.In(s, update=s + x, value=10.0, name="acc")], [s, s * 2])
    assert [float(v) for v in f(1)] == [10, 20]
    assert [float(v) for v in f(2)] == [11, 22]
    assert f["acc"] == 13
    assert [float(v) for v in f(1, 100)] == [100, 200]
    assert f["acc"] == 101
    f["acc"] = 0.0
    assert f(5)[0] == 0
    assert f.container["acc"].value == 5


def test_implicit_inputs_can_not_be_given():
    x, s = T.dscalars("x", "s")
    f = theano.function([x, theano.In(s, update=s + x, value=10.0, implicit=True)], s)
    assert f(1) == 10
    with pytest.raises(TypeError, match="Too many parameter"):
        f(1, 2)
    with pytest.raises(TypeError, match="implicit"):
        f(1, s=2)


def test_output_subset():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, y], {"a": x + y, "b": x - y, "c": x * y})
    assert sorted(f(1, 2, output_subset=["a", "c"])) == ["a", "c"]
    g = theano.function([x, y], [x + y, x - y])
    assert g(1, 2, output_subset=[1]) == [-1]


# -- wrong calls ---------------------------------------------------------------------------------------------
def test_wrong_arguments_say_which():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, theano.In(y, value=2.0)], x + y, name="plus")
    with pytest.raises(TypeError, match="Missing required input: x"):
        f()
    with pytest.raises(TypeError, match="Too many parameter"):
        f(1, 2, 3)
    with pytest.raises(TypeError, match="Multiple values for input: x"):
        f(1, x=2)
    with pytest.raises(TypeError, match="Unknown input or state: zz"):
        f(1, zz=2)
    with pytest.raises(TypeError, match=r'"plus" at index 0 .*"x".*Wrong number of dimensions'):
        f([1])
    with pytest.raises(TypeError, match="Unknown input or state"):
        f["zz"]


def test_same_name_twice_is_ambiguous():
    x, y = T.dscalars("x", "y")
    f = theano.function([theano.In(x, name="a"), theano.In(y, name="a")], x + y)
    assert f(1, 2) == 3
    with pytest.raises(TypeError, match="Ambiguous"):
        f(a=1)
    assert f.container[x].name == "a"


def test_casting_of_arguments():
    x = T.fvector("x")
    f = theano.function([x], x)
    assert f([1, 2]).dtype == "float32"
    assert f(np.ones(2, "int8")).dtype == "float32"
    for value in (np.ones(2), np.ones(2, "int64")):
        with pytest.raises(TypeError, match="loss of precision"):
            f(value)
    assert theano.function([x], x, allow_input_downcast=True)(np.ones(2)).dtype == "float32"
    with pytest.raises(TypeError):
        theano.function([theano.In(x, strict=True)], x)([1, 2])


def test_trust_input():
    x = T.dscalar()
    f = theano.function([x], x * 2)
    f.trust_input = True
    assert f(np.asarray(3.0)) == 6


# -- wrong graphs --------------------------------------------------------------------------------------------
def test_unused_inputs(xy):
    x, y = xy
    with pytest.raises(UnusedInputError, match="input 1, y"):
        theano.function([x, y], x)
    with pytest.raises(UnusedInputError, match="given twice"):
        theano.function([x, x], x)
    with pytest.warns(UserWarning, match="input 1, y"):
        theano.function([x, y], x, on_unused_input="warn")
    with pytest.raises(ValueError, match="on_unused_input"):
        theano.function([x, y], x, on_unused_input="never")
    theano.function([x, y], x, on_unused_input="ignore")


def test_missing_inputs(xy):
    x, y = xy
    with pytest.raises(MissingInputError) as caught:
        theano.function([x], x + y)
    said = str(caught.value)
    assert said.startswith("The graph needs y of type TensorType(float64, vector)")
    assert f'made at: File "{__file__}"' in said and f'read at: File "{__file__}"' in said
    assert "read by: Elemwise{add,no_inplace}(x, y)" in said
    assert caught.value.variable is y


def test_what_is_no_input_or_output(xy):
    x, _ = xy
    with pytest.raises(FunctionInputsError, match="in a list"):
        theano.function(x, x)
    for inputs in ([3], [T.constant(1.0)]):
        with pytest.raises(TypeError):
            theano.function(inputs, x)
    for outputs in ("a", ["a"], [[x]], 3):
        with pytest.raises(TypeError, match="Outputs"):
            theano.function([x], outputs)
    with pytest.raises(AssertionError, match="strings"):
        theano.function([x], {1: x})
    with pytest.raises(TypeError, match="explicit input"):
        theano.function([theano.shared(1.0)], x)


# -- givens --------------------------------------------------------------------------------------------------
def test_givens():
    x, y = T.dscalars("x", "y")
    assert theano.function([x], x * y, givens=[(y, x + 1)])(3) == 12
    data = theano.shared(np.arange(12.0).reshape(6, 2))
    m, i = T.dmatrix("m"), T.lscalar("i")
    batch_sum = theano.function([i], m.sum(axis=0), givens={m: data[i * 2 : (i + 1) * 2]})
    np.testing.assert_array_equal([batch_sum(0), batch_sum(2)], [[2, 4], [18, 20]])


def test_givens_of_an_input_or_of_another_type():
    x, y = T.dscalar("x"), T.fscalar("y")
    with pytest.raises(RuntimeError, match="is an input"):
        theano.function([x], x, givens={x: x + 1})
    with pytest.raises(TypeError):
        theano.function([y], x * 2, givens={x: y})
    assert theano.function([y], x * 2, givens={x: T.cast(y, "float64")})(3) == 6
    assert theano.function([y], x * 2, givens={x: y}, rebuild_strict=False)(3).dtype == "float32"


def test_givens_of_values():
    x, y = T.dscalar("x"), T.fscalar("y")
    assert theano.function([], x * 2, givens={x: 3.0})() == 6
    assert theano.function([], y * 2, givens={y: np.float32(3)})() == 6
    with pytest.raises(TypeError, match="float64"):
        theano.function([], y * 2, givens={y: 3.0})
    v = T.dvector()
    assert theano.function([], v * 2, givens={v: np.ones(1)})().tolist() == [2]


def test_givens_that_depend_on_one_another():
    x, y, s = T.dscalars("x", "y", "s")
    with pytest.raises(AssertionError, match="depend on one another"):
        theano.function([x], x + y + s, givens=[(y, s), (s, x)])
    assert theano.function([x], x + y + s, givens=[(s, x), (y, s)])(2) == 6


# -- memory --------------------------------------------------------------------------------------------------
def test_outputs_never_share_memory_with_inputs_constants_or_one_another():
    x = T.dvector()
    value = np.ones(3)
    a, b = theano.function([x], [x, x])(value)
    a[0] = 5
    assert value.tolist() == b.tolist() == [1, 1, 1]
    c, d = theano.function([x], [x * 2, x * 2])(value)
    c[0] = 9
    assert d.tolist() == [2, 2, 2]
    view = theano.function([x], x[::-1])(value)
    view[0] = 7
    assert value.tolist() == [1, 1, 1]
    const = theano.function([], T.constant(np.zeros(2)))
    const()[0] = 1
    assert const().tolist() == [0, 0]


def test_results_of_calls_stay():
    x = T.dvector()
    f = theano.function([x], x + 1)
    first = f([1, 2])
    f([5, 6])
    assert first.tolist() == [2, 3]


# -- errors while running ------------------------------------------------------------------------------------
def test_an_error_names_the_node_its_inputs_and_the_line():
    x, y = T.dvector("x"), T.dvector("y")
    z = x * y  # the line that the message names
    f = theano.function([x, y], z + 1, mode="FAST_COMPILE")
    with pytest.raises(ValueError) as caught:
        f([1, 2], [1, 2, 3])
    said = str(caught.value)
    assert "Apply node that caused the error: Elemwise{mul" in said
    assert "Inputs shapes: [(2,), (3,)]" in said
    assert "Inputs strides: [(8,), (8,)]" in said
    assert "Inputs values: [array([1., 2.]), array([1., 2., 3.])]" in said
    assert "test_function.py" in said


def test_an_error_of_a_users_operation_keeps_its_class():
    class Broken(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            raise KeyError("boom")

    x = T.dvector("x")
    with pytest.raises(KeyError, match="boom.*Apply node that caused the error: Broken"):
        theano.function([x], Broken()(x))([1.0])


# -- eval ----------------------------------------------------------------------------------------------------
def test_eval():
    x, y = T.dscalars("x", "y")
    z = x + y
    assert z.eval({x: 1, y: 2}) == 3
    assert z.eval({y: 5, x: 2}) == 7
    w = theano.shared(np.ones(2))
    assert (w * 3).eval().tolist() == [3, 3]
    with pytest.raises(MissingInputError):
        z.eval({x: 1})


@pytest.mark.parametrize("downcast", [None, False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_what_is_no_real_number_is_refused(dtype, downcast):
    x = T.scalar("x", dtype=dtype)
    f = theano.function([x], x + x, allow_input_downcast=downcast)
    with pytest.raises(TypeError, match="can't convert complex to"):
        f(1 + 0j)
    with pytest.raises(TypeError, match=f"expected a number or an array of {dtype}; got None"):
        f(None)


@pytest.mark.parametrize("given", [{"x": 1.0}, 1.0, np.ones(3)])
def test_eval_takes_variables(given):
    with pytest.raises(TypeError, match="a dict from variables"):
        T.dscalar("x").eval(given)


def test_what_does_not_fit_in_a_place_says_which(xy):
    x, _ = xy
    with pytest.raises(TypeError, match="Cannot convert") as caught:
        theano.function([], x + 1, givens={x: T.dmatrix("m")})
    assert "m in the place of x" in caught.value.__notes__[0]
