"""The search for garbage is put off, and taken up again."""

import gc

import pytest

from croton.util.collector import paused


def test_paused_and_taken_up_again() -> None:
    assert gc.isenabled()
    with paused():
        assert not gc.isenabled()
        with paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), paused():
        raise ZeroDivisionError
    assert gc.isenabled()
