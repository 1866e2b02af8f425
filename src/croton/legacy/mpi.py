"""Arrays sent to other processes and received from them by MPI: `theano.tensor.io`. It needs the package mpi4py.

What is sent and awaited in which order matters between processes: compile with
`Mode(linker=VM_Linker(schedule=sort_schedule_fn(*mpi_cmps)))`, so that sending begins early and waiting late.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import generic
from croton.ops.convert import as_tensor_variable, constant
from croton.vartypes.dtype import as_dtype
from croton.vartypes.tensor import TensorType

mpi_enabled = importlib.util.find_spec("mpi4py") is not None


def _communicator() -> Any:
    """All processes. Errors: ImportError without mpi4py"""
    try:
        return importlib.import_module("mpi4py.MPI").COMM_WORLD
    except ImportError as error:
        raise ImportError("Sending and receiving needs the package mpi4py: pip install mpi4py.") from error


class MPIOp(Op):
    """What speaks with other processes: it is never computed ahead."""

    tag: Any = None  # in the place of the notes that other operations have there

    def do_constant_folding(self, node: Apply) -> bool:
        return False


class MPIRecv(MPIOp):
    """Begin to receive an array of known shape and type: a request, and the array that will be filled."""

    __props__ = ("source", "tag", "shape", "dtype")

    def __init__(self, source: int, tag: int, shape: Sequence[int], dtype: Any) -> None:
        self.source, self.tag = source, tag
        self.shape = tuple(shape)
        self.dtype = as_dtype(dtype)

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [], [generic(), TensorType(self.dtype, (None,) * len(self.shape))()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        data = np.zeros(self.shape, self.dtype)
        output_storage[0][0] = _communicator().Irecv(data, self.source, self.tag)
        output_storage[1][0] = data

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [None, tuple(constant(n, dtype="int64") for n in self.shape)]

    def __str__(self) -> str:
        return f"MPIRecv{{source: {self.source}, tag: {self.tag}, shape: {self.shape}, dtype: {self.dtype}}}"


class MPIRecvWait(MPIOp):
    """Wait until an array has come; the array."""

    __props__ = ("tag",)
    view_map = {0: [1]}

    def __init__(self, tag: int) -> None:
        self.tag = tag

    def make_node(self, *inputs: Any) -> Apply:
        request, data = inputs
        return Apply(self, [request, data], [data.type()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        request, data = inputs
        request.wait()
        output_storage[0][0] = data

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]


class MPISend(MPIOp):
    """Begin to send an array: a request, and the array."""

    __props__ = ("dest", "tag")
    view_map = {1: [0]}

    def __init__(self, dest: int, tag: int) -> None:
        self.dest, self.tag = dest, tag

    def make_node(self, *inputs: Any) -> Apply:
        data = as_tensor_variable(*inputs)
        return Apply(self, [data], [generic(), data.type()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        (data,) = inputs
        output_storage[0][0] = _communicator().Isend(data, self.dest, self.tag)
        output_storage[1][0] = data

    def __str__(self) -> str:
        return f"MPISend{{dest: {self.dest}, tag: {self.tag}}}"


class MPISendWait(MPIOp):
    """Wait until an array has gone; True."""

    __props__ = ("tag",)

    def __init__(self, tag: int) -> None:
        self.tag = tag

    def make_node(self, *inputs: Any) -> Apply:
        request, data = inputs
        return Apply(self, [request, data], [generic()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        inputs[0].wait()
        output_storage[0][0] = True


def isend(var: Any, dest: int, tag: int) -> list[Variable]:
    """Begin to send `var` to the process `dest`: a request, and `var`."""
    return MPISend(dest, tag)(var)  # type: ignore[no-any-return]


def send(var: Any, dest: int, tag: int) -> Variable:
    """Send `var` to the process `dest`; True when it has gone."""
    return MPISendWait(tag)(*isend(var, dest, tag))  # type: ignore[no-any-return]


def irecv(shape: Sequence[int], dtype: Any, source: int, tag: int) -> list[Variable]:
    """Begin to receive an array from the process `source`: a request, and the array that will be filled."""
    return MPIRecv(source, tag, shape, dtype)()  # type: ignore[no-any-return]


def recv(shape: Sequence[int], dtype: Any, source: int, tag: int) -> Variable:
    """The array that comes from the process `source`."""
    return MPIRecvWait(tag)(*irecv(shape, dtype, source, tag))  # type: ignore[no-any-return]


# -- in which order ------------------------------------------------------------------------------------------
def mpi_send_wait_key(a: Apply) -> int:
    """-1 for nodes that begin, which should run early, 1 for those that wait, else 0."""
    if isinstance(a.op, (MPISend, MPIRecv)):
        return -1
    return 1 if isinstance(a.op, (MPISendWait, MPIRecvWait)) else 0


def mpi_tag_key(a: Apply) -> Any:
    """The tag of a node that speaks with others, else 0: what has the lower tag should run first."""
    return a.op.tag if isinstance(a.op, MPIOp) else 0


def _compared(key: Callable[[Apply], Any]) -> Callable[[Apply, Apply], int]:
    return lambda a, b: int(key(a) > key(b)) - int(key(a) < key(b))


mpi_send_wait_cmp = _compared(mpi_send_wait_key)
mpi_tag_cmp = _compared(mpi_tag_key)
mpi_cmps = (mpi_send_wait_cmp, mpi_tag_cmp)
