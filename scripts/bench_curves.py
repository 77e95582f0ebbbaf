#!/usr/bin/env python3
"""Step time over each size of a workload, ours and the PyTorch peer's, checked for jumps and drawn.

  scripts/bench_curves.py --peer bench_torch.py [--letters B,H,S,T,V] [--json FILE] [--svg FILE]

Each size is changed by itself, the others stay the workload's: B sequences, H units, S source and
T target positions, V words. Measured points are added to the JSON file, so that letters can be
measured one after the other; the SVG shows all that it holds. A jump is a step that takes more than
1.5 times what its neighbour's time and the ratio of their sizes (squared for H) allow.
Needs this program built (`cargo build -p tui`), torch for the peer, matplotlib for the drawing.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import bench_sides

SIZES = {
    "B": [1, 2, 4, 8, 16, 32, 64, 128, 256],
    "H": [32, 64, 128, 256, 512, 1024],
    "S": [5, 10, 20, 50, 100],
    "T": [5, 10, 20, 50, 100],
    "V": [1_000, 2_000, 5_000, 10_000, 20_000, 50_000],
}
NAMES = {"B": "sequences in a batch", "H": "units of a state", "S": "source positions",
         "T": "target positions", "V": "words of both vocabularies"}
# What the peer's workloads call them.
KEYS = {"B": ["batch"], "H": ["hid"], "S": ["S"], "T": ["T"], "V": ["vs", "vt"]}


def peer_points(args, letter):
    peer = bench_sides.load(args.peer)
    base = dict(peer.WORKLOADS[args.workload])
    points = []
    for size in SIZES[letter]:
        peer.WORKLOADS[args.workload] = {**base, **{key: size for key in KEYS[letter]}}
        row = bench_sides.measure_peer(args.peer, args.workload, args.threads, args.seconds, peer, True)
        points.append(row["train_step_ms"])
    return points


def our_points(args, letter):
    sizes = SIZES[letter]
    return [bench_sides.run_ours(args, "--only", args.workload, "--size", f"{letter}={size}")[0]["train_step_ms"]
            for size in sizes]


def jumps(letter, points):
    """Neighbours between which time grows much faster than the work does."""
    pairs = list(zip(SIZES[letter], points))
    for (a, before), (b, after) in zip(pairs, pairs[1:]):
        allowed = 1.5 * (b / a) ** (2 if letter == "H" else 1)
        if after / before > allowed:
            yield f"{letter} from {a} to {b}: {before:.3g} to {after:.3g} ms"


def draw(found, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "curves"
    from matplotlib import pyplot
    letters = [letter for letter in SIZES if letter in found]
    figure, all_axes = pyplot.subplots(1, len(letters), figsize=(3.2 * len(letters), 3.2), squeeze=False)
    for axes, letter in zip(all_axes[0], letters):
        for who, style in (("peer", "s--"), ("ours", "o-")):
            label = "PyTorch" if who == "peer" else "here"
            axes.loglog(SIZES[letter], found[letter][who], style, label=label, markersize=4)
        axes.set_xlabel(f"{letter}, {NAMES[letter]}")
        axes.grid(True, which="both", alpha=0.2)
        axes.set_xticks(SIZES[letter], [str(n) for n in SIZES[letter]], rotation=45, fontsize=7)
        axes.minorticks_off()
    all_axes[0][0].set_ylabel("ms a training step")
    all_axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="the peer's script; without it only what was measured is drawn")
    parser.add_argument("--workload", default="pytorch-tutorial")
    parser.add_argument("--letters", default=",".join(SIZES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--program", default="target/debug/tui")
    parser.add_argument("--json", default=os.path.join(tempfile.gettempdir(), "curves.json"))
    parser.add_argument("--svg", default="docs/curves.svg")
    parser.add_argument("--measure-peer", metavar="LETTER", help="only the peer, as JSON")
    args = parser.parse_args()
    if args.measure_peer:
        json.dump(peer_points(args, args.measure_peer), sys.stdout)
        return
    found = {}
    if os.path.exists(args.json):
        with open(args.json, encoding="utf-8") as file:
            found = json.load(file)
    for letter in args.letters.split(",") if args.peer else []:
        command = [sys.executable, os.path.abspath(__file__), "--peer", args.peer, "--measure-peer", letter,
                   "--workload", args.workload, "--threads", str(args.threads), "--seconds", str(args.seconds)]
        theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found[letter] = {"ours": our_points(args, letter), "peer": theirs}
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    bad = []
    for letter, curves in found.items():
        for size, ours, theirs in zip(SIZES[letter], curves["ours"], curves["peer"]):
            print(f"{letter} {size:6}: {ours:9.3f} / {theirs:9.3f} ms = {theirs / ours:.2f}x")
        bad += jumps(letter, curves["ours"])
    os.makedirs(os.path.dirname(args.svg) or ".", exist_ok=True)
    draw(found, args.svg)
    print("\n".join(["jumps:", *bad]) if bad else "no jumps")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
