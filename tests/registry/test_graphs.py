"""Random small graphs: the reference, the rewritten graph, and native code agree on values, data types and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import theano
import theano.tensor as T
from croton.compile.mode import Mode
from croton.graph.node import Variable
from croton.vartypes.tensor import TensorType

REFERENCE = Mode("py", None)
REWRITTEN = Mode("numpy")
NATIVE = Mode("cpu")
AS_WRITTEN = Mode("cpu", None)

LENGTHS = (0, 1, 2, 3, 7, 8, 9, 17, 64, 65)
DTYPES = ("float64", "float64", "float32", "float32", "int64", "int32", "int8", "uint8", "bool", "float16")
TOLERANCE = {"float16": 2e-2, "float32": 2e-4, "float64": 1e-9}

Pick = Callable[[Sequence[Any]], Any]
# The length of an axis: 1 where that is known, else a name. Equal names are equal lengths.
Dim = int | str


@dataclass(eq=False)
class Term:
    """A variable, the lengths of its axes, and whether its elements are the same however they are computed."""

    variable: Any
    dims: tuple[Dim, ...]
    exact: bool = False

    is_float = property(lambda self: self.variable.dtype.startswith("float"))


@dataclass
class Case:
    """A graph and what it is called with."""

    inputs: list[Variable] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    states: list[tuple[Any, np.ndarray]] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    outputs: list[Variable] = field(default_factory=list)
    updates: list[tuple[Any, Variable]] = field(default_factory=list)


class Grower:
    """Grows one case: `pick` makes every choice."""

    def __init__(self, pick: Pick, special: bool) -> None:
        self.pick = pick
        self.case = Case()
        self.lengths: dict[str, int] = {name: pick(LENGTHS) for name in "ABC"}
        self.rng = np.random.default_rng(pick(range(1000)))
        self.special = special
        for _ in range(pick((1, 2, 3, 4))):
            self._input()
        for _ in range(pick((0, 0, 1, 2))):
            self._state()
        steps = [getattr(self, name) for name in dir(self) if name.startswith("grow_")]
        for _ in range(pick((2, 4, 6, 8, 11))):
            pick(steps)()
        self._finish()

    # -- what there is to begin with -------------------------------------------------------------------------
    def _dims(self) -> tuple[Dim, ...]:
        return tuple(self.pick(("A", "B", "C", "A", "B", 1)) for _ in range(self.pick((0, 1, 2, 2, 2, 3))))

    def _data(self, dims: Sequence[Dim], dtype: str) -> np.ndarray:
        shape = [self.lengths[d] if isinstance(d, str) else d for d in dims]
        made = self.rng.uniform(0.0 if dtype.startswith("u") else -2.0, 2.0, size=shape).round(2)
        if dtype.startswith(("int", "uint")):
            made = (made * 3).round()
        made = np.asarray(made > 0 if dtype == "bool" else made).astype(dtype)
        if self.special and dtype.startswith("float") and made.size:
            made.flat[self.rng.integers(made.size)] = self.pick((np.nan, np.inf, -np.inf, -0.0))
        return made

    def _type(self, dims: Sequence[Dim], dtype: str) -> TensorType:
        known = self.pick((False, False, True))
        shape = [
            self.lengths[d]
            if isinstance(d, str) and known and self.lengths[d] != 1
            else 1
            if d == 1
            else None
            for d in dims
        ]
        return TensorType(dtype, shape)

    def _input(self) -> None:
        dims, dtype = self._dims(), self.pick(DTYPES)
        variable = self._type(dims, dtype)(f"x{len(self.case.inputs)}")
        self.case.inputs.append(variable)
        self.case.values.append(laid_out(self._data(dims, dtype), self.pick(LAYOUTS)))
        self.case.terms.append(Term(variable, dims, True))

    def _state(self) -> None:
        dims, dtype = self._dims(), self.pick(("float64", "float32", "int64"))
        value = self._data(dims, dtype)
        variable = theano.shared(
            value, name=f"s{len(self.case.states)}", broadcastable=[d == 1 for d in dims]
        )
        self.case.states.append((variable, value))
        self.case.terms.append(Term(variable, dims, True))

    # -- choices ---------------------------------------------------------------------------------------------
    def _term(self, fits: Callable[[Term], bool] = lambda t: True) -> Term | None:
        found = [t for t in self.case.terms if fits(t)]
        if not found:
            return None
        late = found[-3:]
        return self.pick((*found, *late, *late))

    def _add(self, variable: Any, dims: tuple[Dim, ...], exact: bool = False) -> None:
        assert variable.ndim == len(dims)
        self.case.terms.append(Term(variable, dims, exact))

    # -- steps -----------------------------------------------------------------------------------------------
    def grow_unary(self) -> None:
        t = self._term()
        x = t.variable
        smooth = [
            lambda: T.exp(T.minimum(x, 2)), lambda: T.tanh(x), lambda: T.sin(x), lambda: T.sqrt(abs(x)),
            lambda: T.nnet.sigmoid(x),
            lambda: T.log1p(abs(x)), lambda: x * 0.5 + 1, lambda: T.nnet.softplus(x), lambda: 1 / (1 + T.sqr(x)),
        ]  # fmt: skip
        exact = [lambda: abs(x), lambda: T.maximum(x, 1), lambda: T.cast(x, "float64")]
        if x.dtype != "bool":
            exact.append(lambda: -x)
        if self.pick((0, 0, 1)):
            self._add(self.pick(exact)(), t.dims, t.exact)
        elif x.dtype != "bool":
            self._add(self.pick(smooth)(), t.dims)

    def grow_unary_more(self) -> None:
        self.grow_unary()

    def grow_binary(self) -> None:
        a = self._term()
        b = self._term(lambda t: together(a.dims, t.dims) is not None)
        dims = together(a.dims, b.dims)
        x, y = a.variable, b.variable
        kinds = ["add", "mul", "maximum", "minimum"]
        if "bool" not in (x.dtype, y.dtype):
            kinds += ["sub", "true_div"] if y.dtype.startswith("float") else ["sub"]
        if a.exact and b.exact:
            kinds += ["lt", "ge", "eq"]
        kind = self.pick(kinds)
        if kind == "true_div":
            y = abs(y) + 0.5
        integers = not a.is_float and not b.is_float
        exact = a.exact and b.exact and (integers or kind not in ("add", "sub", "mul", "true_div"))
        self._add(getattr(T, kind)(x, y), dims, exact)

    def grow_binary_more(self) -> None:
        self.grow_binary()

    def grow_switch(self) -> None:
        c = self._term(lambda t: t.variable.dtype == "bool")
        if c is None:
            return
        a = self._term(lambda t: together(c.dims, t.dims) is not None)
        dims = together(c.dims, a.dims)
        self._add(T.switch(c.variable, a.variable, 0), dims, a.exact)

    def _axes(self, t: Term) -> Any:
        if self.pick((0, 0, 0, 1)):
            return None
        axes = [a for a in range(len(t.dims)) if self.pick((True, False))]
        return axes or [self.pick(range(len(t.dims)))]

    def grow_reduction(self) -> None:
        t = self._term(lambda t: len(t.dims) > 0)
        if t is None:
            return
        x, axes, keep = t.variable, self._axes(t), self.pick((True, False))
        kinds: list[str] = ["sum", "mean", "max", "min", "var"]
        if x.dtype == "bool":
            kinds = ["all", "any", "sum", "max"]
        if t.exact:
            kinds.append("argmax")
        kind = self.pick(kinds)
        if kind == "argmax" and axes is not None:
            axes = axes[0]
        reduced = range(len(t.dims)) if axes is None else [axes] if isinstance(axes, int) else axes
        made = getattr(T, kind)(x, axis=axes, keepdims=keep)
        dims = tuple(1 if a in reduced else d for a, d in enumerate(t.dims) if keep or a not in reduced)
        if kind == "argmax" and keep and axes is None:
            return
        self._add(made, dims, t.exact and kind not in ("mean", "var") and (not t.is_float or kind != "sum"))

    def grow_reduction_more(self) -> None:
        self.grow_reduction()

    def grow_softmax(self) -> None:
        t = self._term(lambda t: len(t.dims) > 0 and t.is_float)
        if t is None:
            return
        axis = self.pick(range(len(t.dims)))
        x = t.variable
        e = T.exp(x - x.max(axis=axis, keepdims=True))
        self._add(e / e.sum(axis=axis, keepdims=True), t.dims)
        if self.pick((0, 1)):
            self._add(e, t.dims)

    def grow_normalised(self) -> None:
        t = self._term(lambda t: len(t.dims) > 0 and t.is_float)
        if t is None:
            return
        axis = self.pick(range(len(t.dims)))
        centred = t.variable - t.variable.mean(axis=axis, keepdims=True)
        self._add(centred / T.sqrt(T.sqr(centred).mean(axis=axis, keepdims=True) + 0.1), t.dims)

    def grow_dimshuffle(self) -> None:
        t = self._term()
        order: list[Any] = [a for a, d in enumerate(t.dims) if d != 1 or self.pick((True, False))]
        for _ in range(self.pick((0, 1, 2))):
            if len(order) > 1:
                order.append(order.pop(self.pick(range(len(order)))))
        while len(order) < 4 and self.pick((False, False, True)):
            order.insert(self.pick(range(len(order) + 1)), "x")
        self._add(t.variable.dimshuffle(*order), tuple(1 if a == "x" else t.dims[a] for a in order), t.exact)

    def grow_dimshuffle_more(self) -> None:
        self.grow_dimshuffle()

    def grow_dot(self) -> None:
        a = self._term(lambda t: len(t.dims) in (1, 2) and t.is_float)
        if a is None:
            return
        b = self._term(lambda t: len(t.dims) in (1, 2) and t.is_float and t.dims[0] == a.dims[-1])
        if b is not None:
            self._add(T.dot(a.variable, b.variable) * 0.1, (*a.dims[:-1], *b.dims[1:]))

    def grow_flat(self) -> None:
        t = self._term(lambda t: len(t.dims) > 1)
        if t is not None:
            named = [d for d in t.dims if d != 1]
            dim: Dim = 1 if not named else named[0] if len(named) == 1 else f"({'*'.join(map(str, named))})"
            made = t.variable.flatten()
            self._add(made, (dim,), t.exact) if dim != 1 or made.broadcastable[0] else None

    def grow_part(self) -> None:
        t = self._term(lambda t: len(t.dims) > 0)
        if t is None:
            return
        axis = self.pick(range(len(t.dims)))
        if t.dims[axis] == 1:
            return
        name = t.dims[axis]
        ahead = (slice(None),) * axis
        part, dim = self.pick(
            (
                (slice(None, None, -1), name),
                (slice(1, None), f"{name}[1:]"),
                (slice(None, None, 2), f"{name}[::2]"),
                (-1, None),
            )
        )
        dims = (*t.dims[:axis], *([dim] if dim else []), *t.dims[axis + 1 :])
        made = t.variable[(*ahead, part)]
        if not any(b and d != 1 for b, d in zip(made.broadcastable, dims, strict=True)):
            self._add(made, dims, t.exact)

    def grow_join(self) -> None:
        a = self._term(lambda t: len(t.dims) > 0)
        if a is None:
            return
        axis = self.pick(range(len(a.dims)))
        rest = (a.dims[:axis], a.dims[axis + 1 :])
        b = self._term(lambda t: len(t.dims) == len(a.dims) and (t.dims[:axis], t.dims[axis + 1 :]) == rest)
        dims = (*rest[0], f"({a.dims[axis]}+{b.dims[axis]})", *rest[1])
        made = T.join(axis, a.variable, b.variable)
        if not made.broadcastable[axis]:
            self._add(made, dims, a.exact and b.exact)

    def grow_pair_of_reductions(self) -> None:
        t = self._term(lambda t: len(t.dims) == 2)
        if t is None:
            return
        other = self._term(lambda u: u.dims == t.dims)
        row = t.variable.sum(axis=1)
        self._add(row, t.dims[:1])
        if t.dims[0] == t.dims[1]:
            self._add(other.variable * row.dimshuffle("x", 0), t.dims)
        self._add(other.variable + row.dimshuffle(0, "x"), t.dims)

    # -- the end ---------------------------------------------------------------------------------------------
    def _finish(self) -> None:
        case = self.case
        last = case.terms[-1].variable
        case.outputs = [last, *(self.pick(case.terms).variable for _ in range(self.pick((0, 1, 2, 4))))]
        for variable, _ in case.states:
            kind = variable.type
            fits = [
                t
                for t in case.terms
                if t.variable is not variable and t.variable.broadcastable == kind.broadcastable
            ]
            if fits and self.pick((True, True, False)):
                t = self.pick(fits)
                if not kind.dtype.startswith("int") or t.exact:
                    case.updates.append((variable, T.cast(t.variable, kind.dtype)))


def together(a: Sequence[Dim], b: Sequence[Dim]) -> tuple[Dim, ...] | None:
    """The lengths of what broadcasts `a` and `b` against each other."""
    n = max(len(a), len(b))
    made: list[Dim] = []
    for x, y in zip((1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b), strict=True):
        if x != y and 1 not in (x, y):
            return None
        made.append(y if x == 1 else x)
    return tuple(made)


def _misaligned(x: np.ndarray) -> np.ndarray:
    room = np.zeros(x.nbytes + 1, dtype="uint8")
    made = room[1:].view(x.dtype) if x.nbytes else np.zeros(0, x.dtype)
    made = made.reshape(x.shape)
    made[...] = x
    return made


def _every_other(x: np.ndarray) -> np.ndarray:
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), dtype=x.dtype)
    view = wide[..., ::2][..., : x.shape[-1]]
    view[...] = x
    return view


LAYOUTS = ("rows", "rows", "columns", "backwards", "every other", "misaligned")


def laid_out(x: np.ndarray, layout: str) -> np.ndarray:
    """The same elements in memory of another order."""
    if layout == "columns" and x.ndim:
        return np.asfortranarray(x)
    if layout == "backwards":
        return np.array(np.flip(x))[(slice(None, None, -1),) * x.ndim]
    if layout == "every other" and x.ndim:
        return _every_other(x)
    return _misaligned(x) if layout == "misaligned" else x


# -- running a case ------------------------------------------------------------------------------------------
def outcome(case: Case, mode: Mode) -> Any:
    """What two calls give, and the states after them; or the error."""
    for variable, value in case.states:
        variable.set_value(value)
    f = theano.function(case.inputs, case.outputs, updates=case.updates, mode=mode, on_unused_input="ignore")
    before = [v.copy() for v in case.values]
    made: list[Any] = []
    for _ in range(2):
        old = [v.get_value() for v, _ in case.states]
        try:
            with np.errstate(all="ignore"):
                made += [v.copy() for v in f(*case.values)]
        except (ValueError, IndexError) as e:
            made.append(type(e))
            for (variable, _), value in zip(case.states, old, strict=True):
                np.testing.assert_array_equal(
                    variable.get_value(), value, err_msg="a failed call changed a state"
                )
            break
    for v, value in zip(case.values, before, strict=True):
        np.testing.assert_array_equal(v, value, err_msg="an argument was written over")
    return made + [v.get_value() for v, _ in case.states]


def assert_alike(made: list[Any], expected: list[Any], rough: str) -> None:
    """Equal data types and shapes, nearly equal values; `rough` is the narrowest float type of the graph."""
    assert len(made) == len(expected), (made[:1], expected[:1])
    for x, y in zip(made, expected, strict=True):
        if isinstance(x, type) or isinstance(y, type):
            assert x is y or (isinstance(x, type) and isinstance(y, type)), (x, y)
            continue
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        if x.dtype.kind == "f":
            finite = y[np.isfinite(y)]
            scale = float(np.abs(finite).max()) if finite.size else 0.0
            tolerance = TOLERANCE[rough]
            np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * max(scale, 1.0))
        else:
            np.testing.assert_array_equal(x, y)


def check(case: Case, special: bool) -> None:
    """All modes agree; where there are infinities or NaN, those that run the same rewritten graph."""
    floats = {t.variable.dtype for t in case.terms if t.is_float}
    rough = min(floats, key=lambda d: np.dtype(d).itemsize, default="float64")
    as_written = outcome(case, AS_WRITTEN)
    assert_alike(as_written, outcome(case, REFERENCE), rough)
    native = outcome(case, NATIVE)
    assert_alike(native, outcome(case, REWRITTEN), rough)
    if not special and not any(isinstance(x, type) for x in as_written):
        assert_alike(native, as_written, rough)


@st.composite
def cases(draw: Any) -> tuple[Case, bool]:
    special = draw(st.sampled_from((False, False, True)))
    return Grower(lambda options: draw(st.sampled_from(options)), special).case, special


@given(cases())
def test_graphs(made: tuple[Case, bool]) -> None:
    check(*made)
