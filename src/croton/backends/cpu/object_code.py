"""From LLVM's language to object code, in as many threads as ask.

llvmlite holds a lock around each of its calls of LLVM. LLVM needs none where threads share no context; so the one call
that takes long, the generation of code, is made past that lock. source: measured, the ten kernels of a network's
training step take 171 ms in one thread and 115 in two.
"""

from __future__ import annotations

import ctypes
from functools import cache as once
from typing import Any

from croton import __version__
from croton.backends.cpu.codegen.target import Target
from croton.util.record import record


@record(frozen=True)
class Machine:
    """The processor of this process, as LLVM names it."""

    triple: str
    cpu: str
    features: str
    versions: str

    @property
    def target(self) -> Target:
        """What code generation asks of it."""
        has = set(self.features.split(","))
        if {"+avx512f", "+avx512bw", "+avx512vl", "+avx512dq"} <= has:
            return Target(64, masks=True, scales=True)
        return Target(32 if "+avx2" in has else 16, masks=False)


class CodeGenerator:
    """For one thread at a time: a context, and a target machine for each level of optimisation."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._context = binding().create_context()
        self._machines: dict[int, Any] = {}

    def object_code(self, text: str, opt_level: int) -> bytes:
        """The module as an object file.

        Errors: RuntimeError where the text is not LLVM's language
        """
        return self._emitted(text, opt_level, is_object=True)

    def assembly(self, text: str, opt_level: int) -> str:
        """The module as assembly, for people."""
        return self._emitted(text, opt_level, is_object=False).decode()

    def _emitted(self, text: str, opt_level: int, is_object: bool) -> bytes:
        module = binding().parse_assembly(text, self._context)
        module.triple = self.machine.triple
        machine = self._machines.get(opt_level)
        if machine is None:
            machine = self._machines[opt_level] = target_machine(self.machine, opt_level)
        llvm = _without_lock()
        error = ctypes.c_char_p()
        buffer = llvm.LLVMPY_TargetMachineEmitToMemory(machine, module, int(is_object), ctypes.byref(error))
        if not buffer:
            raise RuntimeError(f"LLVM generates no code: {(error.value or b'').decode()}")
        try:
            return ctypes.string_at(llvm.LLVMPY_GetBufferStart(buffer), llvm.LLVMPY_GetBufferSize(buffer))
        finally:
            llvm.LLVMPY_DisposeMemoryBuffer(buffer)


def target_machine(machine: Machine, opt_level: int) -> Any:
    """What LLVM generates code with."""
    target = binding().Target.from_triple(machine.triple)
    return target.create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=opt_level, reloc="pic", codemodel="default"
    )


@once
def binding() -> Any:
    """llvmlite, which is imported with the first compilation."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@once
def _without_lock() -> ctypes.CDLL:
    """The functions of llvmlite's library that generate code, called as they are."""
    known = binding().ffi.lib
    library = ctypes.CDLL(known._name)
    for name in (
        "LLVMPY_TargetMachineEmitToMemory", "LLVMPY_GetBufferStart", "LLVMPY_GetBufferSize",
        "LLVMPY_DisposeMemoryBuffer",
    ):  # fmt: skip
        function, locked = getattr(library, name), getattr(known, name)
        function.argtypes, function.restype = locked.argtypes, locked.restype
    return library


def machine() -> Machine:
    """The one that this process runs on."""
    llvm = binding()
    import llvmlite

    features = llvm.get_host_cpu_features().flatten()
    number = ".".join(map(str, llvm.llvm_version_info))
    versions = f"llvm {number}, llvmlite {llvmlite.__version__}, croton {__version__}"
    return Machine(llvm.get_process_triple(), llvm.get_host_cpu_name(), features, versions)
