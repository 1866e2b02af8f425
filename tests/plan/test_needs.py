"""What is told of needs is what a walk over all edges finds, as long as a unit is open."""

from __future__ import annotations

import random

import pytest

from croton.plan.needs import Needs


def reached(edges: dict[int, set[int]], unit: int) -> set[int]:
    found: set[int] = set()
    todo = list(edges[unit])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(edges[one])
    return found


@pytest.mark.parametrize("window", [2, 5, 1000])
def test_needs_are_those_of_a_walk(window: int) -> None:
    chance = random.Random(window)
    needs = Needs(window)
    edges: dict[int, set[int]] = {}
    merged = 0
    for _ in range(100):
        unit = needs.new()
        edges[unit] = set(chance.sample(sorted(edges)[-12:], min(len(edges), chance.randrange(4))))
        needs.add(unit, edges[unit])
        alive = sorted(edges)[-2 * window :]
        a, b = chance.choice(alive), chance.choice(alive)
        if a != b and needs.is_open(a) and needs.is_open(b):
            if not needs.holds(a, b) and chance.random() < 0.5:
                edges[b].add(a)  # a node that reads what `a` makes joins `b`
                needs.add(b, [a])
            elif not (reached(edges, a) - {b}) & {u for u in edges if b in edges[u]} and not needs.holds(
                b, a
            ):
                merged += 1
                needs.merge(a, b)
                edges[a] = (edges[a] | edges.pop(b)) - {a, b}
                for read in edges.values():
                    if b in read:
                        read.remove(b)
                        read.add(a)
                edges[a].discard(a)
        still = [u for u in alive if u in edges]
        for one in still:
            expected = reached(edges, one)
            for other in still:
                if needs.is_open(other) and one != other:
                    assert needs.holds(one, other) == (other in expected)
    assert merged


def test_what_is_kept_does_not_grow() -> None:
    needs = Needs(8)
    for unit in (needs.new() for _ in range(1000)):
        needs.add(unit, range(max(unit - 3, 0), unit))
        assert not needs.is_open(unit - 16)
    assert len(needs._of) <= 16 and max(mask.bit_length() for mask in needs._of.values()) <= 16
