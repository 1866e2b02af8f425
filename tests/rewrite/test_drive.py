"""The driver of rewrites: who is told, what becomes of rules that fail, and of rules that undo one another."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import theano
import theano.tensor as T
from croton.compile.mode import pipeline_of
from croton.errors import RewriteError
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply
from croton.ops.dot import Dot
from croton.rewrite.drive import Driver
from croton.rewrite.pipeline import Query
from croton.rewrite.rule import Stage
from croton.rewrite.stats import StageStats
from croton.rewrite.telling import Telling
from croton.rules.passes import Context, conform
from croton.rules.pipeline import canonicalize

x = T.dvector("x")


def graph_of(out: Any) -> FunctionGraph:
    return FunctionGraph.copy_of([x], [out])[0]


def driver(stage: Stage) -> Driver:
    return Driver(stage.rules, conform, name=stage.name)


def test_a_circle_is_shown_round_by_round() -> None:
    stage = Stage("trial")
    stage("one_way", T.exp(T.neg(T.dscalar("v"))), to=lambda v: T.inv(T.exp(v)))
    stage("and_back", T.inv(T.exp(T.dscalar("v"))), to=lambda v: T.exp(T.neg(v)))
    with pytest.raises(RewriteError, match="do(es)? not come to an end") as caught:
        driver(stage).run(graph_of(T.exp(-x)), StageStats("trial", 2))
    lines = str(caught.value).splitlines()
    assert len(lines) == 4, "a circle of two rules has two lines"
    assert {line.split(":")[0].strip() for line in lines[1:3]} == {"one_way", "and_back"}
    assert "mode.excluding('" in lines[3]


def test_who_is_told_of_rewrites() -> None:
    stage = Stage("trial")
    stage("twice", T.neg(T.neg(T.dscalar("v"))), to=lambda v: v)
    heard = []
    telling = Telling(on_rewrite=[lambda *what: heard.append(what)])
    graph = graph_of(T.exp(T.neg(T.neg(x))))
    driver(stage).run(graph, StageStats("trial", 3), None, telling)
    ((name, rule, node, ((old, new),)),) = heard
    assert (name, rule, node.op) == ("trial", "twice", T.neg)
    assert old is node.outputs[0] and new is graph.inputs[0]


def test_rules_among_certain_operations_wait_for_one() -> None:
    stage = Stage("trial")
    y = T.dmatrix("y")
    tried = []
    stage.on(T.exp, name="beside_products", among=(Dot,))(lambda node: tried.append(node))
    for outputs, expected in (([T.exp(x)], 0), ([T.exp(x), T.dot(y, x)], 1)):
        tried.clear()
        driver(stage).run(FunctionGraph.copy_of([x, y], outputs)[0], StageStats("trial", 1))
        assert len(tried) == expected
    graph = graph_of(T.exp(x))
    graph.replace(graph.outputs[0], T.dot(T.ones((2, 2)), graph.inputs[0]))
    assert graph.kinds[Dot] == 1
    graph.replace(graph.outputs[0], T.exp(graph.inputs[0]))
    assert graph.kinds[Dot] == 0 and graph.toposort() == list(graph.apply_nodes)


def fails(node: Apply) -> Any:
    raise ZeroDivisionError("no such thing")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> theano.Mode:
    """A mode whose canonicalization holds a rule that raises at each exponential."""
    monkeypatch.setattr(canonicalize, "rules", list(canonicalize.rules))
    canonicalize.on(T.exp, name="a_rule_that_fails")(fails)
    pipeline_of.cache_clear()
    yield theano.Mode("py", Query(frozenset({"fast_run"})))
    pipeline_of.cache_clear()


def test_a_rule_that_fails_is_left_out(failing: theano.Mode) -> None:
    with pytest.warns(UserWarning, match="a_rule_that_fails failed at .*ZeroDivisionError: no such thing"):
        f = theano.function([x], T.exp(x), mode=failing)
    assert f([0.0]) == 1
    with theano.config.change_flags(on_opt_error="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert theano.function([x], T.exp(x), mode=failing)([0.0]) == 1
        assert theano.function([x], x + 1, mode=failing)([0.0]) == 1
    with theano.config.change_flags(on_opt_error="raise"), pytest.raises(ZeroDivisionError):
        theano.function([x], T.exp(x), mode=failing)


def test_a_rule_that_fails_opens_the_debugger(failing: theano.Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr("pdb.post_mortem", opened.append)
    with theano.config.change_flags(on_opt_error="pdb"):
        theano.function([x], T.exp(x), mode=failing)
    assert opened and opened[0] is not None


def test_optimizer_verbose_prints_each_rewrite(capsys: pytest.CaptureFixture[str]) -> None:
    with theano.config.change_flags(optimizer_verbose=True):
        theano.function([x], T.log(1 + T.exp(x)))
    said = capsys.readouterr().err
    assert "stabilize: log1pexp_to_softplus: " in said and "-> softplus(x)" in said


def test_queries() -> None:
    query = Query()
    assert query.admits("a", {"fast_run"}) and not query.admits("a", {"unsafe"})
    assert query.including("unsafe").admits("a", {"unsafe"})
    assert not query.excluding("a").admits("a", {"fast_run"})
    assert not query.requiring("blas").admits("a", {"fast_run"})
    assert query.requiring("blas").admits("a", {"fast_run", "blas"})


def test_a_reader_that_takes_a_node_is_looked_at_again() -> None:
    """A rule may name the reader: what became of an input since the reader was looked at counts then."""
    stage = Stage("trial")
    seen: list[str] = []

    @stage.on(T.exp, T.log, T.neg, name="taken")
    def _(node: Apply, context: Any) -> Any:
        seen.append(node.op.scalar_op.name)
        clients = context.graph.clients[node.outputs[0]]
        return next((reader for reader, _ in clients if isinstance(reader, Apply)), None)

    stage("sin_as_cos", T.sin(T.dscalar("v")), to=lambda v: T.cos(v))
    stage("cos_as_tan", T.cos(T.dscalar("v")), to=lambda v: T.tan(v))

    graph = graph_of(T.neg(T.log(T.exp(T.sin(x)))))
    driver(stage).run(graph, StageStats("trial", 0), Context(graph))
    # In order at first; then the exponential, whose input is another one by now, and those that take it.
    assert seen == ["exp", "log", "neg", "exp", "log", "neg"]
