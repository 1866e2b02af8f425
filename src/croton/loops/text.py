"""The text form of a kernel: stable, complete, one line per statement or value.

    kernel E
      b0: float64 unit
      b1: float64 unit
    for i0 in %o_lo .. %o_hi
      for i1 in %v_lo .. %v_hi vector
        v0 = load b0[i0, 0, i1]
        v1 = exp v0
        store b1[i0, 0, i1] v1

A value is written ahead of the first statement that uses it. Names given by whoever built the kernel do not appear, so
kernels that do the same have the same text: that is how they are found to be one.
"""

from __future__ import annotations

from croton.loops.ir import (
    Buffer,
    Cast,
    Const,
    Expr,
    Fail,
    Fold,
    For,
    If,
    Kernel,
    Load,
    LoopVar,
    Param,
    Prim,
    Ref,
    Result,
    Select,
    Stmt,
    Store,
)
from croton.loops.walk import postorder, roots


def kernel_key(kernel: Kernel) -> str:
    """The text, by which kernels that do the same are found to be one."""
    return _Printer(kernel).text()


class _Printer:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.lines: list[str] = []
        self.names: dict[Expr | Buffer | Result, str] = {}
        self._counts: dict[str, int] = {}
        self._done: set[Expr] = set()

    def text(self) -> str:
        """All of it."""
        k = self.kernel
        self.lines.append(f"kernel {k.form}{' parallel' if k.parallel else ''}{' packs' if k.packs else ''}")
        for param in k.params:
            self.lines.append(f"  {self._name(param, 'p')}: {param.dtype}")
            self._done.add(param)
        for buffer in (*k.buffers, *k.scratch):
            self._name(buffer, "b")
        for buffer in (*k.buffers, *k.scratch):
            self._values(buffer.strides, 1)
            strides = "".join(f" {self._of(s)}" for s in buffer.strides)
            self.lines.append(f"  {self.names[buffer]}: {buffer.dtype} {buffer.access}{strides}")
        self._body(k.body, 0)
        return "\n".join(self.lines) + "\n"

    def _name(self, node: Expr | Buffer | Result, stem: str) -> str:
        found = self.names.get(node)
        if found is None:
            k = self._counts.get(stem, 0)
            self._counts[stem] = k + 1
            found = self.names[node] = f"{stem}{k}"
        return found

    def _of(self, node: Expr) -> str:
        if isinstance(node, Const):
            return f"{node.value!r}:{node.dtype}" if node.dtype != "int64" else repr(node.value)
        return self.names[node]

    def _values(self, nodes: tuple[Expr, ...], depth: int) -> None:
        for node in postorder(nodes, self._done):
            self._value(node, depth)

    def _value(self, node: Expr, depth: int) -> None:
        match node:
            case Prim():
                said = f"{node.name} {', '.join(map(self._of, node.args))}"
            case Cast():
                said = f"cast {self._of(node.x)} to {node.dtype}"
            case Select():
                said = f"select {self._of(node.condition)}, {self._of(node.yes)}, {self._of(node.no)}"
            case Param():
                self.names.setdefault(node, f"%{node.name}")
                return
            case LoopVar() | Ref() | Result() | Load():
                self._name(node, "?")  # defined by a statement; a use before that is the verifier's business
                return
            case Const():
                return
        self.lines.append(f"{'  ' * depth}{self._name(node, 'v')} = {said}")

    def _body(self, body: tuple[Stmt, ...], depth: int) -> None:
        for statement in body:
            self._values(roots(statement), depth)
            self._statement(statement, depth)

    def _place(self, access: Load | Store) -> str:
        return f"{self.names[access.buffer]}[{', '.join(map(self._of, access.index))}]"

    def _statement(self, statement: Stmt, depth: int) -> None:
        indent = "  " * depth
        match statement:
            case Load():
                self.lines.append(f"{indent}{self._name(statement, 'v')} = load {self._place(statement)}")
            case Store():
                self.lines.append(f"{indent}store {self._place(statement)} {self._of(statement.value)}")
            case If():
                self.lines.append(f"{indent}if {self._of(statement.condition)}")
                self._body(statement.body, depth + 1)
            case Fail():
                self.lines.append(
                    f"{indent}fail {' '.join([str(statement.code), *map(self._of, statement.details)])}"
                )
            case For():
                self._for(statement, depth)

    def _for(self, loop: For, depth: int) -> None:
        indent = "  " * depth
        for fold in loop.folds:
            self._values(fold.inits, depth)
        kind = " vector" if loop.kind == "vector" else ""
        self.lines.append(
            f"{indent}for {self._name(loop.var, 'i')} in {self._of(loop.lo)} .. {self._of(loop.hi)}{kind}"
        )
        for fold in loop.folds:
            starts = ", ".join(
                f"{self._name(r, 'c')} = {self._of(i)}" for r, i in zip(fold.refs, fold.inits, strict=True)
            )
            self.lines.append(f"{indent}  carry {starts}")
        self._body(loop.body, depth + 1)
        for fold in loop.folds:
            self._fold(fold, depth + 1)

    def _fold(self, fold: Fold, depth: int) -> None:
        indent = "  " * depth
        self._values(fold.updates, depth)
        self.lines.append(f"{indent}next {', '.join(map(self._of, fold.updates))}")
        if fold.combine is not None:
            c = fold.combine
            sides = " with ".join(", ".join(self._name(r, "c") for r in side) for side in (c.left, c.right))
            self.lines.append(f"{indent}combine {sides}{' rounds' if c.rounds else ''}")
            self._values((*c.identity, *c.result), depth + 1)
            self.lines.append(f"{indent}  identity {', '.join(map(self._of, c.identity))}")
            self.lines.append(f"{indent}  gives {', '.join(map(self._of, c.result))}")
        self.lines.append(f"{indent}after: {', '.join(self._name(r, 'v') for r in fold.results)}")
