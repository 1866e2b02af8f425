"""From kernels and LLVM IR text to callable addresses: one engine per process, and object code kept on disk.

Object code is found by content: IR text, machine, versions. So one entry serves all programs that hold a kernel, and
no entry is ever wrong, only absent.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from functools import cache as once
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from croton.backends.cpu.cache import Cache
from croton.backends.cpu.codegen.kernel import SYMBOL, kernel_text
from croton.backends.cpu.object_code import CodeGenerator, Machine, binding, machine, target_machine
from croton.loops.ir import Kernel
from croton.loops.text import kernel_key

OPT_LEVEL = 2

T = TypeVar("T")


class Engine:
    """The linker of this process and what it has loaded; safe to use from several threads."""

    def __init__(self, of: Machine | None = None) -> None:
        self._lock = threading.RLock()
        self._idle: list[CodeGenerator] = []
        self._linker: Any = None
        self._loaded: dict[str, int] = {}
        self.machine = of or machine()
        self.target = self.machine.target

    def batch(self, cache: Cache, helpers: int = 0) -> Batch:
        """Code that is wanted together."""
        return Batch(self, cache, helpers)

    def compile_kernel(self, kernel: Kernel, cache: Cache) -> int:
        """The address of a kernel's code; kernels of equal content are one."""
        batch = self.batch(cache)
        key = batch.add_kernel(kernel)
        return batch.addresses()[key]

    def compile_text(self, text: str, symbol: str, cache: Cache, opt_level: int = OPT_LEVEL) -> int:
        """The address of one function of an LLVM module."""
        batch = self.batch(cache)
        key = batch.add_text(text, symbol, opt_level)
        return batch.addresses()[key]

    def key(self, text: str, opt_level: int) -> str:
        """What code is found by: a digest of all that it depends on."""
        m = self.machine
        head = "\0".join((m.triple, m.cpu, m.features, m.versions, str(opt_level)))
        return hashlib.sha256(f"{head}\0{text}".encode()).hexdigest()

    def object_code(self, text: str, opt_level: int = OPT_LEVEL) -> bytes:
        """The module as an object file."""
        return self._generated(lambda generator: generator.object_code(text, opt_level))

    def assembly(self, text: str, opt_level: int = OPT_LEVEL) -> str:
        """The module as assembly, for people."""
        return self._generated(lambda generator: generator.assembly(text, opt_level))

    def _generated(self, by: Callable[[CodeGenerator], T]) -> T:
        try:
            generator = self._idle.pop()
        except IndexError:
            generator = CodeGenerator(self.machine)
        try:
            return by(generator)
        finally:
            self._idle.append(generator)

    def loaded(self, key: str) -> int | None:
        """The address of what has been linked."""
        return self._loaded.get(key)

    def link(self, key: str, symbol: str, code: bytes) -> int:
        """The address of a symbol in object code; of the same code as before, where another thread was first.

        By MCJIT: a third of LLJIT's time per object, 0.05 ms (benchmarks/codegen.py).
        """
        with self._lock:
            address = self._loaded.get(key)
            if address is None:
                address = self._loaded[key] = self._linked(code, symbol)
            return address

    def _linked(self, code: bytes, symbol: str) -> int:
        llvm = binding()
        if self._linker is None:
            module = llvm.parse_assembly("")
            module.triple = self.machine.triple
            self._linker = llvm.create_mcjit_compiler(module, target_machine(self.machine, OPT_LEVEL))
        self._linker.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
        self._linker.finalize_object()
        address: int = self._linker.get_function_address(symbol)
        if not address:
            raise RuntimeError(f"The object code holds no function {symbol}.")
        return address


class Task(NamedTuple):
    """Code to be generated."""

    key: str
    text: str
    opt_level: int


class Batch:
    """Code that is wanted together. What is not there yet is generated while more is asked for.

    helpers   how many threads may help the one that asks
    """

    def __init__(self, engine: Engine, cache: Cache, helpers: int = 0) -> None:
        self.engine = engine
        self.cache = cache
        self.helpers = helpers
        self._symbols: dict[str, str] = {}
        self._codes: dict[str, bytes] = {}
        self._tasks: deque[Task] = deque()
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def add_kernel(self, kernel: Kernel) -> str:
        """Ask for a kernel, and get the key that its address will have.

        The key is made of the kernel's own text and what turns it into LLVM's, so that a hit saves writing the latter.
        """
        key = self.engine.key(f"{_generator()}\0{kernel_key(kernel)}", OPT_LEVEL)
        return self._add(key, SYMBOL, lambda: kernel_text(kernel, self.engine.target), OPT_LEVEL)

    def add_text(self, text: str, symbol: str, opt_level: int = OPT_LEVEL) -> str:
        """Ask for one function of an LLVM module, and get the key that its address will have."""
        return self._add(self.engine.key(text, opt_level), symbol, lambda: text, opt_level)

    def _add(self, key: str, symbol: str, write: Callable[[], str], opt_level: int) -> str:
        if key in self._symbols:
            return key
        # All code of the process is in one space of names.
        unique = self._symbols[key] = f"{symbol}.{key}"
        if self.engine.loaded(key) is None:
            code = self.cache.get(key)
            if code is not None:
                self._codes[key] = code
            else:
                self._tasks.append(Task(key, write().replace(f"@{symbol}(", f"@{unique}("), opt_level))
                self._get_help()
        return key

    def _get_help(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < self.helpers:
            thread = threading.Thread(target=self._work, name="croton-codegen", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        """Generate what is asked for until nothing is."""
        try:
            while True:
                try:
                    task = self._tasks.popleft()
                except IndexError:
                    return
                code = self.engine.object_code(task.text, task.opt_level)
                self.cache.put(task.key, code)
                self._codes[task.key] = code
        except BaseException as error:
            self._errors.append(error)

    def addresses(self) -> dict[str, int]:
        """Where all that was asked for is, by key."""
        self._work()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        found = {}
        for key, symbol in self._symbols.items():
            address = self.engine.loaded(key)
            found[key] = self.engine.link(key, symbol, self._codes[key]) if address is None else address
        return found


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
def engine() -> Engine:
    """The one engine of this process."""
    return Engine()


def compile_kernel(kernel: Kernel, cache: Cache) -> int:
    """The address of a kernel's code."""
    return engine().compile_kernel(kernel, cache)


def compile_text(text: str, symbol: str, cache: Cache, opt_level: int = OPT_LEVEL) -> int:
    """The address of one function of an LLVM module."""
    return engine().compile_text(text, symbol, cache, opt_level)
