"""`theano.scan`, as users write loops."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import scan
from theano.scan_module import until
from theano.tensor import raw_random
from theano.tensor.shared_randomstreams import RandomStreams

x, z, m = T.dvector("x"), T.dscalar("z"), T.dmatrix("m")
XV, MV = np.array([0.5, -1.0, 2.0, 0.3]), np.arange(12.0).reshape(4, 3)


def test_arguments_come_in_order_and_have_names():
    seen = []

    def step(*args):
        seen.extend(args)
        return args[2], args[4]

    theano.scan(
        step,
        sequences=[{"input": x, "taps": [0, -1]}, m],
        outputs_info=[{"initial": T.dmatrix("i"), "taps": [-2, -1]}, None],
        non_sequences=[z, 2.0],
    )
    assert [v.name for v in seen[:6]] == ["x[t]", "x[t-1]", "m[t]", "i[t-2]", "i[t-1]", "z"]
    assert [v.type.ndim for v in seen] == [0, 0, 1, 1, 1, 0, 0]


def test_taps_of_sequences_line_up():
    def taps(*which, **kwargs):
        out, _ = theano.scan(lambda *v: T.stack(v), sequences={"input": x, "taps": list(which)}, **kwargs)
        return out.eval({x: XV}).tolist()

    assert taps(0, -1) == [[-1.0, 0.5], [2.0, -1.0], [0.3, 2.0]]
    assert taps(-1, 1) == [[0.5, 2.0], [-1.0, 0.3]]
    assert taps(1) == [[-1.0], [2.0], [0.3]]
    assert taps(0, -1, go_backwards=True) == [[0.3, 2.0], [2.0, -1.0], [-1.0, 0.5]]
    assert taps(0, n_steps=2, go_backwards=True) == [[0.3], [2.0]]
    assert taps(0, n_steps=-2) == [[0.3], [2.0]]


def test_one_output_comes_alone_and_several_in_a_list():
    one, _ = theano.scan(lambda a: a, x)
    assert one.type.ndim == 1
    assert len(theano.scan(lambda a: a, x, return_list=True)[0]) == 1
    assert len(theano.scan(lambda a: (a, a), x)[0]) == 2
    assert theano.scan(lambda a: {}, x) == (None, {})


def test_any_number_of_steps():
    n = T.iscalar()
    out, _ = theano.scan(lambda b, k: b * k, outputs_info=T.ones_like(x), non_sequences=x, n_steps=n)
    f = theano.function([x, n], out)
    for steps in (0, 1, 3):
        np.testing.assert_allclose(f(XV, steps), [XV ** (i + 1) for i in range(steps)] or np.zeros((0, 4)))
    with pytest.raises(IndexError, match="-2 steps"):
        f(XV, -2)


def test_a_loop_may_end_early():
    out, _ = theano.scan(
        lambda a, s: (s + a, until(s + a > 1)), sequences=x, outputs_info=T.zeros((), "float64")
    )
    f = theano.function([x], [out, theano.grad(out.sum(), x)])
    for found, expected in zip(f([0.5, 0.25, 0.5, 9]), ([0.5, 0.75, 1.25], [3, 2, 1, 0]), strict=True):
        np.testing.assert_allclose(found, expected)


def test_shared_variables_are_updated_from_step_to_step():
    s, seen = theano.shared(1.0, "s"), theano.shared(0)
    out, updates = theano.scan(lambda a: ([a * s], {s: s + a, seen: seen + 1}), sequences=x)
    assert list(updates) == [s, seen]
    f = theano.function([x], out, updates=updates)
    np.testing.assert_allclose(f(XV), XV * np.array([1.0, 1.5, 0.5, 2.5]))
    np.testing.assert_allclose((s.get_value(), seen.get_value()), (2.8, 4))


def test_default_updates_are_found():
    count = theano.shared(0.0)
    count.default_update = count + 1
    out, updates = theano.scan(lambda a: a * count, sequences=x)
    assert list(updates) == [count]
    np.testing.assert_allclose(theano.function([x], out, updates=updates)(XV), XV * np.arange(4))
    assert count.get_value() == 4


def test_a_random_state_is_copied_once_for_all_steps(monkeypatch):
    copies = []
    deepcopy = copy.deepcopy
    monkeypatch.setattr(copy, "deepcopy", lambda value, *memo: copies.append(value) or deepcopy(value, *memo))
    streams = RandomStreams(5)
    out, updates = theano.scan(
        lambda s: s + streams.uniform((2,)), outputs_info=T.zeros(2, "float64"), n_steps=6
    )
    f = theano.function([], out, updates=updates)
    before = [state.get_value() for state in updates]
    copies.clear()
    first, second = f(), f()
    states = [value for value in copies if isinstance(value, np.random.RandomState)]
    assert len(states) <= 2
    generator = before[0]
    expected = np.cumsum([generator.uniform(size=2) for _ in range(12)], axis=0)
    np.testing.assert_allclose(first, expected[:6])
    np.testing.assert_allclose(second, expected[6:] - expected[5])


def test_a_random_state_that_is_read_twice_stays_what_it_was():
    state = theano.shared(np.random.RandomState(3))

    def step():
        after, one = raw_random.uniform(state, (2,))
        _, other = raw_random.uniform(state, (2,))
        return [one, other], {state: after}

    (one, other), updates = theano.scan(step, n_steps=4)
    f = theano.function([], [one, other], updates=updates)
    expected = np.random.RandomState(3).uniform(size=(8, 2))
    for rows in (expected[:4], expected[4:]):
        for found in f():
            np.testing.assert_allclose(found, rows)


def test_gradients_reach_what_a_step_finds_by_itself():
    w = theano.shared(np.array([1.0, -2.0, 0.5]))
    y = w**2
    out, _ = theano.scan(lambda r: (r * y).sum() * z, sequences=m)
    by_y, by_w, by_z = theano.grad(out.sum(), [y, w, z])
    f = theano.function([m, z], [by_y, by_w, by_z])
    total = MV.sum(0)
    expected = total * 3, total * 3 * 2 * w.get_value(), (total * w.get_value() ** 2).sum()
    for found, right in zip(f(MV, 3.0), expected, strict=True):
        np.testing.assert_allclose(found, right)


def test_a_non_sequence_is_what_it_was_before_the_loop():
    s = theano.shared(2.0)
    double = s * 2
    out, updates = theano.scan(lambda a, d: (a * d, {s: s + 1}), sequences=x, non_sequences=double)
    np.testing.assert_allclose(theano.function([x], out, updates=updates)(XV), XV * 4)


def test_broadcast_patterns_are_brought_together():
    row = T.drow("row")
    wide, _ = theano.scan(lambda r, s: s + r, sequences=m[:, None], outputs_info=T.zeros_like(row))
    assert wide.type.broadcastable == (False, True, False)
    narrow, _ = theano.scan(lambda s: s * T.ones((1,)), outputs_info=x, n_steps=2)
    np.testing.assert_allclose(narrow.eval({x: XV}), [XV, XV])
    lost, _ = theano.scan(lambda r, s: s + r[:1], sequences=m, outputs_info=T.zeros((1,), "float64"))
    assert lost.eval({m: MV}).shape == (4, 1)


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: scan(lambda s: s, outputs_info=z), ValueError, "number of steps"),
        (lambda: scan(lambda a, s: [s, a], x, outputs_info=[z]), ValueError, "makes 2 outputs, but .* 1 entries"),
        (lambda: scan(lambda a, s: s + a, m, outputs_info=z), ValueError,
         "Output 0 .* z: the number of dim.* 1, and was 0"),
        (lambda: scan(lambda a, s: [a, T.cast(s, "float32")], x, outputs_info=[None, z]), ValueError,
         "Output 1 .* z: the dtype is float32, and was float64"),
        (lambda: scan(lambda a: a, x, outputs_info={"taps": [-1]}), ValueError, "needs an initial state"),
        (lambda: scan(lambda a: a, x, outputs_info={"initial": x, "taps": [0]}), ValueError, "smaller than 0"),
        (lambda: scan(lambda a, b: a, x, outputs_info={"initial": x, "taps": [-1, -1]}), ValueError, "different"),
        (lambda: scan(lambda a: a, x, outputs_info={"initial": z, "taps": [-2]}), ValueError, "an axis of 2 steps"),
        (lambda: scan(lambda a: a, x, outputs_info={"initial": x, "return_steps": 1}), ValueError, "return_steps"),
        (lambda: scan(lambda a: a, {"input": x, "taps": []}), ValueError, "taps of the sequence x are empty"),
        (lambda: scan(lambda a: a, {"taps": [0]}), KeyError, "'input'"),
        (lambda: scan(lambda a: a, z), IndexError, "no axis"),
        (lambda: scan(lambda a: a, x, n_steps=2.0), TypeError, "must be an integer; got 2.0"),
        (lambda: scan(lambda a: a, x, n_steps=z), ValueError, "one integer; got z"),
        (lambda: scan(lambda a: 1, x), ValueError, "gave back 1"),
        (lambda: scan(lambda a: (until(a > 1), a), x), ValueError, "gave back"),
        (lambda: scan(lambda r: (r, until(r > 1)), m), AssertionError, "must be a scalar"),
        (lambda: scan(lambda a: {z: a}, x), TypeError, "z"),
        (lambda: scan(lambda a: a * theano.shared(1.0), x, strict=True), Exception, "non_sequences"),
    ],
)  # fmt: skip
def test_errors(build, error, says):
    with pytest.raises(error, match=says):
        build()


def test_folds():
    total, _ = theano.reduce(lambda a, s: s - a, x, T.zeros_like(z))
    left, _ = theano.foldl(lambda a, s: s / 2 + a, x, T.zeros_like(z))
    right, _ = theano.foldr(lambda a, s: s / 2 + a, x, T.zeros_like(z))
    two, _ = theano.reduce(lambda a, s, p: [s + a, p * a], x, [T.zeros_like(z), T.ones_like(z)])
    doubled, _ = theano.map(lambda a, k: a * k, x, z)
    f = theano.function([x, z], [total, left, right, *two, doubled])
    expected = [
        -XV.sum(), 0.5 / 8 - 1.0 / 4 + 1.0 + 0.3, 0.3 / 8 + 2.0 / 4 - 0.5 + 0.5, XV.sum(), XV.prod(), XV * 3
    ]  # fmt: skip
    for found, right_one in zip(f(XV, 3.0), expected, strict=True):
        np.testing.assert_allclose(found, right_one)


@pytest.mark.parametrize("step", [lambda a: a, lambda a, s, k: a])
def test_a_step_with_other_arguments_is_told_which_it_gets(step):
    with pytest.raises(TypeError) as caught:
        scan(step, sequences=x, outputs_info=z)
    assert "2 arguments: 1 for sequences, 1 for outputs_info, 0 for" in caught.value.__notes__[0]


def test_errors_of_a_step_are_its_own():
    with pytest.raises(TypeError, match="has no len") as caught:
        scan(lambda a: len(a), sequences=x)
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(TypeError, match="is the function of a step"):
        scan(x * 2, sequences=x)
