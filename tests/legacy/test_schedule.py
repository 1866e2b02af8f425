"""Orders of nodes by comparison."""

from __future__ import annotations

import theano.tensor as T
from theano.gof import sched


def test_what_compares_first_counts_more():
    tens = lambda a, b: a // 10 - b // 10  # noqa: E731
    even = lambda a, b: a % 2 - b % 2  # noqa: E731
    order = sched.posort(range(20), tens, even)
    assert order == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9, 10, 12, 14, 16, 18, 11, 13, 15, 17, 19]
    assert sched.posort([3, 1, 2]) == [3, 1, 2]
    assert sched.posort([1, 2], lambda a, b: -1) == [1, 2]  # a comparison that contradicts itself


def test_nodes_come_after_those_they_need():
    x = T.dmatrix("x")
    y = T.dot(x * 2, x + 1)
    last_name_first = lambda a, b: (str(a) < str(b)) - (str(a) > str(b))  # noqa: E731
    dependence = sched.make_dependence_cmp()
    product, double, more = y.owner, *(v.owner for v in y.owner.inputs)
    assert (dependence(product, double), dependence(double, product), dependence(double, more)) == (1, -1, 0)
    depends = sched.make_depends()
    assert depends((product, x)) and depends((y, double)) and not depends((double, product))
    for compare in (last_name_first, lambda a, b: -last_name_first(a, b)):
        order = sched.sort_schedule_fn(compare)(type("Graph", (), {"inputs": [x], "outputs": [y]}))
        assert order[-1] is product and len(order) == 5
        assert order.index(double) < order.index(more) if compare(double, more) < 0 else True
    assert sched.sort_apply_nodes([x], [y], [dependence])[-1] is product
