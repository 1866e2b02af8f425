"""The error hierarchy: classic bases, messages, pickling."""

import pickle

import pytest

from croton import errors
from croton.errors import CrotonError, explained, made_at

CLASSIC = {
    "AsTensorError": TypeError,
    "ComplexError": NotImplementedError,
    "DisconnectedInputError": ValueError,
    "IndexBoundsError": IndexError,
    "NullTypeGradError": TypeError,
    "ShapeError": ValueError,
}
ALL = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, CrotonError)]


class Maker:
    origin = ('File "user.py", line 3, in <module>',)


class Made:
    owner = Maker()


@pytest.mark.parametrize("name", CLASSIC)
def test_classic_base(name):
    assert issubclass(getattr(errors, name), (CrotonError, CLASSIC[name]))


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_every_class_says_what_it_means(cls):
    assert cls.__doc__


def test_explained_keeps_the_order():
    said = explained("Wrong.", expected="a", got="b", where=Made(), todo="c")
    assert said.splitlines() == [
        "Wrong.",
        "  expected: a",
        "  got: b",
        '  made at: File "user.py", line 3, in <module>',
        "  What to do: c",
    ]


def test_explained_leaves_out_what_is_not_known():
    assert explained("Wrong.", where=object()) == "Wrong."
    assert made_at(None) == ()
    assert made_at("here") == ("here",)


def test_missing_input_says_where_it_was_made():
    error = errors.MissingInputError("x is missing", variable=Made())
    assert str(error).startswith("x is missing") and "user.py" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_method_not_defined_reads_as_a_sentence():
    assert str(errors.MethodNotDefined("perform", Maker, "Maker")) == "Maker has no method 'perform'."
    assert str(errors.MethodNotDefined("perform", Maker, "why")) == "Maker has no method 'perform': why"
    assert str(errors.MethodNotDefined("plain text")) == "plain text"


def test_recorded_facts_are_attributes_and_survive_pickling():
    error = errors.GradientError(0, 3, (2,), 1.0, 2.0, 1.0, 0.5, 1e-4, 1e-4)
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.arg, copied.err_pos, copied.abs_err) == (0, 3, 1.0)
    assert "rel_tol: 0.0001" in str(copied)


def test_bad_optimization_is_a_debug_mode_error():
    error = errors.BadOptimization("a", "b", reason="a rule")
    assert isinstance(error, errors.DebugModeError)
    assert "reason: a rule" in error.str_diagnostic()
