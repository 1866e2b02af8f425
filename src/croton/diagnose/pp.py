"""Expressions as one line of mathematical text: `pp`, and the printers that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.creation import Alloc
from croton.ops.dot import Dot
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.index.subtensor import Subtensor
from croton.ops.join import Join
from croton.ops.scalar.row import ROWS

# Precedence outside of everything.
_LOWEST = -1000

# Names of variables that are written as letters of another alphabet.
greek = {name: f"\\{name}" for name in ("alpha", "beta", "gamma", "delta", "epsilon")}
special = {"middle_dot": "\\dot", "big_sigma": "\\Sigma"}

VALID_ASSOC = {"left", "right", "either"}


class PrinterState:
    """What a printer is told: the printer to go on with (`pprinter`), and the precedence of what is around."""

    def __init__(self, props: Any = None, **more_props: Any) -> None:
        if props is not None:
            self.__dict__.update(props if isinstance(props, Mapping) else props.__dict__)
        self.__dict__.update(more_props)

    def clone(self, **changes: Any) -> PrinterState:
        """This state, with changes."""
        return type(self)(self, **changes)

    # Set by whoever makes a state.
    pprinter: PPrinter
    precedence: int = _LOWEST
    held: _Held | None = None


class OperatorPrinter:
    """Writes an operator between its arguments, or in front of a single one, always in parentheses."""

    def __init__(self, operator: str, precedence: int, assoc: str = "left") -> None:
        if assoc not in VALID_ASSOC:
            raise ValueError(f"assoc is one of {sorted(VALID_ASSOC)}; got {assoc!r}.")
        self.operator = operator
        self.precedence = precedence
        self.assoc = assoc

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`. Errors: TypeError for a variable that nothing computes."""
        inner = pstate.clone(precedence=self.precedence)
        parts = [pstate.pprinter.process(x, inner) for x in _node(self, output).inputs]
        if len(parts) == 1:
            return f"({self.operator}{parts[0]})"
        return f"({f' {self.operator} '.join(parts)})"


class FunctionPrinter:
    """Writes a name and the arguments in parentheses; a name for each output."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`. Errors: TypeError for a variable that nothing computes."""
        node = _node(self, output)
        name = self.names[output.index or 0]
        return f"{name}({_arguments(node.inputs, pstate)})"


class PatternPrinter:
    """Fills a text such as '|%(0)s|' with the arguments; a text for each output.

    A pattern may be a tuple of the text and the precedence of each argument.
    """

    def __init__(self, *patterns: Any) -> None:
        self.patterns = [(one, []) if isinstance(one, str) else (one[0], list(one[1:])) for one in patterns]

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`. Errors: TypeError for a variable that nothing computes."""
        node = _node(self, output)
        pattern, precedences = self.patterns[output.index or 0]
        precedences = precedences + [_LOWEST] * (len(node.inputs) - len(precedences))
        texts = [
            pstate.pprinter.process(x, pstate.clone(precedence=precedence))
            for x, precedence in zip(node.inputs, precedences, strict=False)
        ]
        text: str = pattern % {str(at): text for at, text in enumerate(texts)}
        return text


class IgnorePrinter:
    """Writes the first argument alone."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`. Errors: TypeError for a variable that nothing computes."""
        return pstate.pprinter.process(_node(self, output).inputs[0], pstate)


class DefaultPrinter:
    """Writes any operation as it prints itself, and its arguments in parentheses."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`."""
        if output.owner is None:
            return leaf_printer.process(output, pstate)
        return f"{output.owner.op}({_arguments(output.owner.inputs, pstate)})"


class LeafPrinter:
    """Writes an input or a constant."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`."""
        return greek.get(output.name or "", str(output))


class ElemwisePrinter:
    """Writes an elementwise operation as its scalar operation is written."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`."""
        node = _node(self, output)
        scalar_op = node.op.scalar_op  # type: ignore[attr-defined]
        name = str(getattr(scalar_op, "name", None) or scalar_op)
        if name == "identity":
            return pstate.pprinter.process(node.inputs[0], pstate)
        label = _LABELS.get(name, name.removeprefix("convert_to_"))
        return f"{label}({_arguments(node.inputs, pstate)})"


