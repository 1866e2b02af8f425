"""The generator MRG31k3p on NumPy arrays: its step, and jumps over many steps at once.

A state is two triples of integers, below M1 and M2. A step is a product with a matrix for each, modulo these; so are
many steps, with a power of the matrices. source: L'Ecuyer and Touzin, Fast combined multiple recursive generators with
multipliers of the form a = ±2^q ± 2^r, WSC 2000
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

M1 = np.asarray(np.int32(2147483647))  # 2^31 - 1
M2 = np.asarray(np.int32(2147462579))  # 2^31 - 21069

# What shifts and masks of the step are: its multipliers are 2^22, 2^7 + 1; 2^15, 2^15 + 1.
MASK12 = np.int32(511)
MASK13 = np.int32(16777215)
MASK2 = np.int32(65535)
MULT2 = np.int32(21069)
NORM = 2.0**-31

Matrix = list[list[int]]
A1: Matrix = [[0, 1 << 22, (1 << 7) + 1], [1, 0, 0], [0, 1, 0]]
A2: Matrix = [[1 << 15, 0, (1 << 15) + 1], [1, 0, 0], [0, 1, 0]]


def _product(a: Matrix, b: Matrix, m: int) -> Matrix:
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) % m for column in zip(*b, strict=True)]
        for row in a
    ]


def _doubled(a: Matrix, times: int, m: int) -> Matrix:
    """a to the power of 2^times."""
    return reduce(lambda b, _: _product(b, b, m), range(times), a)


A1p72 = np.asarray(_doubled(A1, 72, int(M1)))
A2p72 = np.asarray(_doubled(A2, 72, int(M2)))
A1p134 = np.asarray(_doubled(A1, 134, int(M1)))
A2p134 = np.asarray(_doubled(A2, 134, int(M2)))


def matVecModM(A: Any, s: Any, m: Any) -> np.ndarray:
    """The product of a matrix and a vector, or each of several vectors, modulo `m`, as int32."""
    # Entries are below 2^31: a product fits in int64, a sum of them need not.
    products = (np.asarray(A, "int64") * np.asarray(s, "int64")[..., None, :]) % m
    return np.asarray(products.sum(axis=-1) % m, "int32")


def multMatVect(v: Any, A: Any, m1: Any, B: Any, m2: Any) -> np.ndarray:
    """Both triples of a state, or of each row of states, multiplied with `A` modulo `m1` and with `B` modulo `m2`."""
    v = np.asarray(v)
    return np.concatenate([matVecModM(A, v[..., :3], m1), matVecModM(B, v[..., 3:], m2)], axis=-1)


def ff_2p72(rstate: Any) -> np.ndarray:
    """The state 2^72 steps on."""
    return multMatVect(rstate, A1p72, M1, A2p72, M2)


def ff_2p134(rstate: Any) -> np.ndarray:
    """The state 2^134 steps on."""
    return multMatVect(rstate, A1p134, M1, A2p134, M2)


def substreams(rstate: Any, count: int) -> np.ndarray:
    """States that are 2^72 steps apart, from `rstate` on: one per row. Twice as many come by one jump of them all."""
    found = np.asarray(rstate, "int32").reshape(1, 6)
    one, other = A1p72.tolist(), A2p72.tolist()
    while len(found) < count:
        found = np.concatenate([found, multMatVect(found, one, M1, other, M2)])
        one, other = _product(one, one, int(M1)), _product(other, other, int(M2))
    return np.ascontiguousarray(found[:count])


def step(b: Any, state: list[Any]) -> tuple[list[Any], Any]:
    """The state after a step, and the number it gives, less than 2^31 - 1; `b` does uint32 arithmetic, which wraps.

    `b` is a builder of loops, or anything else with its `minimum`, `select`, `cast`, `const` and values with operators.
    """
    x11, x12, x13, x21, x22, x23 = state

    def shifted(x: Any, count: int) -> Any:
        # States are not negative but for seeds that are, whose sign is kept.
        return b.cast(b.cast(x, "int32") >> count, "uint32")

    def less(y: Any, m: int) -> Any:
        # Where y < m, the difference wraps around to something greater.
        return b.minimum(y, y - b.const(m, "uint32"))

    m1, m2 = int(M1), int(M2)
    y = ((x12 & 511) << 22) + shifted(x12, 9) + ((x13 & 16777215) << 7) + shifted(x13, 24)
    y1 = less(less(y, m1) + x13, m1)
    p = less(((x21 & 65535) << 15) + shifted(x21, 16) * 21069, m2)
    q = less(((x23 & 65535) << 15) + shifted(x23, 16) * 21069, m2)
    y2 = less(less(q + x23, m2) + p, m2)
    difference = y1 - y2
    number = b.select(y1 <= y2, difference + b.const(m1, "uint32"), difference)
    return [y1, x11, x12, y2, x21, x22], number
