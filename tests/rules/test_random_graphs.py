"""Random small graphs: rewriting does not change what they compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theano
import theano.tensor as T
from croton.compile.mode import Mode

AS_WRITTEN = Mode("py", None)
OPTIMISED = Mode("py", "fast_run")

# Operations that do not leave the range in which float64 is exact enough to compare.
UNARY = (
    lambda v: -v, lambda v: abs(v), lambda v: T.sqr(v), lambda v: T.tanh(v), lambda v: T.nnet.sigmoid(v),
    lambda v: T.exp(T.tanh(v)), lambda v: T.log(1 + T.sqr(v)), lambda v: T.log(T.exp(v)), lambda v: T.sqrt(T.sqr(v)),
    lambda v: 1 / (1 + T.exp(-v)), lambda v: T.log(1 + T.exp(v)), lambda v: v * 1 + 0, lambda v: v / 1, lambda v: v - 3,
    lambda v: 2 * v, lambda v: v**2, lambda v: T.cast(T.cast(v, "float64"), "float64"), lambda v: T.zeros_like(v) + 2,
    lambda v: T.switch(v > 0, v, -v), lambda v: T.fill(v, 3.0) * v, lambda v: v + v, lambda v: 3 * v - v,
    lambda v: v**3, lambda v: 1 - T.tanh(v), lambda v: 1 - T.nnet.sigmoid(v), lambda v: 1 - T.cos(v),
    lambda v: T.exp(T.tanh(v)) - T.exp(-T.tanh(v)), lambda v: T.log(T.cosh(v)), lambda v: T.nnet.softplus(v) - v,
    lambda v: T.nnet.sigmoid(v) * (1 - T.nnet.sigmoid(v)), lambda v: abs(2 * v), lambda v: v * T.sgn(v),
    lambda v: T.maximum(T.maximum(v, 0.5), 1), lambda v: T.clip(v, -1, 1), lambda v: 1 - T.erf(v),
    lambda v: T.switch(~(v > 0), v, 2.0), lambda v: T.switch(T.eq(v > 0, 1), v, 2.0),
)  # fmt: skip
BINARY = (
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + T.sqr(b)),
    lambda a, b: T.maximum(a, b), lambda a, b: a - (a - b), lambda a, b: T.switch(T.lt(a, b), a, b),
    lambda a, b: a * T.nnet.sigmoid(b) * T.exp(-b), lambda a, b: abs(a) * abs(b), T.logaddexp,
    lambda a, b: T.exp(T.tanh(a)) / (T.exp(T.tanh(a)) + T.exp(T.tanh(b))), lambda a, b: 2 * a * b + b * a,
    lambda a, b: T.switch(a > 0, b, 0) * a, lambda a, b: T.switch(a > 0, b, 0) + T.switch(a > 0, 0, a),
    lambda a, b: T.exp(T.tanh(a)) / T.exp(T.tanh(b)), lambda a, b: (a + b) - (b - a),
)  # fmt: skip
# What changes the shape, and what keeps it as (3, 4).
SHAPED = (
    lambda v: v.sum(axis=0), lambda v: v.mean(axis=1, keepdims=True) + v * 0, lambda v: v.T.dot(v)[:3],
    lambda v: v.reshape((4, 3)).T, lambda v: v.max(axis=1, keepdims=True) - v, lambda v: v - v.sum(axis=0),
    lambda v: T.dot(v, T.ones((4, 4))), lambda v: T.nnet.softmax(v), lambda v: T.log(T.nnet.softmax(v)),
    lambda v: T.concatenate([v, v])[:3], lambda v: T.inc_subtensor(v[1:], 2.0), lambda v: v[::-1][::-1],
    lambda v: v * v.shape[0], lambda v: (2 * v).sum() + v, lambda v: v.dimshuffle(1, 0).dimshuffle(1, 0),
    lambda v: T.tanh(v).flatten().sum() * v, lambda v: v.flatten().reshape(v.shape), lambda v: v.var(axis=0),
    lambda v: T.dot(v, v.T).sum(axis=0).dimshuffle(0, "x") + v, lambda v: T.dot(T.dot(v, v.T), v[:, 0])[0] * v,
    lambda v: T.dot(v, T.alloc(2.0, v.shape[1], 4)), lambda v: T.alloc(v[0], 3, 4) + v,
    lambda v: T.alloc(v[0, 0], v.shape[0], v.shape[1]) * v, lambda v: T.exp(T.alloc(T.tanh(v[0, 0]), 3, 4)),
    lambda v: T.argmax(T.nnet.softmax(v), axis=1).dimshuffle(0, "x") + v, lambda v: T.set_subtensor(v[1:], v[1:] + 2),
    lambda v: T.inc_subtensor(T.set_subtensor(v[0], 2.0)[0], v[1]), lambda v: v[1:][0:1][0], lambda v: v[::2][1],
    lambda v: T.concatenate([v[1:], T.concatenate([v[:1], v])])[:3], lambda v: T.concatenate(T.split(v, [1, 2], 2)),
    lambda v: v[:, 1:][:, ::2].sum(axis=1).dimshuffle(0, "x"), lambda v: T.stack([v, 2 * v]).sum(axis=0),
    lambda v: T.nnet.softmax(v)[1:].sum(axis=0), lambda v: T.prod(T.exp(T.tanh(v)), axis=0),
    lambda v: T.log(T.exp(v).mean(axis=1)).dimshuffle(0, "x"), lambda v: T.log(T.dot(T.exp(v), T.ones(4)))[0],
    lambda v: T.nnet.categorical_crossentropy(T.nnet.softmax(v), T.as_tensor_variable([0, 2, 1]))[0],
    lambda v: v[T.as_tensor_variable([2, 0, 1])], lambda v: T.inc_subtensor(v[T.as_tensor_variable([0, 0, 1])], 1.0),
    lambda v: T.outer(v[0], v[1])[:3], lambda v: T.min(-v, axis=0), lambda v: T.tile(v, (1, 1)), lambda v: v.norm(2),
)  # fmt: skip

choices = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=8,
)


def _built(steps: list[tuple[int, int, int, int]]) -> tuple[list[Any], Any]:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    pool: list[Any] = [x, y]
    for kind, which, a, b in steps:
        left, right = pool[a % len(pool)], pool[b % len(pool)]
        if kind == 0:
            pool.append(UNARY[which % len(UNARY)](left))
        elif kind == 1:
            pool.append(BINARY[which % len(BINARY)](left, right))
        else:
            made = SHAPED[which % len(SHAPED)](left)
            pool.append(made if made.ndim == 2 else left + made)
    return [x, y], pool[-1]


def _rng_values(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(3, 4)), rng.normal(size=(3, 4))]


@given(choices, st.integers(0, 2**16))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_values_are_those_of_the_graph_as_written(steps: list[tuple[int, int, int, int]], seed: int) -> None:
    inputs, out = _built(steps)
    values = _rng_values(seed)
    try:
        plain = theano.function(inputs, out, mode=AS_WRITTEN, on_unused_input="ignore")(*values)
    except ValueError:
        return  # shapes that do not go together
    made = theano.function(inputs, out, mode=OPTIMISED, on_unused_input="ignore")
    assert made.maker.fgraph.outputs[0].type == out.type
    with np.errstate(all="ignore"):
        got = made(*values)
    assert got.dtype == plain.dtype and got.shape == plain.shape
    np.testing.assert_allclose(got, plain, rtol=1e-7, atol=1e-9)


@given(choices, st.integers(0, 2**16))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_gradients_are_those_of_the_graph_as_written(
    steps: list[tuple[int, int, int, int]], seed: int
) -> None:
    inputs, out = _built(steps)
    grads = T.grad(out.sum(), inputs, disconnected_inputs="ignore")
    values = _rng_values(seed)
    try:
        plain = theano.function(inputs, grads, mode=AS_WRITTEN, on_unused_input="ignore")(*values)
    except ValueError:
        return
    with np.errstate(all="ignore"):
        got = theano.function(inputs, grads, mode=OPTIMISED, on_unused_input="ignore")(*values)
    for g, p in zip(got, plain, strict=True):
        np.testing.assert_allclose(g, p, rtol=1e-6, atol=1e-8)


# Data types that are mixed in one graph, and what is done with them: where it is not allowed, the step is left out.
MIXED = ("float64", "float32", "int8", "int64", "uint8", "bool", "complex128")
STEPS = (
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + b * b), lambda a, b: -a,
    lambda a, b: abs(a), lambda a, b: T.sqr(a), lambda a, b: a**2 * a, lambda a, b: T.maximum(a, b),
    lambda a, b: a * 2 - a, lambda a, b: T.switch(T.gt(abs(b), 1), a, b),
    lambda a, b: T.cast(T.cast(a, "int64"), "int8"), lambda a, b: a - (a - b),
    lambda a, b: T.exp(-abs(a)) * T.exp(-abs(b)), lambda a, b: T.log(1 + T.exp(-abs(a))),
    lambda a, b: T.sqrt(T.sqr(a)), lambda a, b: a.sum(axis=0) + b,
    lambda a, b: T.max(a, axis=1, keepdims=True) + b, lambda a, b: T.prod(a, axis=0),
    lambda a, b: T.stack([a, b])[1], lambda a, b: T.stack([a, b]).sum(axis=0), lambda a, b: a[::-1][0] * b,
    lambda a, b: T.set_subtensor(a[0], a[1])[0] + b, lambda a, b: T.concatenate([a, b])[: a.shape[0]],
    lambda a, b: a.T.T[1:], lambda a, b: T.dot(2 * a, b.T), lambda a, b: T.dot(a, b.T)[0],
    lambda a, b: T.all(a, axis=0), lambda a, b: a // 2, lambda a, b: T.eq(a, a) * b,
    lambda a, b: T.inc_subtensor(T.zeros_like(a)[1:], a[1:]) + a, lambda a, b: ~a,
    lambda a, b: T.alloc(a.flatten()[0], 3, 4)[1] + b, lambda a, b: a * a.shape[0],
    lambda a, b: T.mean(a, axis=0) - b,
)  # fmt: skip


def _values(dtype: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, (3, 4)).astype(bool)
    if dtype.startswith(("int", "uint")):
        return rng.integers(0 if dtype[0] == "u" else -5, 6, (3, 4)).astype(dtype)
    real = rng.normal(size=(3, 4))
    return (real + 1j * rng.normal(size=(3, 4)) if dtype.startswith("c") else real).astype(dtype)


@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=7),
    st.tuples(st.sampled_from(MIXED), st.sampled_from(MIXED)),
    st.integers(0, 2**16),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_each_data_type_keeps_its_values(
    steps: list[tuple[int, int, int]], dtypes: tuple[str, str], seed: int
) -> None:
    inputs = [T.TensorType(d, (False, False))(name) for d, name in zip(dtypes, "xy", strict=True)]
    pool: list[Any] = list(inputs)
    for which, a, b in steps:
        try:
            made = STEPS[which % len(STEPS)](pool[a % len(pool)], pool[b % len(pool)])
        except (TypeError, ValueError, IndexError, NotImplementedError, AttributeError):
            continue  # not for these types
        pool.append(made)
    values = [_values(d, seed + at) for at, d in enumerate(dtypes)]
    try:
        with np.errstate(all="ignore"):
            plain = theano.function(inputs, pool[2:], mode=AS_WRITTEN, on_unused_input="ignore")(*values)
    except (ValueError, IndexError):
        return  # shapes that do not go together
    with np.errstate(all="ignore"):
        got = theano.function(inputs, pool[2:], mode=OPTIMISED, on_unused_input="ignore")(*values)
    for one, want in zip(got, plain, strict=True):
        assert one.dtype == want.dtype and one.shape == want.shape
        if want.dtype.kind in "fc":
            rough = 1e-3 if "8" in "".join(dtypes) or "float32" in dtypes or want.dtype == "float16" else 1e-7
            # What was no number as it was written may have a value where something cancels.
            known = np.isfinite(want)
            scale = np.abs(want[known]).max(initial=1)
            np.testing.assert_allclose(one[known], want[known], rtol=rough, atol=rough * scale)
        else:
            np.testing.assert_array_equal(one, want)


def test_long_chains_cost_in_proportion() -> None:
    # Twice the length, about twice the time: compared loosely, as machines are busy.
    def seconds(n: int) -> float:
        v = T.dvector("v")
        out: Any = v
        for i in range(n):
            out = T.tanh(out) * 1.5 if i % 3 == 0 else out + v if i % 3 == 1 else out - 0.5
        f = theano.function([v], out, mode=OPTIMISED)
        return sum(stage.seconds for stage in f.maker.stats.stages)

    seconds(20)
    small, large = min(seconds(400) for _ in range(2)), seconds(1600)
    assert large < 10 * small


@pytest.mark.parametrize("op", ["add", "mul"])
def test_a_long_sum_is_flattened_in_linear_time(op: str) -> None:
    v = T.dvector("v")
    out: Any = v
    for _ in range(2000):
        out = out + v if op == "add" else out * v
    f = theano.function([v], out, mode=OPTIMISED)
    assert len(f.maker.fgraph.apply_nodes) < 20
    assert sum(stage.seconds for stage in f.maker.stats.stages) < 5
