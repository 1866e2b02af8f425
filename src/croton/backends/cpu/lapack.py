"""Where LAPACK comes from: SciPy's own copy (see blas.py), which runs serially on threads of ours.

It is looked for with the first function that needs it.
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
            source = blas.scipys("cython_lapack")
            _runtime.set_lapack({name: source.address(name) for name in ROUTINES})
            _loaded = True
