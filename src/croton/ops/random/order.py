"""Numbers in random order, without a sort: they are thrown into buckets, and shuffled in each of these.

All orders are as likely: those of numbers thrown into buckets independently and evenly, and shuffled there, are. The
buckets are few enough to be filled side by side, and small enough to be shuffled in the nearest cache. Which bits go
where depends on places alone, so neither threads nor vectors change the order.

Source:  Rao, Generation of random permutations of given number of elements using random sampling numbers, 1961;
         Fisher and Yates
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.known import known_int
from croton.ops.random.arrays import ARRAYS
from croton.ops.random.bits import element_bits, scaled
from croton.ops.random.trials import negative_length
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType

# Numbers up to 2^11 are one bucket; beyond, a bucket has about as many, up to 2^12 buckets.
_SMALL, _MOST = 11, 12
# Numbers that are thrown by one thread.
_BLOCK = 16_384
_KEY, _START = np.uint64(0x9E3779B97F4A7C15), np.uint64(2**40)


@op("random_order")
class RandomOrder(Primitive):
    """The numbers 0, …, n - 1 in random order.

    Shapes:    key (), start (), n () -> (n,)
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    ValueError at run time for n below 0
    """

    is_dear = True
    makes_new_memory: ClassVar[bool] = True

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_tensor_variable(a) for a in args]

    def infer(self, key: Any, start: Any, n: Any) -> Type:
        length = known_int(n)
        return TensorType("int64", [None if length is None or length < 0 else length])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(node.inputs[2],)]

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """No gradient goes through an order."""
        return [[False] for _ in node.inputs]

    def eval(self, xp: Any, key: Any, start: Any, n: Any) -> Any:
        if n < 0:
            raise negative_length(0, int(n))
        digits = min(int(n >> _SMALL).bit_length(), _MOST)
        bits = element_bits(ARRAYS, key, start, np.arange(n, dtype="uint64"))
        bucket = bits >> np.uint64(64 - digits) if digits else np.zeros(int(n), "uint64")
        order = np.argsort(bucket, kind="stable")
        sizes = np.bincount(bucket.astype("int64"), minlength=2**digits)
        first = np.cumsum(sizes) - sizes
        bits = bits << np.uint64(digits)
        # The same step of all buckets that are still as large.
        for last in range(int(sizes.max(initial=0)) - 1, 0, -1):
            here = first[sizes > last]
            other = here + scaled(bits[here + last], np.uint64(last + 1)).astype("int64")
            order[here + last], order[other] = order[other], order[here + last]
        return order

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None for _ in xs]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        n = b.cast(b.scalar(xs[2]), "int64")
        b.fail_if(b.lt(n, 0), BAD_VALUE, n)
        digits: Any = 0
        buckets: Any = 1
        for i in range(_MOST):
            more = b.cast(b.ge(n, 1 << (_SMALL + i)), "int64")
            digits, buckets = b.add(digits, more), b.add(buckets, b.times(more, 1 << i))
        blocks = b.floordiv(b.add(n, _BLOCK - 1), _BLOCK)
        out = b.new(ys[0], [n])
        bits = b.temporary("uint64", [n])
        places = b.temporary("int64", [b.times(blocks, buckets)])
        first = b.temporary("int64", [b.add(buckets, 1)])
        params = [n, digits, buckets, blocks]
        draw = [b.array(xs[0]), b.array(xs[1])]
        b.loop(_throw(b), [*draw, bits, places], params, blocks, cost=1_500 * _BLOCK, parallel=True)
        b.loop(_sum_up(b), [places, first], params, 1, cost=b.times(places.dims[0], 1000))
        b.loop(_gather(b), [bits, places, out], params, blocks, cost=2_000 * _BLOCK, parallel=True)
        b.loop(_shuffle(b), [bits, first, out], params, buckets, cost=8_000 << _SMALL, parallel=True)
        for array in (bits, places, first):
            b.free(array)

    def explain_failure(self, node: Apply, details: Any) -> Exception:
        """The exception for what native code reports."""
        return negative_length(0, details[0])

    def __str__(self) -> str:
        return type(self).__name__

    samples = (
        S(_KEY, _START, np.int64(300), grad=False),
        S(_KEY, _START, np.int64(2048), grad=False),
        S(_KEY, _START, np.int64(40_000), grad=False),
        S(_KEY, _START, np.int64(1), grad=False),
        S(_KEY, _START, np.int64(0), grad=False),
    )
    errors = (E(_KEY, _START, np.int64(-3), raises=ValueError, says="negative length"),)


def _parameters(k: Any) -> tuple[Any, Any, Any, Any]:
    return k.param("n"), k.param("digits"), k.param("buckets"), k.param("blocks")


def _bucket(k: Any, bits: Any, digits: Any) -> Any:
    """The first digits, as a number; a shift by all 64 gives 0."""
    return k.cast(bits >> k.cast(64 - digits, "uint64"), "int64")


def _throw(b: Any) -> Any:
    """For native code: the bits of each number, and how many numbers of a block fall into each bucket."""
    k = b.loops()
    n, digits, buckets, _ = _parameters(k)
    key, start = (k.load(k.buffer(name, "uint64", strides=[])) for name in ("key", "start"))
    bits, counts = k.buffer("bits", "uint64", strides=[8]), k.buffer("counts", "int64", strides=[8])
    with k.loop("block", parallel=True) as block:
        low, own = block * _BLOCK, block * buckets
        high = k.minimum(low + _BLOCK, n)
        with k.loop("i", low, high, kind="vector") as i:
            k.store(bits, element_bits(k, key, start, k.cast(i, "uint64")), i)
        with k.loop("j", 0, buckets, kind="vector") as j:
            k.store(counts, k.const(0, "int64"), own + j)
        with k.loop("i", low, high) as i:
            at = own + _bucket(k, k.load(bits, i), digits)
            k.store(counts, k.load(counts, at) + 1, at)
    return k.kernel()


def _sum_up(b: Any) -> Any:
    """For native code: where each bucket begins, and in it the numbers of each block."""
    k = b.loops()
    _, _, buckets, blocks = _parameters(k)
    counts, first = k.buffer("counts", "int64", strides=[8]), k.buffer("first", "int64", strides=[8])
    with k.loop("once", parallel=True):
        total = k.variable(k.const(0, "int64"))
        with k.loop("j", 0, buckets) as j:
            k.store(first, total.value, j)
            with k.loop("block", 0, blocks) as block:
                at = block * buckets + j
                here = k.load(counts, at)
                k.store(counts, total.value, at)
                total.value = total.value + here
        k.store(first, total.value, buckets)
    return k.kernel()


def _gather(b: Any) -> Any:
    """For native code: the numbers, bucket by bucket."""
    k = b.loops()
    n, digits, buckets, _ = _parameters(k)
    bits, places = k.buffer("bits", "uint64", strides=[8]), k.buffer("places", "int64", strides=[8])
    out = k.buffer("out", "int64", strides=[8])
    with k.loop("block", parallel=True) as block:
        low, own = block * _BLOCK, block * buckets
        with k.loop("i", low, k.minimum(low + _BLOCK, n)) as i:
            bucket = own + _bucket(k, k.load(bits, i), digits)
            at = k.load(places, bucket)
            k.store(out, i, at)
            k.store(places, at + 1, bucket)
    return k.kernel()


def _shuffle(b: Any) -> Any:
    """For native code: each bucket in random order. What a place is exchanged with comes of its bits' other digits."""
    k = b.loops()
    _, digits, _, _ = _parameters(k)
    bits, first = k.buffer("bits", "uint64", strides=[8]), k.buffer("first", "int64", strides=[8])
    out = k.buffer("out", "int64", strides=[8])
    shift = k.cast(digits, "uint64")
    with k.loop("bucket", parallel=True) as bucket:
        low, high = k.load(first, bucket), k.load(first, bucket + 1)
        with k.loop("i", low, high, kind="vector") as i:
            k.store(bits, scaled(k.load(bits, i) << shift, k.cast(i - low + 1, "uint64")), i)
        with k.loop("t", 0, high - low) as t:
            at = high - 1 - t
            other = low + k.cast(k.load(bits, at), "int64")
            one, two = k.load(out, at), k.load(out, other)
            k.store(out, two, at)
            k.store(out, one, other)
    return k.kernel()
