"""Where BLAS comes from: SciPy's own copy, or the library of another package, which the flag `blas.provider` asks for.
LAPACK is SciPy's always.

SciPy's wheels bring a library, which is loaded as such: 2 to 10 ms, measured. A SciPy that is built in another way has
the pointers of `scipy.linalg.cython_blas`; that one module is loaded without `scipy.linalg` around it: 27 ms instead of
120-150. The library is then set to one thread, for good: the runtime cuts products over its own threads, and threads
owned by BLAS stall by a factor of up to 70 on a busy machine. NumPy has a copy of its own, which is left alone.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Protocol

from croton.backends.cpu import _runtime
from croton.config import config
from croton.util.python_api import of_python

ROUTINES = (
    "sgemm", "dgemm", "cgemm", "zgemm",
    "sgemv", "dgemv", "cgemv", "zgemv",
    "sger", "dger", "cgeru", "zgeru",
    "sdot", "ddot",
    "strsm", "dtrsm", "ctrsm", "ztrsm",
    "strsv", "dtrsv", "ctrsv", "ztrsv",
)  # fmt: skip

_THREAD_SETTERS = (
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
    "openblas_set_num_threads",
    "MKL_Set_Num_Threads",
    "bli_thread_set_num_threads",
)
_lock = threading.Lock()
_source: Source | None = None


class Source(Protocol):
    """A BLAS. `best`: its products are faster than those of the runtime's own kernels."""

    best: bool

    def address(self, name: str) -> int:
        """Where a Fortran routine such as `dgemm` is."""

    def library(self) -> ctypes.CDLL:
        """The library, or one that is linked with it."""


class Pointers:
    """SciPy's extension module `cython_blas` or `cython_lapack`, which hands out pointers.

    Errors: ImportError when SciPy is missing.
    """

    best = False

    def __init__(self, name: str) -> None:
        self.module = _import_alone(name) or importlib.import_module(f"scipy.linalg.{name}")

    def address(self, name: str) -> int:
        """Where a Fortran routine is.

        Errors: ImportError when there is none, or it takes other integers than C's int.
        """
        capsule = self.module.__pyx_capi__.get(name)
        if capsule is None:
            raise ImportError(f"SciPy's {self.module.__name__} has no routine {name}.")
        get_name = of_python("PyCapsule_GetName", ctypes.c_char_p, ctypes.py_object)
        get_pointer = of_python("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
        signature: bytes = get_name(capsule)
        if b"int *" not in signature:  # 64-bit integers would have a name of their own here
            raise ImportError(f"SciPy's {name} takes other integers than C's int: {signature.decode()}.")
        found: int | None = get_pointer(capsule, signature)
        if not found:
            raise ImportError(f"SciPy's {self.module.__name__} gives no address for {name}.")
        return found

    def library(self) -> ctypes.CDLL:
        """A library finds the symbols of those that it is linked with, too."""
        return ctypes.CDLL(str(self.module.__file__))


class Library:
    """A shared library with integers of 32 bits; its symbols may have a prefix."""

    def __init__(self, path: str, prefix: str = "", best: bool = False) -> None:
        self.path = path
        self.prefix = prefix
        self.best = best
        self._library = ctypes.CDLL(path)

    def has(self, name: str) -> bool:
        """Whether it holds a Fortran routine."""
        return hasattr(self._library, f"{self.prefix}{name}_")

    def address(self, name: str) -> int:
        """Where a Fortran routine is.

        Errors: ImportError when there is none
        """
        if not self.has(name):
            raise ImportError(f"{self.path} has no routine {name}.")
        routine = getattr(self._library, f"{self.prefix}{name}_")
        return ctypes.cast(routine, ctypes.c_void_p).value or 0

    def library(self) -> ctypes.CDLL:
        """It."""
        return self._library


def scipys(module: str) -> Source:
    """The library that SciPy's wheels bring; where there is none, the pointers of a module of `scipy.linalg`.

    Errors: ImportError when SciPy is missing.
    """
    package = importlib.util.find_spec("scipy")
    for root in map(Path, (package.submodule_search_locations or ()) if package else ()):
        for folder in (root.with_name("scipy.libs"), root / ".dylibs"):
            for path in sorted(folder.glob("*scipy_openblas*")):
                library = Library(str(path), "scipy_")
                if library.has("dgemm") and library.has("dpotrf"):  # else its integers have 64 bits
                    return library
    return Pointers(module)


def _openblas() -> Library:
    spec = importlib.util.find_spec("scipy_openblas32")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    return Library(_only("openblas", "scipy-openblas32", folder, "lib/libscipy_openblas.*"), "scipy_")


def _mkl() -> Library:
    """Its single library, which the package puts beside Python's own; used with no threads of its own.

    source: measured on one thread in float32, 128 x 784 x 500 takes 0.85 of the time of our own kernels, and
    20 x 784 x 500 takes 0.87 of it.
    """
    made = Library(_only("mkl", "mkl", Path(sys.prefix), "lib/libmkl_rt.*"), best=True)
    made.library().MKL_Set_Threading_Layer(1)  # sequential
    return made


def _only(provider: str, package: str, folder: Path | None, pattern: str) -> str:
    """The last file of that pattern."""
    found = sorted(folder.glob(pattern)) if folder is not None else []
    if found:
        return str(found[-1])
    raise ImportError(
        f"The flag blas.provider={provider} needs the package {package}, which is not here. "
        f"Install it (pip install {package}), or leave the flag out for SciPy's BLAS."
    )


SOURCES: dict[str, Callable[[], Source]] = {
    "scipy": lambda: scipys("cython_blas"),
    "openblas": _openblas,
    "mkl": _mkl,
}


def load() -> None:
    """Give the runtime its BLAS pointers; cheap after the first call, which settles whose they are.

    Errors: ImportError when what the flag asks for is missing or has another interface.
    """
    global _source
    if _source is not None:
        return
    with _lock:
        if _source is None:
            source = SOURCES[config.blas.provider]()
            _runtime.set_blas({name: source.address(name) for name in ROUTINES}, source.best)
            _use_one_thread(source.library())
            _source = source


def pointer(name: str) -> int:
    """The address of a Fortran BLAS routine, such as `dtrsm`."""
    load()
    assert _source is not None
    return _source.address(name)


def _import_alone(name: str) -> ModuleType | None:
    """The extension module by its file; None where SciPy is loaded already or is laid out in another way."""
    if "scipy.linalg" in sys.modules:
        return None
    package = importlib.util.find_spec("scipy")
    for root in (package.submodule_search_locations or ()) if package else ():
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            path = Path(root, "linalg", name + suffix)
            if path.is_file():
                return _import_file(f"scipy.linalg.{name}", path)
    return None


def _import_file(name: str, path: Path) -> ModuleType | None:
    loader = importlib.machinery.ExtensionFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        return None
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError:
        return None
    finally:
        # Cython registers the module; a later import of it must still bind it in its package.
        sys.modules.pop(name, None)
    return module


def _use_one_thread(library: ctypes.CDLL) -> None:
    for name in _THREAD_SETTERS:
        setter = getattr(library, name, None)
        if setter is not None:
            setter.argtypes, setter.restype = [ctypes.c_int], None
            setter(1)
            return
