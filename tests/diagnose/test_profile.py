"""Functions measure themselves when asked."""

import io
import pickle

import theano
import theano.tensor as T
from theano.compile import ProfileStats

x = T.dvector("x")


def test_counts_calls():
    f = theano.function([x], T.exp(x), profile=ProfileStats(atexit_print=False), name="mine")
    assert f([0.0]).tolist() == [1.0]
    assert f(x=[0.0]).tolist() == [1.0]
    assert f.profile.fct_callcount == 2
    assert 0 < f.profile.fct_call_time < 1
    assert 0 < f.profile.optimizer_time < f.profile.compile_time
    out = io.StringIO()
    f.profile.summary(out)
    assert out.getvalue().startswith("Function profiling: mine\n  2 calls took ")
    assert "One native function did it all" in out.getvalue()


def test_measures_nodes_where_they_run_one_by_one():
    stats = ProfileStats(atexit_print=False)
    f = theano.function([x], T.exp(x) + T.exp(2 * x), profile=stats, mode="FAST_COMPILE")
    f([0.0])
    (elemwise,) = stats.class_time()
    assert elemwise is type(T.exp)
    assert len(stats.apply_time) == len(f.maker.fgraph.toposort())
    assert sum(stats.op_time().values()) <= stats.fct_call_time
    assert "Operations" in stats.text() and " %  0.0" in stats.text()


def test_is_off_unless_asked():
    f = theano.function([x], x + 1)
    assert f.profile is None
    with theano.config.change_flags(profile=True):
        g = theano.function([x], x + 1)
    assert isinstance(g.profile, ProfileStats)
    h = pickle.loads(pickle.dumps(g))
    assert h([1.0]).tolist() == [2.0]
    assert isinstance(h.profile, ProfileStats)
