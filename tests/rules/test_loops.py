"""Rules of loops: where they fire, and that values and gradients stay what they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.dot import Dot
from croton.ops.scan.loop import Scan
from theano.scan_module import until

x, m, w, t3 = T.dvector("x"), T.dmatrix("m"), T.dmatrix("w"), T.dtensor3("t3")
h, n = T.dvector("h"), T.lscalar("n")
RNG = np.random.default_rng(5)
VALUES = {
    x: RNG.normal(size=6), m: RNG.normal(size=(6, 3)), w: RNG.normal(size=(3, 3)), t3: RNG.normal(size=(6, 2, 3)),
    h: RNG.normal(size=3), n: 4,
}  # fmt: skip
ZERO = T.zeros((), "float64")


def compiled(*outputs: Any) -> tuple[Any, list[Any], set[str]]:
    """The function, the loops that are left in it, and the names of the rules that fired; values are checked."""
    given = list(VALUES)
    fast = theano.function(given, list(outputs), on_unused_input="ignore")
    plain = theano.function(given, list(outputs), on_unused_input="ignore", mode="FAST_COMPILE")
    for found, expected in zip(fast(*VALUES.values()), plain(*VALUES.values()), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    loops = [node for node in fast.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    fired = {name for stage in fast.maker.stats.stages for name in stage.fired}
    return fast, loops, fired


def ops_in(node: Any) -> list[Any]:
    return [inner.op for inner in node.op.graph.nodes]


def rnn(**kwargs: Any) -> Any:
    return theano.scan(lambda r, s: T.tanh(T.dot(r, w) + T.dot(s, w)), m, h, **kwargs)[0]


# -- single rules --------------------------------------------------------------------------------------------
def test_products_of_sequences_are_one_product_before_the_loop():
    _, (loop,), fired = compiled(rnn())
    assert "scanOp_pushout_seqs_ops" in fired
    assert sum(isinstance(op, Dot) for op in ops_in(loop)) <= 1


def test_what_does_not_change_is_computed_once():
    out, _ = theano.scan(lambda r, s, k: T.tanh(s * r + T.exp(T.sort(k))), m, h, h)
    _, (loop,), _ = compiled(out)
    assert not any("Sort" in str(op) for op in ops_in(loop))


def test_products_that_no_later_step_needs_are_made_after_the_loop():
    (_, out), _ = theano.scan(lambda r, s: [T.tanh(s * r), T.dot(s, w) + r], m, [h, None])
    _, (loop,), fired = compiled(out)
    assert "scanOp_pushout_output" in fired
    assert not any(isinstance(op, Dot) for op in ops_in(loop))


def test_gradients_of_weights_are_products_of_all_steps_at_once():
    _, loops, fired = compiled(theano.grad((rnn() ** 2).sum(), w))
    assert "scan_pushout_dot1" in fired
    assert [(loop.op.carried, len(loop.op.roles.mapped)) for loop in loops] == [(0, 0), (1, 1)]


def test_only_values_that_are_read_are_stored():
    _, (loop,), fired = compiled(rnn()[-1])
    assert "scanOp_save_mem" in fired
    assert (loop.op.taps, loop.op.carried) == ((), 1)
    two, _ = theano.scan(lambda b, a: T.tanh(a * b), outputs_info={"initial": m, "taps": [-3, -1]}, n_steps=n)
    _, (loop,), fired = compiled(two[-1])
    assert (loop.op.taps, loop.op.carried) == ((), 3)
    (_, other), _ = theano.scan(lambda r, s: [T.tanh(s * r), T.sort(s)], m, [h, None])
    _, (loop,), fired = compiled(other[-1, 0])
    assert (loop.op.carried, len(loop.op.roles.mapped)) == (2, 0)


@pytest.mark.parametrize("ends_early", [False, True])
def test_the_last_few_values_are_carried(ends_early):
    def step(*args: Any) -> Any:
        value = T.tanh(args[0] + args[-1] * 0.5)
        return (value, until(value.sum() > 2.3)) if ends_early else value

    for start in (h, {"initial": m, "taps": [-3, -1]}):
        out, _ = theano.scan(step, outputs_info=start, n_steps=n)
        reads = [lambda v: v[-2], lambda v: v[-3:], lambda v: v[-2, 1], lambda v: v[-1:].sum(0)]
        for read in (*reads, lambda v: v[-4]):
            f = theano.function([m, h, n], read(out), on_unused_input="ignore")
            plain = theano.function([m, h, n], read(out), on_unused_input="ignore", mode="FAST_COMPILE")
            (loop,) = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]
            assert not loop.op.taps
            for steps in range(6):
                given = VALUES[m], VALUES[h], steps
                try:
                    expected = plain(*given)
                except IndexError:
                    with pytest.raises(IndexError):
                        f(*given)
                else:
                    np.testing.assert_allclose(f(*given), expected)


def test_a_loop_that_ends_early_counts_its_steps_where_no_more_is_asked():
    out, _ = theano.scan(lambda s: (s * 2, until(s > 100)), outputs_info=x[0], n_steps=n * 10**12)
    f = theano.function([x, n], [out.shape[0], out[-1]])
    assert [float(v) for v in f([1.0], 1)] == [8.0, 256.0]
    (loop,) = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    assert not loop.op.taps


def test_the_last_value_of_no_steps_is_an_error_still():
    out, _ = theano.scan(lambda s: T.tanh(s), outputs_info=h, n_steps=n)
    f = theano.function([h, n], out[-1])
    with pytest.raises(IndexError):
        f(VALUES[h], 0)


def test_loops_without_memory_are_array_code():
    out, _ = theano.scan(lambda r, q: [T.exp(r - r.max()) / 2, T.dot(q, r), (q * r)[0]], [m, t3])
    _, loops, fired = compiled(*out)
    assert "scan_without_memory" in fired
    assert not loops
    rows, _ = theano.scan(lambda i: m[i] + i, T.arange(m.shape[0]))
    assert not compiled(rows)[1]


def test_a_loop_over_the_first_elements_is_array_code():
    out, _ = theano.scan(lambda a, b: a + b, [x, T.arange(x.shape[0])], n_steps=4)
    _, loops, _ = compiled(out, out[1:], T.grad(out.sum(), x))
    assert not loops


def test_all_kinds_of_products_of_rows():
    v, a = m[0], T.dot(m, w)
    pairs = [(m, w), (m, v), (t3, w), (t3, v), (w, m), (v, m[:, :, None] * v), (w, t3.dimshuffle(0, 2, 1))]
    for left, right in pairs:
        swap = left.ndim > right.ndim or right is w or right is v
        rows, fixed = (left, right) if swap else (right, left)
        out, _ = theano.scan(lambda r, f=fixed, s=swap: T.dot(r, f) if s else T.dot(f, r), rows)
        assert not compiled(out)[1]
    for left, right in [(m, a), (t3, m), (t3, t3.dimshuffle(0, 2, 1))]:
        out, _ = theano.scan(lambda p, q: T.dot(p, q), [left, right])
        assert not compiled(out)[1]


def test_loops_of_numbers_in_loops_without_memory_are_one_loop_of_vectors():
    def inner(row: Any, other: Any) -> Any:
        (state, seen), _ = theano.scan(
            lambda e, s, k: [T.tanh(s * e + k + other), T.gt(e, s) * e], row, [other, None], x[1]
        )
        return [state[-1], state, seen, theano.scan(lambda s: T.tanh(s) * 2, outputs_info=x[0], n_steps=3)[0]]

    outs, _ = theano.scan(inner, [m, x])
    for wanted in ([outs[0]], outs, [theano.grad((outs[1] ** 2).sum() + outs[0].sum(), m)]):
        _, loops, fired = compiled(*wanted)
        assert "scan_without_memory" in fired
        assert not any(isinstance(op, Scan) for loop in loops for op in ops_in(loop))
    (last,) = [node for node in compiled(outs[0])[1] if node.op.sequences]
    assert (last.op.taps, last.op.carried) == ((), 1)


def test_loops_of_arrays_in_loops_stay_there():
    out, _ = theano.scan(
        lambda r: theano.scan(lambda s: T.tanh(T.dot(s, w)), outputs_info=r, n_steps=3)[0][-1], m
    )
    _, (loop,), _ = compiled(out)
    assert any(isinstance(op, Scan) for op in ops_in(loop))


def test_running_totals_and_powers():
    sums, _ = theano.scan(lambda a, s: s + a, x, ZERO)
    products, _ = theano.scan(lambda r, s: s * r, m, h)
    for out in (sums, products, theano.grad(sums.sum(), x)):
        _, loops, fired = compiled(out)
        assert "scan_running_totals" in fired
        assert not loops
    power, _ = theano.scan(lambda s, k: s * k, outputs_info=T.ones_like(h), non_sequences=h, n_steps=n)
    _, loops, fired = compiled(power[-1])
    assert "scan_powers" in fired
    assert not loops


def test_numbers_that_are_all_returned_are_stacked_without_the_one_they_begin_with():
    (one, two), _ = theano.scan(
        lambda a, s, before, p: [T.tanh(s * a + p), T.tanh(before - p * a)],
        x,
        [ZERO, {"initial": x[:2], "taps": [-2, -1]}],
    )
    for wanted in ([one, two], [one, two, two[-1]]):
        _, (loop,), fired = compiled(*wanted)
        assert "scan_stacked_numbers" in fired
        assert (loop.op.taps, loop.op.carried, len(loop.op.roles.mapped)) == (((-2, -1),), 1, 1)
    for read in (
        theano.grad(one.sum(), x),
        theano.scan(lambda s: [T.tanh(s)], outputs_info=[h], n_steps=3)[0],
    ):
        assert "scan_stacked_numbers" not in compiled(read)[2]


def test_the_same_twice_is_there_once():
    (one, two, three), _ = theano.scan(
        lambda a, b, p, q, k, j: [T.tanh(p * a * k), T.tanh(q * b * j), T.sort(p)], [m, m], [h, h, None], [x[0], x[0]]
    )  # fmt: skip
    _, (loop,), fired = compiled(one, two, three)
    assert {"scan_merge_inouts", "scan_merge_states"} <= fired
    assert (loop.op.sequences, len(loop.op.taps), len(loop.op.roles.others)) == (1, 1, 1)


def test_what_a_step_hands_on_is_known_outside():
    (_, *outs), _ = theano.scan(lambda r, s, k: [T.tanh(s * r), r, s, k], m, [h, None, None, None], [x[0]])
    _, (loop,), fired = compiled(*outs)
    assert "scan_direct_outputs" in fired
    assert not loop.op.roles.mapped


def test_steady_values_are_no_sequences():
    same = T.alloc(h, 6, 3)
    (out, last), _ = theano.scan(lambda r, q, s, k: [T.tanh(s * r * q), k], [m, same], [h, h])
    _, (loop,), fired = compiled(out, last[-1])
    assert "scan_steady_sequences" in fired
    assert loop.op.sequences == 1


def test_a_sequence_that_is_zero_but_for_its_first_element_may_be_what_a_step_makes():
    seeds = T.set_subtensor(T.zeros_like(m)[0], h)
    (made, out), _ = theano.scan(lambda r, s: [r, T.tanh(s + r)], seeds, [h, None])
    compiled(made[-1], out)


def test_loops_over_one_sequence_are_one():
    one, two = rnn(), theano.scan(lambda r, s: T.cos(s * r), m, h)[0]
    _, loops, fired = compiled(one, two)
    assert "scanOp_merge" in fired
    assert len(loops) == 1
    after, _ = theano.scan(lambda r, q, s: T.sin(s * r * q), [m, one], h)
    assert len(compiled(after)[1]) == 2


def test_a_loop_that_stores_more_takes_the_place_of_one_that_stores_less():
    out = rnn()
    _, loops, fired = compiled(out, theano.grad(out.sum(), w))
    assert "scan_absorb" in fired
    assert len(loops) == 2


def test_gradients_read_what_the_loop_has_computed():
    def step(row, before, weights):
        z = T.dot(before, weights) + row
        gate = T.nnet.sigmoid(z)
        return gate * T.tanh(z) + (1 - gate) * T.exp(-T.sqr(before))

    out, _ = theano.scan(step, m, h, w)
    _, loops, fired = compiled(out, *theano.grad((out**2).sum(), [m, w, h]))
    assert "scan_share" in fired
    names = {getattr(getattr(op, "scalar_op", None), "name", "") for op in ops_in(loops[1])}
    assert not names & {"tanh", "sigmoid", "exp"}
    assert compiled(out)[1][0].op.roles.mapped == range(1, 1)


def test_loops_that_end_early_keep_their_steps():
    (a, b), _ = theano.scan(lambda r, s: ([T.dot(r, w), s + r], until(s.sum() > 1.0)), m, [None, h])
    loops = compiled(a, b, theano.grad((a * b).sum(), [w, h])[1])[1]
    assert loops[0].op.until


def test_rules_can_be_left_out():
    f = theano.function(
        [m, w, h], rnn()[-1], mode=theano.compile.get_default_mode().excluding("scanOp_save_mem")
    )
    (loop,) = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    assert loop.op.taps == ((-1,),)


# -- many loops ----------------------------------------------------------------------------------------------
def random_loop(seed: int) -> tuple[list[Any], Any]:
    """Outputs of a loop that is put together at random, and a cost."""
    rng = np.random.default_rng(seed)
    taps = [tuple(sorted(-int(k) for k in rng.choice([1, 2, 3], size=rng.integers(1, 3), replace=False)))
            for _ in range(rng.integers(1, 4))]  # fmt: skip
    infos = [{"initial": h if some == (-1,) else m[: -min(some)], "taps": list(some)} for some in taps]

    def step(*args: Any) -> list[Any]:
        pool = [*args, args[0] * args[-1], T.dot(args[0], w), T.dot(w, args[-1])]

        def made() -> Any:
            one, other = (pool[rng.integers(len(pool))] for _ in range(2))
            kind = rng.integers(6)
            found = [
                lambda: T.tanh(one + other), lambda: T.sin(one) * other, lambda: T.dot(one, w),
                lambda: T.switch(one > other, one, T.tanh(other)), lambda: one - other.mean(), lambda: T.sqr(one) / 8,
            ][kind]()  # fmt: skip
            pool.append(found)
            return found

        for _ in range(4):
            made()
        return [T.tanh(made()) for _ in infos] + [made() for _ in range(rng.integers(0, 3))]

    sequences = [{"input": m, "taps": [0, -1]}] if rng.integers(2) else [{"input": m, "taps": [0]}]
    state = rng.bit_generator.state
    mapped = len(step(*[T.dvector() for part in (*sequences, *infos) for _ in part["taps"]])) - len(infos)
    rng.bit_generator.state = state
    outs, _ = theano.scan(step, sequences, [*infos, *[None] * mapped], return_list=True)
    chosen = [out if rng.integers(2) else out[-1] for out in outs]
    return chosen, sum((out**2).sum() for out in chosen)


@pytest.mark.parametrize("seed", range(10))
def test_random_loops_and_their_gradients(seed):
    outs, cost = random_loop(seed)
    compiled(*outs, *theano.grad(cost, [m, w], disconnected_inputs="ignore"))


@pytest.mark.parametrize("end", [slice(None), -1])
def test_a_wrong_number_of_steps_is_an_error_with_and_without_the_loop(end):
    steps = {
        "mapped": (lambda a: a * 2, [x], None),
        "power": (lambda s, k: s * k, [], h),
        "sum": (lambda a, s: s + a, [x], ZERO),
        "fixed": (lambda k: k, [], None),
    }
    for fn, sequences, start in steps.values():
        out, _ = theano.scan(fn, sequences, start, [] if sequences else [h], n_steps=n)
        f = theano.function([x, h, n], out[end], on_unused_input="ignore")
        with pytest.raises(IndexError, match="steps"):
            f(VALUES[x], VALUES[h], -2)
        if sequences:
            with pytest.raises(ValueError, match="does 7 steps, but .* has 6 elements"):
                f(VALUES[x], VALUES[h], 7)


def test_loops_that_need_one_another_in_turn_stay_apart():
    def over(values, start):
        return theano.scan(lambda r, s: T.cos(s * r), values, start)[0]

    a, d = over(m, h), over(t3[:, 0], h)
    b, c = over(m, d[-1]), over(t3[:, 0], a[-1])
    _, loops, _ = compiled(a, b, c, d)
    assert len(loops) == 3


def test_steps_take_their_stable_forms():
    start = T.dvector("start")
    for step, truth in (
        (lambda s: T.log(1 + T.exp(s)), 800.0),
        (lambda s: -T.log(1 - T.nnet.sigmoid(s)), 800.0),
        (lambda s: T.log(T.exp(s) + T.exp(s - 900)), 800.0),
        (lambda s: s * 2 / T.exp(1 * s) * T.exp(s) / 2, 800.0),
    ):
        f = theano.function([start], theano.scan(step, outputs_info=start, n_steps=3)[0])
        np.testing.assert_allclose(f([truth]), np.full((3, 1), truth))
