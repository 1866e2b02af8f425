"""What a function gives never shares memory with what it keeps or was given, unless it was told to borrow."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T

MODES = [theano.Mode("py", None), theano.Mode("cpu", None), theano.Mode("cpu", "fast_run")]
each_mode = pytest.mark.parametrize("mode", MODES, ids=["numpy", "cpu", "cpu-optimised"])


class View(theano.Op):
    """A user's operation whose output is a view of its input."""

    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0][::-1]


class Same(View):
    """A user's operation that gives what it was given."""

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0]


def views(x):
    return [x, x.T, x.dimshuffle("x", 0), View()(x), View()(View()(x)), Same()(x), Same()(x.T)]


@each_mode
def test_outputs_are_no_views_of_arguments(mode):
    x = T.dvector("x")
    f = theano.function([x], views(x), mode=mode)
    value = np.arange(6.0)
    for out in f(value[::2]):
        out[...] = -1
    assert value.tolist() == [0, 1, 2, 3, 4, 5]


@each_mode
def test_outputs_are_no_views_of_shared_values_or_constants(mode):
    s = theano.shared(np.arange(3.0))
    c = T.constant(np.arange(3.0))
    f = theano.function([], views(s) + views(c), mode=mode)
    for out in f():
        out[...] = -1
    assert s.get_value().tolist() == [0, 1, 2]
    assert f()[0].tolist() == f()[-1].tolist() == [0, 1, 2]


@each_mode
def test_outputs_are_no_views_of_one_another(mode):
    x = T.dvector("x")
    y = x * 2
    outs = theano.function([x], [y, y, x * 2, y.T, View()(y), Same()(y)], mode=mode)([1, 1, 1])
    for i, out in enumerate(outs):
        out[...] = i
    assert [out[0] for out in outs] == [0, 1, 2, 3, 4, 5]


@each_mode
def test_new_values_of_shared_variables_are_their_own(mode):
    a, b, d = (theano.shared(np.full(2, v)) for v in (1.0, 2.0, 3.0))
    x = T.dvector("x")
    y = x * 2
    f = theano.function([x], [y, a], updates=[(a, b), (b, View()(a)), (d, y)], mode=mode)
    value = np.array([5.0, 5.0])
    y_value, a_value = f(value)
    y_value[...] = a_value[...] = value[...] = -1
    a.get_value(borrow=True)[...] = -2
    assert b.get_value().tolist() == [1, 1]
    assert d.get_value().tolist() == [10, 10]
    theano.function([x], [], updates=[(a, x)], mode=mode)(value)
    value[...] = 7
    assert a.get_value().tolist() == [-1, -1]
    theano.function([], [], updates=[(a, T.constant(np.zeros(2)))], mode=mode)()
    a.get_value(borrow=True)[...] = 9
    assert (b.get_value().tolist(), d.get_value().tolist()) == ([1, 1], [10, 10])


@each_mode
def test_one_array_given_twice(mode):
    x, y = T.dvectors("x", "y")
    f = theano.function([theano.In(x, mutable=True), y], [x + 1, y + x], mode=mode)
    value = np.ones(2)
    first, second = f(value, value)
    assert (first.tolist(), second.tolist()) == ([2, 2], [2, 2])


@each_mode
def test_borrowed_outputs_have_the_right_values(mode):
    s = theano.shared(np.zeros(2))
    f = theano.function([], theano.Out(s + 1, borrow=True), updates=[(s, s + 1)], mode=mode)
    first = f()
    kept = first.copy()
    assert (kept.tolist(), f().tolist(), s.get_value().tolist()) == ([1, 1], [2, 2], [2, 2])
    assert theano.function([], theano.Out(s, borrow=True), mode=mode)().tolist() == [2, 2]


@each_mode
def test_a_shared_value_lent_out_is_not_changed_by_updates(mode):
    s = theano.shared(np.zeros(2))
    f = theano.function([], [], updates=[(s, s + 1)], mode=mode)
    before = s.get_value()
    f()
    f()
    assert (before.tolist(), s.get_value().tolist()) == ([0, 0], [2, 2])


