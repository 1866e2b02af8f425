"""The examples learn, and find what is known; each checks itself, and ends with an error where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(example: str, *arguments: str, floatX: str) -> str:
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / example), "--no-picture", *arguments],
        env={**os.environ, "THEANO_FLAGS": f"floatX={floatX}", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("floatX", ["float32", "float64"])
def test_boltzmann_machine_learns(floatX: str) -> None:
    printed = run("rbm_digits.py", "--epochs", "18", floatX=floatX)
    assert "0 Python nodes" in printed


@pytest.mark.parametrize("floatX", ["float32", "float64"])
def test_hamiltonian_monte_carlo_finds_the_moments(floatX: str) -> None:
    printed = run("hamiltonian.py", "--draws", "300", "--chains", "48", floatX=floatX)
    assert "The moments are those of the posterior" in printed
    assert "0 Python nodes" in printed


def test_recurrent_network_learns_to_write() -> None:
    printed = run("char_lstm.py", "--epochs", "16", floatX="float32")
    assert "0 Python nodes" in printed
