"""Loops and branches of the planned program: what they compute, where memory is taken, what they say when they fail."""

import signal
import threading
import time

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.plan import program as p
from theano.ifelse import ifelse

x, v, m = T.dvector("x"), T.dvector("v"), T.dmatrix("m")
k, n = T.lscalar("k"), T.lscalar("n")
X = np.array([0.5, -1.0, 2.0, 0.25])
V = np.array([1.0, 2.0, -0.5])
# What rules make of loops is not asked here: they are to be run as they are.
AS_IT_IS = theano.compile.mode.get_default_mode().excluding("loops")
M = np.linspace(-1, 1, 12).reshape(4, 3)


class Shorten(theano.Op):
    """An operation of Python's: the first `k` elements."""

    __props__ = ()

    def make_node(self, x, k):
        return theano.Apply(self, [x, k], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0][: int(inputs[1])].copy()


def loop(inputs, outputs, *outer, **roles):
    return Scan(InnerGraph(inputs, outputs), **roles)(*outer, return_list=True)


def agree(inputs, outputs, *given):
    native = theano.function(inputs, outputs, mode=AS_IT_IS, on_unused_input="ignore")
    reference = theano.function(inputs, outputs, mode="NUMPY", on_unused_input="ignore")
    for _ in range(2):
        for found, expected in zip(native(*given), reference(*given), strict=True):
            assert np.shape(found) == np.shape(expected)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    return native


def loops_of(f):
    return [s for s in p.walk(f.compiled.plan.statements) if isinstance(s, p.Loop)]


def calls_in_loops(f):
    return {s.function for one in loops_of(f) for s in p.walk(one.body) if isinstance(s, p.Call)}


@pytest.mark.parametrize("steps", range(5))
def test_carried_arrays_of_several_kinds(steps):
    a, b, c, d = T.dvector(), T.dvector(), T.dmatrix(), T.dscalar()
    outs = loop(
        [a, b, c, d], [b, a + 1, T.dot(c, c) / 3, d * 2 + 1], n, v, v * 2, m[:3], np.float64(0.5), carried=4
    )
    agree([n, v, m], [*outs, outs[0] + outs[1]], steps, V, M)


@pytest.mark.parametrize("steps", [0, 1, 3, 4])
def test_states_sequences_and_mapped_outputs(steps):
    row, old, older, rest = T.dvector(), T.dvector(), T.dvector(), T.dvector()
    new = T.tanh(old * 0.5 + older * row) + rest
    outs = loop(
        [row, old, older, rest], [new, T.exp(row), new.sum(), T.outer(row, rest)],
        n, m, T.stack([v, v * 2]), v, sequences=1, taps=[(-1, -2)],
    )  # fmt: skip
    f = agree([n, m, v], outs, steps, M, V)
    assert not calls_in_loops(f) & {"rt_alloc", "rt_output", "rt_free", "rt_contiguous"}
    agree([n, m, v], loop([row, rest], [row * rest], n, m[::-1, ::2], v[::2], sequences=1), steps, M, V)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_rows_that_are_read_from_the_end_are_stored_so(steps):
    row, number = T.dvector(), T.dscalar()
    rows, numbers, both = loop([row, number], [row * number, number + 1, row - number], n, m, x, sequences=2)
    f = agree(
        [n, m, x], [rows[::-1].flatten(), rows[::-1] + both[::-1], numbers[::-1] * 2, both], steps, M, X
    )
    copies = [
        s for s in p.walk(f.compiled.plan.statements) if isinstance(s, p.Call) and s.function == "rt_copy"
    ]
    assert len(copies) == 1  # the flattened rows, which are returned


def test_a_loop_that_stops_early():
    row, old, last = T.dscalar(), T.dscalar(), T.dvector()
    for limit in (0.2, 0.9, 100.0):
        outs = loop(
            [row, old, last], [old + row * row, last * old, row * 2, T.gt(old, limit)],
            4, x, T.zeros(1), v, sequences=1, taps=[(-1,)], carried=1, until=True,
        )  # fmt: skip
        agree([x, v], [*outs, outs[0].sum(), outs[2].shape[0]], X, V)


def test_lengths_that_only_a_step_can_tell():
    count, old = T.lscalar(), T.dvector()
    (rows,) = loop([old, count], [Shorten()(old * 2, count)], n, x, k, taps=[], carried=0, sequences=0)
    for steps in (0, 1, 3):
        native = theano.function([n, x, k], [rows, rows * 2], mode=AS_IT_IS)
        made, twice = native(steps, X, 2)
        assert made.shape == (steps, 2)
        np.testing.assert_allclose(made, np.tile(X[:2] * 2, (steps, 1)))
        np.testing.assert_allclose(twice, made * 2)
    each = T.lscalar()
    (rows,) = loop([each, old], [Shorten()(old, each)], 3, T.stack([k, k, n]), x, sequences=1)
    with pytest.raises(ValueError, match="length 3 on axis 0 for its output 0, which had length 2"):
        theano.function([k, n, x], rows, mode=AS_IT_IS)(2, 3, X)


def test_loops_in_loops_and_branches_in_loops():
    row, total, element, inner_total = T.dvector(), T.dscalar(), T.dscalar(), T.dscalar()
    step = ifelse(T.gt(element, 0), inner_total + T.exp(element), inner_total - 1)
    (inside,) = loop(
        [element, inner_total], [step], row.shape[0], row, total[None], sequences=1, taps=[(-1,)]
    )
    (outside,) = loop([row, total], [inside[-1]], 4, m, T.zeros(1), sequences=1, taps=[(-1,)])
    f = agree([m], [outside], M)
    assert len(loops_of(f)) == 2
    assert not calls_in_loops(f) & {"rt_alloc", "rt_output"}
    g = theano.function([m], theano.grad(outside[-1], m), mode=AS_IT_IS)
    h = theano.function([m], theano.grad(outside[-1], m), mode="NUMPY")
    np.testing.assert_allclose(g(M), h(M))


