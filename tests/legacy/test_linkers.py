"""Linkers run nodes one by one, for who wants to see each."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof import FunctionGraph, PerformLinker, WrapLinker, WrapLinkerMany
from theano.gof.sched import sort_schedule_fn
from theano.gof.vm import VM_Linker

x, y = T.dscalars("x", "y")


def graph():
    return FunctionGraph([x, y], [T.exp(x) * y, x + y])


def test_functions_thunks_and_nodes():
    f = PerformLinker().accept(graph()).make_function()
    assert f(0.0, 2.0) == [2.0, 2.0]
    assert PerformLinker().accept(FunctionGraph([x], [x * 2.0])).make_function()(3.0) == 6.0
    assert PerformLinker().accept(FunctionGraph([x], [x * 2.0])).make_function(unpack_single=False)(3.0) == [
        6.0
    ]
    run, (a, b), outputs = PerformLinker().accept(graph()).make_thunk()
    a.data, b.data = 0, 3
    run()
    assert [o.data for o in outputs] == [3.0, 3.0]
    linker = PerformLinker()
    g = graph()
    _, inputs, outputs, thunks, order = linker.accept(g, no_recycling=g.outputs).make_all()
    assert order == g.toposort() and len(thunks) == 3
    inputs[0].storage[0], inputs[1].storage[0] = np.asarray(0.0), np.asarray(5.0)
    for thunk in thunks:
        thunk()
    assert outputs[0].data == 5.0 and thunks[0].inputs[0] is inputs[0].storage
    assert linker.accept(graph()) is not linker and copy.copy(linker) is not linker
    with pytest.raises(TypeError, match="takes 2 arguments; got 1"):
        f(1.0)
    with pytest.raises(NotImplementedError):
        theano.gof.link.Linker().make_thunk()


def test_errors_name_the_node():
    f = PerformLinker().accept(FunctionGraph([x], [x // T.cast(x, "int64")])).make_function()
    with pytest.raises(ValueError, match="Input dimension"):
        v, w = T.dvectors("v", "w")
        PerformLinker().accept(FunctionGraph([v, w], [v + w])).make_function()(np.ones(2), np.ones(3))
    assert f(2.0) == 1.0


@pytest.mark.parametrize("way", ["accept", "mode"])
def test_wrappers_see_each_node(way):
    seen = []

    def wrapper(i, node, *thunks):
        seen.append((i, node.op, len(thunks)))
        for thunk in thunks:
            thunk()
        first, second = (thunk.outputs[0][0] for thunk in thunks)
        assert first is not second and np.array_equal(first, second)

    linker = WrapLinker([PerformLinker(), PerformLinker()], wrapper)
    if way == "accept":
        f = linker.accept(graph()).make_function()
    else:
        f = theano.function([x, y], [T.exp(x) * y, x + y], mode=theano.Mode(linker, "fast_run"))
    for _ in range(2):
        assert [float(v) for v in f(0.0, 2.0)] == [2.0, 2.0]
    assert [s[0] for s in seen] == [0, 1, 2] * 2 and {s[1] for s in seen} == {T.exp, T.mul, T.add}


def test_several_wrappers_and_what_comes_before():
    calls = []

    class Announced(WrapLinker):
        def pre(self, f, inputs, order, thunk_groups):
            calls.append((inputs, len(order), len(thunk_groups)))

    run = lambda i, node, thunk: thunk()  # noqa: E731
    f = Announced([PerformLinker()], run).accept(graph()).make_function()
    f(1.0, 2.0)
    assert calls == [([1.0, 2.0], 3, 3)]
    order = []
    many = WrapLinkerMany([PerformLinker()], [run, lambda i, node, thunk: order.append(thunk.outputs[0][0])])
    assert many.accept(graph()).make_function()(0.0, 2.0) == [2.0, 2.0] and len(order) == 3

    def fails(i, node, thunk):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        WrapLinker([PerformLinker()], fails).accept(graph()).make_function()(1.0, 2.0)
    other = PerformLinker(schedule=lambda fgraph: fgraph.toposort()[::-1])
    with pytest.raises(ValueError, match="same order"):
        WrapLinker([PerformLinker(), other], run).accept(
            FunctionGraph([x, y], [x + 1, y + 2])
        ).make_function()


def test_functions_with_updates_and_inputs_that_keep_values_run_so_too():
    s, ran = theano.shared(1.0, "s"), []
    linker = WrapLinker([PerformLinker()], lambda i, node, thunk: (thunk(), ran.append(node.op)))
    f = theano.function(
        [x, theano.In(y, value=2.0)], x * y + s, updates=[(s, s + 1)], mode=theano.Mode(linker)
    )
    assert (f(3.0), f(3.0), float(s.get_value())) == (7.0, 8.0, 3.0) and ran


def test_a_schedule_is_kept():
    seen = []
    by_name = lambda a, b: (str(a.op) > str(b.op)) - (str(a.op) < str(b.op))  # noqa: E731
    for sign in (1, -1):
        schedule = sort_schedule_fn(lambda a, b, sign=sign: sign * by_name(a, b))
        linker = VM_Linker(schedule=schedule, callback=lambda node, **others: seen.append(node.op))
        theano.function([x], [T.exp(x), T.sin(x)], mode=theano.Mode(linker, None))(1.0)
    assert seen == [T.exp, T.sin, T.sin, T.exp]
    assert theano.Mode(PerformLinker(), None).backend.name == "numpy"


def test_callbacks_are_given_values():
    inputs, nodes = [], []
    linker = VM_Linker(
        callback=lambda node, thunk, storage_map, compute_map: nodes.append(
            (storage_map[node.outputs[0]][0], thunk.outputs[0][0], compute_map[node.outputs[0]][0])
        ),
        callback_input=lambda var, value: inputs.append((var.name, float(value))),
    )
    f = theano.function([x, y], x * y, mode=theano.Mode(linker, None))
    assert f(2.0, 3.0) == 6.0 and inputs == [("x", 2.0), ("y", 3.0)] and nodes == [(6.0, 6.0, True)]


def test_operations_make_thunks():
    node = T.exp(x).owner
    cells = {v: [None] for v in (*node.inputs, *node.outputs)}
    done = {v: [False] for v in node.outputs}
    thunk = node.op.make_thunk(node, cells, done, [])
    cells[x][0] = np.asarray(0.0)
    thunk()
    assert cells[node.outputs[0]][0] == 1.0 and done[node.outputs[0]][0] and not thunk.lazy
