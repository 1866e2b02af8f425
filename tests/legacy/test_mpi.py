"""Arrays sent and received: with a stand-in for mpi4py, in which the process speaks with itself."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof.sched import sort_schedule_fn
from theano.gof.vm import VM_Linker
from theano.tensor import io


class Request:
    def __init__(self, finish):
        self.wait = finish


class World:
    """A mailbox by tags, which remembers what was asked of it."""

    def __init__(self):
        self.box, self.log = {}, []

    def Isend(self, data, dest, tag):
        self.log.append(("send", dest, tag))
        self.box[tag] = data.copy()
        return Request(lambda: self.log.append(("sent", tag)))

    def Irecv(self, data, source, tag):
        self.log.append(("receive", source, tag))

        def finish():
            self.log.append(("received", tag))
            data[...] = self.box[tag]

        return Request(finish)


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setitem(sys.modules, "mpi4py", types.ModuleType("mpi4py"))
    module = types.ModuleType("mpi4py.MPI")
    module.COMM_WORLD = made
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", module)
    return made


x = T.dmatrix("x")


def test_what_is_sent_comes(world):
    mode = theano.Mode(VM_Linker(schedule=sort_schedule_fn(*io.mpi_cmps)), None)
    sent, came = io.send(x * 2.0, 1, 12), io.recv((2, 2), "float64", 0, 12)
    told, value = theano.function([x], [sent, came + 1.0], mode=mode)(np.eye(2))
    assert told is True
    np.testing.assert_array_equal(value, 2.0 * np.eye(2) + 1.0)
    assert {e[0] for e in world.log[:2]} == {"send", "receive"} and len(world.log) == 4
    assert theano.function([], came.shape)().tolist() == [2, 2] and len(world.log) == 4


def test_types_views_and_keys():
    request, data = io.irecv((10, 1), "float32", 0, 11)
    assert request.type == theano.gof.generic and str(data.type) == "TensorType(float32, matrix)"
    assert str(data.owner.op) == "MPIRecv{source: 0, tag: 11, shape: (10, 1), dtype: float32}"
    assert io.MPIRecv(0, 1, (2,), "int8") == io.MPIRecv(0, 1, (2,), "int8") != io.MPIRecv(0, 2, (2,), "int8")
    wait, (begun, passed) = io.recv((3,), "float32", 0, 5), io.isend(x, 1, 7)
    assert (
        wait.owner.op.view_map == {0: [1]}
        and passed.owner.op.view_map == {1: [0]}
        and begun.owner is passed.owner
    )
    assert str(passed.owner.op) == "MPISend{dest: 1, tag: 7}" and io.send(x, 1, 7).owner.op == io.MPISendWait(
        7
    )
    nodes = [passed.owner, wait.owner, (x + 1).owner]
    assert [io.mpi_send_wait_key(n) for n in nodes] == [-1, 1, 0] and [io.mpi_tag_key(n) for n in nodes] == [
        7,
        5,
        0,
    ]
    assert io.mpi_send_wait_cmp(*nodes[:2]) == -1 and io.mpi_tag_cmp(*nodes[:2]) == 1


@pytest.mark.skipif(io.mpi_enabled, reason="mpi4py is here")
def test_without_the_package_it_says_what_is_missing():
    with pytest.raises(ImportError, match="pip install mpi4py"):
        theano.function([x], io.send(x, 1, 12))(np.eye(2))
