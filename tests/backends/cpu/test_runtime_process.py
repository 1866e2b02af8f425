"""The native runtime in a process: threads, forks, signals, memory; driven by native code made here."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

rt = pytest.importorskip("croton.backends.cpu._runtime")
pytest.importorskip("llvmlite")

from croton.backends.cpu.jit import Cache, compile_text  # noqa: E402

COST = 1000


def call(name: str, *arguments: str) -> str:
    """IR text that calls a function of the table; its result is %{name}."""
    index, result, types = rt.ABI["functions"][name]
    given = ", ".join(f"{t.strip()} {a}" for t, a in zip(types.split(","), ("%ctx", *arguments), strict=True))
    assign = "" if result == "void" else f"%{name} = "
    return f"""
  %{name}.table = load ptr, ptr %ctx
  %{name}.at = getelementptr ptr, ptr %{name}.table, i64 {index}
  %{name}.f = load ptr, ptr %{name}.at
  {assign}call {result} %{name}.f({given})"""


def native_program(nest: str, steps: int = 1, **kw: Any) -> Any:
    """y = x after `steps` rounds of a slow map, over one unit axis, by an LLVM kernel and an LLVM driver."""
    kernel = f"""
define void @kernel(ptr %p, ptr %so, ptr %sr, i64 %ol, i64 %oh, i64 %nr, i64 %vl, i64 %vh, ptr %s) {{
  %q = getelementptr ptr, ptr %p, i64 1
  %x = load ptr, ptr %p
  %y = load ptr, ptr %q
  %any = icmp slt i64 %vl, %vh
  br i1 %any, label %loop, label %end
loop:
  %v = phi i64 [ %vl, %0 ], [ %v1, %done ]
  %xa = getelementptr double, ptr %x, i64 %v
  %x0 = load double, ptr %xa
  br label %inner
inner:
  %k = phi i64 [ 0, %loop ], [ %k1, %inner ]
  %a = phi double [ %x0, %loop ], [ %a1, %inner ]
  %b = fmul double %a, 1.0
  %c = fadd double %b, 0.5
  %a1 = fsub double %c, 0.5
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, {steps}
  br i1 %more, label %inner, label %done
done:
  %ya = getelementptr double, ptr %y, i64 %v
  store double %a1, ptr %ya
  %v1 = add i64 %v, 1
  %again = icmp slt i64 %v1, %vh
  br i1 %again, label %loop, label %end
end:
  ret void
}}"""
    slot = rt.ABI["slot"]
    entry = f"""
