"""The tutorial programs print what they should, under both float types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted((ROOT / "examples" / "tutorial").glob("*.py"))
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def run(program: Path, floatX: str) -> str:
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        env={**os.environ, "THEANO_FLAGS": f"floatX={floatX}", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_programs() -> None:
    assert len(PROGRAMS) == 4


@pytest.mark.parametrize("floatX", ["float32", "float64"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_prints(program: Path, floatX: str) -> None:
    printed = run(program, floatX).split("\n")
    expected = program.with_suffix(f".{floatX}.out").read_text().split("\n")
    assert len(printed) == len(expected)
    for got, want in zip(printed, expected, strict=True):
        words, wanted_words = NUMBER.sub("#", got), NUMBER.sub("#", want)
        assert words.split() == wanted_words.split()
        numbers = [float(n) for n in NUMBER.findall(got)]
        assert numbers == pytest.approx([float(n) for n in NUMBER.findall(want)], rel=1e-6, abs=1e-6)
