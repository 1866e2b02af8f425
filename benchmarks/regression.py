"""Whether one commit is slower than another: the ratio of their times, in one run.

    python -m benchmarks.regression OLD [NEW] [--only TEXT] [--rounds 9] [--allow 1.1]

Both are checked out beside each other and built; their processes take turns. Without NEW it is this working copy. The
exit status says whether a case takes more than `--allow` times as long as before.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rounds import HERE, Worker, cases, geometric_mean, measure

TOP = HERE.parent


def checked_out(commit, folder):
    """The source of a commit, built in `folder`."""
    subprocess.run(
        ["git", "worktree", "add", "--detach", "--quiet", str(folder), commit], cwd=TOP, check=True
    )
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "src"


def compare(sources, asked):
    """The ratio new over old of each case."""
    found = {}
    with tempfile.TemporaryDirectory() as cache:
        workers = {
            name: Worker("croton", sys.executable, asked.threads, Path(cache, name), source)
            for name, source in sources.items()
        }
        for name, case in cases().items():
            if asked.only not in name:
                continue
            times = measure(name, case, workers, asked.rounds, asked.budget)
            if len(times) == 2:
                found[name] = times["new"] / times["old"]
                print(f"{name:52}{found[name]:8.2f}", flush=True)
        for worker in workers.values():
            worker.end()
    return found


def main():
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.regression", description=__doc__.splitlines()[0]
    )
    parser.add_argument("old")
    parser.add_argument("new", nargs="?")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="measure only what has this text in its name")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--budget", type=float, default=0.1, help="seconds per round")
    parser.add_argument("--allow", type=float, default=1.1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commits = {"old": asked.old, **({"new": asked.new} if asked.new else {})}
        try:
            sources = {name: checked_out(commit, Path(folder, name)) for name, commit in commits.items()}
            sources.setdefault("new", TOP / "src")
            ratios = compare(sources, asked)
        finally:
            for name in commits:
                remove = ["git", "worktree", "remove", "--force", str(Path(folder, name))]
                subprocess.run(remove, cwd=TOP, capture_output=True)
    if not ratios:
        sys.exit("Nothing was measured.")
    print(f"geometric mean{geometric_mean(ratios.values()):46.2f}")
    slower = [name for name, ratio in ratios.items() if ratio > asked.allow]
    if slower:
        sys.exit(f"Slower by more than {asked.allow}: {'; '.join(slower)}.")


if __name__ == "__main__":
    main()
