"""Making variables."""

from __future__ import annotations

import pytest

from croton.config import change_flags
from croton.ops import constructors as make
from croton.vartypes.tensor import TensorType

LETTERS = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
    "c": "complex64",
    "z": "complex128",
}


@pytest.mark.parametrize(("letter", "dtype"), list(LETTERS.items()))
def test_families_of_types(letter: str, dtype: str) -> None:
    for kind, pattern in (
        ("scalar", ()),
        ("row", (True, False)),
        ("col", (False, True)),
        ("tensor7", (False,) * 7),
    ):
        assert getattr(make, letter + kind) == TensorType(dtype, pattern)
        assert getattr(make, letter + kind)("x").name == "x"


@pytest.mark.parametrize("floatX", ["float16", "float32", "float64"])
def test_without_a_data_type_floatX_is_meant(floatX: str) -> None:
    with change_flags(floatX=floatX):
        for one in (make.scalar, make.vector, make.row, make.col, make.matrix, make.tensor5):
            assert one().type.dtype == floatX
        assert make.matrix("m", "int8").type.dtype == "int8"
        assert make.tensor3(dtype="floatX").type.dtype == floatX


def test_several_at_once() -> None:
    assert [v.name for v in make.vectors("x", "y")] == ["x", "y"]
    assert [v.name for v in make.fmatrices("ab")] == ["a", "b"]
    assert [v.name for v in make.lscalars(2)] == [None, None]
    assert make.rows("x", None, dtype="int8")[1].type == make.brow
    assert make.vectors(["a", "b"])[1].name == "b"


def test_a_type_and_a_name() -> None:
    made = make.tensor("float32", (True, False), name="q")
    assert made.name == "q"
    assert made.type == make.frow
