"""Hamiltonian Monte Carlo on a posterior whose moments are known: a linear regression.

    python examples/hamiltonian.py [--draws 500] [--chains 64] [--no-picture]

The sampler sees no more than the logarithm of the posterior density and its gradient. All chains move side by side, and
the leapfrog steps of a proposal are a loop within the loop over proposals: a batch of draws is one native call.
"""

import argparse
import time

import numpy as np

import theano
import theano.tensor as T
from theano.tensor.random import RandomStream
from train_digits import HERE, progress

PICTURE = HERE / "output" / "hamiltonian.png"
LEAPFROGS, PER_CALL, WARM_UP = 12, 50, 150
stream = RandomStream(2026)
rng = np.random.default_rng(2026)


# -- the posterior ---------------------------------------------------------------------------------------------
class Regression:
    """y = X w + noise of known size, with a normal prior on w: the posterior is normal, and known in closed form."""

    def __init__(self, points=60, dimensions=5, noise=0.7, spread=2.0):
        features = rng.normal(size=(points, dimensions))
        features[:, 1] += 1.5 * features[:, 0]  # two directions that the data hardly tell apart
        self.noise, self.spread, self.dimensions = noise, spread, dimensions
        self.features = features
        self.targets = features @ rng.normal(size=dimensions) + noise * rng.normal(size=points)

    def log_density(self, w):
        """Of each row of w, up to a constant."""
        misfit = T.dot(w, self.features.T) - self.targets
        return -T.sqr(misfit).sum(axis=1) / (2 * self.noise**2) - T.sqr(w).sum(axis=1) / (2 * self.spread**2)

    def moments(self):
        """The mean and the covariance of the posterior."""
        precision = self.features.T @ self.features / self.noise**2 + np.eye(self.dimensions) / self.spread**2
        covariance = np.linalg.inv(precision)
        return covariance @ self.features.T @ self.targets / self.noise**2, covariance


# -- the sampler -------------------------------------------------------------------------------------------------
def leapfrog(log_density, q, p, step):
    """Follow the motion of a point at q with momentum p, down the slope of -log_density, for some steps."""

    def slope(at):
        return T.grad(log_density(at).sum(), at)

    def move(q, p, step):
        q = q + step * p
        return q, p + step * slope(q)

    # A half step of the momentum at either end; in between whole steps, one after the other.
    (qs, ps), _ = theano.scan(
        move, outputs_info=[q, p + step / 2 * slope(q)], non_sequences=step, n_steps=LEAPFROGS
    )
    return qs[-1], ps[-1] - step / 2 * slope(qs[-1])


def transition(log_density, q, step):
    """A proposal for each chain, taken or left as Metropolis has it: new positions, and how likely each was taken."""
    p = stream.normal(size=q.shape, dtype="float64")
    # A step that varies: a motion of fixed length may come back to where it began, again and again.
    step = step * stream.uniform(0.5, 1.0, dtype="float64")
    new_q, new_p = leapfrog(log_density, q, p, step)

    def energy(at, momentum):
        return -log_density(at) + T.sqr(momentum).sum(axis=1) / 2

    accepted = T.minimum(1, T.exp(energy(q, p) - energy(new_q, new_p)))
    taken = stream.uniform(size=accepted.shape, dtype="float64") < accepted
    return T.switch(taken.dimshuffle(0, "x"), new_q, q), accepted


def compile_sampler(log_density, chains, dimensions):
    """A function that makes PER_CALL draws of all chains, and goes on from there at the next call."""
    start = theano.shared(rng.normal(size=(chains, dimensions)), "positions")
    step = T.dscalar("step")
    (positions, accepted), updates = theano.scan(
        lambda q, step: transition(log_density, q, step),
        outputs_info=[start, None],
        non_sequences=step,
        n_steps=PER_CALL,
    )
    updates[start] = positions[-1]
    return theano.function([step], [positions, accepted.mean()], updates=updates, name="50 transitions")


