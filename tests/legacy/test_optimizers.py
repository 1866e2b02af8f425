"""User's own rewrites, in the historic forms, take effect."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.errors import RewriteError
from croton.rules.pipeline import PIPELINE
from theano.gof import opt, toolbox


@pytest.fixture
def entered():
    """Names entered into optdb, which are taken out after the test."""
    names = []
    yield names
    for table, name in names:
        table.remove(name)


def ops_of(f):
    return [node.op for node in f.maker.fgraph.toposort()]


@theano.gof.local_optimizer([T.exp])
def exp_to_sqr(node):
    """Wrong, and so easy to see."""
    return [T.sqr(node.inputs[0])] if node.op == T.exp else None


def test_a_registered_local_optimizer_takes_effect(entered):
    x = T.dvector("x")
    assert theano.function([x], T.exp(x))([1.0]) == np.exp(1.0)
    kept = T.opt.register_canonicalize(exp_to_sqr)
    entered.append((theano.compile.optdb["canonicalize"], "exp_to_sqr"))
    assert kept is exp_to_sqr
    assert theano.function([x], T.exp(x))([3.0]) == 9.0
    assert theano.function([x], T.exp(x), mode=theano.Mode().excluding("exp_to_sqr"))([1.0]) == np.exp(1.0)


@pytest.mark.parametrize("register", [T.opt.register_specialize, T.opt.register_stabilize])
def test_registering_with_tags(entered, register):
    @register("my_tag")
    @theano.gof.local_optimizer([T.Elemwise])
    def local_of_any(node):
        return {node.outputs[0]: T.sqr(node.inputs[0])} if node.op == T.exp else False

    entered.append((theano.compile.optdb[register.__name__.removeprefix("register_")], "local_of_any"))
    x = T.dvector("x")
    assert theano.function([x], T.exp(x))([3.0]) == 9.0
    assert theano.function([x], T.exp(x), mode=theano.Mode().excluding("my_tag"))([0.0]) == 1.0


def test_optimizers_of_whole_graphs_run_at_their_position(entered):
    seen = []

    @theano.gof.optimizer
    def look(fgraph):
        seen.append([node.op for node in fgraph.toposort()])

    for name, position in (("before", 0.5), ("after", 3)):
        theano.compile.optdb.register(name, look, position, "fast_run")
        entered.append((theano.compile.optdb, name))
    x = T.dvector("x")
    theano.function([x], T.log(T.exp(x)) + 1, mode="FAST_RUN")
    assert T.log in seen[0] and T.log not in seen[1]
    with pytest.raises(ValueError, match="already"):
        theano.compile.optdb.register("before", look, 1)


def test_all_passes_stay_in_their_order(entered):
    passes = PIPELINE.passes
    for position in (-1, 0, 1.55, 3, 99, 1000):
        theano.compile.optdb.register(f"at {position}", theano.gof.MergeOptimizer(), position)
        entered.append((theano.compile.optdb, f"at {position}"))
    assert [p for p in PIPELINE.passes if not p.name.startswith("at ")] == list(passes)
    assert PIPELINE.passes[0].name == "at -1" and PIPELINE.passes[-1].name == "at 1000"


def test_patterns_are_put_in_place_of_one_another():
    x, y = T.dvectors("x", "y")
    logs = opt.PatternSub((T.add, (T.log, "x"), (T.log, "y")), (T.log, (T.mul, "x", "y")))
    graph = theano.gof.FunctionGraph([x, y], [T.log(x) + T.log(y)])
    opt.out2in(logs).optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.mul, T.log]
    twice = opt.PatternSub((T.add, "x", "x"), (T.mul, "x", 2.0))
    graph = theano.gof.FunctionGraph([x, y], [x + x, x + y])
    opt.in2out(twice).optimize(graph)
    assert [v.owner.op for v in graph.outputs] == [T.mul, T.add]
    by_number = opt.PatternSub(
        (T.pow, {"pattern": "x", "constraint": lambda v: v.name == "x"}, 2), (T.sqr, "x")
    )
    graph = theano.gof.FunctionGraph([x, y], [x**2, y**2, x**3])
    opt.in2out(by_number).optimize(graph)
    assert [v.owner.op for v in graph.outputs] == [T.sqr, T.pow, T.pow]


def test_what_others_read_is_left_unless_allowed():
    x = T.dvector("x")
    inner = T.exp(x)
    for allowed, expected in ((False, [T.log, T.exp]), (True, [T.tanh, T.exp])):
        pattern = opt.PatternSub((T.log, (T.exp, "x")), (T.tanh, "x"), allow_multiple_clients=allowed)
        graph = theano.gof.FunctionGraph([x], [T.log(inner), inner])
        opt.out2in(pattern).optimize(graph)
        assert [v.owner.op for v in graph.outputs] == expected


def test_operations_are_swapped_and_removed():
    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [T.exp(T.neg(x))])
    opt.TopoOptimizer(opt.OpSub(T.exp, T.log)).optimize(graph)
    opt.OpKeyOptimizer(opt.OpRemove(T.neg)).optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.log]
    with pytest.raises(TypeError, match="op_key"):
        opt.OpKeyOptimizer(exp_to_sqr)


def test_equilibrium_ends_or_says_that_it_does_not():
    x = T.dvector("x")
    there, back = opt.OpSub(T.exp, T.log), opt.OpSub(T.log, T.exp)
    graph = theano.gof.FunctionGraph([x], [T.exp(T.exp(x))])
    opt.EquilibriumOptimizer([there]).optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.log, T.log]
    with pytest.raises(RewriteError, match="does not come to an end"):
        opt.EquilibriumOptimizer([there, back], max_use_ratio=5).optimize(graph)


def test_a_group_and_a_failure():
    x = T.dvector("x")
    group = opt.LocalOptGroup(opt.OpSub(T.log, T.exp), opt.OpSub(T.tanh, T.exp))
    graph = theano.gof.FunctionGraph([x], [T.log(T.tanh(x))])
    opt.in2out(group).optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.exp, T.exp]

    @theano.gof.local_optimizer(None)
    def fails(node):
        raise RuntimeError("no")

    failed = []
    opt.TopoOptimizer(fails, failure_callback=lambda *what: failed.append(what[0])).optimize(graph)
    assert len(failed) == 2
    with pytest.raises(RuntimeError, match="no"):
        opt.TopoOptimizer(fails).optimize(graph)
    for tracks in ([], ["exp"]):
        with pytest.raises(ValueError, match="tracks"):
            theano.gof.local_optimizer(tracks)


def test_an_optimizer_as_a_mode():
    x = T.dvector("x")
    f = theano.function([x], T.exp(x), mode=theano.Mode(optimizer=opt.in2out(exp_to_sqr)))
    assert ops_of(f) == [T.sqr] and f([3.0]) == 9.0
    chosen = theano.compile.optdb.query(theano.gof.Query(include=["fast_run"], exclude=["local_log_exp"]))
    graph = theano.gof.FunctionGraph([x], [T.log(T.exp(x)) + 0])
    chosen.optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.exp, T.log]


def test_graphs_of_their_own():
    x = T.dvector("x")
    out = T.exp(x) + 1
    made = opt.pre_greedy_local_optimizer([exp_to_sqr], out)
    assert made.eval({x: [3.0]}) == 10 and out.eval({x: [0.0]}) == 2
    first, second = T.constant(1.0), T.constant(1.0)
    merged = opt.pre_constant_merge([x + first, x * second])
    assert merged[0].owner.inputs[1] is merged[1].owner.inputs[1]
    assert opt.check_stack_trace(theano.function([x], out), ops_to_check="all")
    with pytest.raises(ValueError, match="bug_print"):
        opt.check_stack_trace(theano.function([x], out), bug_print="shout")


def test_a_table_of_ones_own():
    table = theano.gof.EquilibriumDB()
    table.register("one", exp_to_sqr, "a", "b")
    table.register("other", opt.OpSub(T.log, T.exp), "b")
    assert "one" in table and table["one"] is exp_to_sqr
    assert len(table.query("b").local_optimizers) == 2
    assert table.query("+b", "-a").local_optimizers == [table["other"]]
    row = theano.gof.SequenceDB()
    row.register("last", theano.gof.MergeOptimizer(), 2, "x")
    row.register("first", table, 1, "x", "b")
    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [T.log(x), T.log(x)])
    row.query("x", "b").optimize(graph)
    assert [node.op for node in graph.toposort()] == [T.sqr]


# -- features ------------------------------------------------------------------------------------------------
def test_readers_of_variables_are_known():
    x = T.dvector("x")
    y = T.exp(x)
    graph = theano.gof.FunctionGraph([x], [y + 1, y], clone=False)
    assert len(y.clients) == 2 and y.clients[0][1] == 0 and y.fgraph is graph
    graph.change_input("output", 1, T.sqr(x))
    assert len(y.clients) == 1 and {node.op for node, _ in x.clients} == {T.exp, T.sqr}
    graph.check_integrity()


def test_a_feature_that_objects_undoes_the_change():
    class NoSquares(toolbox.Feature):
        def validate(self, fgraph):
            if any(node.op == T.sqr for node in fgraph.apply_nodes):
                raise theano.gof.InconsistencyError("a square")

    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [T.exp(x) + T.log(x)])
    graph.attach_feature(NoSquares())
    first, second = graph.outputs[0].owner.inputs
    with pytest.raises(theano.gof.InconsistencyError, match="a square"):
        graph.replace_all_validate([(first, T.tanh(graph.inputs[0])), (second, T.sqr(graph.inputs[0]))])
    assert {node.op for node in graph.toposort()} == {T.exp, T.log, T.add}
    graph.check_integrity()
    graph.replace_validate(first, T.tanh(graph.inputs[0]))
    assert graph.outputs[0].owner.inputs[0].owner.op == T.tanh


def test_history_finder_and_printer(capsys):
    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [T.exp(x)], features=[toolbox.History(), toolbox.NodeFinder()])
    place = graph.checkpoint()
    printer = toolbox.PrintListener()
    graph.attach_feature(printer)
    graph.replace(graph.outputs[0], T.log(graph.inputs[0]))
    assert graph.get_nodes(T.log) and not graph.get_nodes(T.exp)
    graph.revert(place)
    assert graph.get_nodes(T.exp) and not graph.get_nodes(T.log)
    graph.remove_feature(printer)
    said = capsys.readouterr().out
    assert "importing" in said and "changing" in said and "pruning" in said and "detaching" in said
    with pytest.raises(theano.gof.toolbox.AlreadyThere):
        graph.attach_feature(toolbox.NodeFinder())
