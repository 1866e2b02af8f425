"""Measures this machine: Croton beside what else is installed, in one run.

    python -m benchmarks [--peers PYTHON] [--original PYTHON] [--without NAMES] [--threads 1] [--only TEXT]
                         [--rounds 7] [--long] [--markdown FILE] [--plot FILE] [--json FILE]

Each library works in a process of its own. The processes take turns, round by round, so that what disturbs the
machine disturbs all; a figure is the median of the rounds. Compare figures of one run only.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rounds import NETWORK, Worker, cases, geometric_mean, measure

MODULES = {"jax": "jax", "torch": "torch", "torch.compile": "torch", "pytensor": "pytensor"}

_LABELS = {
    "cold": "compile network step, nothing cached",
    "warm": "compile network step, cached",
    "import cold": "import, with NumPy, nothing cached",
    "import warm": "import, with NumPy",
}


def libraries(asked):
    """Names and interpreters of what is there."""
    found = {"croton": sys.executable, "numpy": sys.executable}
    for name, module in MODULES.items():
        if name in asked.without.split(",") or (name == "torch.compile" and not asked.long):
            continue  # torch.compile takes half a minute per function
        for python in (asked.peers, sys.executable):
            if (
                python
                and not subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
            ):
                found[name] = python
                break
    if asked.original:
        found["theano"] = asked.original
    return found


def compile_times(found, threads):
    """Seconds from the expression of a network step to its first result, cold and then again; and to import."""
    table = {}
    for library, python in found.items():
        if library == "numpy":
            continue
        with tempfile.TemporaryDirectory() as cache:
            for which in ("cold", "warm"):
                worker = Worker(library, python, threads, cache)
                answer = worker.ask(load=NETWORK)
                worker.end()
                table.setdefault(which, {})[library] = answer.get("seconds")
                table.setdefault(f"import {which}", {})[library] = worker.imported
    return {_LABELS[which]: row for which, row in table.items()}


def processor():
    """The name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def conditions(asked, versions):
    """Lines that say where, when and with what the figures were measured."""
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return [
        f"Machine: {processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}; {listed}",
        f"{asked.threads} thread(s); {time.strftime('%Y-%m-%d')}; load average {os.getloadavg()[0]:.1f} at the end",
        f"Command: python -m benchmarks {' '.join(_told(asked))}".rstrip(),
    ]


def _told(asked):
    """The arguments that change what is measured."""
    found = [f"--threads {asked.threads}", f"--rounds {asked.rounds}", f"--budget {asked.budget}"]
    found += (
        [f"--without {asked.without}"] * bool(asked.without)
        + ["--cpu"] * asked.cpu
        + ["--long"] * asked.long
        + [f"--only '{asked.only}'"] * bool(asked.only)
    )
    return [*found, *["--peers PYTHON"] * bool(asked.peers), *["--original PYTHON"] * bool(asked.original)]


def shown(seconds):
    """A duration in a unit that fits."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def cells(times, names):
    """Croton's time, and of the others how many times that."""
    ours = times.get("croton")
    others = [times.get(library) for library in names]
    return [shown(ours), *("–" if t is None or not ours else f"{t / ours:.2f}" for t in others)]


def line(name, columns):
    """A line of the table on the screen."""
    return f"{name:52}{columns[0]:>10}" + "".join(f"{column:>15}" for column in columns[1:])


def means(results, names):
    """Of each library, the geometric mean of how many times as long as Croton it takes."""
    found = {}
    for library in names:
        ratios = [t[library] / t["croton"] for t in results.values() if t.get(library) and t.get("croton")]
        if ratios:
            found[library] = geometric_mean(ratios)
    return found


def as_markdown(results, others, told):
    """The table as a page shows it."""
    lines = [f"| | croton | {' | '.join(others)} |", "|---|" + "---:|" * (len(others) + 1)]
    for name, times in results.items():
        label = name.replace("|", "\\|")
        lines.append(f"| {label} | {' | '.join(cells(times, others))} |")
    mean = means(results, others)
    lines.append(
        f"| geometric mean | | {' | '.join(f'{mean[n]:.2f}' if n in mean else '–' for n in others)} |"
    )
    return "\n".join([*(f"- {each}" for each in told), "", *lines, ""])


def plot(results, others, path):
    """A chart of the others' times over Croton's, a dot each: right of the line they take longer."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.24 * len(results)))
    names = list(results)[::-1]
    for library in others:
        found = [
            (t[library] / t["croton"], at)
            for at, t in enumerate(results[n] for n in names)
            if t.get(library) and t.get("croton")
        ]
        axes.plot([x for x, _ in found], [at for _, at in found], "o", markersize=5, label=library)
    axes.axvline(1, color="black", linewidth=1)
    axes.set(xscale="log", yticks=range(len(names)), yticklabels=names, xlabel="time over Croton's time")
    axes.tick_params(axis="y", labelsize=7)
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def arguments():
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a Python with JAX, PyTorch or PyTensor, where this one has none")
    parser.add_argument("--original", help="a Python with the original Theano")
    parser.add_argument("--without", default="", help="libraries to leave out, with commas")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="measure only what has this text in its name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=0.1, help="seconds per round")
    parser.add_argument("--cpu", action="store_true", help="seconds of processors: for a busy machine")
    parser.add_argument("--long", action="store_true", help="more sizes, and torch.compile")
    parser.add_argument("--json", help="write the seconds to this file too")
    parser.add_argument("--markdown", help="write the table to this file too, as a page shows it")
    parser.add_argument("--plot", help="draw the table into this file")
    return parser.parse_args()


def main():
    """Measure and print."""
    asked = arguments()
    found = libraries(asked)
    others = [name for name in found if name != "croton"]
    print(f"{asked.threads} thread(s). Croton's time; for the others, how many times as long they take.\n")
    print(line("", ["croton", *others]), flush=True)
    results = {}
    with tempfile.TemporaryDirectory() as cache:
        workers = {name: Worker(name, python, asked.threads, cache) for name, python in found.items()}
        versions = {name: worker.version for name, worker in workers.items()}
        for name, case in cases(asked.long).items():
            if asked.only in name:
                results[name] = measure(name, case, workers, asked.rounds, asked.budget, asked.cpu)
                print(line(name, cells(results[name], others)), flush=True)
        for worker in workers.values():
            worker.end()
    told = conditions(asked, versions)
    if asked.only in "compile network step":
        for name, times in compile_times(found, asked.threads).items():
            results[name] = times
            print(line(name, cells(times, others)), flush=True)
    print("\n" + "\n".join(told))
    if asked.json:
        Path(asked.json).write_text(
            json.dumps({"conditions": told, "seconds": results}, indent=1), encoding="utf-8"
        )
    if asked.markdown:
        Path(asked.markdown).write_text(as_markdown(results, others, told), encoding="utf-8")
    if asked.plot:
        plot(results, others, asked.plot)


if __name__ == "__main__":
    main()
