"""What tests of a user's own operations are made of."""

from __future__ import annotations

import unittest

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compat import cmp, decode, exc_message, get_unbound_function
from theano.tests import unittest_tools as utt
from theano.tests.breakpoint import PdbBreakpoint


class Doubled(theano.Op):
    """2 x, by Python."""

    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = 2 * inputs[0]

    def infer_shape(self, node, shapes):
        return shapes

    def grad(self, inputs, gradients):
        return [2 * gradients[0]]


class Tripled(Doubled):
    """With a wrong gradient, and a wrong shape."""

    def infer_shape(self, node, shapes):
        return [(shapes[0][0] + 1,)]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = 3 * inputs[0]


def test_gradients_are_verified():
    utt.verify_grad(Doubled(), [np.array([1.0, 2.0])])
    with pytest.raises(theano.gradient.GradientError):
        utt.verify_grad(Tripled(), [np.array([1.0, 2.0])])


def test_shapes_are_verified():
    case = utt.InferShapeTester()
    case.setUp()
    x = T.dvector()
    case._compile_and_check([x], [Doubled()(x)], [np.ones(3)], Doubled)
    with pytest.raises(AssertionError, match="shape rule"):
        case._compile_and_check([x], [Tripled()(x)], [np.ones(3)], Tripled)


def test_what_a_graph_holds():
    x = T.dvector()
    f = theano.function([x], T.exp(Doubled()(x)))
    asserts = utt.TestOptimizationMixin()
    asserts.assertFunctionContains1(f, T.exp)
    asserts.assertFunctionContains0(f, T.log)
    asserts.assertFunctionContainsClassN(f, Doubled, 1)
    with pytest.raises(AssertionError, match="not 2 to 2"):
        asserts.assertFunctionContainsN(f, T.exp, 2)
    with pytest.raises(unittest.SkipTest):
        asserts.SkipTest()


def test_the_contract_of_operations():
    class Contract(utt.T_OpContractMixin):
        def setUp(self):
            self.ops = [Doubled()]

        def clone(self, op):
            return type(op)()

    case = Contract()
    case.setUp()
    case.test_eq()
    case.test_hash()
    case.test_name()


def test_nearness_and_seeds():
    utt.assert_allclose(np.float32(1), np.float32(1 + 1e-5))
    with pytest.raises(utt.WrongValue, match="differ by at most 1"):
        utt.assert_allclose(np.ones(2), np.array([1.0, 2.0]))
    with theano.change_flags({"unittests.rseed": "7"}):
        assert utt.seed_rng() == utt.fetch_seed() == 7
    with theano.change_flags({"unittests.rseed": "random"}):
        assert utt.fetch_seed() is None


def test_names_for_two_pythons():
    assert (cmp(1, 2), cmp(2, 2), cmp(3, 2)) == (-1, 0, 1)
    assert decode(b"a") == "a" and exc_message(ValueError("why")) == "why"
    assert get_unbound_function(Doubled().make_node) is Doubled.make_node


def test_a_breakpoint_stops_where_its_condition_holds(monkeypatch, capsys):
    stops = []
    monkeypatch.setattr("sys.breakpointhook", lambda: stops.append(1))
    x, y = T.dscalars("x", "y")
    a, b = PdbBreakpoint("large")(T.gt(x, 1), x, y)
    f = theano.function([x, y], [a * b, *theano.grad(a * b, [x, y])])
    np.testing.assert_array_equal(f(0.5, 2.0), [1.0, 2.0, 0.5])
    assert not stops
    f(2.0, 2.0)
    assert len(stops) == 1 and "'large' activated" in capsys.readouterr().out
    with pytest.raises(TypeError, match="must be one number"):
        PdbBreakpoint("bad")(T.dvector(), x)
