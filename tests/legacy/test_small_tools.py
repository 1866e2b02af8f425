"""The small historic tools."""

from __future__ import annotations

import pytest

import theano
import theano.tensor as T
from croton.legacy.small_tools import copy_stack_trace
from theano.gof import utils


def test_sequences():
    assert utils.uniq([1, 2, 1, 3]) == [1, 2, 3]
    assert utils.unique([1, 2]) and not utils.unique([1, 1])
    assert utils.difference([1, 2, 3], [2]) == [1, 3]
    assert list(utils.remove(lambda v: v > 1, [1, 2])) == [1]
    assert utils.flatten([1, (2, [3])]) == [1, 2, 3]
    assert utils.toposort({"a": {"b"}, "b": {"c"}}) == ["c", "b", "a"]
    with pytest.raises(ValueError, match="circles"):
        utils.toposort({"a": {"b"}, "b": {"a"}})


def test_functions_that_remember_and_warn():
    calls = []
    doubled = utils.memoize(lambda v: calls.append(v) or 2 * v)
    assert (doubled(2), doubled(2), calls) == (4, 4, [2])
    old = utils.deprecated("here.py", "use the other")(lambda: 1)
    with pytest.warns(DeprecationWarning, match="use the other"):
        assert old() == 1


def test_names_lines_and_digests(tmp_path):
    x, y = T.dscalar(), T.dscalar()
    utils.give_variables_names([x, y])
    assert [x.name, y.name] == ["_0", "_1"]
    frames = utils.simple_extract_stack()
    assert frames[-1][2] == "test_names_lines_and_digests" and "simple_extract_stack()" in frames[-1][3]
    z, w = x + y, x * y
    copy_stack_trace(z, w)
    assert w.owner.origin == z.owner.origin and utils.add_tag_trace(w) is w
    path = tmp_path / "a"
    path.write_text("a")
    assert utils.hash_from_file(str(path)) == utils.hash_from_file(str(path))


def test_what_is_wrong_with_test_values_is_said_as_config_says():
    from theano.gof.op import debug_assert, debug_error_message

    with theano.change_flags(compute_test_value="raise"):
        with pytest.raises(ValueError, match="no"):
            debug_error_message("no")
        with pytest.raises(AssertionError, match="debug_assert failed"):
            debug_assert(False)
    debug_assert(True)
    with theano.change_flags(compute_test_value="warn"):
        with pytest.warns(UserWarning, match="no"):
            debug_error_message("no")
        with pytest.warns(UserWarning, match="not so"):
            debug_assert(False, "not so")
