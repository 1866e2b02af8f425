"""The native backend: a planned program, compiled, and handed to the runtime."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, cast

from croton.backends.base import Interface
from croton.backends.cpu import _runtime, blas, driver, jit, lapack
from croton.backends.cpu.cache import Cache
from croton.backends.cpu.codegen.kernel import kernel_text
from croton.backends.cpu.failure import error_hook
from croton.backends.steps import own_step
from croton.config import config
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Variable
from croton.plan import program as p
from croton.plan.expand import expand
from croton.plan.make import Surroundings, make_program
from croton.vartypes.tensor import TensorType

# How many threads generate code at once.
_MOST_GENERATORS = 8

_BLAS_CALLS = frozenset({"rt_gemm", "rt_gemv", "rt_ger", "rt_dot", "rt_batched_gemm", "rt_gemm_packed"})
_LAPACK_CALLS = frozenset(
    {
        "rt_potrf", "rt_getrf", "rt_getrs", "rt_trtrs", "rt_syevd", "rt_sygvd", "rt_geev", "rt_gesdd", "rt_geqrf",
        "rt_orgqr", "rt_gelsd", "rt_expm",
    }
)  # fmt: skip


class CpuBackend:
    """Compiles a whole graph to native code: one call, no Python inside but for nodes that have none."""

    name = "cpu"

    def compile(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()
    ) -> CpuProgram:
        """A program that computes `graph`."""
        _runtime.set_num_threads(_threads())
        expand(graph)
        around = Surroundings(
            interface.arguments,
            interface.updates,
            interface.borrow,
            interface.fusion,
            interface.inplace,
            interface.recompute,
        )
        return CpuProgram(make_program(graph, around), interface)


class CpuProgram:
    """A program in native code. `native` is what the runtime runs; `plan` is what it was made from."""

    call_base = _runtime.Callable

    def __init__(self, plan: p.Program, interface: Interface) -> None:
        self.plan = plan
        self.interface = interface
        cache = Cache(config.base_compiledir)
        batch = jit.engine().batch(cache, helpers=min(_threads(), _MOST_GENERATORS) - 1)
        keys = [
            None if kernel.later is not None else batch.add_kernel(kernel.body) for kernel in plan.kernels
        ]
        # The driver does little but call, so that LLVM's quickest code generation is the right one: but for loops that
        # are all arithmetic. source: measured, 147 against 119 us for the gradient of 10,000 steps.
        level = 2 if any(isinstance(s, p.Loop) and s.is_arithmetic for s in p.walk(plan.statements)) else 0
        driver_key = batch.add_text(driver.emit_driver(plan, driver.SYMBOL), driver.SYMBOL, level)
        # Meanwhile kernels are being compiled.
        called = set(plan.calls())
        if called & _BLAS_CALLS:
            blas.load()
        if called & _LAPACK_CALLS:
            lapack.load()
        addresses = batch.addresses()
        cells = cast("Sequence[_runtime.Cell]", interface.cells)
        self.native = _runtime.Program(
            addresses[driver_key],
            kernels=[
                _when_run(kernel, cache) if key is None else addresses[key]
                for key, kernel in zip(keys, plan.kernels, strict=True)
            ],
            inputs=[_input_spec(v) for v in plan.inputs],
            constants=plan.constants,
            cells=[(cell, *_kind(v)) for cell, v in zip(cells, plan.cells, strict=True)],
            outputs=len(plan.outputs),
            locals=plan.n_locals,
            updates=list(interface.updates),
            returns=0 if interface.bare else list(range(len(interface.borrow))),
            callbacks=[self._callback(c) for c in plan.callbacks],
            on_error=error_hook(plan.nodes),
        )
        self._callable = _runtime.Callable(self.native)

    def run(self, arguments: list[Any]) -> list[Any]:
        """Compute from checked arguments; store the updates; give the returned outputs."""
        made = self._callable._run(arguments)
        return [made] if self.interface.bare else made

    def listing(self, number: int) -> dict[str, str]:
        """Kernel `number` in LLVM's language and as assembly, for people."""
        text = kernel_text(self.plan.kernels[number].body, jit.engine().target)
        return {"ll": text, "s": jit.engine().assembly(text)}

    def _callback(self, c: p.Callback) -> tuple[Any, ...]:
        slots = [self.plan.slot_number(s) for s in c.inputs]
        outputs = [(self.plan.slot_number(s), dtype, ndim) for s, dtype, ndim in c.outputs]
        return (own_step(c.node, c.number, backend.compile), tuple(slots), tuple(outputs), c.number)


def _when_run(kernel: p.Kernel, cache: Cache) -> Callable[[], int]:
    """What makes the code of a kernel when it is first run."""
    return lambda: jit.compile_kernel(kernel.body, cache)


def _threads() -> int:
    """What the flag says; else what OMP_NUM_THREADS says, which the original went by; else one per processor."""
    if config.threads:
        return int(config.threads)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kind(variable: Variable) -> tuple[str, int]:
    kind = variable.type
    return (kind.dtype, kind.ndim) if isinstance(kind, TensorType) else ("object", 0)


def _input_spec(variable: Variable) -> tuple[Any, ...]:
    kind = variable.type
    if not isinstance(kind, TensorType):
        return ("object", None, 0)
    takes_float = kind.ndim == 0 and kind.dtype == config.floatX
    return (kind.dtype, kind.shape, _runtime.ABI["input_flags"]["pyfloat"] if takes_float else 0)


backend = CpuBackend()
