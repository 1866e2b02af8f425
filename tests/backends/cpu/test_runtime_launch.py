"""The launchers: any strides, any extents, any number of threads; copies and fills."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

rt = pytest.importorskip("croton.backends.cpu._runtime")

DOUBLE = 8
UNIT, SPLAT, SPACED = 0, 1, 4
FLOATS = rt.ABI["dtypes"]["float64"]
HUGE_COST = 10**10  # picoseconds a point: whatever the size, it is split and the GIL is released


@pytest.fixture
def four_threads() -> Any:
    before = rt.get_num_threads()
    rt.set_num_threads(4)
    yield
    rt.set_num_threads(before)


# -- nests of random layout ----------------------------------------------------------------------------------
@st.composite
def spaces(draw: Any) -> dict[str, Any]:
    """An iteration space with buffers: for each, the axes along which it varies, their order in memory, their steps."""
    form = draw(st.sampled_from(["E", "RI", "RO"]))
    ndim = draw(st.integers(0, 5))
    dims = draw(
        st.lists(st.sampled_from([1, 2, 3, 4, 0] if ndim < 4 else [1, 2, 3]), min_size=ndim, max_size=ndim)
    )
    reduced = [form != "E" and draw(st.booleans()) for _ in range(ndim)]
    buffer = st.tuples(
        st.lists(st.booleans(), min_size=ndim, max_size=ndim), st.permutations(range(ndim)),
        st.sampled_from([1, 1, 2, -1]),
        st.sampled_from([0, 0, 1]),
    )  # fmt: skip
    return {
        "form": form, "dims": dims, "reduced": reduced, "cost": draw(st.sampled_from([100, HUGE_COST])),
        "inputs": draw(st.lists(buffer, min_size=1, max_size=3)), "full": draw(buffer), "flat": draw(st.booleans()),
    }  # fmt: skip


def v_axis(space: dict[str, Any]) -> int | None:
    kind = space["form"] == "RI"
    return max((a for a, r in enumerate(space["reduced"]) if r == kind), default=None)


def layout(
    space: dict[str, Any], varies: list[bool], order: Any, step: int, gap: int, rng: Any
) -> np.ndarray:
    """An array over the whole space, broadcast where it does not vary, with its axes in this order in memory."""
    dims = [d if v else 1 for d, v in zip(space["dims"], varies, strict=True)]
    memory_shape = [dims[a] * abs(step) + gap for a in order]
    base = rng.standard_normal(memory_shape)
    if not order:
        return np.asarray(base)
    view = base[tuple(slice(None, dims[a] * abs(step), abs(step)) for a in order)]
    view = view[tuple(slice(None, None, -1) for _ in order)] if step < 0 else view
    return np.broadcast_to(view.transpose(np.argsort(order)), space["dims"])


def strides_of(array: np.ndarray, varies: list[bool]) -> list[int]:
    return [s if v else 0 for s, v in zip(array.strides, varies, strict=True)]


def kernel_for(native: Any, form: str, sizes: list[int], splats: list[bool], nin: int) -> Any:
    def elementwise(*loop: Any) -> None:
        *inputs, out = native.loop_views(sizes, splats, *loop[:-1])
        out[...] = sum(inputs) * 2

    def reducing(*loop: Any) -> None:
        *inputs, row, full = native.loop_views(sizes, splats, *loop[:-1])
        o_lo, o_hi, nr, v_lo, v_hi = loop[3:8]
        points = np.broadcast_to(sum(inputs), (o_hi - o_lo, nr, v_hi - v_lo))
        total = points.sum(axis=(1, 2) if form == "RI" else 1, keepdims=True)
        row[...] = total
        if points.size:
            full[...] = points - total

    return elementwise if form == "E" else reducing


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_nests(native: Any, space: dict[str, Any], seed: int) -> None:
    rng, form, dims, v = np.random.default_rng(seed), space["form"], space["dims"], v_axis(space)
    inputs = [layout(space, *b, rng) for b in space["inputs"]]
    varies = [b[0] for b in space["inputs"]]
    everywhere = [True] * len(dims)
    full = layout(space, everywhere, *space["full"][1:], rng)
    full.flags.writeable = True
    bufs = [(DOUBLE, SPLAT if v is None or not w[v] else UNIT) for w in varies]
    arrays, strides = list(inputs), [strides_of(x, w) for x, w in zip(inputs, varies, strict=True)]
    expected = sum(inputs)
    row = None
    if form != "E":
        axes = tuple(a for a, r in enumerate(space["reduced"]) if r)
        total = expected.sum(axis=axes, keepdims=True)
        row = np.full(total.shape, np.nan)
        arrays.append(row)
        strides.append(strides_of(row, [not r for r in space["reduced"]]))
        bufs.append((DOUBLE, SPLAT if form == "RI" or v is None else UNIT))
    arrays.append(full)
    strides.append(strides_of(full, everywhere))
    bufs.append((DOUBLE, UNIT if v is not None else SPLAT))
    desc = native.nest(
        form, len(dims), bufs, len(inputs), reduced=sum(r << a for a, r in enumerate(space["reduced"])),
        cost=space["cost"],
        flags=int(space["flat"]),
    )  # fmt: skip
    kernel = kernel_for(native, form, [b[0] for b in bufs], [b[1] == SPLAT for b in bufs], len(inputs))
    d, s = np.array(dims, dtype=np.int64), np.array(strides, dtype=np.int64).reshape(-1)
    assert native.run(lambda ctx: ctx.call("rt_nest", desc, native.pointers(arrays), d, s), [kernel]) is None
    if form == "E":
        np.testing.assert_allclose(full, 2 * expected, rtol=1e-12)
    else:
        np.testing.assert_allclose(row, total, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(full, expected - total, rtol=1e-9, atol=1e-9)


def launch(
    native: Any, form: str, arrays: list[np.ndarray], classes: list[int], nin: int, kernel: Any, **fields: Any
) -> None:
    dims = np.array(arrays[-1].shape, dtype=np.int64)
    strides = np.array(
        [[0 if n == 1 else t for n, t in zip(a.shape, a.strides, strict=True)] for a in arrays]
    ).reshape(-1)
    desc = native.nest(
        form, arrays[-1].ndim, [(a.itemsize, c) for a, c in zip(arrays, classes, strict=True)], nin, **fields
    )
    native.run(lambda ctx: ctx.call("rt_nest", desc, native.pointers(arrays), dims, strides), [kernel])


def test_contiguous_nests_become_one_loop(native: Any) -> None:
    calls: list[Any] = []
    x, y = np.ones((2, 1, 3, 4)), np.ones((2, 1, 3, 4))
    launch(native, "E", [x, y], [UNIT, UNIT], 1, lambda *a: calls.append(a[3:8]))
    launch(native, "E", [x[:, :, :, :1], y], [SPLAT, UNIT], 1, lambda *a: calls.append(a[3:8]))
    assert calls == [(0, 1, 1, 0, 24), (0, 6, 1, 0, 4)]


def test_empty_spaces(native: Any) -> None:
    calls: list[Any] = []
    x = np.ones((3, 0))
    launch(native, "E", [x, x], [UNIT, UNIT], 1, lambda *a: calls.append(a[3:8]))
    assert not calls
    launch(native, "RI", [np.ones((3, 1)), x], [SPLAT, UNIT], 1, lambda *a: calls.append(a[3:8]), reduced=2)
    launch(
        native,
        "RO",
        [np.ones((1, 3)), np.ones((1, 3))[:0]],
        [UNIT, UNIT],
        1,
        lambda *a: calls.append(a[3:8]),
        reduced=1,
    )
    assert calls == [(0, 3, 0, 0, 0), (0, 1, 0, 0, 3)]


def test_in_place(native: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)

    def kernel(*loop: Any) -> None:
        a, b = native.loop_views([8, 8], [False, False], *loop[:-1])
        b[...] = a + 1

    launch(native, "E", [x, x], [UNIT, UNIT], 1, kernel)
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_every_thread_has_its_own_scratch(native: Any, four_threads: Any) -> None:
    lock, seen = threading.Lock(), {}
    clashes: list[int] = []

    def kernel(*loop: Any) -> None:
        scratch = native.memory(loop[8], (8 + 5,), (8,), np.int64)
        me = threading.get_ident()
        with lock:
            clashes.extend(s for s in seen.setdefault(me, set()) ^ {loop[8]} if seen[me])
            seen[me].add(loop[8])
        scratch[...] = me
        clashes.extend(scratch[scratch != me])

    x, y = np.ones((64, 5)), np.ones((64, 1))
    launch(
        native, "RI", [y, x], [SPLAT, UNIT], 2, kernel, reduced=2, cost=HUGE_COST, scratch=64, scratch_point=8
    )
    assert not clashes


def test_either_form_is_taken_by_layout(native: Any) -> None:
    taken: list[str] = []
    x = np.ones((4, 6))
    dims = np.array([4, 6])
    ri = native.nest("RI", 2, [(8, UNIT), (8, SPLAT)], 1, reduced=2, kernel=0)
    ro = native.nest("RO", 2, [(8, UNIT), (8, UNIT)], 1, reduced=2, kernel=1)
    for array in (x, np.asfortranarray(x)):
        strides, out = np.array([*array.strides, 8, 0]), np.empty(4)
        native.run(
            lambda ctx, a=array, s=strides, out=out: ctx.call(
                "rt_nest_either", ri, 0, ro, 0, native.pointers([a, out]), dims, s
            ),
            [lambda *a: taken.append("RI"), lambda *a: taken.append("RO")],
        )
    assert taken == ["RI", "RO"]


def test_many_short_rows_are_done_side_by_side(native: Any) -> None:
    taken: list[tuple[Any, ...]] = []
    ri = native.nest("RI", 2, [(8, UNIT), (8, SPLAT)], 1, reduced=2, kernel=0)
    ro = native.nest("RO", 2, [(8, SPACED), (8, UNIT)], 1, reduced=2, kernel=1)
    for shape in ((2000, 4), (2000, 40), (100, 4)):
        x, out = np.ones(shape), np.empty(shape[0])
        dims, strides = np.array(shape), np.array([*x.strides, 8, 0])
        native.run(
            lambda ctx, x=x, s=strides, d=dims, out=out: ctx.call(
                "rt_nest_either", ri, ro, 0, 0, native.pointers([x, out]), d, s
            ),
            [lambda *a: taken.append(("RI",)), lambda *a: taken.append(("RO", a[5], a[7]))],
        )
    assert taken == [("RO", 4, 2000), ("RI",), ("RI",)]


def test_few_long_columns_are_done_one_by_one(native: Any) -> None:
    taken: list[tuple[Any, ...]] = []
    ro = native.nest("RO", 2, [(8, UNIT), (8, UNIT)], 1, reduced=1, kernel=0)
    ri = native.nest("RI", 2, [(8, SPACED), (8, SPLAT)], 1, reduced=1, kernel=1)
    for shape in ((2000, 4), (2000, 40), (100, 4)):
        x, out = np.ones(shape), np.empty(shape[1])
        dims, strides = np.array(shape), np.array([*x.strides, 0, 8])
        native.run(
            lambda ctx, x=x, s=strides, d=dims, out=out: ctx.call(
                "rt_nest_either", ro, 0, 0, ri, native.pointers([x, out]), d, s
            ),
            [lambda *a: taken.append(("RO",)), lambda *a: taken.append(("RI", a[4] - a[3], a[7]))],
        )
    assert taken == [("RI", 4, 2000), ("RO",), ("RO",)]


# -- reductions of everything --------------------------------------------------------------------------------
def reduce_all(native: Any, x: np.ndarray, flags: int = 0, cost: int = 300) -> tuple[float, int]:
    """The sum (by grains), and the position of the largest element."""
    dims, strides = np.array(x.shape, dtype=np.int64), np.array(x.strides, dtype=np.int64)
    axes = (1 << x.ndim) - 1
    out, where = np.empty(()), np.empty(())
    partial = native.nest(
        "RI", x.ndim, [(8, UNIT)] + [(8, SPLAT)] * 3, 1, nacc=3, reduced=axes, cost=cost, flags=flags
    )
    finish = native.nest("RI", 1, [(8, UNIT)] * 3 + [(8, SPLAT)] * 2, 3, reduced=1, kernel=1)

    def partly(*loop: Any) -> None:
        v, total, best, position = native.loop_views([8] * 4, [False, True, True, True], *loop[:-1])
        v = np.broadcast_to(v, (1, loop[5], loop[7] - loop[6]))
        total[...] = v.sum()
        best[...] = v.max() if v.size else -np.inf
        position[...] = (v.argmax() if v.size else 0) + loop[6]

    def finally_(*loop: Any) -> None:
        total, best, position, y, w = native.loop_views([8] * 5, [False] * 3 + [True] * 2, *loop[:-1])
        y[...] = total.sum()
        w[...] = position[0, 0, best.argmax()]

    native.run(
        lambda ctx: ctx.call(
            "rt_reduce_all",
            partial,
            finish,
            native.pointers([x]),
            dims,
            strides,
            native.pointers([out, where]),
        ),
        [partly, finally_],
    )
    return float(out), int(where)


@pytest.mark.parametrize("cost", [300, HUGE_COST])
@pytest.mark.parametrize(
    "x",
    [
        np.ones(()), np.ones(0), np.ones((3, 0)), np.arange(100_000.0), np.arange(90_000.0).reshape(300, 300)[:, ::2],
        np.arange(90_000.0).reshape(300, 300).T, np.ones((2, 40_000))[:, :39_999], np.broadcast_to(2.0, (50, 1000)),
        np.arange(96_000.0).reshape(40, 40, 60)[::2, ::2, ::2],
    ],
    ids=lambda x: str(x.shape),
)  # fmt: skip
def test_reductions_of_everything(native: Any, x: np.ndarray, cost: int) -> None:
    assert reduce_all(native, x, 0, cost)[0] == x.sum()
    total, where = reduce_all(native, x, rt.ABI["nest_flags"]["flat"], cost)
    assert total == x.sum() and (not x.size or where == x.argmax())


def test_grains_do_not_depend_on_threads(native: Any) -> None:
    x = np.random.default_rng(0).standard_normal(300_000)
    results = set()
    for n in (1, 2, 3, 8):
        rt.set_num_threads(n)
        results.add(reduce_all(native, x, cost=10**6)[0])
    rt.set_num_threads(2)
    assert len(results) == 1


# -- loops ---------------------------------------------------------------------------------------------------
def test_loops(native: Any, four_threads: Any) -> None:
    y, params = np.zeros(1000), np.array([7, 9])

    def body(p: int, given: int, lo: int, hi: int, err: int) -> int:
        native.memory(native.words(p, 1)[0], (1000,), (8,), np.float64)[lo:hi] += native.words(given, 2)[1]
        return 0

    native.run(
        lambda c: c.call("rt_loop", 0, 0, 1, native.pointers([y]), params, 1000, HUGE_COST), loops=[body]
    )
    native.run(lambda c: c.call("rt_loop", 0, 0, 0, native.pointers([y]), params, 1000, 1), loops=[body])
    assert (y == 18).all()


def test_errors_in_loops_name_the_lowest_range(native: Any, four_threads: Any) -> None:
    seen: list[Any] = []

    def body(p: int, params: int, lo: int, hi: int, err: int) -> int:
        native.memory(err, (6,), (8,), np.int64)[0] = lo
        return 101 if hi > 300 else 0

    def on_error(*args: Any) -> Exception:
        seen.append(args)
        return IndexError("out")

    for _ in range(20):
        with pytest.raises(IndexError):
            native.run(
                lambda c: c.call("rt_loop", 0, 4, 1, None, None, 1000, HUGE_COST),
                loops=[body],
                on_error=on_error,
            )
    assert len({s[2][0] for s in seen}) == 1 and seen[0][:2] == (101, 4) and seen[0][2][0] <= 300


def test_loops_over_nothing(native: Any) -> None:
    calls: list[Any] = []
    for flags in (0, rt.ABI["loop_flags"]["empty"]):
        native.run(
            lambda c, flags=flags: c.call("rt_loop", 0, 0, flags, None, None, 0, 1),
            loops=[lambda p, s, lo, hi, e: calls.append((lo, hi)) or 0],
        )
    assert calls == [(0, 0)]


def test_a_loop_of_the_driver_hears_ctrl_c(native: Any) -> None:
    import signal

    def body(ctx: Any) -> int:
        signal.raise_signal(signal.SIGINT)
        return max(ctx.call("rt_check") for _ in range(200))

    with pytest.raises(KeyboardInterrupt):
        native.run(body)


# -- copies and fills ----------------------------------------------------------------------------------------
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 5, 33, 70]), max_size=3),
    st.sampled_from(["i1", "f2", "f4", "f8", "c16", "V3"]),
    st.permutations(range(3)), st.permutations(range(3)), st.sampled_from([1, 2, -1]), st.booleans(),
)  # fmt: skip
def test_copies(
    native: Any, dims: list[int], dtype: str, p: list[int], q: list[int], step: int, spread: bool
) -> None:
    n = len(dims)
    p, q = [a for a in p if a < n], [a for a in q if a < n]

    def made(order: list[int]) -> np.ndarray:
        count = int(np.prod([dims[a] * 2 for a in order], dtype=int)) * np.dtype(dtype).itemsize
        raw = np.random.default_rng(0).integers(0, 255, count, dtype=np.uint8).view(dtype)
        base = raw.reshape([dims[a] * 2 for a in order])
        if not order:
            return base.reshape(())
        steps = [
            slice(None, dims[a]) if step == 1 else slice(None, None, 2 * step // abs(step)) for a in order
        ]
        return base[tuple(steps)].transpose(np.argsort(order))

    source, target = made(p), made(q)
    if spread and n:
        source = np.broadcast_to(source[:1], source.shape) if dims[0] else source
    d = np.array(dims, dtype=np.int64)
    ts, ss = np.array(target.strides, dtype=np.int64), np.array(source.strides, dtype=np.int64)
    native.run(lambda ctx: ctx.call("rt_copy", source.itemsize, n, d, target, ts, source, ss))
    assert target.tobytes() == source.tobytes()
    for value in (
        np.array(bytes(range(1, source.itemsize + 1))).view(dtype) if dtype != "V3" else None,
        None,
    ):
        native.run(lambda ctx, value=value: ctx.call("rt_fill", target.itemsize, n, d, target, ts, value))
        wanted = value.tobytes() if value is not None else bytes(target.itemsize)
        assert target.tobytes() == wanted * target.size


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_large_copies(native: Any, four_threads: Any, dtype: str) -> None:
    for source in (
        np.arange(1_000_003, dtype=dtype),
        np.arange(1_000_000, dtype=dtype).reshape(1000, 1000).T,
    ):
        target = np.zeros(source.shape, dtype)
        d, ts, ss = (np.array(t, dtype=np.int64) for t in (source.shape, target.strides, source.strides))
        native.run(
            lambda c, a=target, b=source, d=d, t=ts, s=ss: c.call(
                "rt_copy", b.itemsize, b.ndim, d, a, t, b, s
            )
        )
        assert (target == source).all()
        native.run(lambda c, a=target, d=d, t=ts: c.call("rt_fill", a.itemsize, a.ndim, d, a, t, None))
        assert not target.any()


def test_contiguous(native: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    seen: list[Any] = []

    def body(ctx: Any) -> None:
        for array in (x, x[:, :2], x[:, :1].T, x[:0, :2]):
            d, s = np.array(array.shape), np.array(array.strides)
            data = ctx.call("rt_contiguous", 8, 2, d, array, s)
            same = ctx.call("rt_is_contiguous", 8, 2, d, s)
            copy = native.memory(data, array.shape, (8 * array.shape[1], 8), np.float64)
            seen.append((bool(same), data == array.ctypes.data, (copy == array).all()))

    native.run(body)
    assert seen == [(True, True, True), (False, False, True), (False, False, True), (True, True, True)]


def test_blocks_are_aligned_and_reused(native: Any) -> None:
    def body(ctx: Any) -> None:
        sizes = [0, 1, 64, 1000, 100_000, 3 << 20]
        blocks = [ctx.call("rt_alloc", n) for n in sizes]
        assert all(b % 64 == 0 for b in blocks) and len(set(blocks)) == len(blocks)
        for n, block in zip(sizes, blocks, strict=True):
            native.memory(block, (n,), (1,), np.uint8)[...] = 255
            ctx.call("rt_free", block)
        again = [ctx.call("rt_alloc", n) for n in sizes]
        assert set(again[:-1]) == set(blocks[:-1]) and again[-1] % 64 == 0
        ctx.call("rt_free", None)

    f = rt.Callable(native.program(body))
    f()
    f()
