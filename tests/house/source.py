"""What the house tests share: the files of the repository and what they import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
_SKIPPED = {"build", "dist", ".venv", "__pycache__"}


class Import(NamedTuple):
    """One imported module, as a module of `src/` where it is one."""

    path: Path
    line: int
    module: str
    name: str
    local: bool  # inside a function
    typing: bool  # under `if TYPE_CHECKING`


def files(*suffixes: str) -> list[Path]:
    """The repository's files with one of these suffixes."""
    found = (path for path in ROOT.rglob("*") if path.suffix in suffixes and path.is_file())
    return sorted(path for path in found if not _SKIPPED & set(path.parts) and not _hidden(path))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".egg-info") for part in path.relative_to(ROOT).parts)


def python_files(folder: str = "") -> list[Path]:
    """The Python files in a folder of the repository."""
    return [path for path in files(".py") if path.is_relative_to(ROOT / folder)]


def short(path: Path) -> str:
    """The path as seen from the repository's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_name(path: Path) -> str:
    """The dotted name of a file in `src/`."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> frozenset[str]:
    """The dotted names of all files in `src/`."""
    return frozenset(map(module_name, python_files("src")))


def imports(path: Path) -> list[Import]:
    """All imports of a file."""
    return list(_imports(path, tree(path), local=False, typing=False))


def _imports(path: Path, node: ast.AST, local: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(path, child.lineno, alias.name, "", local, typing)
        elif isinstance(child, ast.ImportFrom):
            base = _base(path, child)
            for alias in child.names:
                inside = f"{base}.{alias.name}"
                module = inside if inside in modules() else base
                yield Import(path, child.lineno, module, alias.name, local, typing)
        else:
            yield from _imports(
                path,
                child,
                local or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)),
                typing or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)),
            )


def _base(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, node.module] if node.module else package)


def functions(path: Path) -> list[tuple[str, int]]:
    """The functions of a file: qualified name and number of lines."""
    return list(_functions(tree(path), ""))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        inside = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside = f"{prefix}{child.name}."
            if not isinstance(child, ast.ClassDef):
                yield inside[:-1], (child.end_lineno or child.lineno) - child.lineno + 1
        yield from _functions(child, inside)


def run_python(*argv: str) -> str:
    """What a fresh interpreter prints."""
    environ = os.environ | {"PYTHONPATH": str(SRC)}
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout
