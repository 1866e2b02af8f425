"""The builder: what it shares, simplifies and refuses; the verifier and the text form."""

from __future__ import annotations

import numpy as np
import pytest

from croton.loops import interp
from croton.loops.build import Builder, LoopError
from croton.loops.ir import Const, For, Kernel, Load, Ref, Store
from croton.loops.text import kernel_key
from croton.loops.verify import verify
from croton.loops.walk import deep
from croton.util.record import replace


def nest() -> tuple[Builder, list]:  # type: ignore[type-arg]
    b = Builder("E")
    return b, [b.buffer("x", "float64"), b.buffer("y", "float64")]


def loads(kernel: Kernel) -> int:
    return sum(isinstance(s, Load) for s in deep(kernel.body))


def test_equal_expressions_are_one() -> None:
    b, (x, y) = nest()
    with b.loop("o"), b.loop("v", kind="vector"):
        v = b.load(x)
        assert (v + 1).node is (b.load(x) + 1.0).node
        assert b.const(0.0, "float64").node is not b.const(-0.0, "float64").node
        b.store(y, v + b.load(x))
    assert loads(b.kernel()) == 1


def test_stores_end_the_sharing_of_loads() -> None:
    b, (x, y) = nest()
    with b.loop("o"), b.loop("v", kind="vector"):
        before, other = b.load(y), b.load(x)
        b.store(y, other)
        assert b.load(y).node is not before.node
        assert b.load(x).node is other.node
    b2 = Builder("RI")
    z = b2.buffer("z", "float64", "splat")
    with b2.loop("o"):
        first = b2.load(z)
        with b2.loop("r"):
            b2.store(z, first)
        assert b2.load(z).node is not first.node


def test_simplification_keeps_results() -> None:
    b, (x, _) = nest()
    with b.loop("o") as i, b.loop("v", kind="vector"):
        v = b.load(x)
        assert (v * 1).node is v.node
        assert (v - 0.0).node is v.node
        assert (v + 0.0).node is not v.node  # -0.0 + 0.0 is 0.0
        assert (v * 0.0).node is not b.const(0.0, "float64").node
        assert b.neg(b.neg(v)).node is v.node
        assert (i + 0).node is i.node
        assert (i * 0).node.value == 0  # type: ignore[union-attr]
        assert b.cast(b.cast(i, "float64"), "int32").node.x.dtype == "float64"  # type: ignore[union-attr]
        assert b.cast(b.cast(b.cast(v, "float32"), "float64"), "float32").node.dtype == "float32"
        assert b.select(b.const(True, "bool"), v, 0.0).node is v.node
        assert (b.const(3.0, "float64") * 2).node.value == 6.0  # type: ignore[union-attr]
        assert b.const(300, "uint8").node.value == 44  # type: ignore[union-attr]


def test_mixed_types_are_refused() -> None:
    b = Builder("E")
    x, i = b.buffer("x", "float64"), b.buffer("i", "int32")
    with b.loop("o"), b.loop("v", kind="vector"):
        v, k = b.load(x), b.load(i)
        for wrong in (lambda: v + k, lambda: k + 0.5, lambda: b.exp(k), lambda: b.add(1, 2), lambda: b.add(v),
                      lambda: v & v, lambda: b.select(v, v, v), lambda: b.store(x, k), lambda: b.cast(v, "complex64"),
                      lambda: b.prim("nothing", v), lambda: bool(v > 0)):  # fmt: skip
            with pytest.raises(TypeError):
                wrong()
    with pytest.raises(AttributeError, match="nothing"):
        b.nothing  # noqa: B018


def test_values_stay_in_their_loops() -> None:
    b, (x, y) = nest()
    with b.loop("o"):
        with b.loop("v", kind="vector") as i:
            v = b.load(x)
        for stale in (v, i):
            with pytest.raises(LoopError, match="has been left"):
                b.store(y, stale, 0, 0, 0)


def test_places_need_their_loops() -> None:
    b, (x, _) = nest()
    with b.loop("o"), pytest.raises(LoopError, match="varies along v"):
        b.load(x)


def test_loops_that_cannot_be() -> None:
    b = Builder("L")
    with pytest.raises(LoopError, match="stand in another"), b.loop("i", 0, 1, kind="vector"), \
            b.loop("j", 0, 1, kind="vector"):  # fmt: skip
        pass
    with pytest.raises(LoopError, match="upper"), b.loop("i", 0):
        pass
    with pytest.raises(LoopError, match="parallel"), b.loop("i", 0, 1, parallel=True):
        pass
    with pytest.raises(LoopError, match="needs bounds"), Builder("E").loop("q"):
        pass


