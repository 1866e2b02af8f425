"""Learn to write, letter by letter: a recurrent network with long short-term memory, trained on little tales.

    python examples/char_lstm.py [--epochs 24] [--no-picture]

The tales are made here, by a grammar: 2,000 of them, some 100,000 letters. The grammar says how many bits of news there
are in each letter, so one sees how far the network is from knowing all there is to know. Someone has things, loses
some, and keeps the rest: to write the end of a tale well, the network has to remember how it began, and to subtract.
"""

import argparse
import re
import time

import numpy as np

import theano
import theano.tensor as T
from theano.tensor.random import RandomStream
from train_digits import HERE, floatX, progress

PICTURE = HERE / "output" / "char_lstm.png"
HIDDEN, STREAMS, LENGTH = 96, 32, 60
stream = RandomStream(2026)
rng = np.random.default_rng(2026)

# -- the tales ---------------------------------------------------------------------------------------------------
NUMBERS = "no one two three four five".split()
WHO = "fox bear hen wolf cow ram goose toad".split()
LOOKS = "old red sly big kind wise lean glad".split()
THINGS = "plums nuts coins shells figs pears beads eggs".split()
DEEDS = "ate;sold;lost;hid;gave away;threw away;dropped;lent".split(";")
FORM = re.compile(rf"the (\w+) (\w+) had (\w+) (\w+), ({'|'.join(DEEDS)}) (\w+) and kept (\w+)\.")


def tale():
    """One tale, and how many bits of choice went into it."""
    who, look, thing, deed = (rng.choice(words) for words in (WHO, LOOKS, THINGS, DEEDS))
    had = int(rng.integers(2, 6))
    gone = int(rng.integers(1, had))
    text = f"the {look} {who} had {NUMBERS[had]} {thing}, {deed} {NUMBERS[gone]} and kept {NUMBERS[had - gone]}.\n"
    return text, 14 + np.log2(had - 1)


def is_right(text):
    """Whether a line is a tale that the grammar makes, in which the subtraction is right."""
    found = FORM.fullmatch(text)
    if found is None:
        return False
    look, who, had, thing, _, gone, kept = found.groups()
    if look not in LOOKS or who not in WHO or thing not in THINGS:
        return False
    numbers = [NUMBERS.index(word) if word in NUMBERS else 99 for word in (had, gone, kept)]
    return 0 < numbers[1] < numbers[0] < 6 and numbers[0] - numbers[1] == numbers[2]


def write_tales(count):
    """So many tales as one text, and the bits of news per letter."""
    tales = [tale() for _ in range(count)]
    text = "".join(words for words, _ in tales)
    return text, sum(bits for _, bits in tales) / len(text)


# -- the network -------------------------------------------------------------------------------------------------
def make_parameters(letters):
    """Weights of the letters and of the memory, with gates that begin by keeping what is there; and the way out."""
    scale = 1 / np.sqrt(HIDDEN)
    bias = np.zeros(4 * HIDDEN)
    bias[HIDDEN : 2 * HIDDEN] = 1
    values = {
        "W": rng.normal(0, scale, (letters, 4 * HIDDEN)), "U": rng.normal(0, scale, (HIDDEN, 4 * HIDDEN)),
        "b": bias, "V": rng.normal(0, scale, (HIDDEN, letters)), "c": np.zeros(letters),
    }  # fmt: skip
    return {name: theano.shared(value.astype(floatX), name) for name, value in values.items()}


def remember(letter, seen, memory, U):
    """One step: what stands for a letter, what was seen of the text before, and the memory."""
    gates = letter + T.dot(seen, U)
    take, keep, show = (T.nnet.sigmoid(gates[:, i * HIDDEN : (i + 1) * HIDDEN]) for i in range(3))
    memory = keep * memory + take * T.tanh(gates[:, 3 * HIDDEN :])
    return show * T.tanh(memory), memory


def read(letters, seen, memory, p):
    """The scores of what comes after each of `letters`, (time, streams); and where the reading ends."""
    (seen, memory), _ = theano.scan(remember, p["W"][letters] + p["b"], [seen, memory], p["U"])
    return T.dot(seen, p["V"]) + p["c"], seen[-1], memory[-1]


def adam(cost, parameters, rate):
    """Updates by Adam, with the whole gradient cut to a length of 1."""
    slopes = T.grad(cost, parameters)
    length = T.sqrt(sum(T.sqr(g).sum() for g in slopes))
    step = theano.shared(np.asarray(0, floatX))
    updates = [(step, step + 1)]
    for parameter, slope in zip(parameters, slopes, strict=True):
        g = slope / T.maximum(length, 1)
        mean, square = (theano.shared(np.zeros_like(parameter.get_value())) for _ in range(2))
        m, s = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * T.sqr(g)
        move = rate * m / (1 - 0.9 ** (step + 1)) / (T.sqrt(s / (1 - 0.99 ** (step + 1))) + 1e-8)
        updates += [(mean, m), (square, s), (parameter, T.cast(parameter - move, floatX))]
    return updates


