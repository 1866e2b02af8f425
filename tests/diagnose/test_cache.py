"""The command `theano-cache`."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from croton.backends.cpu.cache import Cache
from croton.diagnose.cache import main

TOP = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    cache = Cache(tmp_path)
    for key in ("0a", "1b", "2c"):
        cache.put(64 * key[0], key.encode())
    return tmp_path


def test_it_tells_where_and_how_much(folder, capsys):
    assert main([], folder) == 0
    where, what = capsys.readouterr().out.splitlines()
    assert where == str(folder / "objects") and what == "3 entries, 0.0 MB of at most 256.0 MB"
    main(["list"], folder)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert sorted((line[-1], line[-2]) for line in lines) == [(64 * c, "34") for c in "012"]
    main(["basecompiledir"], folder)
    assert capsys.readouterr().out.strip() == str(folder)


def test_it_throws_away(folder, capsys):
    main(["cleanup"], folder)
    assert capsys.readouterr().out == "Removed 0 entries.\n"
    assert main(["clear"], folder) == 0
    assert capsys.readouterr().out == "Removed 3 entries.\n"
    assert not list((folder / "objects").iterdir())
    main(["info"], folder)
    assert "0 entries, 0.0 MB" in capsys.readouterr().out


def test_nothing_is_there_yet(tmp_path, capsys):
    assert main(["clear"], tmp_path / "none") == 0
    assert capsys.readouterr().out == "Removed 0 entries.\n"


def test_unknown_commands_are_told(capsys):
    with pytest.raises(SystemExit):
        main(["unlock-all"])
    assert "theano-cache" in capsys.readouterr().err


def test_it_is_installed():
    scripts = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["scripts"]
    module, name = scripts["theano-cache"].split(":")
    assert getattr(import_module(module), name) is main
