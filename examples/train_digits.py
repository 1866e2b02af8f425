"""Learn to read handwritten digits: a logistic regression and a network with one hidden layer.

    python examples/train_digits.py [--epochs 100] [--no-picture]

Both see 1,437 images of 8 x 8 pixels and are tested on 360 others, by writers whose hand they have not seen.
"""

import argparse
import csv
import gzip
import io
import sys
import time
from pathlib import Path

import numpy as np

import theano
import theano.tensor as T

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None

HERE = Path(__file__).parent
PICTURE = HERE / "output" / "digits.png"
BATCH = 32
floatX = theano.config.floatX
rng = np.random.default_rng(2026)


# -- the data ------------------------------------------------------------------------------------------------
def load(test=360):
    """Images (rows of 64 numbers from 0 to 1) and digits, to train on and to test on."""
    with gzip.open(HERE / "data" / "digits.csv.gz", "rb") as file:
        rows = np.array(list(csv.reader(io.TextIOWrapper(file))), dtype="int32")
    images, digits = (rows[:, :-1] / 16).astype(floatX), rows[:, -1]
    shuffled = rng.permutation(len(rows) - test)  # the last rows come from other writers: they are the test
    return (images[shuffled], digits[shuffled]), (images[-test:], digits[-test:])


# -- two models: expressions in x, and the shared variables that are to be learned ---------------------------
def layer(x, inputs, outputs, name):
    """x W + b, with small random weights."""
    scale = np.sqrt(2 / inputs)
    W = theano.shared(rng.normal(0, scale, (inputs, outputs)).astype(floatX), name=f"W_{name}")
    b = theano.shared(np.zeros(outputs, floatX), name=f"b_{name}")
    return T.dot(x, W) + b, [W, b]


def logistic_regression(x):
    """Probabilities of the ten digits, straight from the pixels."""
    scores, parameters = layer(x, 64, 10, "out")
    return T.nnet.softmax(scores), parameters


def multilayer_perceptron(x, hidden=128):
    """Probabilities of the ten digits, through a layer of hidden units."""
    scores, below = layer(x, 64, hidden, "hidden")
    probabilities, above = layer(T.nnet.relu(scores), hidden, 10, "out")
    return T.nnet.softmax(probabilities), below + above


# -- training ------------------------------------------------------------------------------------------------
def momentum(cost, parameters, rate, keep=0.9):
    """Updates for a step downhill that keeps part of its speed."""
    updates = []
    for parameter, slope in zip(parameters, T.grad(cost, parameters), strict=True):
        speed = theano.shared(np.zeros_like(parameter.get_value()))
        faster = keep * speed - rate * slope
        updates += [(speed, faster), (parameter, parameter + faster)]
    return updates


def compile_model(model, train, rate):
    """Three functions: one training step, the share of wrong answers, the probabilities of digits."""
    x, y, start = T.matrix("x"), T.ivector("y"), T.iscalar("start")
    probabilities, parameters = model(x)
    cost = T.nnet.categorical_crossentropy(probabilities, y).mean()
    wrong = T.neq(T.argmax(probabilities, axis=1), y).mean()

    images, digits = theano.shared(train[0], "images"), theano.shared(train[1], "digits")
    batch = slice(start, start + BATCH)
    step = theano.function(
        [start],
        cost,
        updates=momentum(cost, parameters, np.asarray(rate, floatX)),
        givens={x: images[batch], y: digits[batch]},
        name=f"step of {model.__name__}",
    )
    return step, theano.function([x, y], wrong), theano.function([x], probabilities)


def fit(name, model, train, test, epochs, rate):
    """Train `model`; what it cost, its test error after each epoch, and the function that predicts."""
    began = time.perf_counter()
    step, error, predict = compile_model(model, train, rate)
    compiling = time.perf_counter() - began
    costs, errors = [], []
    starts = np.arange(0, len(train[0]) - BATCH + 1, BATCH, dtype="int32")
    began = time.perf_counter()
    for epoch in progress(epochs, name):
        costs.append(np.mean([step(start) for start in rng.permutation(starts)]))
        errors.append(100 * float(error(*test)))
        epoch(f"cost {costs[-1]:.3f}, test error {errors[-1]:.1f} %")
    per_epoch = (time.perf_counter() - began) / epochs
    print(f"{name}: test error {errors[-1]:.1f} %, {1e3 * per_epoch:.1f} ms per epoch of {len(starts)} steps")
    print(f"    three functions compiled in {compiling:.2f} s; the step: {theano.explain(step).summary}\n")
    return {"name": name, "costs": costs, "errors": errors, "predict": predict}


def progress(epochs, name, unit="epoch"):
    """Count epochs on a bar, or without tqdm or a terminal, on a few lines. Gives functions that show a text."""
    if tqdm is not None and sys.stderr.isatty():
        with tqdm(range(epochs), desc=name.ljust(22), unit=unit, ncols=110) as bar:
            for _ in bar:
                yield lambda text: bar.set_postfix_str(text, refresh=False)
    else:
        for at in range(1, epochs + 1):
            yield (
                lambda text, at=at: at % max(epochs // 5, 1) == 0 and print(f"  {name}, {unit} {at}: {text}")
            )


# -- the picture ---------------------------------------------------------------------------------------------
def draw(results, test):
    """Learning curves above; below test images with the network's answers, ten right ones and up to ten wrong ones."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(11, 7.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.05])
    left, right = above.subplots(1, 2)
    for result in results:
        epochs = np.arange(1, len(result["costs"]) + 1)
        left.plot(epochs, result["costs"], label=result["name"])
        right.plot(epochs, result["errors"], label=f"{result['name']}: {result['errors'][-1]:.1f} %")
    left.set(title="Training cost", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    right.set(title="Test error", xlabel="epoch", ylabel="% of 360 images", ylim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()

    images, digits = test
    probabilities = results[-1]["predict"](images)
    answers = probabilities.argmax(axis=1)
    correct = answers == digits
    chosen = [at for digit in range(10) for at in np.flatnonzero(correct & (digits == digit))[:1]]
    rows = below.subplots(2, 10)
    below.suptitle(f"{results[-1]['name']}: ten right answers, ten wrong ones, and how sure it is of each")
    for row, indices in zip(rows, (chosen, np.flatnonzero(~correct)), strict=True):
        for axes in row:
            axes.axis("off")
        for axes, at in zip(row, indices, strict=False):
            axes.imshow(images[at].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            said = str(answers[at]) if correct[at] else f"{answers[at]}, not {digits[at]}"
            axes.set_title(said, color="black" if correct[at] else "crimson", fontsize=12)
            axes.text(3.5, 8.6, f"{100 * probabilities[at].max():.0f} %", ha="center", fontsize=9)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"The curves, and digits with answers: {PICTURE}")


def main():
    """Train both models, and draw what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--no-picture", action="store_true", help="train only")
    asked = parser.parse_args()
    began = time.perf_counter()
    train, test = load()
    print(
        f"{len(train[0])} images to train on, {len(test[0])} to test on; backend {theano.config.backend}, {floatX}\n"
    )
    results = [
        fit("Logistic regression", logistic_regression, train, test, asked.epochs, rate=0.1),
        fit("Multilayer perceptron", multilayer_perceptron, train, test, asked.epochs, rate=0.05),
    ]
    if not asked.no_picture:
        try:
            draw(results, test)
        except ImportError:
            print("There is no picture without matplotlib: pip install '.[plot]'")
    print(f"All in {time.perf_counter() - began:.1f} s.")


if __name__ == "__main__":
    main()
