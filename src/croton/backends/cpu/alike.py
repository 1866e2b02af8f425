"""Calls of the runtime that a driver makes often, with other registers: written once in its module, and called.

Long graphs repeat themselves. A call with its arrays on the stack and what it says when it fails takes twenty lines of
LLVM's language, a call of a function that does this takes one; and the stack of a driver does not grow with the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from croton.backends.cpu.arguments import ABI, Arguments, failed, type_of
from croton.backends.cpu.codegen.emitter import Emitter
from croton.plan import program as p

# From so many calls on a function is written for them.
OFTEN = 4

# What may differ from one call to another.
Given = p.Reg | p.I32 | p.Desc | p.Slot

# What calls that are alike have in common: constants as they are written, what differs as its place among the given.
Form = tuple[Any, ...]


class Alike:
    """Functions for what `program` calls often outside of loops, where nothing is written before them."""

    def __init__(self, e: Emitter, program: p.Program, tables: dict[str, str]) -> None:
        self._e = e
        self._program = program
        self._tables = tables
        self._found = {id(s): form_of(s) for s in _calls(program.statements)}
        self._uses = Counter(form for form, _ in self._found.values())
        self._names: dict[Form, str] = {}

    def written(self, s: p.Call | p.Fail) -> tuple[str, Sequence[Given]] | None:
        """The function that does `s`, notes of operands included, and what it is given; None where there is none."""
        found = self._found.get(id(s))
        if found is None or self._uses[found[0]] < OFTEN:
            return None
        form, given = found
        name = self._names.get(form)
        if name is None:
            call = failing(s) if isinstance(s, p.Fail) else s
            name = self._names[form] = f"{call.function}.{len(self._names)}"
            self._e.function(name, self._text(name, call, {a: f"%a{k}" for k, a in enumerate(given)}))
        return name, given

    def _text(self, name: str, call: p.Call, names: Mapping[Given, str]) -> str:
        e = self._e.beside()
        e.begin()
        arguments = Arguments(e, names, self._program, self._tables)
        table = arguments.address("rt")
        type_ = ABI["functions"][call.function][1]
        if call.function == "rt_fail":
            arguments.note(call.operands, table)
        got = arguments.called(call.function, call.args, table)
        if call.operands and call.function != "rt_fail":
            noting, on = e.fresh("noting"), e.fresh("go")
            e.branch(failed(e, call.function, got), noting, on)
            e.block(noting)
            arguments.note(call.operands, table)
            e.jump(on)
            e.block(on)
        e.put(f"ret {type_} {got}" if got else "ret void")
        e.lines[:0] = arguments.allocas
        formal = ", ".join(["ptr %ctx", *(f"{_type(a)} {at}" for a, at in names.items())])
        return e.closed(f"define internal {type_} @{name}({formal})")


def failing(s: p.Fail) -> p.Call:
    """The call that ends a program."""
    args = (p.I32(s.code), p.I32(s.node), p.I32(len(s.details)), p.I64s(s.details))
    return p.Call("rt_fail", args, operands=s.operands)


def form_of(s: p.Call | p.Fail) -> tuple[Form, Sequence[Given]]:
    """The form of a call, and what it is given besides, in order."""
    call = failing(s) if isinstance(s, p.Fail) else s
    given: dict[Given, int] = {}
    form: list[Any] = [call.function]
    for a in call.args:
        _put(form, a, given)
    for o in call.operands:
        form.append(o.dtype)
        for part in (p.I64s(o.dims), p.I64s(o.strides), o.data or p.Null()):
            _put(form, part, given)
    form.extend(_type(a) for a in given)
    return tuple(form), tuple(given)


def _put(form: list[Any], a: p.Argument, given: dict[Given, int]) -> None:
    form.append(type(a))
    match a:
        case p.Reg() | p.I32() | p.Desc() | p.Slot():
            form.append(given.setdefault(a, len(given)))
            return
        case p.I64():
            values: Sequence[Any] = (a.value,)
        case p.I64s() | p.Ptrs():
            values = a.values
        case p.Ref():
            values = (a.dtype, a.value)
        case p.Null():
            return
    form.append(len(values))
    for v in values:
        form.append(given.setdefault(v, len(given)) if isinstance(v, p.Reg) else repr(v))


def _calls(statements: Sequence[p.Statement]) -> Iterator[p.Call | p.Fail]:
    for s in statements:
        if isinstance(s, (p.Call, p.Fail)):
            yield s
        elif isinstance(s, p.Branch):
            yield from _calls(s.then)
            yield from _calls(s.otherwise)


def _type(a: Given) -> str:
    match a:
        case p.Reg():
            return type_of(a.dtype)
        case p.I32() | p.Slot():
            return "i32"
        case p.Desc():
            return "ptr"
