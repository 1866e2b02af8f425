"""The passes over the loops of a graph."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply
from croton.rewrite.stats import StageStats
from croton.rules.inner import rewritten
from croton.rules.loops import closed, hoist, memory, share, simplify, unite
from croton.rules.loops.draft import Draft
from croton.rules.passes import conform
from croton.rules.shapes import ShapeTable

# The rules, by their historic names where they have one, in the order in which they are tried.
RULES: tuple[tuple[str, Callable[[Draft], None]], ...] = (
    ("remove_constants_and_unused_inputs_scan", simplify.constants_inside),
    ("scan_steady_sequences", simplify.steady_sequences),
    ("scan_steady_values", simplify.steady_carried),
    ("scan_merge_inouts", simplify.merge_inputs),
    ("scan_merge_states", simplify.merge_states),
    ("scan_direct_outputs", simplify.direct_outputs),
    ("scan_first_elements", simplify.only_first_elements),
    ("scanOp_save_mem", memory.last_values),
    ("scanOp_pushout_nonseqs_ops", hoist.fixed_values),
    ("scanOp_pushout_seqs_ops", hoist.dear_values_of_sequences),
    ("scan_without_memory", hoist.outputs_without_memory),
    ("scanOp_pushout_output", hoist.dear_ends),
    ("scan_pushout_dot1", hoist.sums_over_steps),
    ("scan_running_totals", closed.running_totals),
    ("scan_powers", closed.powers),
    ("scan_stacked_numbers", memory.stacked_numbers),
)
# What one rule does makes room for others; where none is left to fire, fewer rounds are made.
ROUNDS = 4


def unite_loops(graph: FunctionGraph, stats: StageStats, context: Any) -> None:
    """Let loops that make the same, or go over the same, be one."""
    for old, new in list(unite.absorbed(graph)):
        if old in graph.clients:
            graph.replace(old, new, "scan_absorb")
            stats.fired["scan_absorb"] += 1
    while pairs := unite.united(graph):
        for old, new in pairs:
            if old in graph.clients:
                graph.replace(old, new, "scanOp_merge")
        stats.fired["scanOp_merge"] += 1


def rewrite_loops(graph: FunctionGraph, stats: StageStats, context: Any) -> None:
    """Rewrite the graphs of loops, and apply all rules of loops; last loops first: what they need decides on others."""
    for node in reversed(unite.loops_of(graph)):
        if node in graph.apply_nodes:
            with origin.inherit(node.origin):
                draft = Draft(node, graph, ShapeTable())
                if draft.outputs():
                    # The rules for what a step computes look for numbers, such as the 1 of log(1 + exp(x)).
                    _try(*RULES[0], draft, stats, context)
                    draft.rewrite(lambda inner: rewritten(inner, context, until="loops"))
                _replace(draft)
    if context.pipeline.query.admits("scan_share", ("fast_run", "scan")):
        _share(graph, stats)
    done: set[Apply | None] = set()
    # What comes out of a loop may be a loop again.
    while todo := [node for node in unite.loops_of(graph) if node not in done]:
        node = todo[-1]
        with origin.inherit(node.origin):
            draft = Draft(node, graph, ShapeTable())
            for _ in range(ROUNDS):
                if not _round(draft, stats, context):
                    break
            done |= {node, _replace(draft)}


def _share(graph: FunctionGraph, stats: StageStats) -> None:
    """Let loops read from earlier ones what they would compute again."""
    nodes = unite.loops_of(graph)
    for at, later in itertools.product(range(len(nodes)), range(len(nodes))):
        if at >= later or not share.goes_over(nodes[at], nodes[later]):
            continue
        shapes = ShapeTable()
        first = Draft(nodes[at], graph, shapes)
        pairs = share.shared_values(first, Draft(nodes[later], graph, shapes))
        if not pairs:
            continue
        with origin.inherit(nodes[at].origin):
            rows = {source: first.map(source) for _, source, _ in pairs}
            first.demanded = list(rows.values())
            nodes[at] = _replace(first) or nodes[at]
            rows = dict(zip(rows, first.demanded, strict=True))
        with origin.inherit(nodes[later].origin):
            draft = Draft(nodes[later], graph, shapes)
            share.read_from_first(draft, pairs, rows)
            nodes[later] = _replace(draft) or nodes[later]
        stats.fired["scan_share"] += 1


def _replace(draft: Draft) -> Apply | None:
    """Put the loop of a draft in the place of that which it was made of."""
    for old, new in draft.apply().items():
        fitted = conform(new, old) if new.type != old.type else new
        if fitted is not None:
            draft.graph.replace(old, fitted, "loops")
    return draft.made


def _round(draft: Draft, stats: StageStats, context: Any) -> bool:
    """Try all rules once; whether any did something."""
    did = [_try(name, rule, draft, stats, context) for name, rule in RULES]
    return any(did)


def _try(name: str, rule: Callable[[Draft], None], draft: Draft, stats: StageStats, context: Any) -> bool:
    """Whether a rule that takes part did something."""
    if not draft.outputs() or not context.pipeline.query.admits(name, ("fast_run", "scan")):
        return False
    draft.changed = False
    rule(draft)
    if draft.changed:
        stats.fired[name] += 1
    return draft.changed
