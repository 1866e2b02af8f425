"""Random bits: known answers, the same bits everywhere, and what is made of them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.place import Place
from croton.ops.random.bits import below, more_random_bits, open_unit, philox, random_bits, unit

MODES = ["FAST_RUN", "FAST_COMPILE"]
DTYPES = ["float16", "float32", "float64"]
RNG = np.random.default_rng(5)

# Known answers of the generator's authors (Random123): counter (four words), key (two words), output (four words).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]  # fmt: skip


def words(low, high):
    return np.uint64(low | high << 32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("counter", "key", "wanted"), KNOWN)
def test_known_answers(counter, key, wanted, mode):
    given = words(*key), words(*counter[2:]), words(*counter[:2])
    expected = [words(*wanted[:2]), words(*wanted[2:])]
    assert list(philox(*given)) == expected
    types = [T.TensorType("uint64", ()), T.TensorType("uint64", ()), T.TensorType("uint64", (None,))]
    xs = [kind() for kind in types]
    f = theano.function(xs, [random_bits(*xs), more_random_bits(*xs)], mode=mode)
    low, high = f(given[0], given[1], np.full(70, given[2]))
    assert (low == expected[0]).all() and (high == expected[1]).all()


def test_both_backends_give_the_same_bits():
    key, draw, n = T.TensorType("uint64", ())(), T.TensorType("uint64", ())(), T.lscalar()
    index = Place()(n)
    made = [random_bits(key, draw, index), more_random_bits(key, draw, index)]
    made += [of[d](made[0]) for of in (unit, open_unit) for d in DTYPES]
    f, g = (theano.function([key, draw, n], made, mode=mode) for mode in MODES)
    for n_value in (0, 1, 70, 1000):
        for a, b in zip(f(2**63 + 5, 3, n_value), g(2**63 + 5, 3, n_value), strict=True):
            np.testing.assert_array_equal(a, b)


SCRIPT = """
import hashlib, theano, theano.tensor as T
from theano.tensor.random import RandomStream
stream = RandomStream(9)
f = theano.function([], [stream.uniform(size=(700, 1001)), stream.normal(size=(700, 1001)).sum(axis=0)])
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
    half_open, opened = theano.function([x], [unit[dtype](x), open_unit[dtype](x)], mode=mode)(extremes)
    assert half_open.dtype == opened.dtype == dtype
    assert half_open[0] == 0
    assert half_open[1] == np.nextafter(np.asarray(1, dtype), np.asarray(0, dtype))
    assert half_open[2] == 0.5
    assert 0 < opened.min() < 1e-3 and opened.max() <= 1
    assert opened[2] == pytest.approx(0.5, abs=1e-3)


def test_bits_are_even_and_independent():
    state = theano.shared(np.array([77, 0], "uint64"))
    low = random_bits(state[0], state[1], Place()(T.constant(20_000)))
    next_draw = random_bits(state[0], state[1] + np.uint64(1), Place()(T.constant(20_000)))
    other_key = random_bits(state[0] + np.uint64(1), state[1], Place()(T.constant(20_000)))
    drawn = theano.function([], [low, next_draw, other_key])()
    ones = [np.unpackbits(d.view("uint8").reshape(-1, 8), axis=1).astype(float) - 0.5 for d in drawn]
    spread = 5 * 0.5 / np.sqrt(20_000)  # five standard deviations
    for bits in ones:
        assert abs(bits.mean(axis=0)).max() < spread
    for a, b in ((0, 1), (0, 2)):
        assert abs((4 * ones[a] * ones[b]).mean(axis=0)).max() < 2 * spread
    neighbours = 4 * ones[0][1:] * ones[0][:-1]
    assert abs(neighbours.mean(axis=0)).max() < 2 * spread
