"""The public roof is whole: names, and the arguments that they take, as recorded from Theano 1.0.5 in `api.txt`.

A line of it is a module (or a class in one), a name, what kind of thing it is, and the arguments of a function or
constructor. What is recorded must be accepted: the same names in the same order, the same defaults. There may be more
arguments, which then have defaults.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import types
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

LINES = [line.split("\t") for line in (Path(__file__).parent / "api.txt").read_text("utf-8").splitlines()]
NAMES: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
for module_name, public, kind, arguments in LINES:
    NAMES[module_name].append((public, kind, arguments))

KINDS: dict[str, Any] = {
    "module": lambda x: isinstance(x, types.ModuleType),
    "class": lambda x: isinstance(x, type),
    "function": lambda x: callable(x) and not isinstance(x, types.ModuleType),
    "op": lambda x: callable(x) and not isinstance(x, types.ModuleType),
}

# What is made of fewer, or other, arguments than were recorded: objects that only the library makes.
OTHERWISE = {
    "ChoiceFromUniform",
    "CompatUnpickler",
    "CrossentropySoftmaxArgmax1HotWithBias",
    "EQ",
    "Elemwise",
    "Function",
    "MissingInputError",
    "NEQ",
    "Rebroadcast",
    "Scan",
    "Tensor",
    "TensorType",
    "floats",
    "give_variables_names",
    "ints",
}


def recorded(signature: str) -> list[tuple[str, str | None]]:
    """Names of arguments, and their defaults as text."""
    text = re.sub(r"<[^<>]*(<[^<>]*>)*[^<>]*>", "...", signature)
    given = ast.parse(f"def f{text}: pass").body[0].args  # type: ignore[attr-defined]
    defaults = [None] * (len(given.args) - len(given.defaults)) + [ast.unparse(d) for d in given.defaults]
    found = [(a.arg, d) for a, d in zip(given.args, defaults, strict=True)]
    found += [(f"*{given.vararg.arg}", None)] if given.vararg else []
    found += [(a.arg, d and ast.unparse(d)) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return found + ([(f"**{given.kwarg.arg}", None)] if given.kwarg else [])


def taken(thing: Any) -> list[tuple[str, str | None]]:
    """The same of what is there."""
    if (
        isinstance(thing, type)
        and "field_defaults" in dir(thing)
        and thing.__init__.__name__ == "_fill_fields"
    ):  # type: ignore[misc]
        needed = ["object object" in repr(d) for d in thing.field_defaults]
        return [
            (name, None if must else repr(d))
            for name, d, must in zip(thing.__props__, thing.field_defaults, needed, strict=True)  # type: ignore[attr-defined]
        ]
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [
        (stars.get(p.kind, "") + p.name, None if p.default is p.empty else repr(p.default))
        for p in inspect.signature(thing).parameters.values()
    ]


def accepts(have: list[tuple[str, str | None]], want: list[tuple[str, str | None]]) -> bool:
    """Whether calls that fit `want` fit `have`."""
    anything = {name[: name.count("*")] for name, _ in have if name.startswith("*")}
    at = 0
    for name, default in want:
        if name.startswith("*"):
            if name[: name.count("*")] not in anything:
                return False
        elif at < len(have) and have[at][0] == name:
            said = have[at][1]
            if default is not None and (said is None or not _same_default(said, default)):
                return False
            at += 1
        elif "**" not in anything:
            return False
    return all(default is not None or name.startswith("*") for name, default in have[at:])


def _same_default(have: str, want: str) -> bool:
    """Whether two defaults mean the same; what can't be read is taken for the same, and so are kinds of nothing."""
    if "..." in want or have.startswith("<") or have == want:
        return True
    a, b = (list(v) if isinstance(v, tuple) else v for v in map(ast.literal_eval, (have, want)))
    return bool(a == b or (a in (None, []) and b in (None, [])))


@pytest.mark.parametrize("module_name", list(NAMES))
def test_names_are_there_and_take_what_they_took(module_name: str) -> None:
    module = pkgutil.resolve_name(module_name)
    skipped = int(isinstance(module, type))  # self
    wrong = []
    for name, kind, arguments in NAMES[module_name]:
        found = getattr(module, name, None)
        if not hasattr(module, name) or not KINDS.get(kind, lambda x: True)(found):
            wrong.append(f"{name} is {type(found)}, should be a {kind}")
        elif (
            arguments
            and name not in OTHERWISE
            and not accepts(taken(found)[skipped:], recorded(arguments)[skipped:])
        ):
            wrong.append(f"{name}{inspect.signature(found)} should take {arguments}")
    assert not wrong, "\n".join(wrong)


def test_a_signature_is_compared_as_calls_need_it() -> None:
    want = recorded("(x, axis=None, keepdims=False)")
    assert accepts(want, want)
    assert accepts([*want, ("more", "1")], want)
    assert not accepts([*want, ("more", None)], want)
    assert not accepts([("x", None), ("keepdims", "False"), ("axis", "None")], want)
    assert not accepts([("x", None), ("axis", "1"), ("keepdims", "False")], want)
    assert accepts(recorded("(*args, **kwargs)"), want)


def test_modules_do_not_hide_functions_of_their_names() -> None:
    import theano.compile.function
    import theano.compile.pfunc
    import theano.tensor.sort
    import theano.tensor.var

    for found in (theano.tensor.sort, theano.tensor.var, theano.compile.function, theano.compile.pfunc):
        assert not isinstance(found, types.ModuleType)
