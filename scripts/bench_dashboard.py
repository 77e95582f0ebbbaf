#!/usr/bin/env python3
"""Trains the same run with the dashboard and headless in turns, and prints the ratio of their speeds.

  scripts/bench_dashboard.py [--rounds 5] [--steps 600] [--size 120x40] [--fps 30] [--threads 2] [--program TUI]
                             [-- ARGUMENTS OF tui train]

The dashboard runs in a pseudo-terminal of this script, which reads what is drawn, as a terminal does. By itself it
draws at most 8 frames per second while a run trains; with --fps N the script presses a key N times per second (the
keys of some pages in turn), each of which is answered by a frame: with 30, it draws at its highest rate. --fps 0
presses none.

The speed is that of the run's own log: tokens of the steps after the first tenth, per second of training. Each
round runs both, in alternating order. Prints a table, the frames and bytes drawn, and the ratio of the medians.
Needs this program built (`cargo build --release -p tui`) and a quiet machine.
"""
import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

import run_log

# Keys of pages; those of Step and Cell would inspect a sentence between two steps of training.
KEYS = b"123478"


def speed(run):
    """Returns tokens per second of the steps after the first tenth."""
    steps = [(event["tokens"], event["seconds"]) for event in run_log.events(run) if event["event"] == "step"]
    if len(steps) < 20:
        sys.exit(f"{run}: {len(steps)} steps are too few to measure; give more --steps")
    first = len(steps) // 10
    return sum(tokens for tokens, _ in steps[first + 1:]) / (steps[-1][1] - steps[first][1])


def headless(command):
    result = subprocess.run(command + ["--headless"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.decode()}")


def dashboard(command, size, fps):
    """Runs the program in a pseudo-terminal; returns the bytes it drew, the keys pressed and the seconds."""
    columns, rows = size
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    begun, drawn, keys, ended, seconds, tail = time.monotonic(), 0, 0, False, 1.0, b""
    try:
        while True:
            wait = max(begun + keys / fps - time.monotonic(), 0) if fps and not ended else 0.5
            readable, _, _ = select.select([terminal], [], [], wait)
            if readable:
                try:
                    data = os.read(terminal, 1 << 16)
                except OSError:
                    data = b""
                if not data:
                    break
                drawn += len(data)
                tail = (tail + data)[-4096:]
            elif fps and not ended:
                os.write(terminal, KEYS[keys % len(KEYS):][:1])
                keys += 1
            # Once the run is over, q leaves; before the dashboard knows, it asks, and c cancels that.
            if not ended and is_over(command[-1]):
                ended, seconds, asked = True, time.monotonic() - begun, 0.0
            if ended and time.monotonic() - asked > 1.0:
                asked = time.monotonic()
                os.write(terminal, b"1cq")
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(terminal)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)}: status {status}: {tail.decode(errors='replace')}")
    return drawn, keys, seconds


def is_over(run):
    """Returns true once the log ends with the run's end."""
    try:
        with open(os.path.join(run, "events.jsonl"), "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(log.tell() - 400, 0))
            return b'{"event":"end"' in log.read()
    except FileNotFoundError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--size", default="120x40", help="columns x rows")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", default="target/release/tui")
    parser.add_argument("arguments", nargs="*", help="further arguments of tui train, after --")
    options = parser.parse_args()
    size = tuple(int(number) for number in options.size.split("x"))
    found = {"dashboard": [], "headless": []}
    print("| round | dashboard tokens/s | headless tokens/s | ratio | keys/s | kB/s drawn |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            drawing = (0, 0, 1.0)
            names = ["dashboard", "headless"] if number % 2 == 0 else ["headless", "dashboard"]
            for name in names:
                run = os.path.join(folder, f"{name}-{number}")
                command = [os.path.abspath(options.program), "train", "--threads", str(options.threads)]
                command += ["--max-steps", str(options.steps), *options.arguments, "--run-dir", run]
                if name == "headless":
                    headless(command)
                else:
                    drawing = dashboard(command, size, options.fps)
                found[name].append(speed(run))
            drawn, keys, seconds = drawing
            mine, plain = found["dashboard"][-1], found["headless"][-1]
            print(f"| {number + 1} | {mine:.0f} | {plain:.0f} | {mine / plain:.4f} | {keys / seconds:.1f} "
                  f"| {drawn / seconds / 1e3:.0f} |", flush=True)
    ratio = statistics.median(found["dashboard"]) / statistics.median(found["headless"])
    print(f"\nratio of the medians, {options.size}, {options.fps:g} keys per second: {ratio:.4f}")


if __name__ == "__main__":
    main()
