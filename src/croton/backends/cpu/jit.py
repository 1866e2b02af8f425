"""From LLVM IR text to callable addresses: one engine per process, and object code kept on disk.

Object code is found by content: IR text, machine, versions. So one entry serves all programs that hold a kernel, and
no entry is ever wrong, only absent. llvmlite is imported with the first compilation.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import Any

from croton import __version__
from croton.backends.cpu.cache import Cache
from croton.backends.cpu.codegen.kernel import SYMBOL, kernel_text
from croton.backends.cpu.codegen.target import Target
from croton.loops.ir import Kernel
from croton.loops.text import kernel_key

OPT_LEVEL = 2


@dataclass(frozen=True, slots=True)
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


class Engine:
    """The linker of this process and what it has loaded; safe to use from several threads."""

    def __init__(self, machine: Machine | None = None) -> None:
        self._lock = threading.RLock()
        self._machines: dict[int, Any] = {}
        self._linker: Any = None
        self._loaded: dict[str, int] = {}
        self.machine = machine or _machine()
        self.target = self.machine.target

    def compile_kernel(self, kernel: Kernel, cache: Cache) -> int:
        """The address of a kernel's code; kernels of equal content are one.

        The key is the kernel's own text and what turns it into LLVM's, so that a hit saves writing the latter.
        """
        key = self._key(f"{_generator()}\0{kernel_key(kernel)}", OPT_LEVEL)
        return self._load(key, SYMBOL, lambda: kernel_text(kernel, self.target), cache, OPT_LEVEL)

    def compile_text(self, text: str, symbol: str, cache: Cache, opt_level: int = OPT_LEVEL) -> int:
        """The address of one function of an LLVM module."""
        return self._load(self._key(text, opt_level), symbol, lambda: text, cache, opt_level)

    def _load(self, key: str, symbol: str, write: Callable[[], str], cache: Cache, opt_level: int) -> int:
        with self._lock:
            address = self._loaded.get(key)
            if address is None:
                # All code of the process is in one space of names.
                unique = f"{symbol}.{key}"
                code = cache.get(key)
                if code is None:
                    code = self.object_code(write().replace(f"@{symbol}(", f"@{unique}("), opt_level)
                    cache.put(key, code)
                address = self._loaded[key] = self._link(code, unique)
            return address

    def _key(self, text: str, opt_level: int) -> str:
        m = self.machine
        head = "\0".join((m.triple, m.cpu, m.features, m.versions, str(opt_level)))
        return hashlib.sha256(f"{head}\0{text}".encode()).hexdigest()

    def object_code(self, text: str, opt_level: int = OPT_LEVEL) -> bytes:
        """The module as an object file."""
        with self._lock:
            code: bytes = self._code_generator(opt_level).emit_object(self._parsed(text))
            return code

    def assembly(self, text: str, opt_level: int = OPT_LEVEL) -> str:
        """The module as assembly, for people."""
        with self._lock:
            listing: str = self._code_generator(opt_level).emit_assembly(self._parsed(text))
            return listing

    def _parsed(self, text: str) -> Any:
        module = _binding().parse_assembly(text)
        module.triple = self.machine.triple
        return module

    def _code_generator(self, opt_level: int) -> Any:
        found = self._machines.get(opt_level)
        if found is None:
            found = self._machines[opt_level] = self._new_machine(opt_level)
        return found

    def _new_machine(self, opt_level: int) -> Any:
        return (
            _binding()
            .Target.from_triple(self.machine.triple)
            .create_target_machine(
                cpu=self.machine.cpu,
                features=self.machine.features,
                opt=opt_level,
                reloc="pic",
                codemodel="default",
            )
        )

    def _link(self, code: bytes, symbol: str) -> int:
        """MCJIT: a third of LLJIT's time per object, 0.05 ms (benchmarks/codegen.py)."""
        binding = _binding()
        if self._linker is None:
            self._linker = binding.create_mcjit_compiler(self._parsed(""), self._new_machine(OPT_LEVEL))
        self._linker.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
        self._linker.finalize_object()
        address: int = self._linker.get_function_address(symbol)
        if not address:
            raise RuntimeError(f"The object code holds no function {symbol}.")
        return address


@once
def _generator() -> str:
    """What turns loop IR into LLVM IR, by the digest of its source."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for room in (here / "codegen", here / "vecmath", here.parents[1] / "loops"):
        for path in sorted(room.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


@once
def _binding() -> Any:
    import llvmlite.binding as binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


def _machine() -> Machine:
    binding = _binding()
    import llvmlite

    features = binding.get_host_cpu_features().flatten()
    llvm = ".".join(map(str, binding.llvm_version_info))
    versions = f"llvm {llvm}, llvmlite {llvmlite.__version__}, croton {__version__}"
    return Machine(binding.get_process_triple(), binding.get_host_cpu_name(), features, versions)


@once
def engine() -> Engine:
    """The one engine of this process."""
    return Engine()


def compile_kernel(kernel: Kernel, cache: Cache) -> int:
    """The address of a kernel's code."""
    return engine().compile_kernel(kernel, cache)


def compile_text(text: str, symbol: str, cache: Cache, opt_level: int = OPT_LEVEL) -> int:
    """The address of one function of an LLVM module."""
    return engine().compile_text(text, symbol, cache, opt_level)
