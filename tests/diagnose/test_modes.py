"""Modes that watch each node."""

import re

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.backends.numpy.program import NumpyProgram
from croton.errors import BadDestroyMap, BadOptimization, BadThunkOutput, BadViewMap, InvalidValueError
from theano.compile import DebugMode, MonitorMode
from theano.compile.monitormode import detect_nan
from theano.compile.nanguardmode import NanGuardMode, contains_inf, contains_nan

x = T.dvector("x")


# -- monitor -------------------------------------------------------------------------------------------------
def test_a_monitor_is_a_function():
    with pytest.raises(
        TypeError, match=r"post_func of MonitorMode is a function of \(position, node, step\); got 3"
    ):
        MonitorMode(post_func=3)


def test_monitor_sees_each_node():
    seen: list[tuple] = []
    mode = MonitorMode(
        pre_func=lambda i, node, fn: seen.append((i, str(node.op), [c[0].tolist() for c in fn.inputs])),
        post_func=lambda i, node, fn: seen.append((i, [c[0].tolist() for c in fn.outputs])),
        optimizer=None,
    )
    f = theano.function([x], T.exp(x) * x, mode=mode)
    assert f([0.0]).tolist() == [0.0]
    assert seen == [
        (0, "Elemwise{exp,no_inplace}", [[0.0]]),
        (0, [[1.0]]),
        (1, "Elemwise{mul,no_inplace}", [[1.0], [0.0]]),
        (1, [[0.0]]),
    ]


def test_detect_nan(capsys: pytest.CaptureFixture[str]):
    f = theano.function([x], T.log(x) + x, mode=MonitorMode(post_func=detect_nan))
    f([1.0])
    assert not capsys.readouterr().out
    f([-1.0])
    assert re.search(
        r"\*\*\* NaN detected \*\*\*\nElemwise.*\n \|x \[id B\]\nInputs : ", capsys.readouterr().out
    )


# -- NanGuard ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            -1.0,
            "NaN detected\nNanGuardMode found an error in the output of a node in this variable:\nElemwise{log",
        ),
        (0.0, "Inf detected\nBig value detected\n"),
        (np.nan, "NaN detected\nNanGuardMode found an error in an input of the graph"),
        (1e11, "^Big value detected\n"),
    ],
)
def test_nan_guard(value: float, said: str):
    f = theano.function(
        [x], T.log(x), mode=NanGuardMode(nan_is_error=True, inf_is_error=True, big_is_error=True)
    )
    assert f([1.0]).tolist() == [0.0]
    with pytest.raises(AssertionError, match=said):
        f([value])


def test_nan_guard_looks_for_what_it_is_told():
    f = theano.function(
        [x], T.log(x), mode=NanGuardMode(nan_is_error=True, inf_is_error=False, big_is_error=False)
    )
    assert f([0.0]).tolist() == [-np.inf]
    with (
        theano.config.change_flags(**{"NanGuardMode.action": "warn"}),
        pytest.warns(UserWarning, match="NaN detected"),
    ):
        assert np.isnan(f([-1.0])).all()
    with pytest.raises(ValueError, match="nothing to look for"):
        NanGuardMode(False, False, False)
    assert contains_nan(np.array([1, np.nan])) and not contains_nan(np.array([1]))
    assert contains_inf(np.array([np.inf])) and not contains_inf(np.array([]))


def test_nan_guard_by_name():
    with pytest.raises(AssertionError, match="NaN detected"):
        theano.function([x], T.log(x), mode="NanGuardMode")([-1.0])


# -- compare and debug ---------------------------------------------------------------------------------------
class Lies(theano.Op):
    """Gives one more, and says it gives the same: its shape, or what it writes into, may be a lie too."""

    __props__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def make_node(self, v: T.TensorVariable) -> theano.Apply:
        return theano.Apply(self, [v], [v.type()])

    def perform(self, node: theano.Apply, inputs: list, output_storage: list, *params: object) -> None:
        (value,) = inputs
        if self.kind == "writes":
            value += 1
        output_storage[0][0] = value if self.kind == "shares" else value.copy()
        if self.kind == "narrows":
            output_storage[0][0] = value.astype("float32")


@pytest.mark.parametrize("mode", ["compare", "DebugMode", "DEBUG_MODE", DebugMode()])
def test_all_agree_on_what_is_right(mode: object):
    w = theano.shared(np.ones(3), "w")
    y = T.nnet.softmax(T.outer(x, w)).sum(axis=0)
    f = theano.function([x], [y, x.sum()], updates=[(w, w * 2)], mode=mode)
    first, second = f([1.0, 2.0, 3.0])
    assert first.tolist() == pytest.approx([1, 1, 1])
    assert float(second) == 6.0
    assert w.get_value().tolist() == [2.0, 2.0, 2.0]
    assert theano.function([], w + 1, mode=mode)().tolist() == [3.0, 3.0, 3.0]


def test_compare_names_the_node_that_differs(monkeypatch: pytest.MonkeyPatch):
    y = T.exp(T.tanh(x)) + 1
    f = theano.function([x], y, mode="compare")
    real = NumpyProgram.run

    def wrong(self: NumpyProgram, arguments: list) -> list:
        made = real(self, arguments)
        return [v * 1.01 for v in made] if any("exp" in str(node.op) for node in self.nodes) else made

    monkeypatch.setattr(NumpyProgram, "run", wrong)
    with pytest.raises(BadThunkOutput) as caught:
        f([1.0])
    assert caught.value.offending_op() is type(T.exp)
    assert "Elemwise{exp,no_inplace}" in caught.value.__notes__[0]
    assert __file__ in caught.value.__notes__[0]


def test_debug_mode_watches_operations():
    with pytest.raises(BadDestroyMap):
        theano.function([x], Lies("writes")(x), mode="DebugMode")([1.0])
    with pytest.raises(BadViewMap):
        theano.function([x], Lies("shares")(x) * 2, mode="DebugMode")([1.0])
    assert theano.function([x], Lies("copies")(x), mode="DebugMode")([1.0]).tolist() == [1.0]
    # Other modes convert what is given, as nothing is lost.
    assert theano.function([x], Lies("narrows")(x))([1.0]).dtype == "float64"
    with pytest.raises(InvalidValueError, match=r"specific_hint: .* says TensorType\(float64, vector\)"):
        theano.function([x], Lies("narrows")(x), mode="DebugMode")([1.0])


def test_debug_mode_wants_numbers():
    with pytest.raises(InvalidValueError, match="non-finite"):
        theano.function([x], T.log(x), mode="DebugMode")([-1.0])
    f = theano.function([x], T.log(x), mode=DebugMode(check_isfinite=False))
    assert np.isnan(f([-1.0])).all()
    with pytest.raises(ValueError, match="at least one of"):
        DebugMode(check_c_code=False, check_py_code=False)


def test_debug_mode_finds_a_wrong_rewrite(monkeypatch: pytest.MonkeyPatch):
    f = theano.function([x], x * 2, mode="DebugMode")
    written = f.compiled.written
    monkeypatch.setattr(
        f.compiled, "written", type("Wrong", (), {"run": lambda self, a: [v + 1 for v in written.run(a)]})()
    )
    with pytest.raises(BadOptimization):
        f([1.0])


def test_stable_forms_are_no_errors():
    f = theano.function([x], T.log(1 + T.exp(x)), mode=DebugMode(check_isfinite=False))
    assert f([0.0, 1000.0]).tolist() == pytest.approx([np.log(2), 1000.0])
