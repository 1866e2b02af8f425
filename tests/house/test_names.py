"""Names say what things are, and nothing unfinished is kept."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from .source import ROOT, files, python_files, short, tree

# Names that could hold anything. The roof keeps the historic ones.
SAY_NOTHING = {"misc", "basic", "core", "helper", "helpers", "common", "stuff", "utils"}
# Spelled in two parts, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
STAND_IN = re.compile(r"\b(st" + r"ub(bed|s)?|place" + r"holder|for n" + r"ow)\b", re.IGNORECASE)

HOUSE = python_files("src/croton")
TEXTS = files(".py", ".c", ".h", ".md", ".toml", ".cfg", ".yml")


def test_file_names_say_something():
    named = [path for path in files(".py", ".c", ".h") if not path.is_relative_to(ROOT / "src" / "theano")]
    assert not [short(path) for path in named if path.stem in SAY_NOTHING]
    assert not [short(path) for path in named if path.parent.name in SAY_NOTHING]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Where the pattern is found."""
    return [
        f"{short(path)}:{at}: {line.strip()}"
        for path in paths
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_to_do():
    assert not lines_with(UNFINISHED, TEXTS)


def test_nothing_stands_in_for_something_else():
    assert not lines_with(STAND_IN, [path for path in TEXTS if path.is_relative_to(ROOT / "src")])


def test_no_empty_bodies():
    nodes = [(path, node) for path in HOUSE for node in ast.walk(tree(path))]
    assert not [f"{short(path)}:{node.lineno}" for path, node in nodes if isinstance(node, ast.Pass)]


def test_modules_say_what_they_are():
    filled = [path for path in [*HOUSE, *python_files("src/theano")] if tree(path).body]
    assert not [short(path) for path in filled if not ast.get_docstring(tree(path))]
