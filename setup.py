"""Builds the native runtime; all else is in pyproject.toml."""

import sys
from pathlib import Path

import numpy
from setuptools import Extension, setup

RUNTIME = Path("src/croton/backends/cpu/runtime")

if sys.platform == "win32":
    FLAGS, LINK_FLAGS = ["/O2", "/std:c11", "/experimental:c11atomics"], []
else:
    FLAGS, LINK_FLAGS = ["-O3", "-std=c11", "-Wall", "-Wextra", "-pthread"], ["-pthread"]

setup(
    ext_modules=[
        Extension(
            "croton.backends.cpu._runtime",
            sources=[path.as_posix() for path in sorted(RUNTIME.glob("*.c"))],
            depends=[path.as_posix() for path in sorted(RUNTIME.glob("*.h"))],
            include_dirs=[numpy.get_include()],
            extra_compile_args=FLAGS,
            extra_link_args=LINK_FLAGS,
        )
    ]
)
