"""Where LAPACK comes from: SciPy's own copy, through the pointers of `scipy.linalg.cython_lapack`.

It loads with the first function that needs it, without `scipy.linalg` around it (see blas.py), and runs serially on
threads of ours.
"""

from __future__ import annotations

import threading

from croton.backends.cpu import _runtime, blas

# By the letters of the types: float32, float64, complex64, complex128.
_ROUTINES = {
    "sdcz": ("potrf", "getrf", "geev", "gesdd", "geqrf", "gelsd"),
    "sd": ("syevd", "sygvd", "orgqr"),
    "cz": ("heevd", "hegvd", "ungqr"),
}
ROUTINES = tuple(
    letter + stem for letters, stems in _ROUTINES.items() for stem in stems for letter in letters
)

_lock = threading.Lock()
_loaded = False


def load() -> None:
    """Give the runtime its LAPACK pointers; cheap after the first call.

    Errors: ImportError when SciPy is missing or has another interface to LAPACK.
    """
    global _loaded
    if _loaded:
        return
    blas.load()
    with _lock:
        if not _loaded:
            module = blas.module_of_pointers("cython_lapack")
            _runtime.set_lapack({name: blas.address(module, name) for name in ROUTINES})
            _loaded = True
