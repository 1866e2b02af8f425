"""What the code generator asks of the machine, and how it cuts a vector loop to it."""

from __future__ import annotations

from collections import Counter

from croton.loops.ir import INT, SIZES, Cast, Expr, For, Load, Prim, Select, Store, operands
from croton.loops.primitives import PRIMITIVES
from croton.loops.walk import all_nodes, deep
from croton.util.record import record

# Bodies dearer than this, in additions, are emitted once, every round masked. Compiling is then 10 to 26 % cheaper, and
# running up to 15 % dearer (softmax); with loops inside, a third cheaper and up to 4 % dearer, so there all are.
# source: python -m benchmarks.codegen --cut, three runs (two for loops inside) on a Zen 4 with AVX-512
MASKED_ABOVE = 24
# Vectors in a round: where what a lane computes is one long chain, several chains are done at once. The dearest bodies
# take LLVM too long. source: measured, of 10 tanh one after the other two take 0.65 and four 0.4 of the time that one
# takes; with two, sums of exp 0.6, softmax 0.7, Black-Scholes (whose longest chain is half of it) 0.75, with four 0.7.
# What gathers along rows has two: with four, the round for the rest of a row and the folding of lanes cost more than is
# won. source: measured, over rows of 100 numbers sums take 0.75, extremes 0.65 and their places 0.65 of the time with
# two; over rows of 1000, as long; over rows of 10 000 in a cache extremes 1.6 times, sums 1.1 times as long
DEAR, DEAREST = 12, 300
# Where a round goes down rows and does little in each, more vectors in it make for fewer ways down.
# source: measured over axis 0 of (1000, 1000) in float32, sums in float64 take 197 us with four, 175 us with eight;
# variances, whose loops cost up to ten, take 0.82 and argmax 0.87 of the time that they take with two
COLUMNS, LITTLE = 8, 10
# Where it goes in strips of rows, the ways down are short, and fewer vectors follow the rows better. source: measured,
# sums of float32 over axis 0 of (100, 10000) take 0.135 ms with four, 0.15 to 0.19 with eight
STRIPS = 4
# A chain longer than this is about as long as a processor looks ahead, so that only what stands in one round overlaps.
# source: measured, Black-Scholes in float32 takes 0.87 of the time with four that it takes with two; in float64, whose
# registers hold half as much, 0.97
WINDOW = 40
# Where functions are called (calls.py), several vectors go into each call, whatever the chains: that hides what a call
# costs. Two where LLVM would have more than some 30 ms to do. source: measured, 16 tanh, exp, log, sin or erf one after
# the other take 0.34 to 0.46 of the time with four, side by side 0.8 to 1.05, of what they take written in place.
LONG = 160
MAX_LANES = 64


@record(frozen=True)
class Target:
    """A machine: bytes of a vector register, and what it can do at full speed.

    masks   loads and stores of all types under a mask
    scales  y * 2^k (AVX-512's scalef)
    """

    vector_bytes: int
    masks: bool
    scales: bool = False


@record(frozen=True)
class Cut:
    """How a vector loop is done.

    lanes     per round
    one_body  all rounds share one masked body
    narrow    lanes of the masked rounds that do the rest, where that is no single round; else 0
    strips    it is done in strips of rows (strips.py)
    """

    lanes: int
    one_body: bool
    narrow: int = 0
    strips: bool = False


def cut(loop: For, target: Target, called: frozenset[tuple[str, str]] = frozenset()) -> Cut:
    """The cut of a vector loop; `called`: the functions, with their data types, that are not written in place."""
    down = [_measure(s, called) for s in loop.body if isinstance(s, For)]
    if down and not loop.folds and all(work.cost <= LITTLE and not work.loops for work in down):
        return _of_columns(loop, max(target.vector_bytes // down[0].size, 2), target)
    work = _measure(loop, called)
    # What is gathered in float64 of numbers in float32 takes as many registers as what is gathered of float64.
    size = max([work.size, *(SIZES[r.dtype] for f in loop.folds for r in f.refs)])
    lanes = max(target.vector_bytes // size, 2)
    unroll = _vectors(work, bool(loop.folds) or work.loops)
    while unroll > 1 and lanes * unroll > MAX_LANES:
        unroll //= 2
    return Cut(min(lanes * unroll, MAX_LANES), target.masks and (work.loops or work.cost > MASKED_ABOVE))


def _of_columns(loop: For, lanes: int, target: Target) -> Cut:
    """Of a loop over columns that does little but go down the rows in each round: the less often, the better."""
    strips = target.masks and _goes_in_strips(loop)
    wide, narrow = min(lanes * (STRIPS if strips else COLUMNS), MAX_LANES), 2 * lanes
    return Cut(wide, target.masks, narrow if target.masks and narrow < wide else 0, strips)


def _goes_in_strips(loop: For) -> bool:
    """Whether the body is one way down rows that are read along the columns, and gathers by operations that combine."""
    down = [s for s in loop.body if isinstance(s, For)]
    if len(down) != 1 or not all(isinstance(s, (For, Load, Store)) for s in loop.body):
        return False
    (rows,) = down
    return (
        bool(rows.folds)
        and all(f.combine is not None for f in rows.folds)
        and all(isinstance(s, Load) for s in rows.body)
        and bool(rows_read(rows))
    )


def rows_read(loop: For) -> list[Load]:
    """What a loop reads itself, along its counter, of buffers whose elements are adjacent along v."""
    return [s for s in loop.body if isinstance(s, Load) and s.buffer.access == "unit" and loop.var in s.index]


def _vectors(work: Work, gathers: bool) -> int:
    if work.calls:
        return 4 if work.nodes <= LONG else 2
    if work.cost > DEAREST:
        return 1
    if gathers:
        return 2
    long = work.chain > WINDOW and work.size <= 4
    return 4 if long or (work.cost > DEAR and 4 * work.chain > 3 * work.cost) else 2


@record(frozen=True)
class Work:
    """An iteration: its cost in additions, that of its longest chain, the size of what it mostly computes with, whether
    it holds loops, how many nodes it has that compute, and whether some of these are calls."""

    cost: int
    chain: int
    size: int
    loops: bool
    nodes: int
    calls: bool


def _measure(loop: For, called: frozenset[tuple[str, str]]) -> Work:
    weight: Counter[int] = Counter()
    ready: dict[Expr, int] = {}
    cost = nodes = 0
    widest = 1
    calls = False
    for node in all_nodes([loop]):
        price = int(isinstance(node, (Prim, Cast, Select)))
        nodes += price
        if isinstance(node, Prim) and node.args[0].dtype != "bool" and node.args[0].dtype != INT:
            price = PRIMITIVES[node.name].cost
            weight[SIZES[node.args[0].dtype]] += price
            calls = calls or (node.name, node.args[0].dtype) in called
        cost += price
        ready[node] = price + max((ready[a] for a in operands(node)), default=0)
        if isinstance(node, (Load, Cast)):
            widest = max(widest, SIZES[node.dtype])
    inside = sum(isinstance(statement, For) for statement in deep(loop.body))
    size = max(weight, key=lambda s: (weight[s], s)) if weight else widest
    return Work(cost + inside, max(ready.values(), default=0), size, inside > 0, nodes, calls)
