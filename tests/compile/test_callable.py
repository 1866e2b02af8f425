"""Compiled functions as objects: copies, pickles, what they keep."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T


def test_copy_with_swapped_state_and_without_updates():
    x = T.dscalar("x")
    s, s2 = theano.shared(1.0, "s"), theano.shared(100.0, "s2")
    f = theano.function([x], x * s, updates=[(s, s + 1)])
    g = f.copy(swap={s: s2}, name="g")
    h = f.copy(delete_updates=True)
    assert (f(1), g(1), g(1), h(1), h(1)) == (1, [100], [101], [2], [2])
    assert (s.get_value(), s2.get_value(), g.name) == (2, 102, "g")
    with pytest.raises(ValueError, match="does not use"):
        f.copy(swap={s2: s})
    with pytest.raises(TypeError, match="of that type"):
        f.copy(swap={s: theano.shared(1)})


def test_shallow_copies_share_shared_variables_and_deep_ones_do_not():
    s = theano.shared(1.0, "s")
    f = theano.function([], s, updates=[(s, s + 1)])
    shallow, deep = copy.copy(f), copy.deepcopy(f)
    s.set_value(5.0)
    assert (f(), shallow(), deep()) == (5, [6], 1)
    assert deep() == 2
    assert s.get_value() == 7


def test_own_state_is_copied():
    x, s = T.dscalars("x", "s")
    f = theano.function([x, theano.In(s, value=1.0, update=s + x, name="s")], s)
    f(1)
    g = f.copy()
    f(10)
    assert (f["s"], g["s"]) == (12, 2)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    x, y = T.dvector("x"), T.dvector("y")
    s = theano.shared(np.zeros(2), "s")
    f = theano.function(
        [x, theano.In(y, value=[1.0, 1.0], name="yy")], {"a": x + y, "b": s}, updates=[(s, s + x)], name="f",
        givens=[], allow_input_downcast=True,
    )  # fmt: skip
    f([1, 1])
    g = pickle.loads(pickle.dumps(f, protocol))
    assert g.name == "f"
    assert g([1, 2])["b"].tolist() == [1, 1]
    assert g([1, 2], yy=[0, 0])["a"].tolist() == [1, 2]
    assert g.get_shared()[0].get_value().tolist() == [3, 5]
    assert s.get_value().tolist() == [1, 1]


def test_functions_pickled_together_keep_sharing():
    s = theano.shared(0.0)
    pair = theano.function([], [], updates=[(s, s + 1)]), theano.function([], s)
    step, read = pickle.loads(pickle.dumps(pair))
    step()
    step()
    assert read() == 2


def test_deep_graphs_pickle():
    x = T.dscalar("x")
    z = x
    for _ in range(2000):
        z = z + x
    f = theano.function([x], z, mode=theano.Mode("py", None))
    assert pickle.loads(pickle.dumps(f))(1) == 2001


def test_what_a_function_tells():
    x = T.dscalar("x")
    s = theano.shared(1.0, "s")
    f = theano.function([x], x * s + 1, name="f")
    assert f.get_shared() == [s]
    assert f.container["s"] is s.container
    assert f.value[s] == 1
    assert "x" in f
    assert "y" not in f
    assert f.defaults == [(True, False, None)]
    assert [v.name for v in f.maker.fgraph.inputs] == ["x", "s"]
    assert f.maker.fgraph.toposort()
    assert str(f) == "<Function f>"
    f["s"] = 3.0
    assert s.get_value() == 3
    f.free()
    f.sync_shared()


# -- names ---------------------------------------------------------------------------------------------------
def test_a_function_without_a_name_is_called_by_the_line_that_made_it():
    x = T.dscalar("x")
    f = theano.function([x], x)
    assert f.name.startswith(f"{__file__}:")
    assert theano.function([x], x, name="twice").copy().name == "twice copy"
    with pytest.raises(TypeError) as caught:
        f([1.0])
    said = str(caught.value)
    assert said.startswith(
        f'Bad input argument to theano function with name "{f.name}" at index 0 (0-based), "x"'
    )
    assert f'made at: File "{__file__}"' in said


def test_each_keyword_is_found_at_once():
    """Going through all inputs for each made a hundred keywords take a millisecond."""
    xs = [T.dscalar(f"x{k}") for k in range(200)]
    f = theano.function(xs, T.add(*[k * x for k, x in enumerate(xs)]))
    given = {f"x{k}": 1.0 for k in range(200)}
    calls = 0

    def counting(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counting)
    try:
        made = f(**given)
    finally:
        sys.setprofile(None)
    assert made == sum(range(200))
    assert calls < 20 * len(xs)
