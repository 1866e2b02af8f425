"""What historic rewrites were written with."""

from __future__ import annotations

import theano
import theano.tensor as T
from theano.tensor import opt


def test_rules_are_local_optimizers_by_name():
    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [T.fill(x, T.exp(T.fill(x, 1.0)))])
    opt.in2out(opt.local_fill_sink).optimize(graph)
    theano.gof.EquilibriumOptimizer([opt.constant_folding, opt.mul_canonizer]).optimize(graph)
    assert all(node.op in (T.fill, T.exp) for node in graph.toposort())
    node = (x * 1.0 * 2.0).owner
    assert opt.mul_canonizer.transform(node) and not opt.local_fill_sink.transform(node)


def test_readers():
    x = T.dvector("x")
    y = T.exp(x)
    theano.gof.FunctionGraph([x], [T.log(y + 1), y], clone=False)
    assert [node.op for node in opt.get_clients(y.owner)] == [T.add]
    assert [node.op for node in opt.get_clients2(y.owner)] == [T.log]


def test_small_questions():
    assert opt.encompasses_broadcastable((False, False), (True,))
    assert not opt.encompasses_broadcastable((False, True), (False,))
    assert not opt.encompasses_broadcastable((False,), (False, False))
    assert opt.is_an_upcast("int8", "float32") and not opt.is_an_upcast("float64", "float32")
    s = theano.scalar
    assert opt.is_inverse_pair(s.exp, s.log, (s.Log, s.Exp)) and not opt.is_inverse_pair(
        s.exp, s.exp, (s.Log, s.Exp)
    )
    x, y = T.dvector("x"), T.dvector("y")
    values, known, rest = opt.scalarconsts_rest([x, T.constant(2.0), T.fill(x, 3.0)])
    assert [float(v) for v in values] == [2.0, 3.0] and rest == [x] and len(known) == 2
    assert opt.broadcast_like(1, x, None).type.dtype == "float64"
    top, bottom = opt.check_for_x_over_absX([x, y], [abs(x), y])
    assert top[0] is y and top[1].owner.op == T.sgn and bottom == [y]
    assert opt.apply_rebroadcast_opt(T.unbroadcast(x, 0)) is x
