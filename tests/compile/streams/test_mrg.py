"""Streams of MRG31k3p: recorded values, distributions, states and updates."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox import rng_mrg
from theano.sandbox.rng_mrg import MRG_RandomStreams

MODES = ["FAST_RUN", "FAST_COMPILE"]
P = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [0.4, 0.3, 0.3]], "float32")

# Recorded from Theano 1.0.5: (seed, draw, floatX, what the first calls give).
RECORDED = {
    "uniform32": ([1, 2, 3, 4, 5, 6], lambda s: s.uniform((3, 4)), "float32",
        [[[0.0037538393, 0.8410847, 0.0017363409, 0.8028143], [0.6482239, 0.70102197, 0.72246987, 0.07584513],
          [0.31217334, 0.45446083, 0.9729831, 0.2659773]],
         [[0.39948624, 0.21605144, 0.6754492, 0.35323852], [0.36486903, 0.71926713, 0.8134154, 0.42307714],
          [0.8722312, 0.38253444, 0.40051976, 0.86796343]]]),
    "uniform64": (1, lambda s: s.uniform((3, 4)), "float64",
        [[[0.00192266702651978, 0.7363596991635859, 0.00191285600885749, 0.38922920962795615],
          [0.9304292434826493, 0.1843209508806467, 0.5790004688315094, 0.4781032423488796],
          [0.19395737443119287, 0.9012609184719622, 0.8752632299438119, 0.4616174944676459]]]),
    "uniform16": (123, lambda s: s.uniform((2, 3), dtype="float16"), "float32",
        [[[0.4795, 0.296, 0.2256], [0.9644, 0.9526, 0.3704]], [[0.3938, 0.3418, 0.551], [0.0768, 0.404, 0.06192]]]),
    "nstreams": (123, lambda s: s.uniform((10,), nstreams=7), "float32",
        [[0.23648803, 0.5712325, 0.5177341, 0.8057398, 0.122298494, 0.47464553, 0.593029, 0.23528127, 0.87434906,
          0.6713036]]),
    "negative seed": (-3, lambda s: s.uniform((2,)), "float64", [[0.9942418090067804, 0.7909503327682614]]),
    "symbolic size": (7, lambda s: s.uniform(T.as_tensor_variable([2, 3]) + T.constant(0), ndim=2), "float32",
        [[[0.013458668254315853, 0.154468834400177, 0.4766199588775635],
          [0.2084590345621109, 0.9744417667388916, 0.24652524292469025]]]),
    "binomial": (123, lambda s: s.binomial((4,)), "float32", [[1, 0, 0, 0], [1, 0, 0, 1]]),
    "multinomial": (123, lambda s: s.multinomial(n=2, pvals=[[0.25, 0.25, 0.5]] * 3, dtype="int32"), "float32",
        [[[1, 0, 1], [1, 0, 1], [0, 1, 1]], [[1, 1, 0], [0, 0, 2], [0, 0, 2]]]),
    "multinomial, n=4": (99, lambda s: s.multinomial(n=4, pvals=P[[0, 1, 2]]), "float32",
        [[[1, 2, 1], [0, 0, 4], [2, 1, 1]], [[3, 0, 1], [0, 0, 4], [2, 0, 2]]]),
    "choice": (99, lambda s: s.choice(size=2, replace=False, p=P), "float32",
        [[[0, 1], [2, 1], [0, 2]], [[0, 1], [2, 1], [2, 0]], [[0, 1], [2, 0], [2, 1]]]),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_values(name, mode):
    seed, draw, float_x, wanted = RECORDED[name]
    with theano.configparser.change_flags(floatX=float_x):
        f = theano.function([], draw(MRG_RandomStreams(seed)), mode=mode)
        for values in wanted:
            found = f()
            wanted_now = np.asarray(values, dtype=found.dtype)
            if found.dtype == "float64":  # written here with 17 digits, of which the first are zeros
                wanted_now = np.rint(wanted_now / rng_mrg.NORM) * rng_mrg.NORM
            assert np.array_equal(found, wanted_now)


@pytest.mark.parametrize("mode", MODES)
def test_recorded_normal_numbers(mode):
    with theano.configparser.change_flags(floatX="float64"):
        f = theano.function([], MRG_RandomStreams(1).normal((3, 4)), mode=mode)
        wanted = [
            [-3.1769485042040166, -0.23573054629362186, 0.27716146669653796, 0.32586650888968244],
            [-0.7189802208543008, -1.2092291424976067, 1.5540534619645507, -0.7459921081636326],
            [-1.4146309400161723, -1.4835757054580407, 1.8511045665100032, -0.9004385539744928],
        ]
        np.testing.assert_allclose(f(), wanted, rtol=1e-13)
    with theano.configparser.change_flags(floatX="float32"):
        g = theano.function(
            [],
            MRG_RandomStreams(123).truncated_normal((3, 3), avg=1.0, std=0.5, dtype="float64")[0],
            mode=mode,
        )
        np.testing.assert_allclose(g()[1:], [0.4983282775342061, 0.9673140559996517], rtol=1e-13)


def test_both_backends_give_the_same_bits():
    for dtype in ("float16", "float32", "float64"):
        draws = [MRG_RandomStreams(8).uniform((101, 31), dtype=dtype) for _ in MODES]
        f, g = (theano.function([], u, mode=mode) for u, mode in zip(draws, MODES, strict=True))
        for _ in range(3):
            assert np.array_equal(f(), g())


def test_jumps():
    state = np.array([1, 2, 3, 4, 5, 6], dtype="int32")
    streams = MRG_RandomStreams([1, 2, 3, 4, 5, 6])
    rows = streams.get_substream_rstates(5, "float32", inc_rstate=False)
    for i in range(4):
        assert np.array_equal(rng_mrg.ff_2p72(rows[i]), rows[i + 1])
    assert np.array_equal(streams.rstate, state)
    streams.inc_rstate()
    assert np.array_equal(streams.rstate, rng_mrg.ff_2p134(state))
    # 62 doublings more make 2^134 steps of 2^72.
    jump = rng_mrg.A1p72.astype(object)
    for _ in range(62):
        jump = jump.dot(jump) % int(rng_mrg.M1)
    assert np.array_equal(jump.astype("int64"), rng_mrg.A1p134)


def test_dot_modulo_jumps():
    state = np.arange(1, 7, dtype="int32")
    A, B = T.lmatrices("A", "B")
    s, t = T.ivectors("s", "t")
    f = theano.function([A, s, B, t], rng_mrg.DotModulo()(A, s, rng_mrg.M1, B, t, rng_mrg.M2))
    jumped = f(rng_mrg.A1p72, state[:3], rng_mrg.A2p72, state[3:])
    assert np.array_equal(jumped, rng_mrg.ff_2p72(state)) and jumped.dtype == "int32"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments(dtype):
    streams = MRG_RandomStreams(54)
    u, n, t = (
        theano.function([], draw((100_000,), dtype=dtype))()
        for draw in (streams.uniform, streams.normal, streams.truncated_normal)
    )
    assert abs(u.mean() - 0.5) < 4 / np.sqrt(12e5) and abs(u.var() - 1 / 12) < 1e-3
    assert u.min() > 0 and u.max() < 1
    for sample, off in ((n, 0.01), (t, 0.02)):
        assert abs(sample.mean()) < 0.0127
        assert abs(sample.std() - 1) < off
    assert abs(t).max() < 2 / 0.8796
    assert abs(n).max() > 3.5


def test_bounds_and_parameters_broadcast():
    streams = MRG_RandomStreams(3)
    low = np.array([0.0, 10.0, 20.0], "float32")
    found = theano.function([], streams.uniform((50, 3), low=low, high=low + 1))()
    assert (np.floor(found) == low).all()
    p = np.array([0.0, 0.5, 1.0], "float32")
    drawn = theano.function([], streams.binomial((50, 3), p=p))()
    assert drawn[:, 0].sum() == 0 and drawn[:, 2].sum() == 50 and 5 < drawn[:, 1].sum() < 45


def test_axes_of_length_one_broadcast():
    n = T.lscalar()
    assert MRG_RandomStreams(3).uniform((n, 1, 3)).broadcastable == (False, True, False)
    assert MRG_RandomStreams(3).normal((1, 2)).broadcastable == (True, False)


def test_seeding_anew():
    streams = MRG_RandomStreams(7)
    f = theano.function([], [streams.uniform((2,)), streams.normal((3,))])
    first = f()
    streams.seed(9)
    other = f()
    streams.seed()
    again = f()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_updates_travel_with_the_graph():
    u = MRG_RandomStreams(5).uniform((3,))
    f, still = theano.function([], u), theano.function([], u, no_default_updates=True)
    first = f()
    second = still()
    assert not np.array_equal(first, second)
    assert np.array_equal(still(), second)
    assert np.array_equal(f(), second)
    twin = pickle.loads(pickle.dumps(f))
    assert np.array_equal(twin(), f())


def test_a_mask_takes_no_part_in_gradients():
    x = T.matrix("x")
    mask = MRG_RandomStreams(5).binomial(x.shape, p=0.5, dtype=x.dtype)
    y = x * mask
    f = theano.function([x], [y, theano.grad(y.sum(), x), mask])
    value, slope, drawn = f(np.full((20, 30), 2.0, theano.config.floatX))
    assert np.array_equal(value, 2 * drawn) and np.array_equal(slope, drawn)
    assert 200 < drawn.sum() < 400


def test_gradients_of_parameters_are_undefined():
    avg = T.scalar("avg")
    with pytest.raises(theano.gradient.NullTypeGradError):
        theano.grad(MRG_RandomStreams(5).normal((3,), avg=avg).sum(), avg)


def test_gradients_of_parameters_are_undefined_where_nothing_would_flow():
    x = T.dvector()
    for mask in (
        MRG_RandomStreams(3).binomial((3,), p=x),
        MRG_RandomStreams(3).binomial((3,), p=x, dtype="float64"),
        MRG_RandomStreams(3).multinomial(pvals=T.stack([x, 1 - x], axis=1)),
    ):
        with pytest.raises(theano.gradient.NullTypeGradError):
            theano.grad(T.cast(mask, "float64").sum(), x)
        # Unless it is held constant.
        cost = (x.sum() * mask).sum()
        theano.grad(cost, x, consider_constant=[mask])


def test_numbers_of_streams():
    assert rng_mrg.guess_n_streams((3, 2)) == 6
    assert rng_mrg.guess_n_streams((7,)) == 1
    assert rng_mrg.guess_n_streams((70, 70)) == 816
    assert rng_mrg.guess_n_streams((1000, 1000)) == 15360
    assert rng_mrg.guess_n_streams(()) == 1
    with pytest.warns(UserWarning, match="streams"):
        assert rng_mrg.guess_n_streams(T.lvector(), warn=True) == 15360


@pytest.mark.parametrize(
    ("seed", "error"),
    [
        (0, ValueError),
        (2147462579, ValueError),
        ([0, 0, 0, 1, 1, 1], ValueError),
        ([1, 1, 1, 0, 0, 0], ValueError),
        ([2147483647, 1, 1, 1, 1, 1], ValueError),
        ([1, 1, 1, 1, 2147462579, 1], ValueError),
        ([1, 2, 3], TypeError),
    ],
)
def test_seeds_that_are_none(seed, error):
    with pytest.raises(error, match="seed"):
        MRG_RandomStreams(seed)


def test_mistakes():
    streams = MRG_RandomStreams(1)
    for size, error in ((3, TypeError), ([2, 3], TypeError), ((0,), ValueError), ((-1,), ValueError)):
        with pytest.raises(error, match="size"):
            streams.uniform(size)
    with pytest.raises(ValueError, match="size"):
        streams.normal((0,))
    with pytest.raises(ValueError, match="size"):
        streams.normal("large")
    with pytest.raises(NotImplementedError, match="axes that the size lacks"):
        streams.uniform((1,), low=np.zeros(3, "float32"))
    with pytest.raises(NotImplementedError, match="n=1"):
        streams.binomial((3,), n=2)
    with pytest.raises(TypeError, match="pvals"):
        streams.multinomial()
    with pytest.raises(ValueError, match="no size"):
        streams.multinomial(size=(2,), pvals=P)
    with pytest.raises(NotImplementedError, match="matrix"):
        streams.multinomial(pvals=[0.5, 0.5])
    with pytest.raises(NotImplementedError, match="replace=False"):
        streams.choice(p=P)
    with pytest.raises(TypeError, match="no `a`"):
        streams.choice(a=3, replace=False, p=P)
    with pytest.raises(TypeError, match="argument 'flavour'"):
        streams.uniform((3,), flavour=1)
    with pytest.raises(ValueError, match="at least one stream"):
        streams.get_substream_rstates(0, "float32")
    with pytest.raises(ValueError, match="at most 3"):
        theano.function([], streams.choice(size=4, replace=False, p=P))()
    n = T.lscalar()
    with pytest.raises(ValueError, match="negative"):
        theano.function([n], streams.uniform((n,)))(-1)


def test_the_older_name_of_choice():
    with pytest.warns(DeprecationWarning, match="choice"):
        drawn = MRG_RandomStreams(99).multinomial_wo_replacement(n=2, pvals=P)
    assert theano.function([], drawn)().tolist() == [[0, 1], [2, 1], [0, 2]]
