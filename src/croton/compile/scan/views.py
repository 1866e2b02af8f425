"""Loops of one kind: over elements, and folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.compile.scan.build import scan
from croton.compile.updates import OrderedUpdates


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """What `fn` makes of each element of `sequences`, stacked; and the updates.

    Errors:  those of scan
    """
    return scan(
        fn,
        sequences,
        [],
        non_sequences,
        None,
        truncate_gradient,
        go_backwards=go_backwards,
        mode=mode,
        name=name,
    )


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """What is left when `fn` has taken in all elements of `sequences`: its outputs in the last step; and the updates.

    Errors:  those of scan
    """
    found, updates = scan(
        fn,
        sequences,
        outputs_info,
        non_sequences,
        go_backwards=go_backwards,
        truncate_gradient=-1,
        mode=mode,
        name=name,
    )
    return ([one[-1] for one in found] if isinstance(found, list) else found[-1]), updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """`reduce` from the first element to the last.

    Errors:  those of scan
    """
    return reduce(fn, sequences, outputs_info, non_sequences, False, mode, name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """`reduce` from the last element to the first.

    Errors:  those of scan
    """
    return reduce(fn, sequences, outputs_info, non_sequences, True, mode, name)