def sample(log_density, draws, chains, dimensions):
    """Draws (draw, chain, coordinate): the step is found by trial while the chains warm up, then kept."""
    began = time.perf_counter()
    advance = compile_sampler(log_density, chains, dimensions)
    print(f"compiled in {time.perf_counter() - began:.2f} s; {theano.explain(advance).summary}")
    step = 0.05
    for _ in range(WARM_UP // PER_CALL * 4):
        _, accepted = advance(step)
        step *= 1.25 if accepted > 0.85 else 0.8 if accepted < 0.75 else 1.0
    found = []
    began = time.perf_counter()
    for show in progress(-(-draws // PER_CALL), "Hamiltonian", "call"):
        positions, accepted = advance(step)
        found.append(positions)
        show(f"{100 * accepted:.0f} % of proposals taken, step {step:.3f}")
    seconds = time.perf_counter() - began
    made = np.concatenate(found)[:draws]
    print(
        f"{draws} draws of {chains} chains in {seconds:.2f} s: {draws * chains / seconds:,.0f} draws a second"
    )
    return made


# -- what came out -----------------------------------------------------------------------------------------------
def spread_between(draws):
    """By how much chains differ more from one another than each from itself: 1 when they are at one.

    source: Gelman and Rubin, Inference from iterative simulation, 1992
    """
    within = draws.var(axis=0, ddof=1).mean(axis=0)
    between = draws.mean(axis=0).var(axis=0, ddof=1)
    return np.sqrt(1 - 1 / len(draws) + between / within)


def check(draws, mean, covariance):
    """Print the moments found beside the true ones; whether they agree as far as so many draws can tell."""
    deviation = np.sqrt(np.diag(covariance))
    chain_means = draws.mean(axis=0)
    error = chain_means.std(axis=0, ddof=1) / np.sqrt(draws.shape[1])
    found_mean, found_deviation = chain_means.mean(axis=0), draws.std(axis=(0, 1))
    print("    coordinate   mean (true)           standard deviation (true)   chains apart")
    apart = spread_between(draws)
    for i in range(len(mean)):
        print(
            f"    w{i}          {found_mean[i]:8.4f} ({mean[i]:8.4f})   {found_deviation[i]:8.4f} ({deviation[i]:8.4f})"
            f"         {apart[i]:.3f}"
        )
    agree = (abs(found_mean - mean) < 5 * error).all()
    agree &= (abs(found_deviation / deviation - 1) < 0.1).all() and (apart < 1.1).all()
    correlation = np.corrcoef(draws.reshape(-1, len(mean)).T)
    true = covariance / np.outer(deviation, deviation)
    return bool(agree and abs(correlation - true).max() < 0.1)


def draw(draws, mean, covariance):
    """A chain on its way, draws of two coordinates over the true density, and their distributions."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    left.plot(draws[:200, 0])
    left.set(title="One chain", xlabel="draw", ylabel="weights")
    points = draws.reshape(-1, draws.shape[2])[::5]
    middle.plot(points[:, 0], points[:, 1], ".", markersize=1.5, alpha=0.4)
    angles = np.linspace(0, 2 * np.pi, 200)
    circle = np.linalg.cholesky(covariance[:2, :2]) @ [np.cos(angles), np.sin(angles)]
    for deviations in (1, 2, 3):
        middle.plot(*(mean[:2, None] + deviations * circle), color="black", linewidth=0.8)
    middle.set(title="Two weights, and the true 1, 2 and 3 deviations", xlabel="w0", ylabel="w1")
    for i in range(len(mean)):
        at = np.linspace(*np.quantile(draws[..., i], [0.0005, 0.9995]), 200)
        density = np.exp(-((at - mean[i]) ** 2) / (2 * covariance[i, i])) / np.sqrt(
            2 * np.pi * covariance[i, i]
        )
        right.hist(draws[..., i].ravel(), bins=60, density=True, alpha=0.4)
        right.plot(at, density, color="black", linewidth=0.8)
    right.set(title="Each weight, and its true density", xlabel="weight")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"The chains and what they should be: {PICTURE}")


def main():
    """Sample, compare with the true moments, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--no-picture", action="store_true", help="sample only")
    asked = parser.parse_args()
    model = Regression()
    mean, covariance = model.moments()
    draws = sample(model.log_density, asked.draws, asked.chains, model.dimensions)
    if not check(draws, mean, covariance):
        raise SystemExit("These are not the moments of the posterior.")
    print("The moments are those of the posterior, as far as so many draws can tell.")
    if not asked.no_picture:
        try:
            draw(draws, mean, covariance)
        except ImportError:
            print("There is no picture without matplotlib: pip install '.[plot]'")


if __name__ == "__main__":
    main()
