"""The native runtime: calls, cells, outputs, Python nodes, errors; and that no reference is lost or kept."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

rt = pytest.importorskip("croton.backends.cpu._runtime")


class Function(rt.Callable):
    """As the compiled function does it: what does not fit at once comes here."""

    def _call_slow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return "slow", args, kwargs


def double(ctx: Any) -> None:
    """Slot 0 doubled into the first output, which is slot 1."""
    x = ctx.array(0)
    ctx.output(1, x.shape)[...] = 2 * x


@pytest.fixture
def doubler(native: Any) -> Any:
    def make(
        shape: tuple[int | None, ...] = (None,), dtype: str = "float64", flags: int = 0, **kw: Any
    ) -> Any:
        return Function(
            native.program(double, inputs=[(dtype, shape, flags)], outputs=1, **({"returns": 0} | kw))
        )

    return make


# -- calls ---------------------------------------------------------------------------------------------------
def test_results_are_bare_listed_or_none(doubler: Any) -> None:
    x = np.arange(3.0)
    assert doubler()(x).tolist() == [0, 2, 4]
    (y,) = doubler(returns=[0])(x)
    assert y.tolist() == [0, 2, 4] and y.flags.c_contiguous and y.flags.writeable
    assert doubler(returns=None)(x) is None


def test_0d_results_stay_arrays(doubler: Any) -> None:
    y = doubler(())(np.array(2.0))
    assert type(y) is np.ndarray and y.shape == () and y == 4.0


@pytest.mark.parametrize("value", [1.5, 3, True, np.float64(2.5), np.array(2.5)])
def test_numbers_fit_0d_inputs_without_python_code(doubler: Any, value: Any) -> None:
    assert doubler(())(value) == 2 * float(value)


@pytest.mark.parametrize(
    "dtype, value",
    [
        ("float32", 0.1), ("int8", 128), ("int8", -129), ("uint8", -1), ("uint64", -1), ("int32", 1.0), ("bool", 1),
        ("float64", 2**60 + 1), ("int64", 2**63), ("float32", np.float64(0.5)), ("int32", np.int64(1)),
        ("float16", 0.5),
        ("float64", "1"), ("float64", None), ("float64", [1.0]),
    ],
)  # fmt: skip
def test_numbers_that_do_not_fit_exactly_are_left_to_python(doubler: Any, dtype: str, value: Any) -> None:
    assert doubler((), dtype)(value) == ("slow", (value,), {})


@pytest.mark.parametrize(
    "dtype, value",
    [
        ("int8", -128), ("int8", 127), ("uint8", 255), ("uint16", 65535), ("int32", -(2**31)), ("uint32", 2**32 - 1),
        ("int64", -(2**63)), ("uint64", 2**63 - 1), ("bool", True), ("float32", 0.5), ("float32", float("inf")),
        ("complex64", 1.5), ("complex128", 1.5), ("complex128", 7), ("complex128", 1 + 2j and np.complex128(1 + 2j)),
        ("float32", np.float32(0.1)), ("int16", np.int16(-3)), ("float16", np.float16(0.1)),
    ],
)  # fmt: skip
def test_numbers_are_stored_as_their_dtype(native: Any, dtype: str, value: Any) -> None:
    f = Function(
        native.program(lambda ctx: ctx.call("rt_alias", 1, 0), inputs=[(dtype, (), 0)], outputs=1, returns=0)
    )
    y = f(value)
    assert y.dtype == dtype and y.shape == () and y == np.dtype(dtype).type(value)


def test_python_floats_narrow_where_the_spec_says_so(native: Any) -> None:
    flag = rt.ABI["input_flags"]["pyfloat"]
    f = Function(
        native.program(
            lambda c: c.call("rt_alias", 1, 0), inputs=[("float32", (), flag)], outputs=1, returns=0
        )
    )
    assert f(0.1) == np.float32(0.1)
    assert f(np.float64(0.1))[0] == "slow"


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3), np.ones((3, 1)), [1.0, 2.0], np.ones(3, ">f8"), np.ma.array([1.0]), np.float64(1), 1.0,
        np.frombuffer(b"\0" * 25, np.uint8)[1:].view("f8"),
    ],
)  # fmt: skip
def test_other_arguments_are_left_to_python(doubler: Any, value: Any) -> None:
    result = doubler()(value)
    assert result[0] == "slow" and result[1][0] is value


def test_static_lengths_are_checked(doubler: Any) -> None:
    f = doubler((None, 1))
    assert f(np.ones((2, 1))).shape == (2, 1)
    assert f(np.ones((2, 2)))[0] == "slow"


def test_keywords_and_other_counts_are_left_to_python(doubler: Any) -> None:
    x = np.ones(2)
    assert doubler()(x=x) == ("slow", (), {"x": x})
    assert doubler()() == ("slow", (), {})
    assert doubler()(x, x)[1] == (x, x)


def test_any_strides_are_taken(doubler: Any) -> None:
    x = np.arange(12.0)
    for view in (x[::2], x[::-1], x[5:2:-1], x[:0], np.broadcast_to(np.float64(3), (4,))):
        assert doubler()(view).tolist() == (2 * view).tolist()


def test_run_checks_what_native_code_relies_on(doubler: Any) -> None:
    f = doubler()
    assert f._run([np.ones(2)]).tolist() == [2, 2]
    assert f._run((np.ones(2).view(np.memmap) if False else np.ones(2),)).tolist() == [2, 2]
    for values in ([], [np.ones(2, "f4")], [np.ones((2, 2))], ["x"], [1.0]):
        with pytest.raises(TypeError):
            f._run(values)
    with pytest.raises(TypeError):
        rt.Callable.__new__(rt.Callable)()


def test_subclasses_keep_vectorcall() -> None:
    assert Function.__flags__ & (1 << 11)

    class Slow(Function):
        def __call__(self, *args: Any) -> Any:
            return "own"

    assert Slow.__new__(Slow)() == "own"


def test_functions_can_be_arguments_of_classes_with_a_dict_and_weak_references(doubler: Any) -> None:
    f = doubler()
    f.name = "f"
    assert weakref.ref(f)() is f and f.trust_input is False
    f.trust_input = True
    assert f.trust_input is True


def test_object_inputs_go_by_their_class(native: Any) -> None:
    f = Function(
        native.program(
            lambda c: c.call("rt_alias", 1, 0), inputs=[("object", slice, 0)], outputs=1, returns=0
        )
    )
    s = slice(1, 2)
    assert f(s) is s and f(None)[0] == "slow" and f._run([None]) is None


# -- outputs -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [name for name in rt.ABI["dtypes"] if name != "object"])
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0, 3), (1, 2, 3), (400_000,)])
def test_new_outputs(native: Any, dtype: str, shape: tuple[int, ...]) -> None:
    f = Function(native.program(lambda ctx: ctx.output(0, shape, dtype).fill(1), outputs=1, returns=0))
    first, second = f(), f()
    assert first.dtype == dtype and first.shape == shape and first.flags.owndata and first.flags.aligned
    assert (first == 1).all() and (first is not second)
    assert not np.shares_memory(first, second)


def test_large_outputs_can_be_resized_and_outlive_the_function(native: Any) -> None:
    f = Function(native.program(lambda ctx: ctx.output(0, (300_000,)).fill(7), outputs=1, returns=0))
    y = f()
    del f
    y.resize(600_000)
    assert (y[:300_000] == 7).all() and not y[300_000:].any()
    assert np.zeros(300_000).sum() == 0


def test_views_and_aliases(native: Any) -> None:
    def body(ctx: Any) -> int:
        dims, strides = np.array([2]), np.array([16])
        data = ctx.slot(0)[0]
        return ctx.call("rt_view", 1, 0, rt.ABI["dtypes"]["float64"], data + 8, 1, dims, strides) or ctx.call(
            "rt_alias", 2, 0
        )

    f = Function(native.program(body, inputs=[("float64", (None,), 0)], outputs=2, returns=[0, 1]))
    x = np.arange(4.0)
    view, alias = f(x)
    assert alias is x and view.tolist() == [1, 3] and view.base is x and view.flags.writeable
    x.flags.writeable = False
    assert not f(x)[0].flags.writeable


def test_an_output_without_value_is_an_error(native: Any) -> None:
    with pytest.raises(SystemError, match="output 1"):
        native.run(lambda ctx: ctx.output(0, ()) is None, outputs=2, returns=[0, 1])


def test_constants(native: Any) -> None:
    def body(ctx: Any) -> int:
        ctx.output(2, (3,))[...] = ctx.array(0, np.int32)
        return ctx.call("rt_alias", 3, 1)

    f = Function(
        native.program(body, constants=[np.arange(3, dtype="i4"), "text"], outputs=2, returns=[0, 1])
    )
    y, text = f()
    assert y.tolist() == [0, 1, 2] and text == "text"


# -- cells ---------------------------------------------------------------------------------------------------
def test_cells_hold_anything() -> None:
    cell = rt.Cell()
    assert cell.value is None
    cell.value = [1, 2]
    assert pickle.loads(pickle.dumps(cell)).value == [1, 2]
    assert copy.deepcopy(cell).value == [1, 2] and copy.copy(cell).value is cell.value
    assert weakref.ref(cell)() is cell and repr(cell) == "Cell([1, 2])"
    cell.value = cell
    assert repr(cell) == "Cell(Cell(...))"
    dead = weakref.ref(cell)
    del cell
    gc.collect()
    assert dead() is None


def test_updates_are_stored_together_after_success(native: Any) -> None:
    a, b = rt.Cell(np.array(1.0)), rt.Cell(np.array(2.0))
    fails = []

    def body(ctx: Any) -> int:
        ctx.output(2, ())[...] = ctx.array(1)
        ctx.output(3, ())[...] = ctx.array(0)
        return 100 if fails else 0

    f = Function(
        native.program(
            body, cells=[(a, "float64", 0), (b, "float64", 0)], outputs=2, updates=[(0, 0), (1, 1)]
        )
    )
    assert f() is None and (a.value, b.value) == (2, 1)
    fails.append(True)
    with pytest.raises(RuntimeError, match="code 100"):
        f()
    assert (a.value, b.value) == (2, 1)


def test_a_cell_may_be_written_in_place(native: Any) -> None:
    cell = rt.Cell(np.ones(3))

    def body(ctx: Any) -> None:
        x, dims = ctx.array(0), np.array(ctx.array(0).shape)
        old = x.copy()
        ctx.call("rt_output_into", 1, 0, rt.ABI["dtypes"]["float64"], 1, dims)
        ctx.array(1)[...] = old + 1

    f = Function(native.program(body, cells=[(cell, "float64", 1)], outputs=1, updates=[(0, 0)]))
    storage = cell.value
    f()
    assert cell.value is storage and storage.tolist() == [2, 2, 2]
    storage.flags.writeable = False
    f()
    assert cell.value is not storage and cell.value.tolist() == [3, 3, 3]
    cell.value = np.ones((3, 2))[:, 0]
    strided = cell.value
    f()
    assert cell.value is not strided and cell.value.tolist() == [2, 2, 2]


def test_a_cell_with_another_value_is_an_error(native: Any) -> None:
    cell = rt.Cell(np.ones(3, "f4"))
    seen: list[Any] = []

    def on_error(*args: Any) -> Exception:
        seen.append(args)
        return ValueError("cell")

    f = Function(native.program(lambda ctx: 0, cells=[(cell, "float64", 1)], on_error=on_error))
    with pytest.raises(ValueError, match="cell"):
        f()
    cell.value = "text"
    with pytest.raises(ValueError, match="cell"):
        f()
    codes = rt.ABI["dtypes"]
    assert seen[0] == (rt.ABI["errors"]["cell"], -1, (0, codes["float32"], 1, codes["float64"], 1), ())
    assert seen[1][2][1:3] == (-2, -1)


# -- Python nodes and errors ---------------------------------------------------------------------------------
def python_node(native: Any, fn: Any, outputs: Any = ((1, "float64", 1),), **kw: Any) -> Any:
    given = {"inputs": [("float64", (None,), 0)], "outputs": len(outputs), "returns": 0} | kw
    return Function(
        native.program(lambda c: c.call("rt_python", 0), callbacks=[(fn, (0,), tuple(outputs), 5)], **given)
    )


def test_python_nodes(native: Any) -> None:
    x = np.arange(4.0)
    assert python_node(native, lambda v: (v[0][::-1],))(x).tolist() == [3, 2, 1, 0]
    assert python_node(native, lambda v: [v[0].astype(">f8")])(x).dtype.isnative
    scalar = python_node(native, lambda v: (v[0] * 2,), [(1, "float64", 0)], inputs=[("float64", (), 0)])
    assert scalar(4.0) == 8.0
    marker = object()
    assert python_node(native, lambda v: (marker,), [(1, "object", 0)])(x) is marker


def test_results_of_python_nodes_are_checked(native: Any) -> None:
    x, codes = np.arange(4.0), rt.ABI["dtypes"]
    seen: list[Any] = []

    def on_error(*args: Any) -> Exception:
        seen.append(args)
        return TypeError("result")

    for wrong in (lambda v: (v[0].astype("f4"),), lambda v: (v[0][None],), lambda v: (np.array(["a"]),)):
        with pytest.raises(TypeError, match="result"):
            python_node(native, wrong, on_error=on_error)(x)
    assert [s[:3] for s in seen] == [
        (rt.ABI["errors"]["result"], 5, (0, codes["float32"], 1, codes["float64"], 1)),
        (rt.ABI["errors"]["result"], 5, (0, codes["float64"], 2, codes["float64"], 1)),
        (rt.ABI["errors"]["result"], 5, (0, -2, 1, codes["float64"], 1)),
    ]
    with pytest.raises(ValueError, match="1 results, got 2"):
        python_node(native, lambda v: (x, x))(x)
    with pytest.raises(ZeroDivisionError):
        python_node(native, lambda v: 1 // 0)(x)


def test_errors_carry_what_the_driver_noted(native: Any) -> None:
    seen: list[Any] = []
    values = np.arange(6.0).reshape(2, 3)

    def on_error(*args: Any) -> Any:
        seen.append(args)
        return IndexError("here") if len(seen) == 1 else "no exception"

    def body(ctx: Any) -> int:
        dims, strides = np.array([2, 3]), np.array([24, 8])
        ctx.call("rt_operand", 11, 2, dims, strides, values)
        ctx.call("rt_operand", 7, 1, dims, None, None)
        ctx.call("rt_operand", 5, 0, None, None, np.array(-7, "int32"))
        assert ctx.call("rt_fail", 123, 9, 2, np.array([7, 8])) == 123
        return ctx.call("rt_fail", 999, 1, 0, None)

    f = Function(native.program(body, on_error=on_error))
    with pytest.raises(IndexError, match="here"):
        f()
    (code, node, details, (first, second, third)) = seen[0]
    assert (code, node, details, second) == (123, 9, (7, 8), (7, (2,), None, None))
    assert first[:3] == (11, (2, 3), (24, 8)) and first[3].tolist() == values.tolist()
    assert third[:3] == (5, (), None) and third[3].dtype == "int32" and third[3] == -7
    with pytest.raises(TypeError, match="on_error must give an exception"):
        f()


def test_memory_errors(native: Any) -> None:
    with pytest.raises(MemoryError):
        native.run(lambda ctx: 0 if ctx.call("rt_alloc", 1 << 61) else 1, on_error=None)
    with pytest.raises(MemoryError):
        native.run(
            lambda ctx: 0 if ctx.call("rt_output", 0, 11, 1, np.array([1 << 58])) else 1,
            outputs=1,
            on_error=None,
        )
    with pytest.raises(MemoryError):  # the size in bytes is beyond 64 bits
        native.run(
            lambda ctx: 0 if ctx.call("rt_output", 0, 11, 2, np.array([1 << 40] * 2)) else 1,
            outputs=1,
            on_error=None,
        )


def test_recursion_and_threads(native: Any) -> None:
    depth: list[int] = []

    def node(values: list[Any]) -> tuple[Any]:
        depth.append(len(depth))
        return (values[0] if values[0][0] <= 0 else f(values[0] - 1) + 1,)

    f = python_node(native, node)
    assert f(np.array([5.0])).tolist() == [5.0]
    results: list[float] = []
    threads = [
        threading.Thread(target=lambda i=i: results.append(f(np.array([float(i)]))[0])) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [float(i) for i in range(8)]


# -- references ----------------------------------------------------------------------------------------------
def test_no_reference_is_lost_or_kept(native: Any) -> None:
    cell, constant, marker = rt.Cell(np.ones(4)), np.ones(4), object()

    def body(ctx: Any) -> int:
        x = ctx.array(0)
        if x.size == 3:
            return 100
        ctx.output(3, x.shape)[...] = x
        ctx.call("rt_alias", 4, 0)
        ctx.call("rt_alloc", 100)
        ctx.output(6, (5,)).fill(0)
        ctx.call("rt_release", 6)
        return ctx.call("rt_python", 0)

    f = Function(
        native.program(
            body, inputs=[("float64", (None,), 0)], constants=[constant], cells=[(cell, "float64", 1)], outputs=3,
            locals=1, updates=[(0, 0)], returns=[0, 1, 2],
            callbacks=[(lambda v: (marker,), (0, 1, 2), ((5, "object", 0),), 0)],
        )
    )  # fmt: skip
    x, bad, big = np.ones(4), np.ones(3), np.ones(5, "f4")
    program = f.program

    def counts() -> list[int]:
        return [sys.getrefcount(o) for o in (x, bad, big, cell, constant, marker, f, program, np.dtype("f8"))]

    def calls() -> None:
        y, alias, obj = f(x)
        assert cell.value is y and alias is x and obj is marker
        f(big)
        f([1, 2], a=3)
        with pytest.raises(RuntimeError):
            f(bad)

    calls()
    before = counts()
    for _ in range(200):
        calls()
    after = counts()
    assert after[:-1] == before[:-1] and abs(after[-1] - before[-1]) < 20


def test_cycles_through_a_function_are_collected(native: Any) -> None:
    cell = rt.Cell()
    f = Function(native.program(lambda ctx: 0, cells=[(cell, "object", 0)]))
    cell.value = f
    dead = weakref.ref(f)
    del f, cell
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize(
    "description",
    [
        {"inputs": [("float65", (), 0)]}, {"inputs": [("float64", ("a",), 0)]}, {"inputs": [()]}, {"inputs": 3},
        {"outputs": 1, "returns": 1}, {"outputs": 1, "returns": [0, 2]}, {"updates": [(0, 0)]},
        {"cells": [(1, "float64", 0)]},
        {"callbacks": [(print, (0,), (), 0)]}, {"callbacks": [(print, (), ((0, "float64", 0),), 0)]},
        {"kernels": ["a"]},
        {"constants": [np.ones(2, ">f8")]}, {"outputs": -1},
    ],
)  # fmt: skip
def test_descriptions_are_checked(native: Any, description: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        native.program(lambda ctx: 0, **description)


def test_settings() -> None:
    n = rt.get_num_threads()
    rt.set_num_threads(n)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            rt.set_num_threads(wrong)
    with pytest.raises(TypeError):
        rt.set_blas([])
    with pytest.raises(KeyError):
        rt.set_blas({})
