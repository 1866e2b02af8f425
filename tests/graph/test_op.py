"""The classic protocol of operations, and test values."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import theano
import theano.ifelse
import theano.tensor as T


@pytest.fixture
def pair():
    x, y = T.dmatrix("x"), T.dmatrix("y")
    x.tag.test_value = np.ones((2, 3))
    return x, y


def how(value):
    return theano.config.change_flags(compute_test_value=value)


def test_values_go_along_with_the_graph(pair):
    x, _ = pair
    with how("off"):
        assert not hasattr(T.exp(x).tag, "test_value")
    for value in ("ignore", "warn", "raise", "pdb"):
        with how(value):
            np.testing.assert_array_equal((T.exp(x) * 2).tag.test_value, np.full((2, 3), 2 * np.e))
            assert (theano.shared(np.ones(3)) * 2).tag.test_value.tolist() == [2, 2, 2]


def test_a_missing_one_is_told_of_as_the_flag_says(pair, monkeypatch, capsys):
    x, y = pair
    stops = []
    monkeypatch.setattr("sys.breakpointhook", lambda: stops.append(1))
    with how("ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not hasattr((x + y).tag, "test_value")
    with how("warn"), pytest.warns(UserWarning, match=r"input 1 \(y\)"):
        _ = x + y
    with how("raise"), pytest.raises(ValueError, match=r"missing default value(.|\n)*set y.tag.test_value"):
        _ = x + y
    with how("pdb"):
        _ = x + y
    assert stops == [1] and "input 1 (y)" in capsys.readouterr().out


def test_one_that_does_not_fit(pair):
    x, y = pair
    with how("raise"):
        y.tag.test_value = np.ones((3, 2))
        with pytest.raises(ValueError, match="mis-match"):
            _ = x + y
        y.tag.test_value = np.ones(3)
        with pytest.raises(TypeError, match="The test value of y, input 1 of (.|\n)*expected: TensorType"):
            _ = x + y


def test_operations_with_parameters_that_write_over_inputs():
    class AddInPlace(theano.Op):
        itypes = otypes = (T.dvector,)
        params_type = theano.gof.ParamsType(by=theano.scalar.float64)
        destroy_map = {0: [0]}
        by = 1.0

        def perform(self, node, inputs, outputs, params):
            inputs[0] += params.by
            outputs[0][0] = inputs[0]

    x = T.dvector("x")
    x.tag.test_value = np.zeros(2)
    with how("raise"):
        assert AddInPlace()(x).tag.test_value.tolist() == [1, 1]
    assert x.tag.test_value.tolist() == [0, 0]


def test_an_operation_that_says_too_little():
    with pytest.raises(NotImplementedError, match="neither make_node nor itypes"):
        theano.Op()(1)

    class OneInput(theano.Op):
        itypes = otypes = (T.dscalar,)

    with pytest.raises(ValueError, match="takes 1 inputs; got 2"):
        OneInput()(1.0, 2.0)
    with pytest.raises(theano.gof.MethodNotDefined, match="no method 'perform'"):
        theano.function([], OneInput()(1.0), mode="NUMPY")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda x: T.nlinalg.matrix_inverse(x, x), r"MatrixInverse takes 1 input \(x\); got 2: x, x"),
        (lambda x: T.AdvancedSubtensor1()(x), r"takes 2 inputs \(x, places\); got 1: x"),
        (lambda x: T.Eye()(3), r"takes 3 inputs \(n, m, k\); got 1: 3"),
    ],
)
def test_another_number_of_inputs(make: Any, says: str):
    with pytest.raises(TypeError, match=says):
        make(T.dmatrix("x"))


def loop(a):
    made, _ = theano.scan(
        lambda row, before: T.tanh(row + before), sequences=a, outputs_info=T.zeros_like(a[0])
    )
    return made


def branch(a):
    return theano.ifelse.ifelse(T.gt(a.sum(), 0), a**2, -a)


def held(a):
    with how("off"):
        x = T.dmatrix()
        op = theano.OpFromGraph([x], [T.nnet.softmax(x) * 2])
    return op(a)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("flag", ["raise", "warn"])
@pytest.mark.parametrize(
    "make", [loop, branch, held, T.erf, lambda a: theano.gradient.jacobian((a**2).sum(axis=0), a)]
)
def test_gradients_and_functions_ask_for_no_test_values_of_variables_of_their_own(make, flag):
    with how(flag):
        a = T.dmatrix("a")
        a.tag.test_value = np.arange(6.0).reshape(3, 2) / 10
        y = make(a)
        slope = theano.grad(y.sum(), a)
        pushed = theano.Rop(y, a, T.ones_like(a))
        back = theano.Lop(y, a, T.ones_like(y))
        f = theano.function([a], [y, slope, pushed, back])
        for made, value in zip((y, slope, pushed, back), f(a.tag.test_value), strict=True):
            np.testing.assert_allclose(made.tag.test_value, value)


def test_a_fresh_program_with_test_values():
    """The library itself, and its rules, are made of no test values."""
    code = """
import numpy as np, theano, theano.ifelse, theano.tensor as T
x = T.dvector("x"); x.tag.test_value = np.ones(3)
f = theano.function([x], theano.grad(T.log(1 + T.exp(x)).sum(), x))
print(f(np.zeros(2)).tolist())
"""
    flags = {"THEANO_FLAGS": "compute_test_value=raise", "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **flags},
        capture_output=True,
        text=True,
    )
    assert said.stdout == "[0.5, 0.5]\n", said.stderr


def test_make_node_returns_an_application():
    class Wrong(theano.Op):
        def make_node(self, x):
            return [x.type()]

    with pytest.raises(TypeError, match="must return an Apply"):
        Wrong()(T.dvector())