def test_running_values_where_they_cannot_be() -> None:
    b = Builder("L")
    x = b.buffer("x", "float64", strides=[8])
    s, acc = b.variable(b.const(0.0, "float64")), b.accumulator("add", "float64")
    with b.loop("i", 0, 9, kind="vector") as i, pytest.raises(LoopError, match="in order"):
        s.value = b.load(x, i)
    b = Builder("L")
    x = b.buffer("x", "float64", strides=[8])
    acc = b.accumulator("add", "float64")
    with b.loop("i", 0, 9) as i:
        acc.update(b.load(x, i))
        with pytest.raises(LoopError, match="after the loops"):
            acc.value  # noqa: B018
        with b.if_(i > 3), pytest.raises(LoopError, match="select"):
            acc.update(1.0)
    with pytest.raises(LoopError, match="gathers 1"):
        acc.update(1.0, 2.0)
    with pytest.raises(LoopError, match="No accumulator"):
        b.accumulator("median", "float64")


def test_a_variable_read_first_under_a_condition_has_its_value_of_then() -> None:
    b = Builder("L")
    x, y = b.buffer("x", "int64", strides=[8]), b.buffer("y", "int64", strides=[8])
    count = b.variable(b.const(0, "int64"))
    with b.loop("i", 0, 5) as i:
        value = b.load(x, i)
        with b.if_(value > 0):
            b.store(y, value, count.value)
        count.value = count.value + b.cast(value > 0, "int64")
    given, made = np.array([3, -1, 4, -2, 5]), np.zeros(5, "int64")
    interp.run(verify(b.kernel()), [given, made], {"lo": 0, "hi": 1})
    assert made.tolist() == [3, 4, 5, 0, 0]


def test_names_do_not_tell_kernels_apart() -> None:
    def make(name: str, factor: float) -> str:
        b = Builder("E")
        x = b.buffer(name, "float64")
        with b.loop("o"), b.loop("v", kind="vector"):
            b.store(x, b.load(x) * factor)
        return kernel_key(verify(b.kernel()))

    assert make("x", 2.0) == make("other", 2.0)
    assert make("x", 2.0) != make("x", 3.0)
    assert make("x", 2.0) == (
        "kernel E\n  b0: float64 unit\nfor i0 in %o_lo .. %o_hi\n  for i1 in %v_lo .. %v_hi vector\n"
        "    v0 = load b0[i0, 0, i1]\n    v1 = mul v0, 2.0:float64\n    store b0[i0, 0, i1] v1\n"
    )


def test_verifier_finds_what_is_wrong() -> None:
    b = Builder("RI")
    x, y = b.buffer("x", "float64"), b.buffer("y", "float64", "splat")
    with b.loop("o"):
        acc = b.accumulator("add", "float64", 0.0)
        with b.loop("r"), b.loop("v", kind="vector"):
            acc.update(b.load(x))
        b.store(y, acc.value)
    kernel = verify(b.kernel())
    (outer,) = kernel.body
    assert isinstance(outer, For)
    store = outer.body[-1]
    assert isinstance(store, Store)
    wrong = [
        replace(store, value=Const(1, "int64")),
        replace(store, value=Ref("float64")),
        replace(store, index=store.index[:2]),
        replace(outer.body[0], lo=Const(0.0, "float64")),
    ]
    for statement in wrong:
        with pytest.raises(LoopError, match="Malformed"):
            verify(replace(kernel, body=(replace(outer, body=(*outer.body, statement)),)))


def test_every_iteration_of_a_vector_loop_stores_its_own() -> None:
    b = Builder("E")
    x, y = b.buffer("x", "float64"), b.buffer("y", "float64", "splat")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, b.load(x))
    with pytest.raises(LoopError, match="one element"):
        verify(b.kernel())


def test_deep_expressions() -> None:
    """Chains of thousands of operations are no problem for any pass."""
    b, (x, y) = nest()
    with b.loop("o"), b.loop("v", kind="vector"):
        v = b.load(x)
        for k in range(5000):
            v = v + float(k % 3)
        b.store(y, v)
    kernel = verify(b.kernel())
    assert kernel_key(kernel).count("\n") > 5000
    data, out = np.zeros((1, 1, 2)), np.zeros((1, 1, 2))
    interp.run(kernel, [data, out], {"o_lo": 0, "o_hi": 1, "nr": 1, "v_lo": 0, "v_hi": 2})
    assert out[0, 0, 0] == sum(k % 3 for k in range(5000))


def test_places_are_read_only_and_int64() -> None:
    b = Builder("E")
    place, y = b.buffer("place", "int64", "place"), b.buffer("y", "int64")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, b.load(place))
    kernel = verify(b.kernel())
    assert "b0: int64 place" in kernel_key(kernel)
    wrong = Builder("E")
    place = wrong.buffer("place", "int64", "place")
    with wrong.loop("o"), wrong.loop("v", kind="vector") as v:
        wrong.store(place, v)
    with pytest.raises(LoopError, match="place is stored to"):
        verify(wrong.kernel())
    narrow = Builder("E")
    narrow.buffer("place", "int32", "place")
    with pytest.raises(LoopError, match="int64"):
        verify(narrow.kernel())
