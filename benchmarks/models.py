"""Costs to be differentiated, written once for every library. This file also runs under old Pythons: the peers' own.

A model is a cost and its data. The cost takes `m`, the functions of a library by NumPy's names and a few more; a list
of parameters; and the data. The data are made by a function of the case: parameters, then arrays.
"""

# ruff: noqa: B905  (zip knows no strict before Python 3.10)

import math

import numpy as np

PIXELS, CLASSES = 784, 10


def _layers(rng, sizes, dtype):
    found = []
    for at in range(len(sizes) - 1):
        inputs, outputs = sizes[at : at + 2]
        found.append(rng.normal(0, 0.05, (inputs, outputs)).astype(dtype))
        found.append(np.zeros(outputs, dtype))
    return found


# -- networks ------------------------------------------------------------------------------------------------
def classes(m, p, x, y):
    """Layers of rectified units, then the cross-entropy of classes."""
    h = x
    for at in range(0, len(p) - 2, 2):
        h = m.relu(m.dot(h, p[at]) + p[at + 1])
    return m.cross_entropy(m.dot(h, p[-2]) + p[-1], y)


def classes_data(case, rng):
    x = rng.uniform(0, 1, (case["batch"], PIXELS)).astype(case["dtype"])
    return _layers(rng, case["layers"], case["dtype"]), [
        x,
        rng.randint(0, CLASSES, case["batch"]).astype("int64"),
    ]


def autoencoder(m, p, x, mask):
    """What is left of an image, through one layer and back through its transpose, in bits of the whole image."""
    w, b, c = p
    a = m.dot(m.sigmoid(m.dot(x * mask, w) + b), w.T) + c
    return m.mean(m.sum(x * m.softplus(-a) + (1 - x) * m.softplus(a), axis=1))


def autoencoder_data(case, rng):
    x = rng.uniform(0, 1, (case["batch"], PIXELS)).astype(case["dtype"])
    w, b = _layers(rng, [PIXELS, 500], case["dtype"])
    return [w, b, np.zeros(PIXELS, case["dtype"])], [x, (rng.rand(*x.shape) > 0.3).astype(case["dtype"])]


# -- statistics ----------------------------------------------------------------------------------------------
def _normal(m, x, mean, log_scale):
    """The log-density of a normal distribution, summed, without its constant."""
    return m.sum(-0.5 * ((x - mean) * m.exp(-log_scale)) ** 2 - log_scale)


def hierarchical(m, p, group, x, y):
    """Minus the log-posterior of a line for each of 85 groups, the lines being drawn from one population."""
    mean_a, spread_a, mean_b, spread_b, a, b, noise = p
    line = (mean_a + m.exp(spread_a) * a)[group] + (mean_b + m.exp(spread_b) * b)[group] * x
    total = _normal(m, y, line, noise) + _normal(m, a, 0.0, 0.0 * mean_a) + _normal(m, b, 0.0, 0.0 * mean_b)
    return -(total - 0.005 * (mean_a**2 + mean_b**2) - 0.5 * (spread_a**2 + spread_b**2 + noise**2))


def hierarchical_data(case, rng):
    groups, n = 85, 919
    numbers = [np.asarray(v, case["dtype"]) for v in (1.4, -1.0, -0.6, -1.2, -0.3)]
    a, b = (rng.normal(size=groups).astype(case["dtype"]) for _ in range(2))
    x, y = rng.randint(0, 2, n).astype(case["dtype"]), rng.normal(1, 1, n).astype(case["dtype"])
    return [*numbers[:4], a, b, numbers[4]], [rng.randint(0, groups, n).astype("int64"), x, y]


def mixture(m, p, x):
    """Minus the log-likelihood of a mixture of five normal distributions."""
    weights, means, spreads = p
    z = (x[:, None] - means[None, :]) * m.exp(-spreads)[None, :]
    logs = weights - m.logsumexp(weights[None, :])[0] - spreads - 0.5 * math.log(2 * math.pi)
    return -m.sum(m.logsumexp(logs[None, :] - 0.5 * z**2))


def mixture_data(case, rng):
    p = [np.zeros(5), np.linspace(-2, 2, 5), np.full(5, -0.5)]
    return [v.astype(case["dtype"]) for v in p], [
        rng.normal(0, 2, case.get("n", 10_000)).astype(case["dtype"])
    ]


def gaussian_process(m, p, x, y):
    """Minus the marginal likelihood of a Gaussian process, without its constant."""
    height, length, noise = p
    distance = (x[:, None] - x[None, :]) * m.exp(-length)
    covariance = m.exp(2 * height - 0.5 * distance**2) + m.exp(2 * noise) * m.eye(x)
    factor = m.cholesky(covariance)
    return 0.5 * m.sum(m.solve_lower(factor, y) ** 2) + m.sum(m.log(m.diagonal(factor)))


def gaussian_process_data(case, rng):
    n = case.get("n", 200)
    x = np.sort(rng.uniform(0, n / 20, n))
    y = np.sin(x) + 0.1 * rng.normal(size=n)
    return [np.asarray(v, case["dtype"]) for v in (0.1, 0.0, -1.0)], [v.astype(case["dtype"]) for v in (x, y)]


# -- many numbers --------------------------------------------------------------------------------------------
def deep(m, p, x, y):
    """Squares of what is left of `y` after ten functions of each number in turn."""
    (w,) = p
    h = w * x
    for i in range(10):
        h = m.tanh(h * (1.0 + 0.25 * i) + x)
    return m.mean((h - y) ** 2)


def logistic(m, p, x, y):
    """Minus the log-likelihood of true and false, a score for each."""
    (w,) = p
    score = w * x
    return m.mean(m.softplus(score) - y * score)


def numbers_data(case, rng):
    w, x, y = (rng.uniform(-1, 1, case["n"]).astype(case["dtype"]) for _ in range(3))
    return [w], [x, y]


COSTS = {
    "deep": (deep, numbers_data),
    "logistic": (logistic, numbers_data),
    "classes": (classes, classes_data),
    "autoencoder": (autoencoder, autoencoder_data),
    "hierarchical": (hierarchical, hierarchical_data),
    "mixture": (mixture, mixture_data),
    "gaussian process": (gaussian_process, gaussian_process_data),
}


def cost_and_data(case):
    """The cost of the model that `case` names, its first parameters, and its data."""
    cost, data = COSTS[case["model"]]
    parameters, arrays = data(case, np.random.RandomState(2))
    return cost, parameters, arrays


def step(m, parameters, slopes, moments, case):
    """New parameters, and new moments, after a step along `slopes`; plain steps have no moments."""
    rate = case.get("rate", 0.1)
    if case.get("optimiser") != "adam":
        return [p - rate * g for p, g in zip(parameters, slopes)], []
    count, firsts, seconds = moments[0] + 1, moments[1::2], moments[2::2]
    firsts = [0.9 * v + 0.1 * g for v, g in zip(firsts, slopes)]
    seconds = [0.999 * v + 0.001 * g * g for v, g in zip(seconds, slopes)]
    one, two = 1 - 0.9**count, 1 - 0.999**count
    made = [p - rate * (a / one) / (m.sqrt(b / two) + 1e-8) for p, a, b in zip(parameters, firsts, seconds)]
    return made, [count, *(v for pair in zip(firsts, seconds) for v in pair)]


def moments(parameters, case):
    """What `step` keeps besides the parameters, at first."""
    if case.get("optimiser") != "adam":
        return []
    return [np.zeros((), case["dtype"]), *(np.zeros_like(v) for p in parameters for v in (p, p))]