@desc = private constant [80 x i8] c"{nest}", align 8
define i32 @entry(ptr %ctx) {{
  %p = alloca ptr, i64 2
  %strides = alloca i64, i64 2
  %slots.at = getelementptr i8, ptr %ctx, i64 {rt.ABI["ctx"]["slots"]}
  %slots = load ptr, ptr %slots.at
  %dims.at = getelementptr i8, ptr %slots, i64 {slot["dims"]}
  %dims = load ptr, ptr %dims.at
  %x = load ptr, ptr %slots
  {call("rt_output", "1", str(rt.ABI["dtypes"]["float64"]), "1", "%dims")}
  store ptr %x, ptr %p
  %p1 = getelementptr ptr, ptr %p, i64 1
  store ptr %rt_output, ptr %p1
  %given.at = getelementptr i8, ptr %slots, i64 {slot["strides"]}
  %given = load ptr, ptr %given.at
  %stride = load i64, ptr %given
  store i64 %stride, ptr %strides
  %s1 = getelementptr i64, ptr %strides, i64 1
  store i64 8, ptr %s1
  {call("rt_nest", "@desc", "%p", "%dims", "%strides")}
  ret i32 %rt_nest
}}"""
    cache = Cache(None)
    return rt.Program(
        compile_text(entry, "entry", cache), kernels=[compile_text(kernel, "kernel", cache)],
        inputs=[("float64", (None,), 0)], outputs=1, returns=0, **kw,
    )  # fmt: skip


@pytest.fixture(scope="module")
def mapping() -> Any:
    """A native function; `mapping(steps)` costs about that many nanoseconds an element."""
    from tests.backends.cpu.conftest import Native

    made: dict[int, Any] = {}

    def make(steps: int) -> Any:
        if steps not in made:
            raw = Native.nest("E", 1, [(8, 0), (8, 0)], 1, cost=COST * steps).tobytes()
            made[steps] = rt.Callable(native_program("".join(f"\\{byte:02X}" for byte in raw), steps))
        return made[steps]

    return make


@pytest.fixture
def three_threads() -> Any:
    before = rt.get_num_threads()
    rt.set_num_threads(3)
    yield
    rt.set_num_threads(before)


def test_native_drivers_and_kernels(mapping: Any, three_threads: Any) -> None:
    for n in (0, 1, 7, 1000, 100_000):
        x = np.arange(float(n))
        assert (mapping(1)(x) == x).all()
        if n > 100:  # this kernel has no o axis, which fewer points that do not conform would run along
            assert (mapping(1)(x[::-1]) == x[::-1]).all()


def test_exceptions_of_python_nodes_pass_through() -> None:
    entry = f"define i32 @entry(ptr %ctx) {{ {call('rt_python', '0')}\n ret i32 %rt_python }}"
    f = rt.Callable(
        rt.Program(compile_text(entry, "entry", Cache(None)), callbacks=[(lambda v: {}["key"], (), (), 0)])
    )
    before = sys.getrefcount(f.program)
    for _ in range(100):
        with pytest.raises(KeyError, match="key"):
            f()
    after = sys.getrefcount(f.program)
    assert after == before


def test_two_threads_call_one_function_at_once(mapping: Any, three_threads: Any) -> None:
    f, wrong = mapping(100), []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).integers(0, 100, 3000 + seed).astype("f8")
        for _ in range(20):
            if not (f(x) == x).all():
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_other_python_threads_run_meanwhile(mapping: Any) -> None:
    f, x, ticks = mapping(1000), np.ones(100_000), []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.002)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    f(x)
    end = time.perf_counter()
    stop.set()
    thread.join()
    assert sum(begin < t < end for t in ticks) > (end - begin) / 0.05


@pytest.mark.parametrize("threads", [1, 3])
def test_ctrl_c_interrupts_a_long_loop(mapping: Any, threads: int) -> None:
    f, x, before = mapping(100_000), np.ones(400_000), rt.get_num_threads()
    rt.set_num_threads(threads)
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        f(x)
    assert time.perf_counter() - begin < 5
    rt.set_num_threads(before)
    assert (mapping(1)(x) == x).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_children_have_threads_of_their_own(mapping: Any, three_threads: Any) -> None:
    f, x = mapping(100), np.arange(20_000.0)
    assert (f(x) == x).all()
    for _ in range(5):
        child = os.fork()
        if not child:
            os._exit(0 if (f(x) == x).all() and (f(x) == x).all() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert (f(x) == x).all()


def test_idle_threads_use_no_cpu(mapping: Any, three_threads: Any) -> None:
    mapping(100)(np.ones(20_000))
    time.sleep(0.05)
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(0.3)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.1


def resident_pages() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc here")
def test_memory_does_not_grow(mapping: Any) -> None:
    f = mapping(1)
    small, large, steps = np.ones(10), np.ones(300_000), np.ones(200_000)[::2]

    def calls(count: int) -> None:
        for i in range(count):
            f(small)
            if i % 50 == 0:
                f(large)
                f(steps)
                rt.Callable(f.program)(small)

    calls(2000)
    before = resident_pages()
    calls(20_000)
    assert resident_pages() - before < 500


def test_the_interpreter_ends_while_threads_sleep() -> None:
    entry = f"""
@dims = private constant i64 3000000
@strides = private constant i64 8
define i32 @entry(ptr %ctx) {{
  {call("rt_output", "0", str(rt.ABI["dtypes"]["float64"]), "1", "@dims")}
  {call("rt_fill", "8", "1", "@dims", "%rt_output", "@strides", "null")}
  ret i32 %rt_fill
}}"""
    code = f"""
import os, sys
from croton.backends.cpu import _runtime as rt
from croton.backends.cpu.jit import Cache, compile_text
rt.set_num_threads(4)
f = rt.Callable(rt.Program(compile_text({entry!r}, "entry", Cache(None)), outputs=1, returns=0))
assert not f().any()
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 4)
"""
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=paths, timeout=60)
    assert done.returncode == 0 and int(done.stdout) >= 4, done.stderr
