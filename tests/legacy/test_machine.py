"""What historic code asked of the machine."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import theano
from theano.misc import may_share_memory, strutil, windows
from theano.tests import disturb_mem


def test_widths_and_platforms():
    assert theano.configdefaults.local_bitwidth() == (64 if sys.maxsize > 2**32 else 32)
    assert theano.configdefaults.python_int_bitwidth() in (32, 64)
    short = theano.configdefaults.short_platform
    assert short("3.2.0-70-generic", "Linux-3.2.0-70-generic-x86_64-with") == "Linux-3.2--generic-x86_64-with"
    assert short("3.2.0-4-amd64", "Linux-3.2.0-4-amd64-x86_64") == "Linux-3.2--amd64-x86_64"
    assert short("10.0", "Windows-10") == "Windows-10"
    assert isinstance(short(), str)


def test_other_programs():
    said = windows.output_subprocess_Popen([sys.executable, "-c", "print(1); raise SystemExit(3)"])
    assert (said[0].split(), said[1], said[2]) == ([b"1"], b"", 3)
    with pytest.raises(TypeError, match="stdout"):
        windows.output_subprocess_Popen("ls", stdout=1)


def test_memory():
    share, a = may_share_memory.may_share_memory, np.zeros(4)
    assert share(a, a[1:]) and not share(a, a.copy()) and not share(a[:2], a[2:]) and not share(a, 1, False)
    assert theano.tensor.dvector().type.may_share_memory(a, a[1:])
    assert not theano.gof.generic.may_share_memory(a, a)
    with pytest.raises(TypeError, match="got ndarray, int"):
        share(a, 1)
    disturb_mem.disturb_mem()


def test_texts_with_holes():
    assert strutil.render_string("%(a)s", {"a": 1}) == "1"
    with pytest.raises(Exception, match=r"^%\(a\)s %\(b\)<<<< caused exception 'b'"):
        strutil.render_string("%(a)s %(b)s", {"a": 1})
