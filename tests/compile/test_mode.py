"""Modes: their names, their backends, their rules."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.mode import (
    Mode,
    get_default_mode,
    get_mode,
    predefined_modes,
    query_of,
    register_linker,
    register_mode,
    register_optimizer,
)  # fmt: skip
from croton.errors import UnknownModeError


def test_names():
    assert sorted(set(predefined_modes) & {"DEBUG_MODE", "FAST_COMPILE", "FAST_RUN"}) == [
        "DEBUG_MODE", "FAST_COMPILE", "FAST_RUN",
    ]  # fmt: skip
    for name in ("Mode", "FAST_RUN", "FAST_COMPILE", "DebugMode", "DEBUG_MODE"):
        assert isinstance(get_mode(name), Mode)
    assert get_mode("FAST_COMPILE").backend_name == "numpy"
    assert isinstance(get_default_mode(), Mode)
    mode = Mode("py", None)
    assert get_mode(mode) is mode
    with pytest.raises(UnknownModeError, match="no mode 'NOPE'; there are CPU, .*, NUMPY"):
        get_mode("NOPE")
    with pytest.raises(TypeError):
        get_mode(3)


def test_unknown_parts():
    with pytest.raises(ValueError, match="no linker 'nope'"):
        Mode("nope")
    with pytest.raises(ValueError, match="no optimizer 'nope'"):
        Mode("py", "nope")


def test_including_and_excluding():
    mode = Mode("py", "fast_compile")
    assert "fusion" in mode.including("fusion").query.include
    assert "fusion" in mode.excluding("fusion").query.exclude
    assert mode.query == query_of("fast_compile")
    assert mode.including("fusion") != mode
    assert mode.clone(optimizer="fast_run").query == query_of("fast_run")


def kernels(mode, *outputs, inputs):
    return theano.explain(theano.function(inputs, list(outputs), mode=mode)).kernels


def test_excluding_fusion_gives_each_node_a_loop_of_its_own():
    x, y = T.dmatrices("x", "y")
    value = np.arange(6.0).reshape(2, 3)
    outputs = [T.exp(x) + T.tanh(y), (T.exp(x) * y).sum(axis=0)]
    mode = Mode("cpu", "fast_run")
    together = [mode, mode.excluding("fusion").including("fusion")]
    apart = [mode.excluding("fusion"), mode.excluding("elemwise_fusion"), Mode("cpu", "fast_run_stable")]
    for chosen, each in ((together, 5), (apart, 1)):
        for one in chosen:
            assert {len(kernel.nodes) for kernel in kernels(one, *outputs, inputs=[x, y])} == {each}
    fused, single = (theano.function([x, y], outputs, mode=m) for m in (mode, mode.excluding("fusion")))
    for one, other in zip(fused(value, value), single(value, value), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-15)


def test_excluding_fusion_reaches_into_loops():
    x = T.dvector("x")
    out = theano.scan(
        lambda v: T.tanh(T.exp(x * v).sum()), outputs_info=T.constant(0.5, dtype="float64"), n_steps=3
    )[0]
    mode = Mode("cpu", "fast_run")
    apart = kernels(mode.excluding("fusion"), out, inputs=[x])
    assert len(apart) > len(kernels(mode, out, inputs=[x]))


def test_excluding_inplace_leaves_the_old_value_of_a_shared_variable_where_it_is():
    def address(w):
        return w.get_value(borrow=True, return_internal_type=True).ctypes.data

    for name, stays in ((None, True), ("inplace", False), ("inplace_opt", False)):
        w = theano.shared(np.ones(1000), "w")
        mode = Mode("cpu", "fast_run") if name is None else Mode("cpu", "fast_run").excluding(name)
        f = theano.function([], [], updates=[(w, 2 * w)], mode=mode)
        old = w.get_value(borrow=True, return_internal_type=True)
        f()
        assert (address(w) == old.ctypes.data) is stays
        np.testing.assert_array_equal(w.get_value(), np.full(1000, 2.0))
        np.testing.assert_array_equal(old, np.full(1000, 2.0 if stays else 1.0))


def test_excluding_products_by_the_names_of_old():
    x, y, z = T.dmatrices("x", "y", "z")
    mode = Mode("py", "fast_run")

    def products(mode):
        nodes = theano.function([x, y, z], 2 * T.dot(x, y) + z, mode=mode).maker.fgraph.toposort()
        return {type(node.op).__name__ for node in nodes} & {"Dot", "Gemm"}

    assert products(mode) == {"Gemm"}
    for name in ("BlasOpt", "gemm_optimizer", "local_dot_to_gemm", "blas"):
        assert products(mode.excluding(name)) == {"Dot"}
    assert products(mode.excluding("BlasOpt").including("BlasOpt")) == {"Gemm"}
    assert products(Mode("py", None).including("BlasOpt")) == {"Gemm"}


RULES_BY_NAME = [
    ("local_mul_canonizer", lambda x: x * 3 * 2),
    ("local_inv_canon", lambda x: 1 / (1 / x)),
    ("local_func_inv", lambda x: T.log(T.exp(x))),
    ("local_log1p", lambda x: T.log(1 + x)),
    ("canonicalize", lambda x: x * 3 * 2),
    ("stabilize", lambda x: T.log(1 + T.exp(x))),
    ("specialize", lambda x: x**3),
    ("local_op_of_op", lambda x: x.sum(axis=0).sum()),
    ("local_useless_subtensor", lambda x: x[:]),
    (
        "local_cast_cast",
        lambda x: T.cast(T.cast(x, "float64"), "float64") + T.cast(T.cast(x > 0, "int8"), "float64"),
    ),
    ("merge", lambda x: T.exp(x) - T.sqr(T.exp(x))),
    ("constant_folding", lambda x: x + T.exp(T.constant(2.0))),
]


@pytest.mark.parametrize(("name", "build"), RULES_BY_NAME)
def test_excluding_a_rule_or_a_stage_changes_the_graph(name, build):
    x = T.dmatrix("x")
    mode = Mode("py", "fast_run")

    def compiled(mode):
        f = theano.function([x], build(x), mode=mode)
        return f, [str(node.op) for node in f.maker.fgraph.toposort()]

    (whole, with_it), (less, without) = compiled(mode), compiled(mode.excluding(name))
    assert with_it != without
    value = np.array([[0.5, 2.0, 3.0]])
    np.testing.assert_allclose(whole(value), less(value), rtol=1e-14)


def test_what_each_optimizer_does():
    x = T.dvector("x")
    outputs = [T.log(1 + T.exp(x)) + T.log(1 + T.exp(x)), x * 2 * 3]

    def nodes(optimizer):
        graph = theano.function([x], outputs, mode=Mode("py", optimizer)).maker.fgraph
        return len(graph.apply_nodes)

    assert nodes(None) == nodes("None") > nodes("merge") > nodes("fast_run")
    assert nodes(None) > nodes("fast_compile") >= nodes("fast_run")


def test_registering():
    for register, name, value in (
        (register_mode, "FAST_RUN", Mode("py")),
        (register_linker, "py", "numpy"),
        (register_optimizer, "fast_run", query_of("merge")),
    ):
        with pytest.raises(ValueError, match="already"):
            register(name, value)


def test_a_listener_sees_each_node():
    class Watch:
        def __init__(self):
            self.seen = []

        def before_node(self, position, node, inputs):
            self.seen.append((position, str(node.op)))

        def after_node(self, position, node, inputs, outputs):
            self.seen.append(float(outputs[0]))

    watch = Watch()
    mode = Mode("py", None)
    mode.watchers = (watch,)
    x = T.dscalar("x")
    theano.function([x], x * x, mode=mode)(3)
    assert watch.seen == [(0, "Elemwise{mul,no_inplace}"), 9.0]


def test_backends_by_name():
    assert Mode("py").backend.name == "numpy"
    assert Mode("cpu").backend is Mode("cpu", None).backend
    with pytest.raises(ValueError, match="no backend 'jax'"):
        _ = Mode("jax").backend
