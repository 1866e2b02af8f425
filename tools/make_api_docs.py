"""Write docs/api/ from the docstrings: a page per family of names, and an index.

usage: python tools/make_api_docs.py [--check]

--check writes nothing, and fails where a page is not what the docstrings say.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croton.graph.op import Op
from croton.ops.elemwise import Elemwise

ROOT = Path(__file__).resolve().parent.parent
ROOF = ROOT / "src" / "theano"
PAGES = ROOT / "docs" / "api"

# A page: its title, and the modules of the house whose names stand on it; the longest beginning that fits decides.
FAMILIES: dict[str, tuple[str, str]] = {
    "elementwise": (
        "Elementwise functions",
        "ops.elementwise ops.cast ops.closeness ops.elemwise ops.inplace ops.nnet.activation",
    ),
    "reductions": (
        "Reductions, running sums, searches and orders",
        "ops.reduce ops.truth ops.argmax ops.statistics ops.covariance ops.cumulate ops.search ops.sort ops.window "
        "ops.log_sums",
    ),
    "shapes": (
        "Shapes: asking for them, changing them, joining and repeating",
        "ops.shape ops.reshape ops.permute ops.join ops.repeat ops.axes ops.ravel ops.place ops.known ops.stretch",
    ),
    "creation": (
        "Variables and arrays that are made",
        "ops.creation ops.constructors ops.convert ops.grid ops.diagonal ops.one_hot ops.variable",
    ),
    "indexing": ("Parts of arrays", "ops.index"),
    "products": ("Products", "ops.dot ops.blas ops.einsum"),
    "linear_algebra": ("Linear algebra", "ops.linalg"),
    "fourier": ("Fourier transforms", "ops.fft ops.fourier"),
    "neural_networks": ("Neural networks", "ops.nnet"),
    "random": ("Random numbers", "ops.random compile.streams"),
    "scan": (
        "Loops and branches",
        "compile.scan ops.scan ops.inner ops.ifelse ops.control ops.raise_op ops.breakpoint",
    ),
    "sparse": ("Sparse matrices", "ops.sparse vartypes.sparse"),
    "lists": ("Lists of arrays", "ops.lists vartypes.lists"),
    "scalar": ("Operations on single numbers", "ops.scalar ops.numbers"),
    "gradients": ("Derivatives", "autodiff ops.gradient_marks compile.verify_grad"),
    "functions": ("Functions, modes and shared variables", "compile"),
    "types": ("Types of values", "vartypes"),
    "operations": (
        "Operations of one's own, and what functions hold at their ends",
        "graph.op graph.type ops.from_function ops.passing ops.base ops.disk legacy.params legacy.in_c",
    ),
    "graphs": ("Graphs and how they are rewritten", "graph rewrite rules legacy"),
    "printing": ("Looking at programs", "diagnose"),
    "settings": ("Settings and errors", "config errors util"),
}


@dataclass(frozen=True)
class Entry:
    """A name of the roof and what it stands for."""

    path: str
    house: str
    thing: Any


def entries() -> list[Entry]:
    """Every thing that the roof names, by its shortest name."""
    found: dict[tuple[str, str], str] = {}
    for file in sorted(ROOF.rglob("*.py")):
        dotted = ".".join(file.relative_to(ROOF.parent).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("croton"):
                for alias in node.names:
                    key = (str(node.module), alias.name)
                    path = f"{dotted}.{alias.asname or alias.name}"
                    if key not in found or _rank(path) < _rank(found[key]):
                        found[key] = path
    made = [
        Entry(path, module, getattr(importlib.import_module(module), name))
        for (module, name), path in found.items()
        if not name.startswith("_")
    ]
    return sorted(made, key=lambda entry: (entry.path.lower(), entry.path))


def _rank(path: str) -> tuple[int, int, str]:
    """`theano.x` and `theano.tensor.x` come before names in modules that few import."""
    return (path.count(".") - path.startswith("theano.tensor."), len(path), path)


def family(house: str) -> str:
    """The page on which the names of a module of the house stand. Errors: LookupError when there is none"""
    name = house.removeprefix("croton.")
    fits = [
        (len(start), page)
        for page, (_, modules) in FAMILIES.items()
        for start in modules.split()
        if name == start or name.startswith(start + ".")
    ]
    if not fits:
        raise LookupError(f"{house} belongs to no family of tools/make_api_docs.py: add it to FAMILIES.")
    return max(fits)[1]


# -- one entry -----------------------------------------------------------------------------------------------
def signature(thing: Any) -> str:
    """The arguments, without types."""
    if isinstance(thing, type) and "field_defaults" in vars(thing):
        shown = [
            name if "object object" in repr(d) else f"{name}={d!r}"
            for name, d in zip(thing.__props__, thing.field_defaults, strict=True)  # type: ignore[attr-defined]
        ]
        return f"({', '.join(shown)})"
    try:
        given = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(…)"
    plain = [p.replace(annotation=p.empty) for p in given.parameters.values()]
    text = str(given.replace(parameters=plain, return_annotation=given.empty))
    return re.sub(r"<([\w.]+)[^>]*>", r"\1", text)


SECTION = re.compile(r"^(Shapes|Dtypes|Gradient|Errors|Cost|Source|Example|Shapes, Dtypes):\s*(.*)$")


def body(doc: str) -> Iterator[str]:
    """A docstring as Markdown: sections become a list, and examples blocks of code."""
    lines = inspect.cleandoc(doc).splitlines()
    at = 0
    while at < len(lines):
        head = SECTION.match(lines[at])
        if lines[at].strip().startswith(">>>"):
            block = []
            while at < len(lines) and lines[at].strip():
                block.append(lines[at].strip())
                at += 1
            yield from ("```python", *block, "", "```")
        elif head and head[1] == "Example":
            at += 1
            yield ""
        elif head:
            text = [head[2]]
            at += 1
            while at < len(lines) and lines[at].startswith(" ") and not lines[at].strip().startswith(">>>"):
                text.append(lines[at].strip())
                at += 1
            yield f"- **{head[1]}**: {' '.join(text).strip()}"
        else:
            yield _escaped(lines[at])
            at += 1


def _escaped(line: str) -> str:
    """A line of prose; `name   what it is` becomes an item of a list, and what is far indented goes on with one."""
    text = line.strip()
    if line.startswith(" " * 4):
        return f"  {text}"
    return f"- `{re.sub(r' {2,}', '`: ', text, count=1)}" if re.match(r"^\S+(, \S+)* {2,}\S", text) else text


def described(entry: Entry) -> Iterator[str]:
    """The part of a page on one function or class."""
    thing = entry.thing
    yield f"### {entry.path}"
    yield ""
    if callable(thing) and not isinstance(thing, Op):
        yield f"    {entry.path.rpartition('.')[2]}{signature(thing)}"
        yield ""
    yield from body(inspect.getdoc(thing) or "")
    yield ""


def in_a_row(entry: Entry) -> str:
    """A line of a table: for elementwise operations and other objects of which one sentence tells all."""
    row = getattr(entry.thing, "scalar_op", entry.thing)
    doc = (getattr(row, "__doc__", None) or type(row).__doc__ or "").strip().splitlines()
    return f"| `{entry.path}` | {doc[0] if doc else ''} |"


def page(name: str, members: list[Entry]) -> str:
    """The text of a page."""
    lines = [
        f"# {FAMILIES[name][0]}",
        "",
        "Made from the docstrings by `tools/make_api_docs.py`; `make docs` does it.",
        "",
    ]
    told = [e for e in members if inspect.isroutine(e.thing) or isinstance(e.thing, type)]
    functions = [e for e in told if not isinstance(e.thing, type)]
    classes = [e for e in told if isinstance(e.thing, type)]
    rows = [e for e in members if isinstance(e.thing, Elemwise)]
    objects = [e for e in members if e not in told and e not in rows]
    if rows:
        lines += ["## Applied to each element", "", "| Name | Value |", "|---|---|", *map(in_a_row, rows), ""]
    for title, group in (("Functions", functions), ("Classes", classes)):
        if group:
            lines += [f"## {title}", ""]
            for entry in group:
                lines += described(entry)
    if objects:
        lines += ["## Objects", "", "| Name | What it is |", "|---|---|"]
        lines += [f"| `{e.path}` | {type(e.thing).__name__} |" for e in objects]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def pages() -> dict[str, str]:
    """The text of every page, by file name."""
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries():
        grouped[family(entry.house)].append(entry)
    made = {f"{name}.md": page(name, grouped[name]) for name in FAMILIES if name in grouped}
    index = [
        "# Reference",
        "",
        "Made from the docstrings, a page per family; the examples are run by the tests.",
        "",
    ]
    index += [
        f"- [{FAMILIES[name][0]}]({name}.md): {len(grouped[name])} names"
        for name in FAMILIES
        if name in grouped
    ]
    return {"index.md": "\n".join(index) + "\n", **made}


def stale() -> list[str]:
    """The files that are not what the docstrings say."""
    made = pages()
    there = {path.name for path in PAGES.glob("*.md")}
    wrong = [
        name for name, text in made.items() if name not in there or (PAGES / name).read_text("utf-8") != text
    ]
    return sorted([*wrong, *(there - set(made))])


def main() -> int:
    """Write the pages, or check them."""
    if "--check" in sys.argv[1:]:
        for name in (old := stale()):
            print(f"docs/api/{name} is not what the docstrings say: run make docs")
        return 1 if old else 0
    PAGES.mkdir(exist_ok=True)
    for path in PAGES.glob("*.md"):
        path.unlink()
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
