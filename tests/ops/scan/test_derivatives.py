"""Derivatives of loops, and loops inside of others, against finite differences and against loops written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.scan_module import until
from theano.tensor.shared_randomstreams import RandomStreams

x, h, w, k = T.dvector("x"), T.dvector("h"), T.dmatrix("w"), T.dscalar("k")
RNG = np.random.default_rng(1)
XV, HV, WV, KV = RNG.normal(size=4), RNG.normal(size=3), RNG.normal(size=(3, 3)) / 2, 0.6


def rnn(**kwargs: Any) -> Any:
    return theano.scan(lambda a, s, v: T.tanh(T.dot(s, v) * a + k), x, h, w, **kwargs)[0]


def written_out(steps: int = 4) -> Any:
    state, rows = h, []
    for t in range(steps):
        state = T.tanh(T.dot(state, w) * x[t] + k)
        rows.append(state)
    return T.stack(rows)


def same(found: Any, expected: Any) -> None:
    given, values = [x, h, w, k], [XV, HV, WV, KV]
    f = theano.function(given, [*found, *expected], on_unused_input="ignore")
    made = f(*values)
    for one, other in zip(made[: len(found)], made[len(found) :], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)


def test_first_and_second_derivatives():
    def both(out: Any) -> list[Any]:
        first = theano.grad((out[:, 0] * out[:, 1]).sum(), [x, h, w, k])
        second = theano.grad(sum((g**2).sum() for g in first), [x, h, w, k])
        return [*first, *second]

    same(both(rnn()), both(written_out()))


def test_hessians_and_jacobians():
    def both(out: Any) -> list[Any]:
        return [
            theano.gradient.hessian((out**2).sum(), x),
            theano.gradient.hessian(out[-1, 0], h),
            theano.gradient.jacobian(out[-1], h),
            theano.gradient.jacobian(out.flatten(), k),
        ]

    same(both(rnn()), both(written_out()))


def test_derivatives_along_directions():
    def both(out: Any) -> list[Any]:
        return [
            theano.Rop(out, [x, w], [x * 2, w + 1]),
            theano.Lop(out, [x, w], out * 3)[0],
            theano.grad(theano.Rop(out, h, h**2).sum(), k),
        ]

    same(both(rnn()), both(written_out()))


def test_numeric_gradients():
    theano.gradient.verify_grad(
        lambda a, b, c: theano.scan(lambda e, s, v: T.sin(T.dot(s, v)) + e, a, b, c)[0],
        [XV, HV, WV], rng=np.random.RandomState(3),
    )  # fmt: skip
    theano.gradient.verify_grad(
        lambda a: theano.scan(
            lambda p, q: T.sin(p) * q, outputs_info={"initial": a, "taps": [-4, -2]}, n_steps=6
        )[0],
        [XV], rng=np.random.RandomState(3),
    )  # fmt: skip


@pytest.mark.parametrize("steps", [1, 2, 4, 9])
def test_truncated_gradients(steps):
    out = rnn(truncate_gradient=steps)[-1]
    state = written_out(4 - steps)[-1] if steps < 4 else h
    late = theano.gradient.disconnected_grad(state) if steps < 4 else state
    for t in range(max(4 - steps, 0), 4):
        late = T.tanh(T.dot(late, w) * x[t] + k)
    wanted = [w, k] if steps < 4 else [w, k, h, x]
    same(theano.grad(out.sum(), wanted), theano.grad(late.sum(), wanted))


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("taps", [[-3], [-1, -3], [-2]])
def test_truncated_gradients_reach_first_values_that_late_steps_read(taps, steps):
    first, e, depth = T.vector("first"), T.vector("e"), -min(taps)

    def step(e_t: Any, *read: Any) -> Any:
        return T.tanh(sum(read) * 0.5 + e_t)

    start = {"initial": first[:depth], "taps": taps}
    out, _ = theano.scan(step, e, start, truncate_gradient=steps)
    values = [first[i] for i in range(depth)]
    for t in range(4):
        made = step(e[t], *[values[depth + t + tap] for tap in taps])
        values.append(theano.gradient.disconnected_grad(made) if t < 4 - steps else made)
    # Only what the late steps made flows back; the others stand for numbers.
    cost = (out[max(4 - steps, 0) :] ** 2).sum()
    late = sum(v**2 for v in values[depth + max(4 - steps, 0) :])
    f = theano.function(
        [first, e],
        [
            *theano.grad(cost, [first, e]),
            *theano.grad(late, [first, e], disconnected_inputs="ignore"),
        ],
    )
    by_loop, e_by_loop, by_hand, e_by_hand = f([0.3, -0.2, 0.7], [0.1, 0.4, -0.6, 0.2])
    np.testing.assert_allclose(by_loop, by_hand)
    np.testing.assert_allclose(e_by_loop, e_by_hand)


def test_gradients_of_loops_that_end_early():
    out, _ = theano.scan(lambda a, s: (T.tanh(s + a * k), until(a > 2)), x, h)
    f = theano.function([x, h, k], [out, *theano.grad((out**2).sum(), [x, h, k])])
    plain, _ = theano.scan(lambda a, s: T.tanh(s + a * k), x, h)
    g = theano.function([x, h, k], [plain, *theano.grad((plain**2).sum(), [x, h, k])])
    found, expected = f([0.5, 0.1, 3.0, 0.7], HV, KV), g([0.5, 0.1, 3.0], HV, KV)
    np.testing.assert_allclose(found[1], [*expected[1], 0.0])
    for one, other in zip([found[0], *found[2:]], [expected[0], *expected[2:]], strict=True):
        np.testing.assert_allclose(one, other)


def test_loops_in_loops():
    def inner(a: Any, s: Any) -> Any:
        return theano.scan(lambda b, q: T.tanh(q * b + a), h, s)[0][-1]

    out, _ = theano.scan(inner, x, h)
    state, rows = h, []
    for t in range(4):
        for i in range(3):
            state = T.tanh(state * h[i] + x[t])
        rows.append(state)
    expected = T.stack(rows)
    same([out, *theano.grad((out**2).sum(), [x, h])], [expected, *theano.grad((expected**2).sum(), [x, h])])


def test_values_of_loops_of_numbers_in_steps_are_stored_for_the_gradient():
    m = T.dmatrix("m")

    def inner(row: Any, s: Any) -> Any:
        return theano.scan(lambda b, q: T.tanh(q * b + k), row, s)[0][-1]

    out, _ = theano.scan(inner, m, h[0])
    slopes = theano.grad((out**2).sum(), [m, h, k])
    f = theano.function([m, h, k], slopes)
    loops = [node for node in f.maker.fgraph.toposort() if hasattr(node.op, "taps")]
    held = [sum(hasattr(node.op, "taps") for node in loop.op.graph.nodes) for loop in loops]
    assert held == [1, 1]
    state, values = h[0], np.array([[0.5, -1.0], [0.3, 2.0], [1.5, 0.2]])
    total = 0
    for i in range(3):
        for j in range(2):
            state = T.tanh(state * m[i, j] + k)
        total = total + state**2
    g = theano.function([m, h, k], theano.grad(total, [m, h, k]))
    for found, expected in zip(f(values, HV, KV), g(values, HV, KV), strict=True):
        np.testing.assert_allclose(found, expected)


def test_loops_in_operations_of_graphs():
    op = theano.OpFromGraph([x, h, w, k], [rnn()])
    out, expected = op(x, h, w, k), written_out()
    same([out, *theano.grad((out**2).sum(), [x, w])], [expected, *theano.grad((expected**2).sum(), [x, w])])


def test_integers_and_what_is_not_reached():
    (out, counts), _ = theano.scan(lambda a, s, c: [s * a, c + 1], x, [h, T.constant(np.int64(0))])
    same([*theano.grad((out.sum() + counts.sum()), [x, h])], theano.grad(out.sum(), [x, h]))
    with pytest.raises(theano.gradient.DisconnectedInputError):
        theano.grad(counts.sum(), w)


def test_random_values_are_those_of_the_loop():
    streams = RandomStreams(4)
    out, updates = theano.scan(lambda a, s: s * a + streams.normal((3,)) * k, x, h)
    by_k = theano.grad((out**2).sum(), k)
    f = theano.function([x, h, k], [out, by_k], updates=updates)
    for _ in range(2):
        streams.seed(9)
        (high, _), step = (f(XV, HV, KV + 1e-6)), 1e-6
        streams.seed(9)
        low, slope = f(XV, HV, KV)
        np.testing.assert_allclose(slope, ((high**2).sum() - (low**2).sum()) / step, rtol=1e-4)


def test_derivatives_along_directions_are_carried_beside_values():
    rng = np.random.default_rng(7)
    m, first, n = T.dmatrix("m"), T.dmatrix("first"), T.lscalar("n")

    def step(row: Any, old: Any, last: Any, total: Any, count: Any, v: Any) -> Any:
        made = T.tanh(T.dot(last, v) + row * old)
        return [made, total + made.sum() * k, count + 1, made * row, T.cast(count, "float64") * row]

    start = [{"initial": first, "taps": [-2, -1]}, k, T.constant(np.int64(0)), None, None]
    outs, _ = theano.scan(step, m, start, w, n_steps=n)
    given = [m, first, w, k]
    values = [rng.normal(size=s) for s in ((5, 3), (2, 3), (3, 3), ())]
    for which in ([0, 1, 2, 3], [0], [1], [2], [3]):
        directions = [rng.normal(size=values[i].shape) for i in which]
        ahead = theano.Rop(outs, [given[i] for i in which], directions, disconnected_outputs="ignore")
        f = theano.function([*given, n], ahead, on_unused_input="ignore")
        g = theano.function([*given, n], outs)
        for steps in (0, 1, 4):
            sides = []
            for sign in (1, -1):
                near = list(values)
                for i, direction in zip(which, directions, strict=True):
                    near[i] = values[i] + sign * 1e-6 * direction
                sides.append(g(*near, steps))
            for found, up, down in zip(f(*values, steps), *sides, strict=True):
                np.testing.assert_allclose(found, (up - down) / 2e-6, rtol=1e-6, atol=1e-8)


def test_derivatives_of_last_values_along_directions_need_no_memory():
    n = T.lscalar("n")
    out, _ = theano.scan(lambda s: T.tanh(s * k), outputs_info=h, n_steps=n)
    f = theano.function([h, k, n], [out[-1], theano.Rop(out[-1], [h, k], [h, k * 2])])
    (loop,) = [node for node in f.maker.fgraph.toposort() if hasattr(node.op, "taps")]
    assert (loop.op.taps, loop.op.carried) == ((), 2)
