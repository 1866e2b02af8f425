"""`import theano` is quick: it loads no package that only some functions need."""

from .source import run_python
from .test_layers import LOADED_LATE


def test_import_loads_little():
    said = run_python("-c", "import sys, theano; print(*sys.modules)")
    loaded = {name.split(".")[0] for name in said.split()}
    assert "theano" in loaded
    assert not loaded & set(LOADED_LATE)
