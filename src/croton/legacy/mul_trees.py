"""Products as trees of factors with signs: `theano.tensor.nnet.sigm`.

A tree is `[negated, factors]`, of which `factors` is a list of trees, a variable, or None for 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from croton.graph.node import Variable
from croton.ops.elementwise import add, exp, mul, neg, sigmoid
from croton.rewrite.pattern import scalar_value

Tree = list[Any]

# Whether 1 - sigmoid(x) is rewritten by a rule of the historic name: a rule of the library's own does it.
register_local_1msigmoid = False


def is_1pexp(t: Variable, only_process_constants: bool = True) -> tuple[bool, Variable] | None:
    """(False, x) where `t` is 1 + exp(x), else None."""
    if t.owner is None or t.owner.op != add or len(t.owner.inputs) != 2:
        return None
    for one, other in (t.owner.inputs, t.owner.inputs[::-1]):
        value = scalar_value(one)
        if value is not None and value == 1 and other.owner is not None and other.owner.op == exp:
            return False, other.owner.inputs[0]
    return None


def parse_mul_tree(root: Variable) -> Tree:
    """The tree of a product.

    Example: of (x * y) * -z it is [False, [[False, [[False, x], [False, y]]], [True, z]]]
    """
    node = root.owner
    if node is not None and node.op == mul:
        return [False, [parse_mul_tree(v) for v in node.inputs]]
    if node is not None and node.op == neg:
        negated, factors = parse_mul_tree(node.inputs[0])
        return [not negated, factors]
    return [False, root]


def simplify_mul(tree: Tree) -> Tree:
    """The same product without factors 1 and -1, and without products of one factor."""
    negated, factors = tree
    if not isinstance(factors, list):
        return tree
    left: list[Tree] = []
    for part in map(simplify_mul, factors):
        if part[1] is None:
            negated ^= part[0]
        else:
            left.append(part)
    if not left:
        return [negated, None]
    if len(left) == 1:
        return [negated ^ left[0][0], left[0][1]]
    return [negated, left]


def compute_mul(tree: Tree) -> Variable:
    """The product of a tree. Errors: ValueError for a tree that stands for 1 or -1, or for a factor that does"""
    negated, factors = tree
    if factors is None:
        raise ValueError("A tree without factors is no product of variables: simplify_mul leaves those out.")
    made: Variable = mul(*map(compute_mul, factors)) if isinstance(factors, list) else factors
    negative: Variable = neg(made)
    return negative if negated else made


def perform_sigm_times_exp(
    tree: Tree, exp_x: Any = None, exp_minus_x: Any = None, sigm_x: Any = None, sigm_minus_x: Any = None,
    parent: Any = None, child_idx: int | None = None, full_tree: Any = None,
) -> bool:  # fmt: skip
    """Turn factors exp(x) and sigmoid(-x) of a tree into sigmoid(x), in place; whether there were any.

    exp_x, exp_minus_x, sigm_x, sigm_minus_x  further pairs (x, leaf) to be matched with those of the tree: leaves of
                                              the same whole product that are exp(x), exp(-x), sigmoid(x), sigmoid(-x)
    """
    exps = [(x, True, leaf) for x, leaf in exp_x or ()] + [(x, False, leaf) for x, leaf in exp_minus_x or ()]
    sigms = [(x, True, leaf) for x, leaf in sigm_x or ()] + [
        (x, False, leaf) for x, leaf in sigm_minus_x or ()
    ]
    for leaf in _leaves(tree):
        node = getattr(leaf[1], "owner", None)
        if node is not None and node.op in (exp, sigmoid):
            x, plus = _signed(node.inputs[0])
            (exps if node.op == exp else sigms).append((x, plus, leaf))
    changed = False
    for x, plus, leaf in exps:
        match = next((s for s in sigms if s[0] is x and s[1] is not plus), None)
        if match is None:
            continue
        # exp(x) * sigmoid(-x) is sigmoid(x).
        sigms.remove(match)
        leaf[:] = leaf[0] ^ match[2][0], sigmoid(x if plus else neg(x))
        match[2][:] = False, None
        changed = True
    return changed


def _leaves(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree[1], list):
        for part in tree[1]:
            yield from _leaves(part)
    else:
        yield tree


def _signed(variable: Variable) -> tuple[Variable, bool]:
    """x and whether `variable` is x; else it is -x."""
    node = variable.owner
    return (node.inputs[0], False) if node is not None and node.op == neg else (variable, True)
