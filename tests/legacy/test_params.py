"""Parameters of operations, and operations that can't be run."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof import EnumList, EnumType, ParamsType


class Scale(theano.Op):
    """x times a parameter."""

    __props__ = ("factor",)
    itypes = (T.dvector,)
    otypes = (T.dvector,)
    params_type = ParamsType(factor=theano.scalar.float64)

    def __init__(self, factor):
        self.factor = factor

    def perform(self, node, inputs, output_storage, params):
        output_storage[0][0] = inputs[0] * params.factor


@pytest.mark.parametrize("mode", ["NUMPY", "CPU"])
def test_parameters_reach_the_operation(mode):
    x = T.dvector()
    np.testing.assert_array_equal(theano.function([x], Scale(3)(x), mode=mode)([1.0, 2.0]), [3.0, 6.0])


def test_parameters_are_checked_and_read():
    kind = ParamsType(a=theano.scalar.int32, b=theano.scalar.float64)
    made = kind.get_params(b=2, a=1)
    assert (made.a, made["b"]) == (1, 2.0) and kind.filter(made) == made
    assert kind.has_type(theano.scalar.int32) and kind.get_field(theano.scalar.float64) == "b"
    assert kind == ParamsType(b=theano.scalar.float64, a=theano.scalar.int32)
    assert kind.extended(c=theano.generic).fields == ("a", "b", "c")
    with pytest.raises(KeyError, match="'a'"):
        kind.get_params(b=2)
    with pytest.raises(NotImplementedError):
        made.a = 3
    with pytest.raises(AttributeError, match="no parameter 'z'"):
        _ = made.z


def test_enumerations():
    kind = EnumType(PI=("pi", 3.14), E=2.72)
    assert (
        kind.PI == 3.14 == kind.fromalias("pi")
        and kind.filter("pi") == 3.14
        and kind.get_aliases() == ("pi",)
    )
    with pytest.raises(ValueError, match="none of"):
        kind.filter(1)
    numbered = EnumList("A", ("B", "second"))
    assert (numbered.A, numbered.B, numbered.filter("second")) == (0, 1, 1)
    assert ParamsType(which=numbered).enum_from_alias("second") == 1


def test_an_operation_with_c_code_alone_says_what_to_do():
    class InC(theano.Op):
        itypes = (T.dvector,)
        otypes = (T.dvector,)

        def c_code(self, node, name, inputs, outputs, sub):
            return ""

    x = T.dvector()
    for mode in ("NUMPY", "CPU"):
        with pytest.raises(theano.gof.MethodNotDefined, match="only c_code"):
            theano.function([x], InC()(x), mode=mode)
