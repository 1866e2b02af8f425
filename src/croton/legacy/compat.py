"""Names that programs written for two Pythons ask for: `theano.compat`."""

from __future__ import annotations

import builtins
import inspect
from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter
from typing import Any

PY3 = True

izip = builtins.zip
imap = builtins.map
ifilter = builtins.filter
operator_itemgetter = itemgetter
DefaultOrderedDict = defaultdict


def cmp(x: Any, y: Any) -> int:
    """-1, 0 or 1, as `x` is less than `y`, equal or greater."""
    return int(x > y) - int(x < y)


def decode(x: bytes) -> str:
    """Bytes as text."""
    return x.decode()


def decode_iter(itr: Any) -> Any:
    """Each of several bytes as text."""
    return map(decode, itr)


def exc_message(e: BaseException) -> Any:
    """The first argument of an exception."""
    return e.args[0] if e.args else ""


def get_unbound_function(unbound: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a method."""
    return inspect.unwrap(getattr(unbound, "__func__", unbound))  # type: ignore[no-any-return]


# Whether SciPy, and BLAS through it, is there: it always is.
imported_scipy = imported_scipy_special = have_fblas = True
