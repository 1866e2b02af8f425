"""One library in one process: reads what to do as lines of JSON, and answers each with one.

{"load": case}     -> {"seconds": from nothing to the first result, "check": a sum of the results}
{"run": seconds, "cpu": false}
                   -> {"best": seconds per call, the fastest of several blocks; of the processor or of the wall}
{"memory": calls}  -> {"held": bytes of the process just now, "peak": the most while so many calls ran}
"""

import json
import os
import sys
import time

clock = time.perf_counter


def main():
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not mix with answers
    began = clock()
    import numpy as np

    import arrays
    import recurrent
    import workloads

    library = workloads.library(sys.argv[1])
    hello = {"import": clock() - began, "version": workloads.version(sys.argv[1])}
    answers.write(json.dumps(hello) + "\n")
    answers.flush()
    call = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if "load" in asked:
                case = asked["load"]
                if isinstance(case.get("n"), list):
                    case["n"] = tuple(case["n"])
                began = clock()
                own = {"arrays": arrays, "recurrent": recurrent}.get(case["kind"])
                call, values = own.call_of(library, case) if own else getattr(library, case["kind"])(case)
                first = values()
                seconds = clock() - began
                answer = {"seconds": seconds, "check": float(np.asarray(first, "float64").sum())}
            elif "memory" in asked:
                answer = memory(call, asked["memory"])
            else:
                answer = {"best": best(call, asked["run"], time.process_time if asked.get("cpu") else clock)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def memory(call, times):
    """What the process holds in memory, and held at most during so many calls. Linux tells it."""
    held = told("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak so far
    for _ in range(times):
        call()
    return {"held": held, "peak": told("VmHWM")}


def told(what):
    """Bytes by which Linux measures this process."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def best(call, budget, clock):
    """Seconds per call in the fastest block of a round, by this clock; a short block, as busy machines interrupt."""
    times, end = 1, clock() + budget
    found = float("inf")
    while True:
        began = clock()
        for _ in range(times):
            call()
        took = clock() - began
        found = min(found, took / times)
        if clock() > end:
            return found
        if took < 0.001:
            times = max(times + 1, int(times * 0.0015 / max(took, 1e-7)))


if __name__ == "__main__":
    main()
