"""Random bits: known answers, the same bits everywhere, and what is made of them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as T
from croton.ops.place import Place
from croton.ops.random.bits import (
    below,
    cosine,
    draw_key,
    draw_start,
    open_unit,
    philox,
    radius_unit,
    random_bits,
    threefry,
    unit,
)

MODES = ["FAST_RUN", "FAST_COMPILE"]
DTYPES = ["float16", "float32", "float64"]
RNG = np.random.default_rng(5)

# Known answers of the generators' authors (Random123): counter, key, output, in words of 32 bits.
PHILOX = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]  # fmt: skip
THREEFRY = [
    ((0, 0), (0, 0), {13: (0x9D1C5EC6, 0x8BD50731), 20: (0x6B200159, 0x99BA4EFE)}),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, {13: (0xFD36D048, 0x2D17272C), 20: (0x1CB996FC, 0xBB002BE7)}),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344),
     {13: (0xBA3E4725, 0xF27D669E), 20: (0xC4923A9C, 0x483DF7A0)}),
]  # fmt: skip

NUMBER, NUMBERS = T.TensorType("uint64", ()), T.TensorType("uint64", (None,))


def words(low, high):
    return np.uint64(low | high << 32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("counter", "key", "wanted"), PHILOX)
def test_known_answers_of_philox(counter, key, wanted, mode):
    given = words(*key), words(*counter[2:]), words(*counter[:2])
    expected = [words(*wanted[:2]), words(*wanted[2:])]
    assert list(philox(*given)) == expected
    xs = [NUMBER(), NUMBERS(), NUMBER()]
    f = theano.function(xs, [draw_key(*xs), draw_start(*xs)], mode=mode)
    low, high = f(given[0], np.full(70, given[1]), given[2])
    assert (low == expected[0]).all() and (high == expected[1]).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("counter", "key", "wanted"), THREEFRY)
def test_known_answers_of_threefry(counter, key, wanted, mode):
    def arrays(values):
        return tuple(np.array([v], "uint32") for v in values)

    for rounds, expected in wanted.items():
        found = threefry(arrays(key), arrays(counter), rounds)
        assert tuple(int(x[0]) for x in found) == expected
    xs = [NUMBER(), NUMBER(), NUMBERS()]
    f = theano.function(xs, random_bits(*xs), mode=mode)
    # A counter is the sum of where indices begin and of the index, word by word.
    begin = words(5, 7)
    index = words((counter[0] - 5) % 2**32, (counter[1] - 7) % 2**32)
    assert (f(words(*key), begin, np.full(70, index)) == words(*reversed(wanted[13]))).all()


def test_both_backends_give_the_same_bits():
    key, start, n = NUMBER(), NUMBER(), T.lscalar()
    bits = random_bits(key, start, Place()(n))
    made = [bits, *(of[d](bits) for of in (unit, open_unit, radius_unit) for d in DTYPES)]
    cosines = [cosine[d](bits) for d in DTYPES]
    f, g = (theano.function([key, start, n], made + cosines, mode=mode) for mode in MODES)
    for n_value in (0, 1, 70, 1000):
        native, reference = f(2**63 + 5, 3, n_value), g(2**63 + 5, 3, n_value)
        for a, b in zip(native[: len(made)], reference, strict=False):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(native[len(made) :], reference[len(made) :], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=2 * np.finfo(a.dtype).eps)


SCRIPT = """
import hashlib, theano, theano.tensor as T
from theano.tensor.random import RandomStream
stream = RandomStream(9)
draws = [stream.uniform(size=(700, 1001)), stream.normal(size=(700, 1001)).sum(axis=0)]
draws += [stream.poisson(20.0, size=70_001), stream.multinomial(9, [0.2, 0.8], size=7001)]
draws += [stream.gamma(0.5, size=70_001), stream.vonmises(0.0, 2.0, size=70_001)]
draws += [stream.permutation(300_001), stream.choice(10**7, 50_001, replace=False)]
draws += [stream.truncated_normal(size=70_001), stream.categorical([0.3, 0.2, 0.5], size=70_001)]
f = theano.function([], draws)
print(hashlib.sha256(b"".join(x.tobytes() for x in f())).hexdigest())
"""


def test_threads_change_nothing():
    found = set()
    for threads in ("1", "4"):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "THEANO_FLAGS": f"threads={threads}"}
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
        )
        found.add(ran.stdout.strip())
    assert len(found) == 1


@pytest.mark.parametrize("mode", MODES)
def test_below_is_the_upper_half_of_a_product(mode):
    bits = RNG.integers(0, 2**64, 300, dtype="uint64")
    counts = RNG.integers(0, 2**64, 300, dtype="uint64") >> RNG.integers(0, 64, 300, dtype="uint64")
    x, y = T.TensorType("uint64", (None,))(), T.TensorType("uint64", (None,))()
    found = theano.function([x, y], below(x, y), mode=mode)(bits, counts)
    assert found.tolist() == [(a * b) >> 64 for a, b in zip(bits.tolist(), counts.tolist(), strict=True)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_floats_made_of_bits(dtype, mode):
    extremes = np.array([0, 2**64 - 1, 2**63, 1, 2**32], dtype="uint64")
    x = T.TensorType("uint64", (None,))()
    made = [of[dtype](x) for of in (unit, open_unit, radius_unit, cosine)]
    half_open, opened, radius, cosines = theano.function([x], made, mode=mode)(extremes)
    assert half_open.dtype == opened.dtype == radius.dtype == cosines.dtype == dtype
    assert half_open[0] == 0
    assert half_open[1] == np.nextafter(np.asarray(1, dtype), np.asarray(0, dtype))
    assert half_open[2] == 0.5
    for found in (opened, radius):
        assert 0 < found.min() < 1e-3 and found.max() <= 1
        assert found[2] == pytest.approx(0.5, abs=1e-3)
    if dtype == "float64":
        halves = [divmod(int(bits), 2**32) for bits in extremes]
        assert half_open.tolist() == [((a >> 5 << 26) + (b >> 6)) * 2.0**-53 for a, b in halves]
        assert opened.tolist() == [((a >> 6 << 26) + (b >> 6) + 0.5) * 2.0**-52 for a, b in halves]
        assert radius.tolist() == [((a >> 1 << 21) + b % 2**21 + 0.5) * 2.0**-52 for a, b in halves]
    turns = extremes.astype("uint32").astype("int32") * 2.0**-32
    np.testing.assert_allclose(cosines, np.cos(2 * np.pi * turns), atol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("mode", MODES)
def test_cosines(mode):
    turns = np.concatenate([np.arange(-(2**31), 2**31, 2**21 - 3), [-(2**31), 2**31 - 1, 0, 2**30, -(2**30)]])
    x = NUMBERS()
    found = theano.function([x], [cosine[d](x) for d in ("float32", "float64")], mode=mode)(
        turns.astype("int32").view("uint32").astype("uint64")
    )
    wanted = np.cos(np.pi * (turns / 2.0**31))
    for made, error in zip(found, (1.8e-7, 6e-16), strict=True):
        np.testing.assert_allclose(made, wanted, rtol=0, atol=error)
        assert abs(made).max() <= 1


def ones(bits):
    """One row of ±1 per number: its 64 bits."""
    return 2 * np.unpackbits(bits.view("uint8").reshape(-1, 8), axis=1, bitorder="little").astype(float) - 1


@cache
def _draw():
    *at, n = NUMBER(), NUMBER(), NUMBER(), T.lscalar()
    return theano.function([*at, n], random_bits(draw_key(*at), draw_start(*at), Place()(n)))


def of_stream(key=77, number=0, count=20_000, part=0):
    """The bits of a draw."""
    return _draw()(key, number, part, count)


def test_bits_are_even_and_independent():
    n = 20_000
    spread = 5 / np.sqrt(n)  # five standard deviations
    first = ones(of_stream())
    assert abs(first.mean(axis=0)).max() < spread
    others = [of_stream(number=1), of_stream(key=78), of_stream(part=1), of_stream(key=77 ^ 2**63)]
    for other in map(ones, others):
        assert abs(other.mean(axis=0)).max() < spread
        assert abs(first.T @ other).max() / n < 1.3 * spread  # each bit with each: 4096 of them
    for lag in (1, 2, 64, 256):
        assert abs(first[lag:].T @ first[:-lag]).max() / n < 1.3 * spread
    within = first.T @ first / n
    assert abs(within - np.eye(64)).max() < 1.3 * spread


@pytest.mark.parametrize("bit", [0, 1, 31, 32, 63])
@pytest.mark.parametrize("which", range(3))
def test_a_bit_of_the_state_changes_half_of_the_bits(which, bit):
    rng = np.random.default_rng(3)
    state = [rng.integers(0, 2**64, 4000, dtype="uint64") for _ in range(3)]
    xs = [NUMBERS() for _ in range(3)]
    part = np.uint64(0)
    f = theano.function(xs, random_bits(draw_key(xs[0], xs[1], part), draw_start(xs[0], xs[1], part), xs[2]))
    before = f(*state)
    state[which] ^= np.uint64(1 << bit)
    changed = ones(before ^ f(*state))
    assert abs(changed.mean(axis=0)).max() < 5 / np.sqrt(4000)


def test_birthdays_are_spaced_as_chance_would_have_it():
    """Source: Marsaglia, Birthday spacings, 1985: how many distances come twice is Poisson, of mean m^3 / (4 n)."""
    found = 0
    for number in range(16):
        bits = of_stream(number=number, count=4 * 4096)
        for shift in (40, 0):
            days = (bits >> np.uint64(shift)) & np.uint64(2**24 - 1)
            for year in days.reshape(4, 4096)[:, :1024]:
                spaces = np.sort(np.diff(np.sort(year)))
                found += int((np.diff(spaces) == 0).sum())
    wanted = 16 * 2 * 4 * 1024**3 / (4 * 2**24)
    assert abs(found - wanted) < 5 * np.sqrt(wanted)


def test_spectra_are_flat():
    """Of numbers in a row no frequency stands out; the squares of amplitudes are exponentially distributed."""
    u = (of_stream(count=2**16) >> np.uint64(11)) * 2.0**-53
    power = abs(np.fft.rfft((u - 0.5) * np.sqrt(12)))[1:-1] ** 2 / 2**16
    assert stats.kstest(power, "expon").pvalue > 1e-3
    assert power.max() < np.log(2**15) + 10


def test_tuples_fill_their_cube():
    """Pairs and triples of numbers in a row, and of streams in a row, by chi-squared."""
    one = of_stream(count=2**16)
    side = np.array([of_stream(key=key, count=16) for key in range(4096)]).ravel()
    for bits in (one, side):
        for places, shift in ((2, 58), (3, 60), (2, 3), (4, 29)):
            cells = 64 if places == 2 else 16 if places == 3 else 8
            digits = ((bits >> np.uint64(shift)) % np.uint64(cells)).astype(int)
            usable = digits[: len(digits) // places * places].reshape(-1, places)
            at = np.ravel_multi_index(tuple(usable.T), (cells,) * places)
            assert 1e-4 < stats.chisquare(np.bincount(at, minlength=cells**places)).pvalue < 1 - 1e-4


def test_runs_and_gaps():
    """How far a number is from the next one below a tenth: geometric."""
    u = (of_stream(count=200_000) >> np.uint64(11)) * 2.0**-53
    gaps = np.diff(np.flatnonzero(u < 0.1))
    counts = np.bincount(np.minimum(gaps, 60), minlength=61)[1:]
    law = 0.1 * 0.9 ** np.arange(59)
    wanted = np.append(law, 1 - law.sum()) * len(gaps)
    assert stats.chisquare(counts, wanted).pvalue > 1e-3