class DimShufflePrinter:
    """Writes a transposition as `x.T`, leaves out leading axes of length 1, and names any other order."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`."""
        node = _node(self, output)
        order = tuple(node.op.new_order)  # type: ignore[attr-defined]
        kept = [axis for axis in order if axis != "x"]
        inner = pstate.pprinter.process(node.inputs[0], pstate.clone(precedence=_LOWEST))
        if kept == list(range(len(kept))) and order[len(order) - len(kept) :] == tuple(kept):
            return inner
        if order == (1, 0):
            return f"{inner}.T"
        return f"DimShuffle{{{', '.join(map(str, order))}}}({inner})"


class SubtensorPrinter:
    """Writes an index: of slices only the types, of single indices the values, the last one first, as ever."""

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """The text of `output`."""
        node = _node(self, output)
        entries: Sequence[Any] = node.op.idx_list  # type: ignore[attr-defined]
        given = list(node.inputs[1:])
        values: list[str] = []
        for entry in entries:
            for part in (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else (entry,):
                if isinstance(part, Type):
                    text = pstate.pprinter.process(given.pop(0), pstate.clone(precedence=_LOWEST))
                    values.append(f"ScalarFromTensor({text})")
                elif part is not None:
                    values.append(f"Constant{{{part}}}")
        texts = [_slice(entry) if isinstance(entry, slice) else values.pop() for entry in entries]
        inner = pstate.pprinter.process(node.inputs[0], pstate.clone(precedence=1000))
        return f"{inner}[{', '.join(texts)}]"


def _node(printer: Any, output: Variable) -> Apply:
    if output.owner is None:
        raise TypeError(f"{type(printer).__name__} can't write {output}, which no operation computes.")
    return output.owner


def _arguments(variables: Sequence[Variable], pstate: PrinterState) -> str:
    inner = pstate.clone(precedence=_LOWEST)
    return ", ".join(pstate.pprinter.process(x, inner) for x in variables)


def _slice(entry: slice) -> str:
    start, stop, step = (_bound(part) for part in (entry.start, entry.stop, entry.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _bound(part: Any) -> str:
    if part is None:
        return ""
    return str(part.dtype) if isinstance(part, Type) else "int64"


# So many printers may wait for one another: each takes a few of Python's 1000 frames.
_DEEPEST = 50

# Stands before and after the number of a text that is put in later.
_MARK = "\0"


class _Held:
    """A text in pieces: what is too deep to be written in one go is numbered, and written by itself."""

    def __init__(self, printer: PPrinter) -> None:
        self.printer = printer
        self.depth = 0
        self.numbers: dict[Any, int] = {}
        self.wanted: list[tuple[Variable, PrinterState]] = []

    def whole(self, r: Variable) -> str:
        """The text of a variable, however deep, in time that grows with its length."""
        self._later(r, PrinterState(pprinter=self.printer, held=self))
        texts = []
        for one in self.wanted:  # which grows meanwhile
            self.depth = 0
            texts.append(self._go_on(*one).split(_MARK))
        pieces: list[str] = []
        todo = list(enumerate(texts[0]))[::-1]
        while todo:
            at, piece = todo.pop()
            if at % 2:
                todo.extend(list(enumerate(texts[int(piece)]))[::-1])
            else:
                pieces.append(piece)
        return "".join(pieces)

    def text(self, r: Variable, pstate: PrinterState) -> str:
        """The text, or what stands for it until all are written."""
        return self._go_on(r, pstate) if self.depth < _DEEPEST else self._later(r, pstate)

    def _later(self, r: Variable, pstate: PrinterState) -> str:
        number = self.numbers.setdefault(_asked(r, pstate), len(self.wanted))
        if number == len(self.wanted):
            self.wanted.append((r, pstate))
        return f"{_MARK}{number}{_MARK}"

    def _go_on(self, r: Variable, pstate: PrinterState) -> str:
        self.depth += 1
        made = str(self.printer._printer(r, pstate).process(r, pstate))
        self.depth -= 1
        return made


def _asked(r: Variable, pstate: PrinterState) -> Any:
    """What a text is kept by: the variable, and all that the state says."""
    return r, tuple(sorted((name, repr(value)) for name, value in vars(pstate).items() if name != "held"))


class PPrinter:
    """Writes variables by the printers that have been assigned to operations, their classes, or conditions."""

    def __init__(self) -> None:
        self.printers: list[tuple[Callable[[PrinterState, Variable], bool], Any]] = []
        self.printers_dict: dict[Any, Any] = {}

    def assign(self, condition: Any, printer: Any) -> None:
        """Let `printer` write what `condition` names: an operation, a class, or a function (state, variable)."""
        if isinstance(condition, (Op, type)):
            self.printers_dict[condition] = printer
        else:
            self.printers.insert(0, (condition, printer))

    def process(self, r: Variable, pstate: PrinterState | None = None) -> str:
        """The text of a variable."""
        if pstate is None:
            return _Held(self).whole(r)
        held = pstate.held
        if held is None:
            return str(self._printer(r, pstate).process(r, pstate))
        return held.text(r, pstate)

    def _printer(self, r: Variable, pstate: PrinterState) -> Any:
        for condition, printer in self.printers:
            if condition(pstate, r):
                return printer
        if r.owner is None:
            return leaf_printer
        op = r.owner.op
        for key in (op, *([op.scalar_op] if isinstance(op, Elemwise) else ()), *type(op).__mro__):
            if key in self.printers_dict:
                return self.printers_dict[key]
        return default_printer

    def clone(self) -> PPrinter:
        """A printer that writes the same, and can be changed by itself."""
        made = type(self)()
        made.printers = list(self.printers)
        made.printers_dict = dict(self.printers_dict)
        return made

    def clone_assign(self, condition: Any, printer: Any) -> PPrinter:
        """A copy with one more printer."""
        made = self.clone()
        made.assign(condition, printer)
        return made

    def process_graph(
        self, inputs: Sequence[Variable], outputs: Any, updates: Any = None, display_inputs: bool = False
    ) -> str:
        """The outputs and updates of a function, one per line."""
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        lines = [f"inputs: {', '.join(map(str, inputs))}"] if display_inputs else []
        lines += [self.process(v) for v in outputs]
        pairs = dict(updates or {}).items()
        return "\n".join([*lines, *(f"{old} <- {self.process(new)}" for old, new in pairs)])

    def __call__(self, *args: Any) -> str:
        """The text of a variable; with inputs and outputs (and updates), that of a graph.

        Errors: TypeError without arguments, or for one that is no variable
        """
        if len(args) == 1 and not isinstance(args[0], Variable):
            raise TypeError(
                f"pp takes a variable; got {args[0]} of type {type(args[0]).__name__}. Of a compiled function f, take "
                "f.maker.fgraph.outputs[0]; debugprint takes the function itself."
            )
        if len(args) == 1:
            return self.process(*args)
        if len(args) in (2, 3):
            return self.process_graph(*args)
        raise TypeError(f"pp takes a variable, or inputs, outputs and updates; got {len(args)} arguments.")


leaf_printer = LeafPrinter()
default_printer = DefaultPrinter()
pprint = PPrinter()
pp = pprint

# Elementwise operations whose names in texts are not those of their rows.
_LABELS = {"second": "fill"}

_PRECEDENCE = {
    "add": (-2, "either"), "sub": (-2, "left"), "mul": (-1, "either"), "true_div": (-1, "left"),
    "int_div": (-1, "left"), "neg": (0, "either"), "pow": (1, "right"),
}  # fmt: skip


def _assign_all() -> None:
    for name, (precedence, assoc) in _PRECEDENCE.items():
        pprint.assign(ROWS[name], OperatorPrinter(str(ROWS[name].symbol), precedence, assoc))
    pprint.assign(ROWS["abs_"], PatternPrinter("|%(0)s|"))
    pprint.assign(Elemwise, ElemwisePrinter())
    pprint.assign(DimShuffle, DimShufflePrinter())
    pprint.assign(Subtensor, SubtensorPrinter())
    pprint.assign(Dot, OperatorPrinter(special["middle_dot"], -1, "left"))
    pprint.assign(Alloc, FunctionPrinter("alloc"))
    pprint.assign(Join, FunctionPrinter("join"))


_assign_all()
