"""Learn what handwritten digits look like: a restricted Boltzmann machine, trained by Gibbs sampling.

    python examples/rbm_digits.py [--epochs 60] [--no-picture]

The machine gives black-and-white images of 8 x 8 pixels a probability, through 16 hidden units. These are so few that
its likelihood can be computed exactly, by adding up all their 2^16 states: so one sees that it learns, and how much.
"""

import argparse
import time

import numpy as np

import theano
import theano.tensor as T
from theano.tensor.random import RandomStream
from train_digits import HERE, floatX, load, progress

PICTURE = HERE / "output" / "rbm.png"
PIXELS, HIDDEN, CHAINS, BATCH, GIBBS_STEPS = 64, 16, 100, 50, 5
stream = RandomStream(2026)
rng = np.random.default_rng(2026)


# -- the model: p(v) is proportional to exp(-free_energy(v)) ---------------------------------------------------
def make_parameters(images):
    """Small weights; pixels that are on as often as in the images."""
    often = images.mean(axis=0).clip(0.01, 0.99)
    W = theano.shared(rng.normal(0, 0.05, (PIXELS, HIDDEN)).astype(floatX), "W")
    b = theano.shared(np.log(often / (1 - often)).astype(floatX), "b")
    c = theano.shared(np.zeros(HIDDEN, floatX), "c")
    return W, b, c


def free_energy(v, W, b, c):
    """Of each row of pixels, with the hidden units added up."""
    return -T.dot(v, b) - T.nnet.softplus(T.dot(v, W) + c).sum(axis=1)


def gibbs_step(v, W, b, c):
    """Draw the hidden units given the pixels, then the pixels given these."""
    h = stream.bernoulli(T.nnet.sigmoid(T.dot(v, W) + c), dtype=floatX)
    return stream.bernoulli(T.nnet.sigmoid(T.dot(h, W.T) + b), dtype=floatX)


def log_partition(W, b, c):
    """The logarithm of what probabilities are to be divided by: a sum over all states of the hidden units."""
    states = (np.arange(2**HIDDEN)[:, None] >> np.arange(HIDDEN)) & 1
    h = T.constant(states.astype(floatX))
    weights = T.dot(h, c) + T.nnet.softplus(T.dot(h, W.T) + b).sum(axis=1)
    most = weights.max()
    return most + T.log(T.exp(weights - most).sum())


# -- training: persistent contrastive divergence ---------------------------------------------------------------
def compile_model(images, parameters):
    """Three functions: a training step, the exact mean log-likelihood of images, chains that go on by themselves."""
    v, start, rate = T.matrix("v"), T.iscalar("start"), T.scalar("rate")
    chains = theano.shared(images[rng.choice(len(images), CHAINS)], "chains")

    history, updates = theano.scan(
        gibbs_step, outputs_info=chains, non_sequences=list(parameters), n_steps=GIBBS_STEPS
    )
    # What the chains hold stands for the model; it is data, nothing to be changed by a slope.
    dreamt = theano.gradient.disconnected_grad(history[-1])
    cost = free_energy(v, *parameters).mean() - free_energy(dreamt, *parameters).mean()
    for parameter, slope in zip(parameters, T.grad(cost, list(parameters)), strict=True):
        updates[parameter] = parameter - rate * slope
    updates[chains] = dreamt

    data = theano.shared(images, "images")
    step = theano.function(
        [start, rate],
        updates=updates,
        givens={v: data[start : start + BATCH]},
        name="a step of contrastive divergence",
    )
    likelihood = theano.function([v], -free_energy(v, *parameters).mean() - log_partition(*parameters))
    dream, moves = theano.scan(gibbs_step, outputs_info=v, non_sequences=list(parameters), n_steps=1000)
    return step, likelihood, theano.function([v], dream[99::100], updates=moves)


def independent_pixels(train, test):
    """The mean log-likelihood of `test` where each pixel is on as often as in `train`, whatever the others."""
    often = (train.sum(axis=0) + 1) / (len(train) + 2)
    return float((test * np.log(often) + (1 - test) * np.log(1 - often)).sum(axis=1).mean())


def fit(train, test, epochs):
    """Train; the exact log-likelihoods of test images after each epoch, and what is needed for a picture."""
    parameters = make_parameters(train)
    began = time.perf_counter()
    step, likelihood, dream = compile_model(train, parameters)
    print(f"three functions compiled in {time.perf_counter() - began:.2f} s; {theano.explain(step).summary}")
    starts = np.arange(0, len(train) - BATCH + 1, BATCH, dtype="int32")
    found = []
    began = time.perf_counter()
    for at, show in enumerate(progress(epochs, "Boltzmann machine")):
        rate = np.asarray(0.1 * (1 - at / epochs), floatX)
        for start in rng.permutation(starts):
            step(start, rate)
        found.append(float(likelihood(test)))
        show(f"exact log-likelihood of test images {found[-1]:.2f}")
    per_step = (time.perf_counter() - began) / epochs / len(starts)
    print(
        f"{1e3 * per_step:.2f} ms per step of {GIBBS_STEPS} Gibbs steps in {CHAINS} chains, likelihoods included"
    )
    return found, parameters, dream


# -- the picture -----------------------------------------------------------------------------------------------
def draw(found, pixels_alone, parameters, dream, test):
    """The likelihood, the weights of the hidden units, and chains as they go on from test images."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.4])
    left, right = above.subfigures(1, 2)
    axes = left.subplots()
    axes.plot(np.arange(1, len(found) + 1), found, label="Boltzmann machine, 16 hidden units")
    axes.axhline(pixels_alone, color="gray", linestyle="--", label="independent pixels")
    axes.set(title="Exact log-likelihood of a test image", xlabel="epoch", ylabel="nats")
    axes.legend()
    axes.grid(alpha=0.3)
    right.suptitle("Weights of the hidden units")
    weights = parameters[0].get_value()
    for tile, column in zip(right.subplots(4, 4).flat, weights.T, strict=True):
        tile.imshow(column.reshape(8, 8), cmap="coolwarm", vmin=-abs(weights).max(), vmax=abs(weights).max())
        tile.axis("off")
    below.suptitle("Chains: a test image on the left, then every 100th step")
    start = test[:: len(test) // 6][:6]
    states = np.array([start, *dream(start)])
    for tiles, chain in zip(below.subplots(6, len(states)), states.transpose(1, 0, 2), strict=True):
        for tile, image in zip(tiles, chain, strict=True):
            tile.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            tile.axis("off")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"The likelihood, the weights and dreams: {PICTURE}")


def main():
    """Train the machine, check that it has learnt, and draw what it dreams."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--no-picture", action="store_true", help="train only")
    asked = parser.parse_args()
    (train, _), (test, _) = load()
    train, test = (train > 0.5).astype(floatX), (test > 0.5).astype(floatX)
    pixels_alone = independent_pixels(train, test)
    found, parameters, dream = fit(train, test, asked.epochs)
    print(f"log-likelihood of a test image: {found[-1]:.2f} nats; of independent pixels {pixels_alone:.2f}")
    if found[-1] < pixels_alone + 1.5:
        raise SystemExit("It has not learnt: the pixels alone say nearly as much.")
    if not asked.no_picture:
        try:
            draw(found, pixels_alone, parameters, dream, test)
        except ImportError:
            print("There is no picture without matplotlib: pip install '.[plot]'")


if __name__ == "__main__":
    main()
