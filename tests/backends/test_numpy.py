"""The reference backend: order, memory, and operations written by users."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import theano
import theano.tensor as T

PLAIN = theano.Mode("py", None)


class Base(theano.Op):
    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])


def test_values_are_let_go_as_soon_as_nothing_needs_them():
    alive = []

    class Kept(np.ndarray):
        pass

    class Trace(Base):
        def perform(self, node, inputs, output_storage):
            gc.collect()
            alive.append(sum(ref() is not None for ref in made))
            fresh = np.array(inputs[0]).view(Kept)
            made.append(weakref.ref(fresh))
            output_storage[0][0] = fresh

    made: list = []
    x = T.dvector("x")
    y = x
    for _ in range(5):
        y = Trace()(y)
    theano.function([x], y, mode=PLAIN)([1.0])
    assert max(alive) <= 1


def test_an_operation_that_gives_the_wrong_type_is_named():
    class Wrong(Base):
        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0].astype("float64")

    x = T.fvector("x")
    with pytest.raises(TypeError, match="Wrong gave a wrong value for its output 0"):
        theano.function([x], Wrong()(x), mode=PLAIN)([1.0])

    class Nothing(Base):
        def perform(self, node, inputs, output_storage):
            return None

    with pytest.raises(ValueError, match="gave no value"):
        theano.function([x], Nothing()(x), mode=PLAIN)([1.0])


def test_a_number_stands_for_an_array_of_no_axes():
    class Total(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [T.dscalar()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = float(inputs[0].sum())

    x = T.dvector("x")
    assert isinstance(theano.function([x], Total()(x), mode=PLAIN)([1.0, 2.0]), np.ndarray)


def test_what_an_operation_destroys_is_a_copy():
    class AddOne(Base):
        destroy_map = {0: [0]}

        def perform(self, node, inputs, output_storage):
            inputs[0] += 1
            output_storage[0][0] = inputs[0]

    x = T.dvector("x")
    value = np.zeros(2)
    with pytest.raises(TypeError, match="writes into its input"):
        theano.function([x], AddOne()(x))
    f = theano.function([x], [AddOne()(x), x], mode=PLAIN, accept_inplace=True)
    assert [v.tolist() for v in f(value)] == [[1, 1], [0, 0]]
    assert value.tolist() == [0, 0]


def test_views_of_views_are_copied():
    class View(Base):
        view_map = {0: [0]}

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0][::-1]

    x = T.dvector("x")
    big = np.arange(6.0)
    out = theano.function([x], View()(View()(x)), mode=PLAIN)(big[::2])
    out[:] = -1
    assert big.tolist() == [0, 1, 2, 3, 4, 5]
    s = theano.shared(np.zeros(3))
    theano.function([], View()(s), mode=PLAIN)()[:] = 9
    assert s.get_value().tolist() == [0, 0, 0]
    borrowed = theano.function([], theano.Out(View()(s), borrow=True), mode=PLAIN)()
    borrowed[:] = 9
    assert s.get_value().tolist() == [9, 9, 9]


def test_an_operation_may_make_its_own_thunk():
    class Thunk(Base):
        def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
            (source,), (target,) = node.inputs, node.outputs

            def thunk():
                storage_map[target][0] = storage_map[source][0] + 7
                compute_map[target][0] = True

            return thunk

    x = T.dvector("x")
    f = theano.function([x], Thunk()(x) * 2, mode=PLAIN)
    assert f([1.0]).tolist() == [16]
    assert f([2.0]).tolist() == [18]
