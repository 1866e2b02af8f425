"""The order in which graphs are rewritten."""

from __future__ import annotations

from croton.rewrite.pipeline import Pass, Pipeline
from croton.rules import (
    arith,
    branches,
    choice,
    dots,
    erfs,
    explog,
    fills,
    hyperbolic,
    index,
    joins,
    lift,
    linalg,
    logistic,
    logsum,
    marks,
    masks,
    moments,
    nnet,
    powers,
    products,
    quotients,
    rational,
    reduce,
    scatter,
    shape,
    stable,
    truth,
    useless,
    views,
    weighted,
)
from croton.rules.divisors import check_divisors
from croton.rules.expand import expand_graphs
from croton.rules.inner import rewrite_inner_graphs
from croton.rules.loops.passes import rewrite_loops, unite_loops
from croton.rules.passes import Context, conform, fold_constants, lift_shapes, merge
from croton.rules.stages import blas, canonicalize, specialize, stabilize

# The modules whose rules take part.
FAMILIES = (
    useless, marks, arith, fills, choice, truth, explog, powers, logistic, logsum, weighted, erfs, hyperbolic,
    quotients, rational, moments, reduce, shape, views, index, lift, joins, scatter, masks, stable, nnet, dots, linalg,
    products, branches,
)  # fmt: skip

_ALWAYS = frozenset({"fast_run", "fast_compile"})
_MERGES = frozenset({"fast_run", "merge"})

PASSES = (
    Pass("expand_graphs", whole=expand_graphs, tags=_ALWAYS),
    Pass("merge", whole=merge, tags=_ALWAYS),
    Pass("check_divisors", whole=check_divisors, tags=_ALWAYS),
    Pass("unite_loops", whole=unite_loops),
    Pass("canonicalize", stage=canonicalize),
    Pass("merge_canonical", whole=merge, tags=_MERGES),
    Pass("lift_shapes", whole=lift_shapes),
    Pass("stabilize", stage=stabilize),
    Pass("merge_stable", whole=merge, tags=_MERGES),
    Pass("canonicalize_stable", stage=canonicalize),
    Pass("loops", whole=rewrite_loops),
    Pass("merge_loops", whole=merge, tags=_MERGES),
    Pass("canonicalize_loops", stage=canonicalize),
    Pass("specialize", stage=specialize),
    Pass("blas", stage=blas),
    Pass("inner_graphs", whole=rewrite_inner_graphs),
    Pass("constant_folding", whole=fold_constants, tags=_ALWAYS),
    Pass("merge_final", whole=merge, tags=_ALWAYS | _MERGES),
    Pass("close_branches", whole=branches.close_branches, tags=_ALWAYS),
)

PIPELINE = Pipeline(PASSES, conform, Context)
