"""Where the nodes of a picture stand: in layers, each below what it is computed from.

source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures",
IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

Point = tuple[float, float]
# A node, or the point where arrows from a node cross a layer.
Spot = str | tuple[str, int]

_GAP = 24.0
_LAYER_HEIGHT = 90.0
_CROSSING_WIDTH = 8.0
_SWEEPS = 6
_LONGEST_WAY = 24


def layers_of(names: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each node: below all that point to it; what nothing points to, right above the first it points to.

    names  in an order in which arrows point onwards
    """
    sources: dict[str, list[str]] = {name: [] for name in names}
    targets: dict[str, list[str]] = {name: [] for name in names}
    for a, b in arrows:
        sources[b].append(a)
        targets[a].append(b)
    layer: dict[str, int] = {}
    for name in names:
        layer[name] = max((layer[a] + 1 for a in sources[name]), default=0)
    for name in names:
        if not sources[name] and targets[name]:
            layer[name] = min(layer[b] for b in targets[name]) - 1
    return layer


def placed(
    widths: Mapping[str, float], arrows: Sequence[tuple[str, str]]
) -> tuple[dict[str, Point], dict[tuple[str, str], list[Point]]]:
    """The middle of each node, and the points by which each arrow passes other layers.

    widths  of the nodes, in an order in which arrows point onwards
    """
    layer = layers_of(list(widths), arrows)
    rows: list[list[Spot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in widths:
        rows[layer[name]].append(name)
    above: dict[Spot, list[Spot]] = {}
    below: dict[Spot, list[Spot]] = {}
    ways = {(a, b): _way(a, layer[a], layer[b]) for a, b in arrows}
    entered: set[tuple[Spot, Spot]] = set()
    for (a, b), way in ways.items():
        stops: list[Spot] = [a, *way, b] if way or layer[b] == layer[a] + 1 else []
        for spot, following in pairwise(stops):
            if (spot, following) not in entered:
                entered.add((spot, following))
                below.setdefault(spot, []).append(following)
                if isinstance(following, tuple) and following not in above:
                    rows[following[1]].append(following)
                above.setdefault(following, []).append(spot)
    _untangle(rows, above, below)
    across = _across(rows, above, below, widths)
    points = {name: (across[name], layer[name] * _LAYER_HEIGHT) for name in widths}
    paths = {ends: [(across[spot], spot[1] * _LAYER_HEIGHT) for spot in way] for ends, way in ways.items()}
    return points, paths


def _way(source: str, first: int, last: int) -> list[tuple[str, int]]:
    """The spots by which an arrow passes the layers between two; a long one goes straight."""
    return [(source, row) for row in range(first + 1, last)] if last - first <= _LONGEST_WAY else []


def _untangle(
    rows: list[list[Spot]], above: Mapping[Spot, list[Spot]], below: Mapping[Spot, list[Spot]]
) -> None:
    """Order each row by the middle of what its spots are joined to, down and up in turn, so that few arrows cross."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        joined = above if down else below
        for at in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            place = {spot: i for i, spot in enumerate(rows[at - 1 if down else at + 1])}
            middles = [_mean([place[s] for s in joined.get(spot, ())], i) for i, spot in enumerate(rows[at])]
            order = sorted(range(len(rows[at])), key=lambda i, middles=middles: (middles[i], i))  # type: ignore[misc]
            rows[at] = [rows[at][i] for i in order]


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _across(
    rows: list[list[Spot]], above: Mapping[Spot, list[Spot]], below: Mapping[Spot, list[Spot]],
    widths: Mapping[str, float],
) -> dict[Spot, float]:  # fmt: skip
    """How far from the left each spot stands: near the middle of what it is joined to, in the order of its row."""

    def width(spot: Spot) -> float:
        return widths[spot] if isinstance(spot, str) else _CROSSING_WIDTH

    at: dict[Spot, float] = {}
    for row in rows:
        x = 0.0
        for spot in row:
            at[spot] = x + width(spot) / 2
            x += width(spot) + _GAP
    for sweep in range(2 * _SWEEPS):
        joined, order = (above, rows) if sweep % 2 == 0 else (below, rows[::-1])
        for row in order:
            wanted = [_mean([at[s] for s in joined.get(spot, ())], at[spot]) for spot in row]
            for spot, x in zip(row, _spaced(wanted, [width(s) for s in row]), strict=True):
                at[spot] = x
    left = min((at[s] - width(s) / 2 for row in rows for s in row), default=0.0)
    return {spot: x - left for spot, x in at.items()}


def _spaced(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Places in the same order, near those wanted, with room for the widths.

    source: isotonic regression by pooling adjacent violators; the room before each place is taken off first
    """
    room = 0.0
    offsets = []
    for i, w in enumerate(widths):
        room += w / 2 + (widths[i - 1] / 2 + _GAP if i else 0.0)
        offsets.append(room)
    pools: list[tuple[float, int]] = []  # mean and count
    for x, offset in zip(wanted, offsets, strict=True):
        mean, count = x - offset, 1
        while pools and pools[-1][0] > mean:
            last, n = pools.pop()
            mean, count = (last * n + mean * count) / (n + count), n + count
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
