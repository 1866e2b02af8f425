"""Ways through a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from croton.loops.ir import Expr, Fail, For, If, Kernel, Load, Stmt, Store, operands


def roots(statement: Stmt) -> tuple[Expr, ...]:
    """The expressions a statement uses itself, its body and folds aside."""
    match statement:
        case Load():
            return statement.index
        case Store():
            return (*statement.index, statement.value)
        case For():
            return (statement.lo, statement.hi)
        case If():
            return (statement.condition,)
        case Fail():
            return statement.details


def body_of(statement: Stmt) -> tuple[Stmt, ...]:
    """The statements inside, if it has any."""
    return statement.body if isinstance(statement, (For, If)) else ()


def deep(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """All statements, outer before inner."""
    for statement in body:
        yield statement
        yield from deep(body_of(statement))


def all_roots(body: Sequence[Stmt]) -> Iterator[Expr]:
    """What statements use at any depth, updates and initial values of folds included."""
    for statement in deep(body):
        yield from roots(statement)
        if isinstance(statement, For):
            for fold in statement.folds:
                yield from fold.inits
                yield from fold.updates


def postorder(starts: Iterable[Expr], done: set[Expr] | None = None) -> Iterator[Expr]:
    """Each expression once, after its operands; iterative, as fused expressions may be thousands deep."""
    seen = set() if done is None else done
    for start in starts:
        stack = [start]
        while stack:
            node = stack[-1]
            if node in seen:
                stack.pop()
                continue
            pending = [a for a in operands(node) if a not in seen]
            if pending:
                stack.extend(reversed(pending))
                continue
            stack.pop()
            seen.add(node)
            yield node


def all_nodes(body: Sequence[Stmt]) -> Iterator[Expr]:
    """Each expression that the statements use, once."""
    return postorder(all_roots(body))


def may_fail(kernel: Kernel) -> bool:
    """Whether the kernel can end with an error."""
    return any(isinstance(statement, Fail) for statement in deep(kernel.body))
