"""The historic functions on graphs."""

from __future__ import annotations

from collections import deque

import pytest

import theano
import theano.tensor as T
from theano.gof import graph


@pytest.fixture
def parts():
    x, y = T.dvectors("x", "y")
    z = x * y
    return x, y, z, T.exp(z)


def test_what_lies_between(parts):
    x, y, z, w = parts
    assert graph.inputs([w]) == [x, y]
    assert graph.ancestors([w]) == [w, z, x, y]
    assert graph.variables([z], [w]) == [w, z]
    assert graph.orphans([x], [w]) == [y]
    assert graph.ops([x, y], [w]) == {z.owner, w.owner}
    assert graph.io_toposort([x, y], [w]) == [z.owner, w.owner] == graph.list_of_nodes([x, y], [w])[::-1]
    assert graph.is_in_ancestors(w.owner, z.owner)
    assert not graph.is_in_ancestors(z.owner, w.owner)


def test_orderings_are_kept():
    x = T.dscalar("x")
    a, b = T.exp(x), T.log(x)
    first, second = a.owner, b.owner
    assert graph.io_toposort([x], [a, b], orderings={first: [second]}) == [second, first]


def test_general_toposort():
    needs = {"c": ["b", "a"], "b": ["a"], "a": []}
    assert graph.general_toposort(["c"], needs.__getitem__) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="needs itself"):
        graph.general_toposort(["a"], {"a": ["b"], "b": ["a"]}.__getitem__)


def test_stack_search():
    tree = {1: [2, 3], 2: [4], 3: [], 4: []}
    assert graph.stack_search(deque([1]), tree.__getitem__) == [1, 2, 3, 4]
    assert graph.stack_search(deque([1]), tree.__getitem__, "dfs") == [1, 3, 2, 4]
    assert graph.stack_search(deque([1]), tree.__getitem__, build_inv=True)[1] == {2: [1], 3: [1], 4: [2]}


def test_clones(parts):
    x, y, z, w = parts
    (x2, y2), (w2,) = graph.clone([x, y], [w])
    assert x2 is not x
    assert graph.is_same_graph(w, w2, givens={x: x2, y: y2})
    assert graph.is_same_graph(w, w2, givens=[(x2, x), (y2, y)])
    assert not graph.is_same_graph(w, w2)
    assert graph.is_same_graph(x + y, x + y)
    assert not graph.is_same_graph(x + y, y + x)
    equiv = graph.clone_get_equiv([x, y], [w], copy_inputs=False)
    assert equiv[x] is x
    assert equiv[z.owner].op == z.owner.op
    assert equiv[z.owner] is not z.owner


def test_as_string(parts):
    x, y, z, w = parts
    exp, mul = w.owner.op, z.owner.op
    assert graph.as_string([x, y], [w]) == [f"{exp}({mul}(x, y))"]
    twice = w * w
    assert graph.as_string([x, y], [twice]) == [f"{mul}(*1 -> {exp}({mul}(x, y)), *1)"]
    assert graph.op_as_string([x, y], z.owner) == f"{mul}(x, y)"


def test_connection_pattern(parts):
    x, y, _, w = parts
    assert graph.io_connection_pattern([x, y], [w, T.exp(x)]) == [[True, True], [True, False]]


def test_function_graph_copies_unless_told(parts):
    x, y, _, w = parts
    own = theano.gof.FunctionGraph([x, y], [w])
    assert own.inputs[0] is not x
    assert [str(n.op) for n in own.toposort()] == [str(n.op) for n in own.clone().toposort()]
    given = theano.gof.FunctionGraph([x, y], [w], clone=False)
    assert given.inputs[0] is x


def test_features_are_told(parts):
    x, y, z, w = parts
    said = []

    class Feature:
        def on_attach(self, fgraph):
            said.append("attach")

        def on_import(self, fgraph, node, reason):
            said.append(f"import {node.op}")

        def on_change_input(self, fgraph, node, i, r, new_r, reason=None):
            said.append(f"change {i}")

        def on_prune(self, fgraph, node, reason):
            said.append(f"prune {node.op}")

        def on_detach(self, fgraph):
            said.append("detach")

    feature = Feature()
    own = theano.gof.FunctionGraph([x, y], [w], features=[feature], clone=False)
    own.attach_feature(feature)
    own.replace(z, x)
    own.remove_feature(feature)
    exp, mul = w.owner.op, z.owner.op
    assert said == ["attach", f"import {mul}", f"import {exp}", "change 0", f"prune {mul}", "detach"]


def test_variables_that_are_made_are_seen():
    x = T.dscalar("x")
    with theano.gof.graph.nodes_constructed() as made:
        y = x + 1
    after = y * 2
    assert y in made and after not in made and all(isinstance(v, theano.Variable) for v in made)
    assert y.owner.get_parents() == y.owner.inputs and y.owner.params_type is y.owner.run_params() is None


def test_operations_and_constants_as_text():
    class Line(theano.Op):
        __props__ = ("a", "b")

        def __init__(self, a, b):
            self.a, self.b = a, b

    assert str(Line(4, "x")) == "Line{a=4, b='x'}"
    assert str(T.constant([float(i) for i in range(30)])) == "TensorConstant{[ 0.  1.  ... 28. 29.]}"
