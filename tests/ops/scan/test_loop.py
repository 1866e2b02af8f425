"""The operation of loops: what it computes, its types, shapes, gradients and errors."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import theano
import theano.ifelse
import theano.tensor as T
from croton.graph import walk
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.ops.scan.reference import StepsError

a, p2, p1, c, w = (T.dscalar(name) for name in "a p2 p1 c w".split())
n, xs, start = T.lscalar("n"), T.dvector("xs"), T.dvector("start")


def everything(until: bool = False, **fields: Any) -> Scan:
    """A loop with a sequence, a state with two taps, a carried value, something fixed, and a mapped output."""
    outs = [p2 * w + p1 * a, c + p1, T.sin(a * c)] + [T.gt(p1, 3.0)] * until
    return Scan(InnerGraph([a, p2, p1, c, w], outs), 1, [(-3, -1)], 1, until, **fields)


def in_python(steps: int, seq: Any, first: Any, carried: float, fixed: float, until: bool = False) -> Any:
    state, mapped = list(first), []
    for t in range(steps):
        value, mapped_value = state[-3] * fixed + state[-1] * seq[t], np.sin(seq[t] * carried)
        stop = state[-1] > 3.0
        carried = carried + state[-1]
        state.append(value)
        mapped.append(mapped_value)
        if until and stop:
            break
    return np.array(state), np.array(carried), np.array(mapped)


XS, START = np.array([0.5, -1.0, 2.0, 0.3, 1.5]), np.array([1.0, 2.0, -0.5])


@pytest.mark.parametrize("until", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 3, 5])
def test_it_computes_what_a_python_loop_does(steps, until):
    outs = everything(until)(n, xs, start, c, w)
    f = theano.function([n, xs, start, c, w], outs)
    for first in (START, START + 4):
        for found, expected in zip(
            f(steps, XS, first, 0.7, 1.1), in_python(steps, XS, first, 0.7, 1.1, until), strict=True
        ):
            np.testing.assert_allclose(found, expected)


def test_shapes_are_known_without_running_the_loop():
    rows, _last, mapped = everything()(n, xs, start, c, w)
    f = theano.function([n, xs, start, c, w], [rows.shape[0], mapped.shape[0]])
    assert not any(isinstance(node.op, Scan) for node in f.maker.fgraph.toposort())
    assert [int(v) for v in f(4, XS, START, 0.7, 1.1)] == [7, 4]


@pytest.mark.parametrize("until", [False, True])
def test_gradients_are_those_of_the_written_out_loop(until):
    def cost(outs):
        rows, last, mapped = outs
        return (rows**2).sum() + last**3 + T.exp(mapped).sum()

    given = [xs, start, c, w]
    outs = everything(until)(n, xs, start, c, w)
    state, carried, mapped = [start[0], start[1], start[2]], c, []
    steps = 3
    for t in range(steps):
        value, mapped_value = state[-3] * w + state[-1] * xs[t], T.sin(xs[t] * carried)
        carried = carried + state[-1]
        state.append(value)
        mapped.append(mapped_value)
    written = T.stack(state), carried, T.stack(mapped)
    first = [theano.grad(cost(one), given) for one in (outs, written)]
    second = [theano.grad(sum((g * (i + 1)).sum() for i, g in enumerate(grads)), given) for grads in first]
    f = theano.function([n, *given], [*first[0], *second[0]])
    expected = theano.function(given, [*first[1], *second[1]])
    for found, right in zip(f(steps, XS, START, 0.7, 1.1), expected(XS, START, 0.7, 1.1), strict=True):
        np.testing.assert_allclose(found, right)


def test_a_truncated_gradient_goes_through_the_last_steps_only():
    rows, last, _mapped = everything(truncate=2)(n, xs, start, c, w)
    late = everything()(n - 3, xs[3:], rows[3:6], last, w)
    cost = (rows[6:] ** 2).sum()
    whole = theano.grad((late[0][3:] ** 2).sum(), w, consider_constant=[rows])
    f = theano.function([n, xs, start, c, w], [theano.grad(cost, w), whole, *theano.grad(cost, [start, xs])])
    found, expected, by_start, by_xs = f(5, XS, START, 0.7, 1.1)
    np.testing.assert_allclose(found, expected)
    assert not by_start.any()
    assert not by_xs[:3].any()
    assert by_xs[3:].all()


def test_dear_values_are_stored_for_the_gradient():
    m, h, v = T.dmatrix(), T.dmatrix("h"), T.dtensor3("v")
    graph, outer = InnerGraph.closing([h], [T.tanh(T.dot(h, m))])
    out = Scan(graph, taps=[(-1,)])(n, v[:1], *outer)
    nodes = walk.toposort([theano.grad(out.sum(), m)])
    (g,) = [node for node in nodes if isinstance(node.op, Scan) and node.op.carried]
    assert sum(str(node.op) == "dot" for node in g.op.graph.nodes) == 2


def test_no_steps_make_rows_of_the_lengths_that_steps_would_make():
    rows, flags = T.dmatrix("rows"), T.vector("flags", dtype="bool")

    def step(row: Any, number: Any, flag: Any, old: Any, last: Any) -> Any:
        picked = theano.ifelse.ifelse(flag, T.exp(row), T.concatenate([row, old, last]))
        return [T.tanh(last * number), picked, T.concatenate([last[: T.cast(number, "int64") + 1], row])]

    begin = T.dmatrix("begin")
    start = {"initial": begin, "taps": [-2, -1]}
    outs, _ = theano.scan(step, [rows, xs, flags], [start, None, None], n_steps=n)
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([rows, xs, flags, begin, n], outs, mode=mode)
        for steps, shapes in ((0, [(0, 3), (0, 8), (0, 3)]), (1, [(1, 3), (1, 2), (1, 3)])):
            found = f(np.ones((steps, 2)), np.zeros(steps), np.ones(steps, bool), np.ones((2, 3)), steps)
            assert [v.shape for v in found] == shapes


def test_errors_say_what_was_expected_and_what_came():
    f = theano.function([n, xs, start, c, w], everything()(n, xs, start, c, w))
    with pytest.raises(StepsError, match="-1 steps"):
        f(-1, XS, START, 0.0, 0.0)
    with pytest.raises(ValueError, match="does 6 steps, but its sequence 0 has 5 elements"):
        f(6, XS, START, 0.0, 0.0)
    with pytest.raises(ValueError, match="begins with 3 values; got 2"):
        f(3, XS, START[:2], 0.0, 0.0)
    with pytest.raises(ValueError, match="takes 5 inputs; got 2"):
        everything()(n, xs)
    with pytest.raises(TypeError, match="number 0 is read as .*float64, scalar.*, and made as .*float32"):
        Scan(InnerGraph([p1], [T.cast(p1, "float32")]), taps=[(-1,)])
    with pytest.raises(ValueError, match="taps in the past"):
        Scan(InnerGraph([p1], [p1]), taps=[(0,)])
    with pytest.raises(ValueError, match="more inputs or outputs than its graph"):
        Scan(InnerGraph([p1], [p1]), taps=[(-1,)], carried=1)
    growing = T.dvector()
    loop = Scan(InnerGraph([growing], [T.concatenate([growing, growing])]), taps=[(-1,)])(n, xs[None])
    with pytest.raises(ValueError, match="length 10 on axis 0 for its output 0, which had length 5"):
        theano.function([n, xs], loop)(2, XS)


def test_long_loops_over_constants_are_not_computed_by_the_compiler():
    def left(steps: int) -> int:
        out, _ = theano.scan(lambda s: 3.9 * s * (1 - s), outputs_info=T.constant(0.3), n_steps=steps)
        f = theano.function([], out[-1])
        value = 0.3
        for _ in range(steps):
            value = 3.9 * value * (1 - value)
        np.testing.assert_allclose(f(), value)
        return sum(isinstance(node.op, Scan) for node in f.maker.fgraph.toposort())

    assert (left(5), left(60)) == (0, 1)


def test_only_what_is_needed_is_kept():
    op = everything()
    made, inputs, outputs = op.keeping([0], [n, xs, start, c, w])
    assert (inputs, outputs, made.sequences, made.carried) == ([n, xs, start, w], [0], 1, 0)
    made, inputs, outputs = op.keeping([2], [n, xs, start, c, w])
    assert (inputs, outputs) == ([n, xs, start, c, w], [0, 1, 2])


def test_equal_loops_are_equal_and_can_be_kept():
    assert everything() == everything(name="other")
    assert hash(everything()) == hash(everything())
    assert everything() != everything(True)
    assert pickle.loads(pickle.dumps(everything())) == everything()
    assert str(everything(name="f")) == "for{cpu,f}"
    assert str(everything(True)) == "do_while{cpu,scan_fn}"
