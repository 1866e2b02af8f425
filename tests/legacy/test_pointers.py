"""Pointers of C as values."""

from __future__ import annotations

import ctypes
import ctypes.util
import pickle

import pytest

import theano
from theano.gof.type import CDataType


def test_capsules_are_passed_on_and_freed():
    seen = []
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    kind = CDataType("void *", freefunc="free")
    capsule = kind.make_value(libc.malloc(16))
    assert kind.filter(capsule) is capsule and kind.filter(None) is None and kind.values_eq(capsule, capsule)

    class Passes(theano.Op):
        __props__ = ()

        def make_node(self, v):
            return theano.Apply(self, [v], [v.type()])

        def perform(self, node, inputs, output_storage):
            seen.append(type(inputs[0]).__name__ == "PyCapsule")
            output_storage[0][0] = inputs[0]

    v = kind("v")
    assert theano.function([v], Passes()(v))(capsule) is capsule and seen == [True]
    del capsule
    with pytest.raises(TypeError, match="holds None and capsules"):
        kind.filter(3)


def test_which_types_are_one():
    kind = CDataType("int *", version=1)
    assert kind == CDataType("int *", version=1) != CDataType("int *", version=2)
    assert hash(kind) == hash(CDataType("int *", version=1)) and str(kind) == "CDataType{int *}"
    assert pickle.loads(pickle.dumps(kind)) == kind and CDataType("int *").make_value(1) is not None
    with pytest.raises(TypeError, match="name of a pointer's type"):
        CDataType(3)
    with pytest.raises(AttributeError, match="no C function not_there_at_all in m"):
        CDataType("int *", freefunc="not_there_at_all", libraries=["m"]).make_value(1)
