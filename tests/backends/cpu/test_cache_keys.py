"""One program, compiled in several processes, is found in the cache: nothing depends on the order of a set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import numpy as np
import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.sandbox.rng_mrg import MRG_RandomStreams

kept = [object() for _ in range(int(__import__("sys").argv[1]))]  # so that addresses differ, too
x, y, n = T.dmatrix("x"), T.ivector("y"), T.iscalar("n")
w, v, b = theano.shared(np.eye(4)), theano.shared(np.eye(4)), theano.shared(np.zeros(4))

hidden = T.tanh(x.dot(w) + b) * MRG_RandomStreams(3).binomial((4,), p=0.5)
cost = -T.log(T.nnet.softmax(hidden.dot(v)))[T.arange(y.shape[0]), y].mean() + (w**2).sum() + (v**2).sum()
grads = T.grad(cost, [w, v, b])
theano.function([x, y], cost, updates=[(p, p - 0.1 * g) for p, g in zip([w, v, b], grads)])

def step(row, h):
    return T.tanh(row + h.dot(w) * T.nnet.sigmoid(h.dot(v)))

states, _ = theano.scan(step, x, b)
theano.function([x], [states[-1], *T.grad((states**2).sum(), [w, v, b])])

p, q, r = n > 0, n > 1, n > 2
left = ifelse(p, ifelse(q, x.dot(w), x + 1), ifelse(r, x * 2, T.exp(x)))
right = ifelse(q, ifelse(p, left.sum(), x.prod()), ifelse(r, x.max(), left.min()))
deep = ifelse(r, ifelse(p, ifelse(q, right * left, left), right + x), x)
apart = T.exp(x).sum()
c, d, e, f = T.iscalars("cdef")
inner = ifelse(d, ifelse(e, ifelse(f, apart * 2, x.sum()), x.min()), x[0, 0])
twice = ifelse(c, inner, x.max()) + ifelse(d, ifelse(e, ifelse(f, apart * 3, x.prod()), x.mean()), x[0, 1])
theano.function([c, d, e, f, x], twice)
theano.function([n, x], [left, right, deep, *T.grad(deep.sum() + right, [x, w])])

theano.function([x, y], [T.set_subtensor(x[y], 0.0), T.join(0, x, x.T).cumsum(0), x[::2].var(1), T.sort(x)])
"""


def objects_after(folder: Path, seed: int) -> set[str]:
    """The entries of the cache after a process with this seed of string hashes has compiled all."""
    flags = {"PYTHONHASHSEED": str(seed), "THEANO_FLAGS": f"base_compiledir={folder}"}
    environment = {**os.environ, **flags, "PYTHONPATH": os.pathsep.join(sys.path)}
    asked = [sys.executable, "-c", PROGRAM, str(1000 * seed)]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.name for path in (folder / "objects").iterdir()}


def test_keys_do_not_depend_on_the_process(tmp_path: Path) -> None:
    first = objects_after(tmp_path, 1)
    assert len(first) > 20
    for seed in (2, 3):
        assert objects_after(tmp_path, seed) == first
