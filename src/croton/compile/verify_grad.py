"""Whether the gradient of an expression is what finite differences say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.autodiff.grad import grad
from croton.autodiff.verify import numeric_grad
from croton.compile.function import function
from croton.compile.mode import FAST_RUN, get_mode, predefined_modes
from croton.errors import GradientError
from croton.graph.node import Variable
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

FLOATS = ("float16", "float32", "float64")
TOLERANCES = {"float16": 5e-2, "float32": 1e-2, "float64": 1e-4}


def mode_not_slow(mode: Any) -> Any:
    """`mode`, or FAST_RUN where that is DebugMode, which checks all that it computes."""
    found = get_mode(mode)
    if mode is not None and (found is predefined_modes["DEBUG_MODE"] or type(found).__name__ == "DebugMode"):
        return FAST_RUN
    return found


def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: str | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: Any = None,
    cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:
    """Raise unless the gradient of `fun` at a point is the numeric one.

    The elements of what `fun` gives are multiplied by random numbers and summed: the gradient of that is looked at.

    fun                  a function of variables that gives one: an operation, or a Python function
    pt                   the point: a list of arrays, one for each variable
    n_tests              how many such sums are looked at
    rng                  where random numbers come from: a numpy.random.RandomState or Generator
    eps                  half the distance over which differences are taken
    out_type             the type of what is computed, where that is less precise than `pt`
    abs_tol, rel_tol     both must be exceeded for an error; by default as the least precise type needs it
    mode                 how functions are compiled
    cast_to_output_type  whether the random numbers are of the type of what `fun` gives, instead of float64
    no_debug_ref         whether the numeric gradient is computed without the checks of DebugMode

    Errors:  GradientError; TypeError for a point that is not of floating point, and for no `rng`;
             NotImplementedError for several outputs
    """
    points = _checked_points(pt)
    if not isinstance(rng, (np.random.RandomState, np.random.Generator)):
        raise TypeError(
            "verify_grad needs rng, an instance of numpy.random.RandomState or numpy.random.Generator."
        )
    inputs: list[Variable] = [
        TensorType(p.dtype.name, broadcastable=[n == 1 for n in p.shape])(f"input {i}")
        for i, p in enumerate(points)
    ]
    output = fun(*inputs)
    if isinstance(output, (list, tuple)):
        raise NotImplementedError(
            "verify_grad looks at the gradient of one output; choose one of those that fun gives."
        )
    kinds = [p.dtype.name for p in points] + [str(k) for k in (output.type.dtype, out_type) if k in FLOATS]
    loosest = max(TOLERANCES[kind] for kind in kinds)
    tolerances = (loosest if abs_tol is None else abs_tol, loosest if rel_tol is None else rel_tol)

    kind = output.type.dtype if cast_to_output_type else "float64"
    weights = output.type.clone(dtype=kind)("random projection")
    cost = sum_of(output * weights)
    gradients = grad(cost, inputs, disconnected_inputs="ignore", add_names=False)
    reference = mode_not_slow(mode) if no_debug_ref else mode
    shape = np.shape(function(inputs, output, mode=reference, on_unused_input="ignore")(*points))
    value = function([*inputs, weights], cost, mode=reference, on_unused_input="ignore")
    slopes = function([*inputs, weights], gradients, mode=mode, on_unused_input="ignore")
    for _ in range(n_tests):
        # Away from zero, where an error would not be seen.
        drawn = np.asarray(rng.uniform(0.5, 1.5, size=shape)).astype(kind)
        numeric = numeric_grad(lambda *xs, w=drawn: value(*xs, w), points, eps, out_type)
        _compare(numeric, slopes(*points, drawn), points, tolerances)


def _checked_points(pt: Any) -> list[np.ndarray]:
    if not isinstance(pt, (list, tuple)):
        raise TypeError(f"verify_grad takes a list of arrays as the point; got {type(pt).__name__}.")
    points = [np.array(p) for p in pt]
    for i, p in enumerate(points):
        if p.dtype.name not in FLOATS:
            raise TypeError(
                f'verify_grad can work only with floating point inputs, but input {i} has dtype "{p.dtype}".'
            )
    return points


def _compare(
    numeric: numeric_grad, found: Sequence[Any], points: Sequence[np.ndarray], tolerances: tuple[float, float]
) -> None:
    abs_tol, rel_tol = tolerances
    argument, place, abs_err, rel_err = numeric.max_err(found, abs_tol, rel_tol)
    if abs_err > abs_tol and rel_err > rel_tol:
        error = GradientError(
            argument, place, points[argument].shape, np.asarray(found[argument]).flat[place],
            numeric.gf[argument].flat[place], abs_err, rel_err, abs_tol, rel_tol,
        )  # fmt: skip
        error.add_note(
            f"The point is {list(points)}.\nThe gradient is {list(found)}, the numeric one {numeric.gf}."
        )
        raise error
