"""Files and functions stay small; exceptions are listed, each with its reason, in tools/size.toml."""

from __future__ import annotations

import tomllib
from statistics import median

from .source import ROOT, files, functions, python_files, short

FILE_LINES = 600
FUNCTION_LINES = 100
MEDIAN_LINES = 10

EXCEPTIONS = tomllib.loads((ROOT / "tools" / "size.toml").read_text(encoding="utf-8"))


def long_files() -> dict[str, int]:
    lengths = {short(path): path.read_text(encoding="utf-8").count("\n") for path in files(".py", ".c", ".h")}
    return {name: lines for name, lines in lengths.items() if lines >= FILE_LINES}


def long_functions() -> dict[str, int]:
    return {
        f"{short(path)}:{name}": lines
        for path in python_files()
        for name, lines in functions(path)
        if lines >= FUNCTION_LINES
    }


def without(found: dict[str, int], kind: str) -> dict[str, int]:
    return {name: lines for name, lines in found.items() if name not in EXCEPTIONS[kind]}


def test_files_are_short():
    assert not without(long_files(), "files")


def test_functions_are_short():
    assert not without(long_functions(), "functions")


def test_most_functions_are_very_short():
    lengths = [lines for path in python_files("src/croton") for _, lines in functions(path)]
    assert median(lengths or [0]) < MEDIAN_LINES


def test_exceptions_are_needed_and_have_a_reason():
    assert set(EXCEPTIONS["files"]) <= set(long_files())
    assert set(EXCEPTIONS["functions"]) <= set(long_functions())
    reasons = [*EXCEPTIONS["files"].values(), *EXCEPTIONS["functions"].values()]
    assert all(len(reason) > 20 for reason in reasons)
