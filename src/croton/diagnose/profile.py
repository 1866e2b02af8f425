"""`profile=True`: how long a function took to make, how often and how long it was called, and where the time went."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from croton.config import config
from croton.graph.node import Apply
from croton.rewrite.stats import StageStats


class ProfileStats:
    """The measurements of one or several functions; `summary()` prints them.

    fct_callcount, fct_call_time  how often functions were called, and the seconds of these calls
    compile_time, optimizer_time  seconds that making them took, and of these the rewrites
    apply_time, apply_callcount   by node: where a backend runs nodes one by one (mode 'NUMPY', 'FAST_COMPILE')
    """

    def __init__(
        self, atexit_print: bool = True, flag_time_thunks: Any = None, gpu_checks: bool = True, **kwargs: Any
    ):
        self.message = ""
        self.fct_callcount = 0
        self.fct_call_time = 0.0
        self.compile_time = 0.0
        self.optimizer_time = 0.0
        self.stages: list[StageStats] = []
        self.apply_time: dict[Apply, float] = {}
        self.apply_callcount: dict[Apply, int] = {}
        self._began = 0.0
        for name, value in kwargs.items():
            if not hasattr(self, name):
                raise TypeError(f"ProfileStats measures no {name!r}.")
            setattr(self, name, value)
        if atexit_print:
            atexit.register(self._print_at_exit)

    # -- what it is told -------------------------------------------------------------------------------------
    def on_graph(self, name: str | None, graph: Any) -> None:
        """A compile begins."""
        self.message = self.message or name or ""
        self._compiling = time.perf_counter()

    def on_stage(self, name: str, graph: Any, stats: StageStats) -> None:
        """A pass has run."""
        self.stages.append(stats)
        self.optimizer_time += stats.seconds

    def on_program(self, program: Any) -> None:
        """The function is made."""
        self.compile_time += time.perf_counter() - self._compiling

    def on_call(self, seconds: float) -> None:
        """The function was called."""
        self.fct_callcount += 1
        self.fct_call_time += seconds

    def before_node(self, position: int, node: Apply, inputs: list[Any]) -> None:
        """`node` is about to run."""
        self._began = time.perf_counter()

    def after_node(self, position: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """`node` has run."""
        took = time.perf_counter() - self._began
        self.apply_time[node] = self.apply_time.get(node, 0.0) + took
        self.apply_callcount[node] = self.apply_callcount.get(node, 0) + 1

    # -- what it says ----------------------------------------------------------------------------------------
    def op_time(self) -> dict[Any, float]:
        """Seconds by operation."""
        total: dict[Any, float] = {}
        for node, seconds in self.apply_time.items():
            total[node.op] = total.get(node.op, 0.0) + seconds
        return total

    def class_time(self) -> dict[type, float]:
        """Seconds by class of operations."""
        total: dict[type, float] = {}
        for op, seconds in self.op_time().items():
            total[type(op)] = total.get(type(op), 0.0) + seconds
        return total

    def summary(
        self,
        file: TextIO | None = None,
        n_ops_to_print: int | None = None,
        n_apply_to_print: int | None = None,
    ) -> None:
        """Print all of it to `file`, or to the standard error."""
        out = sys.stderr if file is None else file
        print(self.text(n_ops_to_print, n_apply_to_print), file=out)

    def text(self, n_ops: int | None = None, n_apply: int | None = None) -> str:
        """What `summary` prints."""
        mean = self.fct_call_time / self.fct_callcount if self.fct_callcount else 0.0
        lines = [
            f"Function profiling: {self.message or 'a function'}",
            f"  {self.fct_callcount} calls took {self.fct_call_time:.6f} s, {1e6 * mean:.2f} µs each",
            f"  made in {self.compile_time:.6f} s, of which rewriting {self.optimizer_time:.6f} s",
        ]
        lines += [f"    {stage}" for stage in self.stages if config.profile_optimizer]
        n_ops = config.profiling.n_ops if n_ops is None else n_ops
        n_apply = config.profiling.n_apply if n_apply is None else n_apply
        lines += _table("Classes", {kind.__name__: t for kind, t in self.class_time().items()}, n_ops)
        lines += _table("Operations", {str(op): t for op, t in self.op_time().items()}, n_ops)
        lines += _table("Nodes", {str(node): t for node, t in self.apply_time.items()}, n_apply)
        if not self.apply_time and self.fct_callcount:
            lines.append("  One native function did it all; for times of nodes, profile with mode='NUMPY'.")
        width = int(config.profiling.output_line_width)
        return "\n".join(line[:width] for line in lines)

    def _print_at_exit(self) -> None:
        where = config.profiling.destination
        if not self.fct_callcount:
            return
        if where in ("stderr", "stdout"):
            self.summary(getattr(sys, where))
        else:
            with open(where, "a", encoding="utf-8") as file:
                self.summary(file)


def _table(title: str, times: dict[str, float], most: int) -> Sequence[str]:
    if not times:
        return []
    total = sum(times.values()) or 1.0
    ranked = sorted(times.items(), key=lambda pair: -pair[1])[:most]
    return [f"  {title}", *(f"    {100 * t / total:5.1f} %  {t:.6f} s  {name}" for name, t in ranked)]


def listener(asked: Any) -> ProfileStats:
    """What measures one function: a new one for True, else the ProfileStats that was given."""
    return asked if isinstance(asked, ProfileStats) else ProfileStats()
