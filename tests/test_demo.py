"""The demo learns to read digits, under both float types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("floatX", ["float32", "float64"])
def test_demo_learns(floatX: str) -> None:
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            str(ROOT / "examples" / "train_digits.py"),
            "--epochs",
            "10",
            "--no-picture",
        ],
        env={**os.environ, "THEANO_FLAGS": f"floatX={floatX}", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    errors = [float(error) for error in re.findall(r": test error ([\d.]+) %,", done.stdout)]
    assert len(errors) == 2
    assert max(errors) < 13
    assert "0 Python nodes" in done.stdout
