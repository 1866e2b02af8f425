"""Lengths while graphs are rewritten."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.errors import AlreadyThere
from theano.gof import FunctionGraph
from theano.tensor import opt


@pytest.fixture
def graph():
    x, y = T.dmatrix("x"), T.dvector("y")
    made = FunctionGraph([x, y], [T.dot(x, y) + 1, x.sum(axis=0)])
    opt.ShapeOptimizer().optimize(made)
    return made


def evaluated(graph, lengths):
    x, y = graph.inputs
    values = {x: np.zeros((3, 2)), y: np.zeros(2)}
    return [
        int(n.eval({v: a for v, a in values.items() if v in theano.gof.graph.ancestors([n])}))
        for n in lengths
    ]


def test_lengths_are_told_by_those_of_the_inputs(graph):
    known, (product, total) = graph.shape_feature, graph.outputs
    assert evaluated(graph, known.shape_of[product]) == [3] and evaluated(graph, known.shape_of[total]) == [2]
    assert not any(
        node.op == T.dot for n in known.shape_of[product] for node in theano.gof.graph.io_toposort([], [n])
    )
    assert known.get_shape(product, 0) is known.shape_of[product][0]
    assert known.same_shape(product, product.owner.inputs[0]) and not known.same_shape(product, total)
    assert known.same_shape(graph.inputs[0], total, 1, 0)
    assert set(known.shape_of) >= set(graph.inputs) and len(known.shape_of) == len(graph.clients)
    assert known.get_node_infer_shape(product.owner) == [known.shape_of[product]]
    assert known.make_vector_shape(graph.inputs[0]).eval({graph.inputs[0]: np.zeros((3, 2))}).tolist() == [
        3,
        2,
    ]
    assert "Shape_i" in repr(known.shape_of)


def test_lengths_are_told_by_the_user(graph):
    known, n = graph.shape_feature, T.lscalar("n")
    z = T.dmatrix("z")
    known.set_shape(z, (n, 4))
    assert known.shape_of[z][0] is n and known.shape_of[z][1].data == 4
    assert known.shape_of[T.exp(z).T][1] is n
    with pytest.raises(AlreadyThere, match="Set override"):
        known.set_shape(z, (1, 2))
    known.set_shape(z, (7, 8), override=True)
    known.set_shape_i(z, 1, 3)
    assert [int(v.data) for v in known.shape_of[z]] == [7, 3]
    with pytest.raises(ValueError, match="2 axes; got 3 lengths"):
        known.set_shape(z, (1, 2, 3), override=True)
    with pytest.raises(TypeError, match="must be an integer"):
        known.set_shape(z, (1.5, 2), override=True)
    row, number, thing = T.row(), T.dscalar(), theano.gof.generic()
    for v in (row, number, thing):
        known.init_r(v)
    assert known.shape_of[row][0].data == 1 and known.shape_of[number] == () and known.shape_of[thing] is None
    assert known.shape_ir(0, row) is known.lscalar_one and known.shape_tuple(thing) is None
    assert known.default_infer_shape(row.owner or T.exp(row).owner, [])[0][0] is known.lscalar_one
    known.set_shape(thing, None)
    with pytest.raises(TypeError, match="no tensor"):
        known.get_shape(thing, 0)


def test_what_stands_in_the_place_of_a_variable_has_its_lengths(graph):
    y = graph.inputs[1]
    other = T.dvector("other")
    graph.add_input(other)
    graph.replace_validate(y, other)
    assert graph.shape_feature.same_shape(y, other)


def test_a_graph_has_one(graph):
    first = graph.shape_feature
    opt.ShapeOptimizer().optimize(graph)
    assert graph.shape_feature is first
    with pytest.raises(AlreadyThere):
        graph.attach_feature(opt.ShapeFeature())
    opt.UnShapeOptimizer().optimize(graph)
    assert not graph._features and graph.shape_feature is not first


def test_optimizers_of_users_find_it_when_functions_are_compiled():
    x = T.dmatrix("x")
    seen = []

    @theano.gof.local_optimizer([T.exp])
    def look(node):
        shape_of = node.fgraph.shape_feature.shape_of
        seen.append(
            (shape_of[node.outputs[0]], node.outputs[0].clients, node.inputs[0].fgraph is node.fgraph)
        )
        seen.append(node.fgraph.clients(node.outputs[0]))

    T.opt.register_specialize(look)
    try:
        theano.function([x], T.exp(T.dot(x, x)))
    finally:
        theano.compile.optdb["specialize"].remove("look")
    assert len(seen[0][0]) == 2 and len(seen[0][1]) == 1 and seen[0][2] and seen[1] == [("output", 0)]


NUMBERS = (None, 0, 1, 2, 5, 9, -1, -2, -5, -9)


def slices():
    rng = np.random.default_rng(3)
    choices = list(itertools.product(NUMBERS, NUMBERS, (None, 1, 2, 3, -1, -2, -3)))
    return [slice(*choices[i]) for i in rng.integers(len(choices), size=60)]


def test_two_slices_are_one():
    n, m, v = T.lscalar("n"), T.lscalar("m"), T.lvector("v")
    for first, second in zip(slices(), slices()[::-1], strict=True):
        cases = [(length, len(range(length)[first])) for length in (0, 1, 5, 7)]
        merged = opt.merge_two_slices(first, n, second, m)
        f = theano.function([v, n, m], v[merged], on_unused_input="ignore", mode="FAST_COMPILE")
        for length, left in cases:
            want = np.arange(length)[first][second].tolist()
            assert f(np.arange(length), length, left).tolist() == want, (first, second, length)
            known = opt.merge_two_slices(first, length, second, left)
            assert v[known].eval({v: np.arange(length)}).tolist() == want, (first, second, length)


def test_a_number_in_a_slice():
    n, m = T.lscalar("n"), T.lscalar("m")
    for first in (slice(None), slice(1, 7, 2), slice(None, None, -1), slice(8, 2, -2)):
        inside = range(10)[first]
        for at in (0, 1, -1, 2, 9, -9):
            want = inside[at] if -len(inside) <= at < len(inside) else 10
            assert int(opt.merge_two_slices(first, n, at, m).eval({n: 10, m: len(inside)})) == want
            assert opt.merge_two_slices(first, 10, at, len(inside)).data == want
    with pytest.raises(ValueError, match="The first of two slices"):
        opt.merge_two_slices(1, 10, 1, 3)


def test_a_wrong_answer_about_lengths_is_told():
    class Wrong(theano.Op):
        __props__ = ("count",)

        def __init__(self, count):
            self.count = count

        def make_node(self, v):
            return theano.Apply(self, [v], [v.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0]

        def infer_shape(self, node, shapes):
            return [(shapes[0][0],)] * self.count if self.count else [shapes[0][0]]

    x = T.dmatrix("x")
    with pytest.raises(ValueError, match="gave 1 lengths, .* for its output 0, which has 2 axes"):
        theano.function([x], Wrong(1)(x).shape)
    with pytest.raises(ValueError, match="a tuple of lengths for each"):
        theano.function([x], Wrong(0)(x).shape)
    with pytest.raises(ValueError, match="answered for 2 outputs; it has 1"):
        theano.function([x], Wrong(2)(x).shape)


def test_lengths_may_be_of_any_integer_type():
    class Made(theano.Op):
        __props__ = ()

        def make_node(self, n):
            return theano.Apply(self, [n], [T.dvector()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = np.ones(int(inputs[0]))

        def infer_shape(self, node, shapes):
            return [(node.inputs[0],)]

    n = T.iscalar("n")
    y = Made()(n)
    made, shape = theano.function([n], [y * 2, y.shape])(3)
    assert made.tolist() == [2.0] * 3 and shape.tolist() == [3]
