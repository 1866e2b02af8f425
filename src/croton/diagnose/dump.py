"""`THEANO_FLAGS=dump=DIR`: every stage of every compile as text files, so that `diff -r` shows what a change does."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from croton.diagnose.debugprint import debugprint
from croton.graph.fgraph import FunctionGraph
from croton.loops.text import kernel_key
from croton.plan import program as p
from croton.rewrite.stats import StageStats

_numbers = itertools.count()


class Dump:
    """Writes what one compile goes through into a folder of its own: `000_name/00_input.txt`, `01_merge.txt`, …"""

    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self.folder = self.root
        self.at = 0

    def on_graph(self, name: str | None, graph: FunctionGraph) -> None:
        """A compile begins."""
        label = "".join(c if c.isalnum() or c in "-_" else "_" for c in name or "function")
        self.folder = self.root / f"{next(_numbers):03}_{label}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write("input.txt", debugprint(graph, file="str", print_type=True))

    def on_stage(self, name: str, graph: FunctionGraph, stats: StageStats) -> None:
        """A pass has run."""
        fired = "".join(f"# {rule} x{n}\n" for rule, n in sorted(stats.fired.items()))
        self._write(f"{name}.txt", fired + debugprint(graph, file="str", print_type=True))

    def on_program(self, program: Any) -> None:
        """The backend is done: the plan, and of each kernel its loops, LLVM code and assembly."""
        plan = getattr(program, "plan", None)
        if plan is None:
            return
        self._write("plan.txt", plan_text(plan))
        listing = getattr(program, "listing", None)
        for at, kernel in enumerate(plan.kernels):
            self._write(f"k{at}.loops", f"# {kernel.title}\n{kernel_key(kernel.body)}", step=False)
            if listing is not None:
                for ending, text in listing(at).items():
                    self._write(f"k{at}.{ending}", text, step=False)

    def _write(self, name: str, text: str, step: bool = True) -> None:
        (self.folder / f"{self.at:02}_{name}").write_text(text, encoding="utf-8")
        self.at += step


def plan_text(plan: p.Program) -> str:
    """The statements of a plan, one per line, after its kernels; those in loops and branches are indented."""
    kernels = "".join(f"k{at}: {kernel.title}\n" for at, kernel in enumerate(plan.kernels))
    return kernels + "".join(f"{line}\n" for line in _lines(plan.statements, ""))


def _lines(statements: Sequence[p.Statement], indent: str) -> Iterator[str]:
    for s in statements:
        if isinstance(s, p.Loop):
            yield indent + _short(f"Loop(counter={s.counter}, steps={s.steps}, stop={s.stop})")
            for c in s.carried:
                yield indent + _short(f"  carries {c.reg}: first {c.first}, next {c.next}")
            yield from _lines(s.body, indent + "    ")
        elif isinstance(s, p.Branch):
            yield indent + _short(f"Branch(condition={s.condition})")
            yield from _lines(s.then, indent + "    ")
            yield indent + "otherwise"
            yield from _lines(s.otherwise, indent + "    ")
            for j in s.joined:
                yield indent + _short(f"  joins {j.reg}: {j.then} or {j.otherwise}")
        else:
            yield indent + _short(str(s))


def _short(statement: str) -> str:
    return re.sub(r"Reg\(index=(\d+), dtype='(\w+)'\)", r"%\1:\2", statement)


def listener(folder: str) -> Dump:
    """What writes one compile into `folder`."""
    return Dump(folder)
