"""List the operations without native code, each with the reason; a new one without a reason makes this fail.

usage: python tools/list_python_ops.py
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator

import croton.ops
from croton.graph.op import Op
from croton.ops.elemwise import Elemwise
from croton.ops.place import Place
from croton.ops.reduce import CAReduce
from croton.plan.reductions import SEARCHES

OBJECTS = "works on Python's own objects: lists, slices"
PYTHON = "does what Python does: it calls, prints, reads or raises"
COMPOSED = "makes a graph of other operations; is never a node itself"
TRANSFORM = "NumPy's transforms are native; calling them from Python costs some 5 µs"
LEGACY = "NumPy's legacy generator draws: its values are what is promised"

REASONS: dict[str, str] = {
    TRANSFORM: "RFFTOp IRFFTOp Fourier",
    OBJECTS: """Append Count Extend GetItem Index Insert Length MakeList Remove Reverse MakeSlice ScalarFromTensor
        TensorFromScalar Default""",
    PYTHON: "FromFunctionOp LoadFromDisk PdbBreakpoint Print Raise",
    COMPOSED: """CholeskyGrad EighGrad ExpmGrad CumsumOp CumprodOp DiffOp SoftmaxWithBias Tile Flatten Mean
        IfElse OnMatrix OnNative SparseBlockGemv SparseBlockOuter Prepend_scalar_constant_to_each_row
        Prepend_scalar_to_each_row""",
    LEGACY: "RandomFunction",
}


def operations() -> Iterator[type[Op]]:
    """The classes of operations on arrays; those that only others derive from have names that begin with '_'."""
    for module in pkgutil.walk_packages(croton.ops.__path__, "croton.ops."):
        importlib.import_module(module.name)
    todo = [Op]
    seen = {Op}
    while todo:
        for cls in todo.pop().__subclasses__():
            if cls not in seen:
                seen.add(cls)
                todo.append(cls)
                if (
                    not cls.__name__.startswith("_")
                    and cls.__name__ != "Primitive"
                    and ".scalar." not in cls.__module__
                ):
                    yield cls


def is_native(cls: type[Op]) -> bool:
    """Whether at least some of the nodes of an operation are compiled."""
    if issubclass(cls, (Elemwise, CAReduce, Place, *SEARCHES)):
        return True
    return callable(getattr(cls, "lower", None)) or hasattr(cls, "expand")


def main() -> int:
    """Print the list; 1 when an operation has no reason, or a reason no operation."""
    reason_of = {name: reason for reason, names in REASONS.items() for name in names.split()}
    found = sorted({cls.__name__: cls for cls in operations() if not is_native(cls)}.items())
    for reason in REASONS:
        names = [name for name, _ in found if reason_of.get(name) == reason]
        print(f"{reason}:\n    {', '.join(names)}")
    missing = [f"{cls.__module__}.{name}" for name, cls in found if name not in reason_of]
    stale = sorted(set(reason_of) - {name for name, _ in found})
    if missing:
        print(f"without native code and without a reason:\n    {', '.join(missing)}")
    if stale:
        print(f"native by now, or gone: take out\n    {', '.join(stale)}")
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main())
