"""Sums of products of arrays, told by letters for axes."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.diagonal import diagonal
from croton.ops.dot import batched_dot, dot
from croton.ops.elementwise import mul
from croton.ops.elemwise import dimshuffle
from croton.ops.join import stack
from croton.ops.reduce import prod
from croton.ops.reduce import sum as sum_of
from croton.ops.reshape import reshape

Labels = tuple[str, ...]


def einsum(subscripts: str, *operands: Any) -> Variable:
    """The sum of products that `subscripts` says: a letter for each axis of each operand, then those of the result.

    What stands on both sides of `->` is kept, other letters are summed over; without `->` the result has the letters
    that stand once, in alphabetical order. `...` stands for axes that broadcast.

    Shapes:    as the letters say; equal letters are equal lengths
    Dtypes:    what the operands meet in
    Gradient:  of all operands
    Errors:    ValueError for letters that do not fit the operands
    Cost:      products of pairs, from left to right, by the BLAS
    Example:
        >>> import theano.tensor as T
        >>> T.einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).eval().tolist()
        [[11]]
    """
    variables: list[Any] = [as_tensor_variable(one) for one in operands]
    inputs, output = _parsed(subscripts, variables)
    terms = [_plain(v, labels) for v, labels in zip(variables, inputs, strict=True)]
    while len(terms) > 1:
        (x, left), (y, right), *rest = terms
        needed = {label for _, labels in rest for label in labels} | set(output)
        terms = [_product(x, left, y, right, needed), *rest]
    x, left = _summed(*terms[0], set(output))
    return dimshuffle(x, *[left.index(label) for label in output]) if left != output else x


def _parsed(subscripts: str, variables: Sequence[Any]) -> tuple[list[Labels], Labels]:
    """The letters of each operand and of the result; those that `...` stands for are letters that are not in use."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(variables):
        raise ValueError(f"einsum: {subscripts!r} is for {len(parts)} operands; got {len(variables)}.")
    fresh = [c for c in string.ascii_letters if c not in text]
    widest = max(
        (
            v.type.ndim - len(p.replace("...", ""))
            for v, p in zip(variables, parts, strict=True)
            if "..." in p
        ),
        default=0,
    )
    dots = fresh[: max(widest, 0)]
    inputs = [_labels(p, v, dots, subscripts) for p, v in zip(parts, variables, strict=True)]
    if arrow:
        output = tuple(right.replace("...", "".join(dots)))
    else:
        seen = Counter(c for labels in inputs for c in labels if c not in dots)
        output = (*dots, *sorted(c for c, n in seen.items() if n == 1))
    known = {c for labels in inputs for c in labels}
    if len(set(output)) != len(output) or not set(output) <= known:
        raise ValueError(
            f"einsum: the result of {subscripts!r} must have letters of the operands, each once."
        )
    return inputs, output


def _labels(part: str, variable: Any, dots: Sequence[str], subscripts: str) -> Labels:
    named = len(part.replace("...", ""))
    count = variable.type.ndim - named
    if (not part.replace("...", "").isalpha() and named) or count < 0 or (count > 0 and "..." not in part):
        raise ValueError(
            f"einsum: {part!r} of {subscripts!r} does not fit {variable}, which has {variable.type.ndim} axes."
        )
    return tuple(part.replace("...", "".join(dots[len(dots) - count :])))


def _plain(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """`x` with each letter once: of letters that stand twice, the diagonal; axes that broadcast go."""
    while len(set(labels)) < len(labels):
        twice = next(c for c, n in Counter(labels).items() if n > 1)
        i = labels.index(twice)
        j = labels.index(twice, i + 1)
        x = diagonal(x, 0, i, j)
        labels = (*(c for at, c in enumerate(labels) if at not in (i, j)), twice)
    return x, labels


def _summed(x: Any, labels: Labels, needed: set[str]) -> tuple[Any, Labels]:
    """`x` without the axes that nothing needs."""
    over = [at for at, label in enumerate(labels) if label not in needed]
    return (sum_of(x, over), tuple(c for c in labels if c in needed)) if over else (x, labels)


def _product(x: Any, left: Labels, y: Any, right: Labels, needed: set[str]) -> tuple[Any, Labels]:
    """The product of two terms, summed over what nothing else needs."""
    x, left = _without_stretched(*_summed(x, left, needed | set(right)), right)
    y, right = _without_stretched(*_summed(y, right, needed | set(left)), left)
    both = [c for c in left if c in right]
    batch, inner = [c for c in both if c in needed], [c for c in both if c not in needed]
    rows, columns = [c for c in left if c not in both], [c for c in right if c not in both]
    out = (*batch, *rows, *columns)
    if not inner:
        spread = [_spread(v, labels, out) for v, labels in ((x, left), (y, right))]
        return mul(*spread), out
    a = _as_matrices(x, left, (batch, rows, inner))
    b = _as_matrices(y, right, (batch, inner, columns))
    made: Any = batched_dot(a, b) if batch else dot(a, b)
    lengths = {c: v.shape[at] for v, labels in ((x, left), (y, right)) for at, c in enumerate(labels)}
    if len(out) == made.type.ndim and all(
        len(group) == 1 for group in ([batch] if batch else []) + [rows, columns]
    ):
        return made, out
    return reshape(made, [lengths[c] for c in out], ndim=len(out)), out


def _without_stretched(x: Any, labels: Labels, others: Labels) -> tuple[Any, Labels]:
    """`x` without the axes of length 1 that the other term has too: they stretch."""
    kept = [at for at, c in enumerate(labels) if not (x.type.broadcastable[at] and c in others)]
    return (
        (x, labels) if len(kept) == len(labels) else (dimshuffle(x, *kept), tuple(labels[at] for at in kept))
    )


def _spread(x: Any, labels: Labels, out: Labels) -> Any:
    return dimshuffle(x, *[labels.index(c) if c in labels else "x" for c in out])


def _as_matrices(x: Any, labels: Labels, groups: Sequence[Sequence[str]]) -> Any:
    """The axes of `x` in three groups, each as one axis; the first is left out where it is empty."""
    order = [c for group in groups for c in group]
    moved: Any = x if tuple(order) == labels else dimshuffle(x, *[labels.index(c) for c in order])
    wanted = [group for at, group in enumerate(groups) if at or group]
    if all(len(group) == 1 for group in wanted):
        return moved
    sizes, at = [], 0
    for group in wanted:
        parts = [moved.shape[at + i] for i in range(len(group))]
        at += len(group)
        sizes.append(prod(stack(parts)) if parts else 1)
    return reshape(moved, sizes, ndim=len(sizes))


def matmul(x1: Any, x2: Any) -> Variable:
    """The matrix product of the last two axes; the axes before them broadcast. A vector is a row, or a column.

    Errors:    ValueError for a scalar
    """
    x: Any = as_tensor_variable(x1)
    y: Any = as_tensor_variable(x2)
    if not (x.type.ndim and y.type.ndim):
        raise ValueError(f"matmul takes no scalars; got {x} and {y}: use multiplication.")
    left, right = ("...ij" if x.type.ndim > 1 else "j"), ("...jk" if y.type.ndim > 1 else "j")
    return einsum(f"{left},{right}->...{'i' * (x.type.ndim > 1)}{'k' * (y.type.ndim > 1)}", x, y)
