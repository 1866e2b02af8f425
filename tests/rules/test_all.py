"""Each rule has a smallest graph at which it is seen to fire, and that computes the same afterwards, or the truth.

Rules that are equations are tried alone at their own left side, in all data types for which they hold; the others at
their witness, among all rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact import exact, is_exact
from witnesses import WITNESSES

import theano
from croton.compile.mode import Mode
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Constant, Variable
from croton.graph.walk import graph_inputs, toposort
from croton.ops.variable import TensorVariable
from croton.rewrite.drive import Driver
from croton.rewrite.rule import Rule
from croton.rewrite.stats import StageStats
from croton.rules.passes import Context, conform
from croton.rules.pipeline import FAMILIES, PASSES
from croton.vartypes.tensor import TensorType

AS_WRITTEN = Mode("py", None)
OPTIMISED = Mode("py", "fast_run")

RULES: dict[str, list[Rule]] = {}
for step in PASSES:
    for rule in step.stage.rules if step.stage else ():
        if all(rule is not other for other in RULES.setdefault(rule.name, [])):
            RULES[rule.name].append(rule)

EQUATIONS = [
    (name, rule) for name, rules in RULES.items() for rule in rules if rule.pattern and name not in WITNESSES
]
STABLE = {
    rule.name for step in PASSES if step.name == "stabilize" and step.stage for rule in step.stage.rules
}
DTYPES = ("float64", "float32", "complex128", "int64", "int8", "uint8", "bool")

# Where the forms on the left lose digits, overflow and vanish; what has no value there is left out.
FAR = np.array(
    [-745.0, -300.0, -40.0, -1.5, -0.4, -1e-5, -1e-12, 1e-12, 1e-5, 0.3, 0.9, 2.5, 40.0, 300.0, 745.0]
)
NEAR = np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, 3.0])


def computed(
    inputs: list[Variable], outputs: list[Variable], values: list[Any], mode: Mode = AS_WRITTEN
) -> Any:
    with np.errstate(all="ignore"):
        f = theano.function(inputs, outputs, mode=mode, on_unused_input="ignore")
        return f, f(*values)


def same(got: Any, wanted: Any) -> None:
    """The same types and shapes, and the same numbers but for rounding; where there were none there may be."""
    for one, want in zip(got, wanted, strict=True):
        assert one.dtype == want.dtype and one.shape == want.shape
        if want.dtype.kind not in "fc":
            np.testing.assert_array_equal(one, want)
            continue
        known = np.isfinite(want)
        close = 1e-4 if want.dtype in ("float32", "complex64") else 1e-9
        np.testing.assert_allclose(one[known], want[known], rtol=close, atol=close)


def of_dtype(out: Variable, dtype: str) -> tuple[list[Variable], Variable] | None:
    """The left side of an equation with vectors of `dtype` for its holes; None where it can't have them."""
    holes = [v for v in graph_inputs([out]) if not isinstance(v, Constant)]
    fresh = [TensorVariable(TensorType(dtype, (False,)), name=v.name) for v in holes]
    known: dict[Variable, Any] = dict(zip(holes, fresh, strict=True))
    try:
        for node in toposort([out], []):
            op: Any = node.op
            known[node.outputs[0]] = op(*[known.get(v, v) for v in node.inputs])
    except TypeError:
        return None
    return fresh, known[out]


def rewritten(
    rule: Rule, inputs: list[Variable], out: Variable
) -> tuple[int, list[Variable], list[Variable]]:
    """How often `rule` fired, alone, and the inputs and outputs of what is left."""
    graph, _ = FunctionGraph.copy_of(inputs, [out])
    stats = StageStats(rule.name, len(graph.apply_nodes))
    Driver([rule], conform).run(graph, stats, Context(graph))
    return stats.fired[rule.name], list(graph.inputs), list(graph.outputs)


def spread(count: int, values: np.ndarray) -> list[np.ndarray]:
    """All pairs of `values` for two inputs, all of them for one."""
    return [v.ravel() for v in np.meshgrid(*[values] * count)]


@pytest.mark.parametrize(("name", "rule"), EQUATIONS, ids=[name for name, _ in EQUATIONS])
def test_equations_hold_in_all_their_types(name: str, rule: Rule) -> None:
    assert rule.pattern is not None
    left = rule.pattern.root.outputs[0]
    fired = 0
    for dtype in DTYPES:
        if (made := of_dtype(left, dtype)) is None:
            continue
        inputs, out = made
        times, others, outputs = rewritten(rule, inputs, out)
        fired += times
        if not times:
            continue
        assert outputs[0].type == out.type
        with np.errstate(all="ignore"):
            values = [v.astype(dtype) for v in spread(len(inputs), NEAR)]
        same(computed(others, outputs, values)[1], computed(inputs, [out], values)[1])
    assert fired, f"{name} does not fire at its own left side"


@pytest.mark.parametrize(
    ("name", "rule"),
    [row for row in EQUATIONS if row[0] in STABLE],
    ids=[n for n, _ in EQUATIONS if n in STABLE],
)
def test_stable_equations_give_the_truth(name: str, rule: Rule) -> None:
    assert rule.pattern is not None
    made = of_dtype(rule.pattern.root.outputs[0], "float64")
    assert made is not None
    inputs, out = made
    _, others, outputs = rewritten(rule, inputs, out)
    values = spread(len(inputs), FAR)
    right(computed(others, outputs, values)[1][0], exact(out, inputs, values))


def right(got: np.ndarray, wanted: np.ndarray) -> None:
    known = np.isfinite(wanted)
    assert known.sum() > 3
    np.testing.assert_allclose(got[known], wanted[known], rtol=1e-13, atol=1e-300)


def test_the_others_have_a_witness() -> None:
    others = {name for name, rules in RULES.items() if any(rule.pattern is None for rule in rules)}
    assert not others - WITNESSES.keys(), "rules without a graph at which they are seen to fire"
    assert not WITNESSES.keys() - RULES.keys(), "graphs for rules that there are not"


def samples(variable: Any) -> Any:
    """Values for an input of a witness, of a length or lengths that go together with those of the others."""
    rng = np.random.default_rng(len(variable.name) + ord(variable.name[0]))
    shape = [1 if b else 4 for b in variable.type.broadcastable]
    dtype = variable.type.dtype
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype == "int64":
        return np.int64(4) if not shape else rng.integers(0, 4, shape)
    made = rng.uniform(0.2, 2, shape)
    return made @ made.T + 3 * np.eye(4) if variable.type.ndim == 2 and shape == [4, 4] else made


@pytest.mark.parametrize("name", WITNESSES)
def test_it_fires_at_its_witness(name: str) -> None:
    out, *without = WITNESSES[name] if isinstance(WITNESSES[name], tuple) else (WITNESSES[name],)
    inputs = [v for v in graph_inputs([out]) if not isinstance(v, Constant)]
    values = [samples(v) for v in inputs]
    _, wanted = computed(inputs, [out], values)
    f, got = computed(inputs, [out], values, OPTIMISED.excluding(*without))
    assert f.maker.stats.fired[name], f"fired instead: {dict(f.maker.stats.fired)}"
    same(got, wanted)
    if name in STABLE and is_exact(out) and all(v.type.ndim == 1 for v in inputs):
        places = spread(len(inputs), FAR)
        right(f(*places)[0], exact(out, inputs, places))


def test_rules_say_what_they_are_for() -> None:
    assert not [
        rule.name for rules in RULES.values() for rule in rules if rule.pattern is None and not rule.why
    ]
    assert len(FAMILIES) == len(set(FAMILIES))
