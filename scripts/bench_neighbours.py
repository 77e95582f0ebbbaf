#!/usr/bin/env python3
"""Training with one thread and with two, alone and beside a process on each core that never rests.

  scripts/bench_neighbours.py [--program target/debug/tui] [--units 16,96,256] [--threads 1,2]
      [--rounds 3] [--steps N]

Trains the default preset with other sizes for a fixed number of steps, in a process for each run, the
thread counts in turns, so that all meet the same machine. Prints a Markdown table: the median
milliseconds of a training step, validation and samples left out, and the speed with the last number of
threads over that with the first. `--program` may be given more than once: the programs take turns, too.
Needs this program built (`cargo build -p tui`) and Linux.
"""
import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import run_log

STEPS = {16: 400, 96: 120, 256: 40}
# Steps before these are not counted: files are read and memory is taken.
WARM = 10


def neighbours(busy):
    """A process pinned to each core that keeps it busy, and ends by itself in any case."""
    if not busy:
        return []
    loop = ["timeout", "120", "sh", "-c", "while :; do :; done"]
    return [subprocess.Popen(["taskset", "-c", str(core), *loop]) for core in sorted(os.sched_getaffinity(0))]


def step_ms(program, units, threads, steps):
    """Milliseconds of a step of one run."""
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        command = [program, "--headless", "--threads", str(threads), "--set", f"hidden={units}",
                   "--set", f"embedding={units}", "--max-steps", str(steps), "--run-dir", run]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        events = list(run_log.events(run))
    # Seconds of training when each step was done: a step that follows a validation would count it.
    seconds = {e["step"]: e["seconds"] for e in events if e["event"] == "step"}
    pauses = {e["step"] + 1 for e in events if e["event"] in ("validation", "samples", "checkpoint")}
    times = [(step, seconds[step] - seconds[step - 1]) for step in seconds if step - 1 in seconds]
    return 1e3 * statistics.mean(t for step, t in times if step > WARM and step not in pauses)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", action="append")
    parser.add_argument("--units", default="16,96,256")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="steps of a run, whatever its size")
    parser.add_argument("--only", choices=["idle", "busy"])
    args = parser.parse_args()
    # So that a run that is stopped stops its neighbours.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = args.program or ["target/debug/tui"]
    threads = [int(n) for n in args.threads.split(",")]
    print("| units | a neighbour on each core | program | " + " | ".join(f"ms, threads {n}" for n in threads)
          + " | speed, last over first |")
    print("|" + "---|" * (4 + len(threads)), flush=True)
    for units in map(int, args.units.split(",")):
        for busy in [b for b in (False, True) if args.only is None or b == (args.only == "busy")]:
            found = {}
            others = neighbours(busy)
            try:
                for _ in range(args.rounds):
                    for program in programs:
                        for n in threads:
                            ms = step_ms(program, units, n, args.steps or STEPS.get(units, 100))
                            found.setdefault((program, n), []).append(ms)
            finally:
                for other in others:
                    other.terminate()
                    other.wait()
            for program in programs:
                ms = [statistics.median(found[program, n]) for n in threads]
                cells = [str(units), "yes" if busy else "no", os.path.basename(program)]
                cells += [f"{t:.2f}" for t in ms] + [f"{ms[0] / ms[-1]:.2f}"]
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
