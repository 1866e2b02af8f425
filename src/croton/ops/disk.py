"""Arrays read from files."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import generic
from croton.vartypes.dtype import as_dtype
from croton.vartypes.tensor import TensorType


class LoadFromDisk(Op):
    """The array in a file of NumPy's format, read each time it is computed.

    mmap_mode  None reads the file into memory; 'c' maps it there, and writes nothing back

    Errors:  ValueError for another mode; TypeError at run time when the file holds an array of another type
    """

    __props__ = ("dtype", "broadcastable", "mmap_mode")

    def __init__(self, dtype: Any, broadcastable: Any, mmap_mode: Literal["c"] | None = None) -> None:
        if mmap_mode not in (None, "c"):
            raise ValueError(f"The only supported values for mmap_mode are None and 'c', got {mmap_mode!r}.")
        self.dtype = as_dtype(dtype)
        self.broadcastable = tuple(broadcastable)
        self.mmap_mode = mmap_mode

    def make_node(self, *inputs: Any) -> Apply:
        (path,) = inputs
        path = path if isinstance(path, Variable) else generic.make_constant(path)
        return Apply(self, [path], [TensorType(self.dtype, self.broadcastable)()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        found = np.load(inputs[0], mmap_mode=self.mmap_mode)
        if found.dtype != self.dtype:
            raise TypeError(f"Expected an array of type {self.dtype}, got {found.dtype} instead: {inputs[0]}")
        output_storage[0][0] = node.outputs[0].type.filter(np.asarray(found))

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to the name of a file."""
        return [[False]]

    def __str__(self) -> str:
        return f"Load{{dtype: {self.dtype}, broadcastable: {self.broadcastable}, mmep: {self.mmap_mode}}}"


def load(path: Any, dtype: Any, broadcastable: Any, mmap_mode: Literal["c"] | None = None) -> Variable:
    """The array of a known type in a file of NumPy's format; `path` is its name, or a generic variable of it."""
    made: Variable = LoadFromDisk(dtype, broadcastable, mmap_mode)(path)
    return made