def test_a_loop_in_a_branch_and_what_python_runs_in_a_loop():
    count, old = T.lscalar(), T.dvector()
    (last,) = loop([old, count], [T.concatenate([Shorten()(old, count), old[2:] * 2])], n, x, k, carried=1)
    f = agree([n, x, k], [ifelse(T.gt(n, 2), last, x)], 3, X, 2)
    np.testing.assert_array_equal(f(1, X, 2)[0], X)


def test_branches_of_a_step_that_make_values_of_other_lengths():
    row, fixed, flag = T.dvector(), T.dvector(), T.dscalar()
    (rows,) = loop(
        [flag, row, fixed], [ifelse(T.gt(flag, 0), row, T.tanh(row + fixed))], 4, x, m, v, sequences=2
    )
    agree([x, m, v], [rows, rows.sum(axis=0)], X, M, V)
    (rows,) = loop([flag, row, fixed], [ifelse(T.gt(flag, 0), row, fixed)], 4, x, m, v, sequences=2)
    f = agree([x, m, v], [rows], X, M, V)
    with pytest.raises(ValueError, match="all steps must make values of one shape"):
        f(X, M, V[:2])


@pytest.mark.parametrize("make", [lambda x, v: v, lambda x, v: v * 3, lambda x, v: T.concatenate([v, x])])
def test_a_branch_that_is_the_outcome_of_a_branch(make):
    inner = make(x, v)
    f = theano.function([k, n, x, v], [ifelse(k, ifelse(n, x, inner), v + 1) * 2, inner])
    for outside, inside in [(0, 0), (0, 1), (1, 1), (1, 0)]:
        made, other = f(outside, inside, X, V)
        expected = (X if inside else other) if outside else V + 1
        np.testing.assert_array_equal(made, expected * 2)


def test_a_branch_under_its_own_condition():
    first = T.exp(x)
    again = ifelse(k, first, x * 2)
    made = ifelse(k, first, again + 1)
    f = theano.function([k, n, x], [made * 2, ifelse(n, made, T.sin(x)), theano.grad((made**2).sum(), x)])
    for kind, value, slope in [(1, np.exp(X), np.exp(X)), (0, 2 * X + 1, np.full(4, 2.0))]:
        doubled, other, g = f(kind, 1, X)
        np.testing.assert_allclose(doubled, value * 2)
        np.testing.assert_allclose(other, value)
        np.testing.assert_allclose(g, 2 * value * slope)


def test_a_loop_that_finds_its_lengths_in_a_branch_of_a_branch():
    row = T.dvector()
    (rows,) = loop([row, x], [Shorten()(x, T.cast(row.sum(), "int64"))], 3, m, x, sequences=1)
    made = ifelse(k, ifelse(n, rows, rows[:0]), m) * 2
    f = theano.function([k, n, m, x], made)
    ones = np.ones((3, 2))
    for _ in range(2):
        np.testing.assert_array_equal(f(1, 1, ones, X), [X[:2] * 2] * 3)
        assert f(1, 0, ones, X).shape == (0, 2)
        np.testing.assert_array_equal(f(0, 1, ones, X), ones * 2)


def test_objects_that_are_carried():
    piece, other = theano.tensor.type_other.slicetype(), theano.tensor.type_other.slicetype()
    made = theano.tensor.type_other.MakeSlice()
    outs = loop([piece, other], [other, piece], n, made(k, k + 1), made(k, k + 2), carried=2)
    f = theano.function([n, k], outs, mode=AS_IT_IS)
    assert f(0, 3) == [slice(3, 4, None), slice(3, 5, None)]
    assert f(3, 3) == [slice(3, 5, None), slice(3, 4, None)]


def test_accumulation_is_done_where_the_sum_lies():
    row, total = T.dvector(), T.dmatrix()
    (outer,) = loop([row, total], [total + T.outer(row, row)], 4, m, T.zeros((3, 3)), sequences=1, carried=1)
    f = agree([m], [outer], M)
    body = loops_of(f)[0].body
    assert not [s for s in body if isinstance(s, p.Offset) and s.base.dtype != "ptr"]
    assert not any(c.reg.dtype == "ptr" for c in loops_of(f)[0].carried)


def test_errors_in_a_step_name_the_node_and_its_line():
    row = T.dvector()
    (rows,) = loop([row, v], [row + v], 4, m, v, sequences=1)
    f = theano.function([m, v], rows, mode=AS_IT_IS)
    with pytest.raises(ValueError, match="Input dimension mis-match") as caught:
        f(M, V[:2])
    assert "Elemwise{add" in str(caught.value)
    assert __file__ in str(caught.value)


def test_a_long_loop_can_be_interrupted():
    old = T.dscalar()
    (last,) = loop([old], [T.sin(old) + 1], n, np.float64(0.5), carried=1)
    f = theano.function([n], last, mode=AS_IT_IS)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        f(10**10)
    assert time.perf_counter() - began < 5
    timer.join()
    assert np.isfinite(f(10))


def test_explain_shows_what_is_in_the_loop():
    row, old = T.dvector(), T.dvector()
    (rows,) = loop([row, old], [T.tanh(row + old)], 4, m, v[None], sequences=1, taps=[(-1,)])
    f = theano.function([m, v], rows, mode=AS_IT_IS)
    text = str(theano.explain(f))
    assert "in #" in text
    assert "tanh" in text
