"""ifelse: values, types, gradients, and that a branch is computed only when it is taken."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.ifelse import Conditional
from theano.ifelse import IfElse, ifelse

BACKENDS = ["FAST_RUN", "FAST_COMPILE"]


class Loud(theano.Op):
    """Twice its input; says when it runs."""

    __props__ = ("said",)

    def __init__(self, said, ran):
        self.said = said
        self.ran = ran

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        self.ran.append(self.said)
        outputs[0][0] = inputs[0] * 2

    def infer_shape(self, node, shapes):
        return shapes

    def grad(self, inputs, grads):
        return [Loud(self.said + "'", self.ran)(grads[0])]


@pytest.fixture
def ran():
    return []


c, d = T.iscalar("c"), T.dscalar("d")
x, y = T.dvector("x"), T.dvector("y")
X, Y = [1.0, 2.0], [3.0, 4.0, 5.0]


@pytest.mark.parametrize("mode", BACKENDS)
def test_only_the_branch_taken_is_computed(mode, ran):
    z = ifelse(c, Loud("yes", ran)(x), Loud("no", ran)(y))
    f = theano.function([c, x, y], [z, z.shape[0]], mode=mode)
    for condition, said, value in ((1, "yes", [2, 4]), (-3, "yes", [2, 4]), (0, "no", [6, 8, 10])):
        ran.clear()
        made, length = f(condition, X, Y)
        np.testing.assert_array_equal(made, value)
        assert length == len(value)
        assert ran == [said]


@pytest.mark.parametrize("mode", BACKENDS)
def test_conditions_inside_branches(mode, ran):
    inside = ifelse(T.gt(d, 0), Loud("a", ran)(x), Loud("b", ran)(x))
    f = theano.function([c, d, x], ifelse(c, inside, Loud("c", ran)(x)), mode=mode)
    for condition, number, said in ((1, 1.0, "a"), (1, -1.0, "b"), (0, 1.0, "c"), (0, -1.0, "c")):
        ran.clear()
        np.testing.assert_array_equal(f(condition, number, X), [2, 4])
        assert ran == [said]


@pytest.mark.parametrize("mode", BACKENDS)
def test_what_both_branches_need_is_computed_once(mode, ran):
    both = Loud("both", ran)(x)
    f = theano.function([c, x], ifelse(c, both + 1, both * 2), mode=mode)
    np.testing.assert_array_equal(f(1, X), [3, 5])
    np.testing.assert_array_equal(f(0, X), [4, 8])
    assert ran == ["both", "both"]


@pytest.mark.parametrize("mode", BACKENDS)
def test_what_two_conditions_need_is_computed_once_and_only_then(mode, ran):
    shared = Loud("shared", ran)(x)
    first = ifelse(c, shared.sum(), y.sum())
    second = ifelse(c, (shared * first).sum(), first)
    f = theano.function([c, x, y], [first, second], mode=mode)
    np.testing.assert_array_equal(f(1, X, Y), [6, 36])
    assert ran == ["shared"]
    np.testing.assert_array_equal(f(0, X, Y), [12, 12])
    assert ran == ["shared"]


@pytest.mark.parametrize("mode", BACKENDS)
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "float64", "complex128"])
def test_conditions_of_any_type(mode, dtype):
    condition = T.TensorType(dtype, ())()
    f = theano.function([condition, x], ifelse(condition, x, x * 2), mode=mode)
    np.testing.assert_array_equal(f(np.dtype(dtype).type(1), X), [1, 2])
    np.testing.assert_array_equal(f(np.dtype(dtype).type(0), X), [2, 4])


@pytest.mark.parametrize("mode", BACKENDS)
def test_several_values_of_several_types(mode):
    m, z = T.dmatrix("m"), T.zscalar("z")
    made = ifelse(c, (x, m, d, z), (x + 1, m.T, d * 2, z * 1j))
    assert isinstance(made, tuple)
    f = theano.function([c, x, m, d, z], list(made), mode=mode)
    given = np.arange(6.0).reshape(2, 3)
    for condition in (0, 1):
        got = f(condition, X, given, 3.0, 1j)
        expected = ([1, 2], given, 3, 1j) if condition else ([2, 3], given.T, 6, -1)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert isinstance(ifelse(c, [x], [y]), list)


@pytest.mark.parametrize("mode", BACKENDS)
def test_updates_and_objects(mode):
    state = theano.shared(np.ones(3))
    f = theano.function([c], state, updates=[(state, ifelse(c, state + 1, state * 10))], mode=mode)
    np.testing.assert_array_equal(f(1), [1, 1, 1])
    f(0)
    np.testing.assert_array_equal(state.get_value(), [20, 20, 20])
    a, b = T.iscalar(), T.iscalar()
    piece = ifelse(c, theano.tensor.type_other.MakeSlice()(a, b), theano.tensor.type_other.MakeSlice()(b, a))
    g = theano.function([c, a, b], piece, mode=mode)
    assert g(1, 2, 5) == slice(2, 5, None)
    assert g(0, 2, 5) == slice(5, 2, None)


@pytest.mark.parametrize("mode", BACKENDS)
def test_gradients_go_to_the_branch_that_was_taken(mode):
    z = ifelse(c, (x**2).sum(), y.sum() * 3)
    f = theano.function([c, x, y], theano.grad(z**2, [x, y]), mode=mode)
    for a, b in zip(f(1, X, Y), ([20, 40], [0, 0, 0]), strict=True):
        np.testing.assert_allclose(a, b)
    for a, b in zip(f(0, X, Y), ([0, 0], [216, 216, 216]), strict=True):
        np.testing.assert_allclose(a, b)


def test_derivative_along_a_direction():
    made = T.Rop(ifelse(c, x * x, x * 3), x, T.ones_like(x))
    np.testing.assert_array_equal(made.eval({c: 1, x: X}), [2, 4])
    np.testing.assert_array_equal(made.eval({c: 0, x: X}), [3, 3])


def test_gradient_with_respect_to_the_condition_is_zero():
    z = ifelse(d, x * 2, x * 3)
    assert theano.grad(z.sum(), d).eval({d: 1.0}) == 0


def test_known_conditions_and_equal_branches_leave_nothing():
    for made in (ifelse(np.int8(1), x * 2, x * 3), ifelse(c, x * 2, x * 2)):
        f = theano.function([c, x], made, on_unused_input="ignore")
        assert not any(isinstance(n.op, (IfElse, Conditional)) for n in f.maker.fgraph.toposort())
        np.testing.assert_array_equal(f(0, X), [2, 4])


def test_errors():
    with pytest.raises(TypeError, match="has to be a scalar"):
        ifelse(x, x, x)
    with pytest.raises(TypeError, match="should have identical types"):
        ifelse(c, x, T.dmatrix())
    with pytest.raises(TypeError, match="should have identical types"):
        ifelse(c, x, T.fvector())
    with pytest.raises(TypeError, match="should have identical types"):
        ifelse(c, T.drow(), T.dmatrix())
    with pytest.raises(ValueError, match="number of values on the `then` branch"):
        ifelse(c, [x], [x, x])
    with pytest.raises(AssertionError, match="Wrong number of arguments"):
        IfElse(2)(c, x, x, x)
    with pytest.raises(TypeError):
        ifelse(True, x, x)


def test_errors_in_a_branch_name_its_node():
    f = theano.function([c, x, y], ifelse(c, x + y, x))
    np.testing.assert_array_equal(f(0, X, Y), X)
    with pytest.raises(ValueError, match="Input dimension mis-match") as caught:
        f(1, X, Y)
    assert "Elemwise{add" in str(caught.value)
    assert __file__ in str(caught.value)


def test_length_of_the_result_is_that_of_the_branch():
    z = ifelse(c, x, y)
    f = theano.function([c, x, y], z.shape[0])
    assert f(1, X, Y) == 2
    assert f(0, X, Y) == 3
    assert str(z.owner) == "if{}(c, x, y)"
    assert IfElse(1) == IfElse(1)


def test_what_flows_back_into_the_other_branch_is_not_computed():
    w, u = T.dmatrix("w"), T.dmatrix("u")
    hidden = T.tanh(T.dot(x, w))
    z = ifelse(c, (T.nnet.sigmoid(T.dot(hidden, w)) ** 2).sum(), (T.dot(y, u) * y.sum() * w.sum()).sum())
    given = [c, x, y, w, u]
    f = theano.function(given, theano.grad(z**2, [w, u, x]))
    plain = theano.function(given, theano.grad(z**2, [w, u, x]), mode="FAST_COMPILE")
    W, U = np.linspace(-1, 2, 4).reshape(2, 2), np.linspace(0, 1, 9).reshape(3, 3)
    for condition in (0, 1):
        for a, b in zip(f(condition, X, Y, W, U), plain(condition, X, Y, W, U), strict=True):
            np.testing.assert_allclose(a, b)
    outside = [str(node.op) for node in f.maker.fgraph.toposort()]
    assert not any(word in name for name in outside for word in ("dot", "tanh", "sigmoid", "Gem", "Ger"))
    assert f.maker.stats.fired["ifelse_lift_zeros"]
    assert f.maker.stats.fired["ifelse_add_zeros"]


@pytest.mark.parametrize("mode", BACKENDS)
def test_objects_that_two_conditions_need_are_made_before_both(mode):
    class Cut(theano.Op):
        __props__ = ()

        def make_node(self, x, piece):
            return theano.Apply(self, [x, piece], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0][inputs[1]].copy()

    piece = theano.tensor.type_other.MakeSlice()(c, 3)
    first = ifelse(c, Cut()(y, piece).sum(), y.sum())
    second = ifelse(c, (Cut()(y, piece) * first).sum(), first)
    f = theano.function([c, y], [first, second], mode=mode)
    np.testing.assert_array_equal(f(1, Y), [9, 81])
    np.testing.assert_array_equal(f(0, Y), [12, 12])


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
def test_what_one_condition_makes_is_read_under_another(backend):
    a, b = T.iscalars("a", "b")
    x = T.dvector("x")
    p = T.exp(x)
    first = ifelse(a, x, p)
    q = p * T.sin(first)
    outputs = [first, ifelse(b, ifelse(a, x, q), x) + 0, ifelse(a, x * 3, q + first)]
    with theano.config.change_flags(backend=backend):
        f = theano.function([a, b, x], outputs)
    value = np.array([1.0, 2.0])
    for one in (0, 1):
        for two in (0, 1):
            s = value if one else np.exp(value)
            product = np.exp(value) * np.sin(s)
            expected = [s, (value if one else product) if two else value, value * 3 if one else product + s]
            np.testing.assert_allclose(f(one, two, value), expected)
