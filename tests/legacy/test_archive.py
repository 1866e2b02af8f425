"""Programs and their values in files."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np

import theano
import theano.tensor as T
from theano.misc import pkl_utils


def test_values_lie_in_an_archive_under_their_names():
    w = theano.shared(np.arange(6.0).reshape(2, 3), name="weights")
    other = theano.shared(np.ones(2), name="weights")
    plain = np.arange(3)
    file = io.BytesIO()
    pkl_utils.dump((w, other, plain, plain, "text"), file)
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["array_2", "pkl", "weights", "weights_2"]
        read = np.lib.format.read_array(io.BytesIO(archive.read("weights")))
    np.testing.assert_array_equal(read, w.get_value())
    again, second, first, same, text = pkl_utils.load(io.BytesIO(file.getvalue()))
    np.testing.assert_array_equal(again.get_value(), w.get_value())
    np.testing.assert_array_equal(second.get_value(), [1, 1])
    assert first is same and text == "text" and again.name == "weights"


def test_notes_are_left_out_of_a_pickle():
    x = T.dvector("x")
    x.tag.test_value = np.ones(1000)
    x.tag.kept, x.tag.mine = "kept", "mine"
    file = io.BytesIO()
    pkl_utils.StripPickler(file, 4, "mine").dump(x)
    made = pkl_utils.CompatUnpickler(io.BytesIO(file.getvalue())).load()
    assert made.tag.kept == "kept" and not hasattr(made.tag, "mine") and not hasattr(made.tag, "test_value")
    assert len(file.getvalue()) < 2000


def test_a_call_of_function_in_a_file(tmp_path):
    x = T.dvector("x")
    theano.function_dump(str(tmp_path / "f"), [x], x * 2, name="double")
    with open(tmp_path / "f", "rb") as file:
        f = theano.function(**pickle.load(file))
    assert f([2.0]) == [4.0] and f.name == "double"
