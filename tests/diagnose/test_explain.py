"""`theano.explain` tells what became of a function; `dump` writes it down."""

from pathlib import Path

import numpy as np
import pytest

import theano
import theano.ifelse
import theano.tensor as T


class Odd(theano.Op):
    """An operation that has only Python code."""

    __props__ = ()

    def make_node(self, x: T.TensorVariable) -> theano.Apply:
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node: theano.Apply, inputs: list, output_storage: list, *params: object) -> None:
        output_storage[0][0] = np.sort(inputs[0])


def softmax_step() -> theano.Function:
    x, w = T.dmatrix("x"), theano.shared(np.ones((3, 2)), "w")
    return theano.function([x], T.log(1 + T.exp(T.dot(x, w))).sum(), name="step")


def test_says_it_all():
    told = theano.explain(softmax_step())
    assert told.fired["log1pexp_to_softplus"] == 1
    assert told.blas == ["gemm"]
    assert told.python == []
    text = str(told)
    assert text.startswith("Function 'step': ")
    assert "canonicalize" in text and "#0 dot(x, w)" in text
    assert "k0 [ALL] softplus add over [0, 1]" in text
    assert "reads 8·|#0| B; writes 8 B" in text


def test_tells_the_story_of_a_node():
    x = T.dvector("x")
    y = T.log(1 + T.exp(x))  # this line
    f = theano.function([x], y)
    for node in (0, f.maker.fgraph.outputs[0], f.maker.fgraph.outputs[0].owner, y):
        story = theano.explain(f, node=node).story
        assert f'File "{__file__}"' in story
        assert "log1pexp_to_softplus" in story
        assert "runs in kernel k0" in story
    with pytest.raises(ValueError, match="There is no node #7"):
        theano.explain(f, node=7)
    with pytest.raises(ValueError, match="Nothing is left"):
        theano.explain(f, node=T.exp(T.dscalar()))
    with pytest.raises(TypeError, match="takes a function"):
        theano.explain(y)


def test_marks_python():
    x = T.dvector("x")
    told = theano.explain(theano.function([x], Odd()(x) + 1))
    assert [str(told.nodes[at].op) for at in told.python] == ["Odd"]
    assert "python! #0 Odd" in str(told)


def test_of_a_function_without_plan():
    x = T.dvector("x")
    told = theano.explain(theano.function([x], x + 1, mode="FAST_COMPILE"))
    assert "node by node on backend numpy" in told.summary


def test_dump(tmp_path: Path):
    with theano.config.change_flags(dump=str(tmp_path)):
        softmax_step()
    (folder,) = tmp_path.iterdir()
    assert folder.name.endswith("_step")
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "00_input.txt"
    assert {name.partition("_")[2] for name in names} >= {
        "canonicalize.txt",
        "plan.txt",
        "k0.loops",
        "k0.ll",
        "k0.s",
    }
    assert "dot [id " in (folder / "00_input.txt").read_text()
    assert "define void @kernel" in next(folder.glob("*_k0.ll")).read_text()


def test_every_node_has_a_story():
    x, k = T.dmatrix("x"), T.lvector("k")
    loss = -T.mean(T.log(T.nnet.softmax(T.tanh(x)))[T.arange(k.shape[0]), k])
    f = theano.function([x, k], [loss, T.grad(loss, x)])
    told = theano.explain(f)
    stories = [theano.explain(f, node=at).story for at in range(len(told.nodes))]
    assert all(f'File "{__file__}"' in story and "    made by " in story for story in stories)
    text = "\n".join(stories)
    assert "made by gradient of Elemwise{tanh,no_inplace}" in text
    assert "local_advanced_indexing_crossentropy_onehot then expand" in text


def test_equal_computations_are_found_by_either_line():
    x = T.dvector("x")
    one = T.exp(x)
    other = T.exp(x)  # this line too
    f = theano.function([x], [one + 1, other * x])
    line = other.owner.origin[0].lineno
    for node in (one, other):
        story = theano.explain(f, node=node).story
        assert "as equal computations are done once" in story and f"line {line}" in story


def test_steps_of_loops_and_sides_of_branches_have_stories():
    x, c = T.dvector("x"), T.bscalar("c")
    inside = []

    def step(h):
        inside.append(T.log(1 + T.exp(h)))  # in the loop
        return inside[-1] * 2

    h, _ = theano.scan(step, outputs_info=x, n_steps=3)
    side = T.log(1 - T.nnet.sigmoid(h[-1]))  # in the branch
    f = theano.function([x, c], theano.ifelse.ifelse(c, side, T.tanh(x)))
    told = theano.explain(f)
    for variable, rules in ((inside[0], "log1pexp_to_softplus"), (side, "softplus")):
        held = [at for at in told.holders if str(told.nodes[at].op) == "softplus"]
        line = variable.owner.origin[0].lineno
        stories = [theano.explain(f, node=at).story for at in held]
        assert any(f"line {line}" in story and rules in story for story in stories)
        assert theano.explain(f, node=variable).story
    assert all(" made by " in theano.explain(f, node=at).story for at in range(len(told.nodes)))
    slope = theano.function([x], T.grad(h.sum(), x))
    told = theano.explain(slope)
    stories = [theano.explain(slope, node=at).story for at in told.holders]
    assert stories and all(f'File "{__file__}"' in story for story in stories)
