"""Sums of products told by letters, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.compile.verify_grad import verify_grad
from croton.ops.einsum import einsum, matmul
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(0)
LENGTHS = {"i": 2, "j": 3, "k": 4, "l": 5, "b": 2, "a": 3, "c": 3}
SUBSCRIPTS = """ij,jk->ik ij,jk ii->i ii ij->ji ij-> ij->j bij,bjk->bik i,j->ij ij,ij-> ij,ij->ij ijk,k->ij ijk,jk
    ij,jk,kl->il ...ij,...jk->...ik ...i->... i...,i...->... bij,bij->b iij,j->i ba,bia->bi ijk->kij i,i,i->i ,ij->ij
    ijk,jik->kij bij,bkj->bki ab,ac->abc ...,...->...""".split()


def operands(subscripts: str) -> list[np.ndarray]:
    """Arrays of which each letter has its length, and `...` is (5, 2)."""
    parts = subscripts.split("->")[0].split(",")
    shapes = [
        [n for c in p.replace("...", ".") for n in ([5, 2] if c == "." else [LENGTHS[c]])] for p in parts
    ]
    return [RNG.normal(size=shape) for shape in shapes]


def like(a: np.ndarray) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, (None,) * a.ndim)()


@pytest.mark.parametrize("mode", ["CPU", "NUMPY"])
@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_values_are_numpy_s(subscripts: str, mode: str) -> None:
    values = operands(subscripts)
    variables = [like(v) for v in values]
    found = function(variables, einsum(subscripts, *variables), mode=mode)(*values)
    np.testing.assert_allclose(found, np.einsum(subscripts, *values), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "subscripts", ["ij,jk->ik", "bij,bjk->bik", "ii->i", "ij,ij->", "ij,jk,kl->il", "ab,ac->abc"]
)
def test_gradients_are_numeric_ones(subscripts: str) -> None:
    verify_grad(lambda *xs: einsum(subscripts, *xs), operands(subscripts), rng=np.random.RandomState(0))


def test_dots_broadcast() -> None:
    x, y = RNG.normal(size=(1, 2, 3)), RNG.normal(size=(4, 3, 2))
    a, b = TensorType("float64", (1, 2, 3))(), TensorType("float64", (4, 3, 2))()
    np.testing.assert_allclose(einsum("...ij,...jk->...ik", a, b).eval({a: x, b: y}), x @ y)


PAIRS = [
    ((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)), ((3,), (5, 3, 4)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", PAIRS)
def test_matmul(shapes: Any) -> None:
    x, y = (RNG.normal(size=shape) for shape in shapes)
    a, b = like(x), like(y)
    np.testing.assert_allclose(function([a, b], matmul(a, b))(x, y), x @ y)


@pytest.mark.parametrize(
    ("subscripts", "ranks", "says"),
    [
        ("ij,jk", (2,), "is for 2 operands; got 1"),
        ("ijk", (2,), "does not fit"),
        ("i", (2,), "does not fit"),
        ("i1", (2,), "does not fit"),
        ("ij->ik", (2,), "must have letters of the operands"),
        ("ij->ii", (2,), "must have letters of the operands"),
    ],
)
def test_letters_that_do_not_fit(subscripts: str, ranks: tuple[int, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        einsum(subscripts, *[TensorType("float64", (None,) * n)() for n in ranks])


def test_a_scalar_has_no_matrix_product() -> None:
    with pytest.raises(ValueError, match="no scalars"):
        matmul(TensorType("float64", ())(), TensorType("float64", (None,))())