@each_mode
def test_numbers_of_no_axes(mode):
    x = T.dscalar("x")
    s = theano.shared(3.0)
    value = np.array(2.0)
    f = theano.function([x], [x, s, x.dimshuffle("x")], updates=[(s, x)], mode=mode)
    for out in f(value):
        out[...] = -1
    assert (float(value), float(s.get_value())) == (2, 2)
    value[...] = 8
    assert s.get_value() == 2


def test_sums_of_products_are_updated_where_they_lie():
    rng = np.random.default_rng(0)
    W, A, B, C, D = (rng.normal(size=shape) for shape in ((4, 5), (4, 3), (3, 5), (4, 2), (2, 5)))
    w, a, c = theano.shared(W.copy(), borrow=True), T.dmatrix("a"), T.dmatrix("c")
    step = w - 0.5 * (T.dot(a, B) + T.dot(c, D))
    f = theano.function([a, c], w.sum(), updates=[(w, step)], mode="FAST_RUN")
    lies = w.get_value(borrow=True).ctypes.data
    np.testing.assert_allclose(f(A, C), W.sum())
    np.testing.assert_allclose(w.get_value(), W - 0.5 * (A @ B + C @ D))
    assert w.get_value(borrow=True).ctypes.data == lies


def test_numbers_are_updated_where_they_lie():
    a, b, c = (theano.shared(np.float64(v)) for v in (1, 2, 3))
    x = T.dscalar("x")
    f = theano.function([x], [a * 10, c], updates=[(a, a + x), (b, a + b), (c, c * 2)], mode="FAST_RUN")
    lies = a.get_value(borrow=True).ctypes.data, b.get_value(borrow=True).ctypes.data
    first, lent = f(1.0), a.get_value()
    assert [float(v) for v in first] == [10, 3]
    assert [float(v.get_value()) for v in (a, b, c)] == [2, 3, 6]
    assert [float(v) for v in f(5.0)] == [20, 6]
    assert [float(v.get_value()) for v in (a, b, c)] == [7, 5, 12]
    assert (float(lent), float(first[1])) == (2, 3)
    assert (a.get_value(borrow=True).ctypes.data, b.get_value(borrow=True).ctypes.data) == lies


def test_numbers_that_change_places():
    a, b = theano.shared(np.float32(1)), theano.shared(np.float32(2))
    f = theano.function([], [], updates=[(a, b * 1.5), (b, a * 2)], mode="FAST_RUN")
    f()
    f()
    assert (float(a.get_value()), float(b.get_value())) == (3, 6)


def test_a_product_that_reads_the_old_value_keeps_it():
    rng = np.random.default_rng(0)
    W, A = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    w, a = theano.shared(W), T.dmatrix("a")
    f = theano.function([a], [], updates=[(w, w - 0.5 * (T.dot(a, a) + T.dot(a, w)))], mode="FAST_RUN")
    f(A)
    np.testing.assert_allclose(w.get_value(), W - 0.5 * (A @ A + A @ W))


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the system does not tell the peak of memory"
)
def test_a_long_chain_needs_no_memory_but_for_its_outputs():
    script = textwrap.dedent(
        """
        import numpy as np, theano, theano.tensor as T

        def told(what):
            with open("/proc/self/status") as lines:
                return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

        x, y, kept = T.dvector("x"), T.dvector("y"), theano.shared(np.zeros(2_000_000))
        e = x
        for i in range(10):
            e = T.tanh(e * (1 + 0.1 * i) + y)
        cases = [
            theano.function([x, y], [], updates=[(kept, 0.5 * kept + e)]),
            theano.function([x, y], e.sum()),
            theano.function([x, y], e),
            theano.function([x, y], T.grad(e.sum(), x)),
            theano.function([x, y], [e, (x - x.mean()) / x.std()]),
        ]
        a, b = np.ones(2_000_000), np.ones(2_000_000)
        kept.set_value(np.ones(2))
        for f in cases:
            f(a[:2], b[:2])
        kept.set_value(np.zeros(2_000_000))
        before = told("VmRSS")
        for f in cases:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            f(a, b)
            print((told("VmHWM") - before) / a.nbytes)
        """
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    for peak, arrays in zip(map(float, done.stdout.split()), (0, 0, 1, 1, 2), strict=True):
        assert peak < arrays + 0.1
