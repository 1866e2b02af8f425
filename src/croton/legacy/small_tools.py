"""The small historic tools: `theano.gof.utils`."""

from __future__ import annotations

import hashlib
import linecache
import sys
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from croton.config import config
from croton.graph import origin

T = TypeVar("T")


def add_tag_trace(thing: T, user_line: int | None = None) -> T:
    """`thing`, a variable or node: it remembers the user's line that made it, as all do."""
    if hasattr(thing, "origin") and not thing.origin:
        thing.origin = origin.capture()
    return thing


def copy_stack_trace(from_var: Any, to_var: Any) -> Any:
    """`to_var`, or several, whose makers now remember the line that made `from_var`, or the first of several."""
    sources = from_var if isinstance(from_var, (list, tuple)) else [from_var]
    lines = next((v.owner.origin for v in sources if v.owner is not None and v.owner.origin), ())
    for variable in to_var if isinstance(to_var, (list, tuple)) else [to_var]:
        if variable.owner is not None and lines:
            variable.owner.origin = lines
    return to_var


def simple_extract_stack(
    f: Any = None, limit: int | None = None, skips: Sequence[str] = ()
) -> list[tuple[str, int, str, str]]:
    """The calls up to the frame `f` (that of the caller), the outermost first: file, line, function, text.

    Those of files whose path holds one of `skips` are left out, and of the rest at most `limit` are kept.
    """
    frame = sys._getframe(1) if f is None else f
    found: list[tuple[str, int, str, str]] = []
    while frame is not None and (limit is None or len(found) < limit):
        name, line = frame.f_code.co_filename, frame.f_lineno
        if not any(skip in name for skip in skips):
            found.append(
                (name, line, frame.f_code.co_name, linecache.getline(name, line, frame.f_globals).strip())
            )
        frame = frame.f_back
    return found[::-1]


def memoize(f: Callable[..., T]) -> Callable[..., T]:
    """`f`, which remembers its results by its arguments."""
    known: dict[Any, T] = {}

    @wraps(f)
    def remembering(*args: Any, **kwargs: Any) -> T:
        key = (args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = f(*args, **kwargs)
        return known[key]

    return remembering


def deprecated(filename: str, msg: str = "") -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Let a function of the file `filename` warn, with its first call, that it will go."""

    def decorate(f: Callable[..., T]) -> Callable[..., T]:
        warned = False

        @wraps(f)
        def warning(*args: Any, **kwargs: Any) -> T:
            nonlocal warned
            if not warned:
                warnings.warn(
                    f"{f.__name__} in {filename} is deprecated: {msg}", DeprecationWarning, stacklevel=2
                )
                warned = True
            return f(*args, **kwargs)

        return warning

    return decorate


def uniq(seq: Iterable[T]) -> list[T]:
    """The elements of `seq`, each where it first stands."""
    given = list(seq)
    return [x for i, x in enumerate(given) if x not in given[:i]]


def unique(x: Sequence[Hashable]) -> bool:
    """Whether no element of `x` stands twice."""
    return len(set(x)) == len(x)


def difference(seq1: Iterable[T], seq2: Iterable[T]) -> list[T]:
    """The elements of `seq1` that are not in `seq2`."""
    without = list(seq2)
    return [x for x in seq1 if x not in without]


def remove(predicate: Callable[[T], bool], coll: Iterable[T]) -> Iterable[T]:
    """The elements of `coll` for which `predicate` is not true."""
    return filter(lambda x: not predicate(x), coll)


def flatten(a: Any) -> list[Any]:
    """The elements of nested lists, tuples and sets in one list; what is none of these as a list of one."""
    if isinstance(a, (tuple, list, set)):
        return [x for part in a for x in flatten(part)]
    return [a]


def toposort(prereqs_d: Mapping[T, Iterable[T]]) -> list[T]:
    """The keys of `prereqs_d`, and what they need, each after what `prereqs_d` says that it needs.

    Errors: ValueError for circles
    """
    order: dict[T, None] = {}
    needs = {key: set(value) for key, value in prereqs_d.items()}
    for value in list(needs.values()):
        for x in value:
            needs.setdefault(x, set())
    while len(order) < len(needs):
        ready = [key for key, value in needs.items() if key not in order and all(x in order for x in value)]
        if not ready:
            raise ValueError(
                f"There is no order: circles among {[key for key in needs if key not in order]}."
            )
        order.update(dict.fromkeys(ready))
    return list(order)


def give_variables_names(variables: Sequence[Any]) -> list[Any]:
    """`variables`, of which those without a name have one now, and no two the same."""
    taken = [v.name for v in variables]
    if None in taken or len(set(taken)) != len(taken):
        for i, variable in enumerate(variables):
            variable.name = f"{variable.name or ''}_{i}"
    return list(variables)


def debug_error_message(msg: str) -> None:
    """Say that test values do not fit: a ValueError, or a warning where config.compute_test_value is 'warn'."""
    _say_of_test_values(ValueError(msg))


def debug_assert(condition: Any, msg: str | None = None) -> None:
    """AssertionError unless `condition`, or a warning where config.compute_test_value is 'warn'."""
    if not condition:
        _say_of_test_values(AssertionError("debug_assert failed" if msg is None else msg))


def _say_of_test_values(error: Exception) -> None:
    if config.compute_test_value != "warn":
        raise error
    warnings.warn(str(error), stacklevel=3)


def hash_from_file(file_path: str) -> str:
    """A digest of what is in a file."""
    with open(file_path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
