"""What the code generator asks of the machine, and how it cuts a vector loop to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from croton.loops.ir import INT, SIZES, Cast, For, Load, Prim, Select
from croton.loops.primitives import PRIMITIVES
from croton.loops.walk import all_nodes, deep

# Bodies dearer than this, in additions, are emitted once, every round masked. Compiling is then 10 to 26 % cheaper, and
# running up to 15 % dearer (softmax); with loops inside, a third cheaper and up to 4 % dearer, so there all are.
# source: python -m benchmarks.codegen --cut, three runs (two for loops inside) on a Zen 4 with AVX-512
MASKED_ABOVE = 24
# Dearer bodies have enough independent work in one vector.
UNROLL = ((8, 4), (16, 2))
MAX_LANES = 64


@dataclass(frozen=True, slots=True)
class Target:
    """A machine: bytes of a vector register, and whether loads and stores of all types can be masked at full speed."""

    vector_bytes: int
    masks: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """How a vector loop is done: lanes per round, and whether all rounds share one masked body."""

    lanes: int
    one_body: bool


def cut(loop: For, target: Target) -> Cut:
    """The cut of a vector loop."""
    cost, size, inner = _measure(loop)
    lanes = max(target.vector_bytes // size, 2)
    unroll = next((times for limit, times in UNROLL if cost <= limit), 1)
    if not loop.folds and not inner:
        unroll = min(unroll, 2)
    while unroll > 1 and lanes * unroll > MAX_LANES:
        unroll //= 2
    return Cut(min(lanes * unroll, MAX_LANES), target.masks and (inner or cost > MASKED_ABOVE))


def _measure(loop: For) -> tuple[int, int, bool]:
    """Cost of an iteration, the size of what it mostly computes with, and whether it holds loops."""
    weight: Counter[int] = Counter()
    cost = 0
    widest = 1
    for node in all_nodes([loop]):
        if isinstance(node, Prim) and node.args[0].dtype != "bool" and node.args[0].dtype != INT:
            price = PRIMITIVES[node.name].cost
            weight[SIZES[node.args[0].dtype]] += price
            cost += price
        elif isinstance(node, (Prim, Cast, Select)):
            cost += 1
        if isinstance(node, (Load, Cast)):
            widest = max(widest, SIZES[node.dtype])
    for statement in deep(loop.body):
        if isinstance(statement, For):
            cost += 1
    size = max(weight, key=lambda s: (weight[s], s)) if weight else widest
    return cost, size, any(isinstance(s, For) for s in deep(loop.body))