def compile_model(letters):
    """Three functions: a training step, the bits per letter of a text, and new texts."""
    p = make_parameters(letters)
    now, after, rate = T.imatrix("now"), T.imatrix("after"), T.scalar("rate")
    seen, memory = (theano.shared(np.zeros((STREAMS, HIDDEN), floatX)) for _ in range(2))

    def bits(scores):
        flat = T.nnet.softmax(scores.reshape((-1, letters)))
        return T.nnet.categorical_crossentropy(flat, after.flatten()).mean() / np.asarray(np.log(2), floatX)

    scores, last_seen, last_memory = read(now, seen, memory, p)
    cost = bits(scores)
    updates = adam(cost, list(p.values()), rate)
    step = theano.function(
        [now, after, rate], cost, updates=[*updates, (seen, last_seen), (memory, last_memory)], name="a step"
    )
    blank = T.zeros((now.shape[1], HIDDEN))
    test = theano.function([now, after], bits(read(now, blank, blank, p)[0]))
    return step, test, (seen, memory), compile_writer(p)


def compile_writer(p):
    """A function that writes: from a first letter each, so many letters, drawn one after the other."""
    first, count = T.ivector("first"), T.iscalar("count")
    blank = T.zeros((first.shape[0], HIDDEN))

    def write(letter, seen, memory):
        seen, memory = remember(p["W"][letter] + p["b"], seen, memory, p["U"])
        return stream.categorical(logits=T.dot(seen, p["V"]) + p["c"], dtype="int32"), seen, memory

    (text, _, _), moves = theano.scan(write, outputs_info=[first, blank, blank], n_steps=count)
    return theano.function([first, count], text, updates=moves)


# -- training ----------------------------------------------------------------------------------------------------
def in_streams(text, alphabet, streams):
    """The text as numbers, cut into streams that run side by side: (time, streams)."""
    numbers = np.array([alphabet.index(letter) for letter in text], "int32")
    length = len(numbers) // streams
    return numbers[: length * streams].reshape(streams, length).T.copy()


def fit(text, held_out, alphabet, epochs):
    """Train; the bits per letter in training and on tales held out, after each epoch, and what writes."""
    began = time.perf_counter()
    step, test, states, write = compile_model(len(alphabet))
    print(f"three functions compiled in {time.perf_counter() - began:.2f} s; {theano.explain(step).summary}")
    train, other = in_streams(text, alphabet, STREAMS), in_streams(held_out, alphabet, STREAMS)
    learnt, tested = [], []
    starts = range(0, len(train) - LENGTH, LENGTH)
    began = time.perf_counter()
    for at, show in enumerate(progress(epochs, "Long short-term memory")):
        for state in states:
            state.zero()
        rate = np.asarray(0.02 * 0.05 ** (at / epochs), floatX)
        costs = [step(train[s : s + LENGTH], train[s + 1 : s + LENGTH + 1], rate) for s in starts]
        learnt.append(float(np.mean(costs)))
        tested.append(float(test(other[:-1], other[1:])))
        show(f"{tested[-1]:.3f} bits per letter")
    per_step = (time.perf_counter() - began) / epochs / len(starts)
    print(f"{1e3 * per_step:.2f} ms per step of {LENGTH} letters in {STREAMS} streams")
    return learnt, tested, write


def draw(learnt, tested, news, lines):
    """The curves, and what the network writes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained", width_ratios=[1, 1.3])
    epochs = np.arange(1, len(learnt) + 1)
    left.plot(epochs, learnt, label="while learning")
    left.plot(epochs, tested, label="tales held out")
    left.axhline(news, color="gray", linestyle="--", label="all there is to know")
    left.set(title="Bits per letter", xlabel="epoch", yscale="log")
    left.grid(alpha=0.3)
    left.legend()
    right.axis("off")
    right.set_title("What it writes (wrong tales in red)")
    for at, line in enumerate(lines[:14]):
        color = "black" if is_right(line) else "red"
        right.text(0, 1 - at / 14, line, color=color, fontsize=9, va="top", family="monospace")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"The curves, and what it writes: {PICTURE}")


def main():
    """Train the network, let it write, and check that it has learnt to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--no-picture", action="store_true", help="train only")
    asked = parser.parse_args()
    (text, _), (held_out, news) = write_tales(2000), write_tales(400)
    alphabet = sorted(set(text))
    learnt, tested, write = fit(text, held_out, alphabet, asked.epochs)

    written = write(np.full(50, alphabet.index("\n"), "int32"), 300)
    lines = ["".join(alphabet[i] for i in column).split("\n") for column in written.T]
    whole = [line for found in lines for line in found[:-1]]
    right = np.mean([is_right(line) for line in whole])
    print("\n".join(f"    {line}" for line in whole[:4]))
    print(f"{tested[-1]:.3f} bits per letter of {news:.3f} that there are")
    print(f"{100 * right:.0f} % of {len(whole)} tales are right")
    if tested[-1] > 1.3 * news or right < 0.5:
        raise SystemExit("It has not learnt to write tales.")
    if not asked.no_picture:
        try:
            draw(learnt, tested, news, whole)
        except ImportError:
            print("There is no picture without matplotlib: pip install '.[plot]'")


if __name__ == "__main__":
    main()
