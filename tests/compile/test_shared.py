"""Shared variables: how they are made, read, written and updated."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.shared import SharedVariable, shared_constructor


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1, "TensorType(int64, scalar)"),
        (1.5, "TensorType(float64, scalar)"),
        (True, "TensorType(bool, scalar)"),
        (1j, "TensorType(complex128, scalar)"),
        (np.float32(1), "TensorType(float32, scalar)"),
        (np.zeros((2, 3), "int8"), "TensorType(int8, matrix)"),
        (np.zeros((1, 3)), "TensorType(float64, matrix)"),
        ([1, 2], "Generic"),
        ("abc", "Generic"),
        (None, "Generic"),
        (np.array(["a"]), "Generic"),
    ],
)
def test_the_type_follows_the_value(value, said):
    made = theano.shared(value)
    assert isinstance(made, SharedVariable)
    assert str(made.type) in (said, "Generic")


def test_name_type_and_class():
    a = theano.shared(np.ones(3), "a")
    assert (str(a), a.name, a.dtype, a.ndim, a.broadcastable, a.owner) == (
        "a",
        "a",
        "float64",
        1,
        (False,),
        None,
    )
    assert type(a).__name__ == type(a.clone()).__name__ == "TensorSharedVariable"
    assert theano.shared(np.zeros((1, 3)), broadcastable=(True, False)).broadcastable == (True, False)


def test_wrong_values():
    with pytest.raises(TypeError, match="not a variable"):
        theano.shared(T.dscalar())
    with pytest.raises(TypeError, match="foo"):
        theano.shared(1, foo=3)
    with pytest.raises(TypeError):
        theano.shared(np.zeros((2, 3)), broadcastable=(True, False))
    w = theano.shared(np.zeros(2), "w")
    for value in (np.zeros((2, 2)), 3, np.zeros(2, "complex64")):
        with pytest.raises(TypeError, match="w"):
            w.set_value(value)
    with pytest.raises(AttributeError):
        _ = w.value


def test_strict_and_downcast():
    strict = theano.shared(np.float64(1), strict=True)
    with pytest.raises(TypeError):
        strict.set_value(1)
    loose = theano.shared(np.float32(1), allow_downcast=True)
    loose.set_value(0.1)
    assert loose.get_value().dtype == "float32"


def test_borrowing():
    v = np.zeros(3)
    copied, same = theano.shared(v), theano.shared(v, borrow=True)
    v[0] = 5
    assert copied.get_value()[0] == 0
    assert same.get_value()[0] == 5
    same.get_value()[1] = 7
    assert same.get_value()[1] == 0
    same.get_value(borrow=True)[1] = 7
    assert same.get_value()[1] == 7
    new = np.ones(3)
    same.set_value(new, borrow=True)
    new[2] = 4
    assert same.get_value()[2] == 4


def test_zero_and_clone():
    a = theano.shared(np.arange(3.0))
    b = a.clone()
    a.zero()
    assert b.get_value().tolist() == [0, 0, 0]
    b.set_value(np.ones(3))
    b.zero(borrow=True)
    assert a.get_value().tolist() == [0, 0, 0]


def test_a_constructor_can_be_registered_and_removed():
    class Odd:
        pass

    def odd_constructor(value, name=None, strict=False, allow_downcast=None):
        if not isinstance(value, Odd):
            raise TypeError("not odd")
        return theano.shared(13, name)

    shared_constructor(odd_constructor)
    try:
        assert theano.shared(Odd()).get_value() == 13
        assert theano.shared(2.0).get_value() == 2
    finally:
        shared_constructor(odd_constructor, remove=True)
    assert isinstance(theano.shared(Odd()).get_value(), Odd)


# -- updates -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [list, dict, OrderedDict])
def test_all_updates_are_computed_from_the_old_values(form):
    a, b = theano.shared(1.0), theano.shared(2.0)
    f = theano.function([], a + b, updates=form([(a, a + b), (b, a)]))
    assert [float(f()) for _ in range(3)] == [3, 4, 7]
    assert (a.get_value(), b.get_value()) == (7, 4)


def test_an_output_is_the_value_before_the_update():
    s = theano.shared(np.zeros(2))
    f = theano.function([], s, updates=[(s, s + 1)])
    first = f()
    second = f()
    assert (first.tolist(), second.tolist(), s.get_value().tolist()) == ([0, 0], [1, 1], [2, 2])


def test_swapped_values_do_not_share_memory():
    a, b = theano.shared(np.zeros(2)), theano.shared(np.ones(2))
    theano.function([], [], updates=[(a, b), (b, a)])()
    a.get_value(borrow=True)[0] = 5
    assert b.get_value().tolist() == [0, 0]
    assert a.get_value().tolist() == [5, 1]


def test_a_failed_call_stores_nothing():
    a, b = theano.shared(np.zeros(2)), theano.shared(0.0)
    x = T.dvector()
    f = theano.function([x], [], updates=[(b, b + 1), (a, a + x)])
    with pytest.raises(ValueError):
        f([1, 2, 3])
    assert (b.get_value(), a.get_value().tolist()) == (0, [0, 0])


def test_updates_may_change_the_shape():
    a = theano.shared(np.ones(3))
    f = theano.function([], a * 2, updates=[(a, T.concatenate([a, a]))])
    f()
    f()
    assert a.get_value().shape == (12,)


def test_default_updates():
    a, b = theano.shared(1), theano.shared(5)
    a.default_update = a + b
    b.default_update = b + 1
    f = theano.function([], a)
    assert [int(f()) for _ in range(3)] == [1, 6, 12]
    assert (a.get_value(), b.get_value()) == (19, 8)
    theano.function([], a, no_default_updates=True)()
    assert a.get_value() == 19
    theano.function([], a, no_default_updates=[a])()
    assert (a.get_value(), b.get_value()) == (19, 8)
    theano.function([], a, updates=[(a, a * 0)])()
    assert (a.get_value(), b.get_value()) == (0, 8)


def test_wrong_updates():
    a = theano.shared(np.zeros((2, 3), "float32"), "a")
    theano.function([], a, updates=[(a, T.zeros((2, 3), dtype="float32"))])
    for wrong, said in (
        (T.zeros((1, 3), dtype="float32"), "unbroadcast"),
        (T.zeros((3,), dtype="float32"), "axes"),
        (T.zeros((2, 3), dtype="float64"), "cast"),
        (a.sum(0, keepdims=True), "unbroadcast"),
    ):
        with pytest.raises(TypeError, match=f"a has type .*{said}"):
            theano.function([], a, updates=[(a, wrong)])
    with pytest.raises(TypeError, match="Only shared variables"):
        theano.function([], a, updates=[(T.dscalar("x"), a)])
    with pytest.raises(ValueError, match="updated twice"):
        theano.function([], a, updates=[(a, a + 1), (a, a + 2)])
    for wrong in ([a], 3):
        with pytest.raises(ValueError, match="pairs"):
            theano.function([], a, updates=wrong)


def test_numbers_of_theano_scalar_are_shared_too():
    from theano.scalar.sharedvar import ScalarSharedVariable, shared

    for value, dtype in (
        (1, "int64"),
        (1.5, "float64"),
        (np.float32(2), "float32"),
        (True, "bool"),
        (1j, "complex128"),
    ):
        made = shared(value, "n")
        assert isinstance(made, ScalarSharedVariable) and made.type.dtype == dtype and made.name == "n"
        assert made.get_value() == value
    x = shared(2.0)
    f = theano.function([], theano.tensor.tensor_from_scalar(x) * 3, updates=[(x, x + 1.0)])
    assert (f(), x.get_value()) == (6.0, 3.0)
    with pytest.raises(TypeError, match="expected a number"):
        shared(np.ones(2))


def test_lists_are_no_tensors():
    for wrong in (lambda s: s + 1, lambda s: 2 * s, lambda s: T.dvector() - s, lambda s: s[0]):
        with pytest.raises(TypeError, match="give np.asarray"):
            wrong(theano.shared([1, 2]))


def test_each_kind_says_why_it_does_not_take_a_value():
    with pytest.raises(TypeError, match="(?s)tensor_constructor: .*expected length 1 on axis 0"):
        theano.shared(np.ones((3, 1)), broadcastable=(True, False))
