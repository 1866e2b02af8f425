"""The choice of a BLAS."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import theano
from croton.backends.cpu import blas

PROGRAM = """
import numpy as np, theano, theano.tensor as T
from croton.backends.cpu import blas
x, y = T.dmatrices("x", "y")
a, b = np.random.default_rng(1).normal(size=(2, 150, 150))
np.testing.assert_allclose(theano.function([x, y], T.dot(x, y.T) + T.dot(x, y[:, 0])[:, None])(a, b),
                           a @ b.T + (a @ b[:, 0])[:, None])
print(getattr(blas._source, "path", "pointers"))
"""


def run(provider):
    path = os.pathsep.join(sys.path)
    env = {**os.environ, "THEANO_FLAGS": f"blas.provider={provider}", "PYTHONPATH": path}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)


def test_it_is_scipys_unless_asked_for():
    assert theano.config.blas.provider == "scipy"
    done = run("scipy")
    assert "scipy" in done.stdout or done.stdout == "pointers\n", done.stderr


def test_the_pointers_of_scipy_are_those_of_its_library():
    library, pointers = blas.scipys("cython_blas"), blas.Pointers("cython_blas")
    for name in ("dgemm", "sdot"):
        assert library.address(name) and pointers.address(name)
    with pytest.raises(ImportError, match="no routine dnothing"):
        pointers.address("dnothing")


def test_another_one_when_it_is_installed():
    package = pytest.importorskip("scipy_openblas32")
    done = run("openblas")
    assert Path(done.stdout.strip()).parent == Path(package.get_lib_dir()), done.stderr


MKL = list(Path(sys.prefix, "lib").glob("libmkl_rt.*"))


@pytest.mark.skipif(not MKL, reason="it is not installed")
def test_mkl_when_it_is_installed():
    done = run("mkl")
    assert Path(done.stdout.strip()) in MKL, done.stderr


@pytest.mark.parametrize(
    ("provider", "package", "here"),
    [
        ("openblas", "scipy-openblas32", importlib.util.find_spec("scipy_openblas32") is not None),
        ("mkl", "mkl", bool(MKL)),
    ],
)
def test_a_missing_one_is_named(provider, package, here):
    if here:
        pytest.skip("it is installed")
    done = run(provider)
    assert f"pip install {package}" in done.stderr and done.returncode


def test_a_library_that_is_no_blas_is_told(tmp_path):
    with pytest.raises(OSError):
        blas.Library(str(tmp_path / "no.so"))
