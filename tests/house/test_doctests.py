"""The examples in docstrings and pages hold."""

import doctest
import importlib
from pathlib import Path

import pytest

from .source import files, module_name, python_files, short

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def with_examples(paths: list[Path]) -> list[Path]:
    return [path for path in paths if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", with_examples(python_files("src/croton")), ids=short)
def test_docstrings(path: Path):
    done = doctest.testmod(importlib.import_module(module_name(path)), optionflags=FLAGS)
    assert done.attempted and not done.failed


# The pages of docs/api are made of docstrings, whose examples have been run.
WRITTEN = [path for path in with_examples(files(".md")) if path.parent.name != "api"]


@pytest.mark.parametrize("path", WRITTEN, ids=short)
def test_pages(path: Path):
    assert not doctest.testfile(str(path), module_relative=False, optionflags=FLAGS, encoding="utf-8").failed
