#!/usr/bin/env python3
"""Runs `tui bench` and its peers in turns on the same cores, and prints the ratios.

  scripts/bench_beside.py --peer bench_torch.py --peer bench_jax.py [--rounds 3] [--only A,B] [--threads 2]
      [--seconds 6]
  scripts/bench_beside.py --peer bench_torch.py --neighbour [...]
  scripts/bench_beside.py --infer --peer bench_infer.py [--models DIR] [...]
  scripts/bench_beside.py --layers [--peer bench_infer.py] [...]

Each workload runs in a process of its own, ours and the peers' in turns, so that all meet the same
machine. Prints the medians of the rounds, a line per workload and peer: milliseconds of a training step, target
tokens a second decoded greedily, milliseconds to decode one sentence alone, MiB of memory that training takes
above that with the parameters loaded; and how many times better ours is.

With --neighbour each side is measured alone and then beside processes that keep every core busy: how much longer
its step takes.
With --infer decoding alone, beside the engines of bench_infer.py, in f32 and in int8, each beside the same
precision; and our beam search, which those engines do not have. Exported models are kept until the end, or in
--models DIR for the next call, too.
With --layers single recurrent layers, forward and backward and forward alone, beside nn.LSTM and nn.GRU: padded,
and packed by `pack_padded_sequence`; the sequences have full length, but in one row of each cell lengths drawn
uniformly from T/2 to T. With a peer forward alone beside ONNX Runtime and OpenVINO, too.
Needs this program built (`cargo build -p tui`), and Python with torch and what the peers import.
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile

from bench_sides import NAMES, PEER_LAYERS, Failed, run_engine, run_layer, run_ours, run_peer

DECODING = [("greedy_tokens_per_s", "greedy tok/s", True), ("latency_ms", "one sentence ms", False)]
# Key, title, and whether more is better.
FIGURES = [("train_step_ms", "step ms", False), *DECODING, ("peak_memory_mib", "memory MiB", False)]
# Engines of bench_infer.py by precision, and the package of each.
ENGINES = {"f32": {"torch": "torch", "ort-loop": "onnxruntime", "openvino": "openvino"},
           "int8": {"ort-loop-int8": "onnxruntime"}}
LAYER_ENGINES = {"ort": "onnxruntime", "openvino": "openvino"}


def median(rows, key):
    """The median over the rounds, or None for a figure that is not measured."""
    values = [row[key] for row in rows if row.get(key) is not None]
    return statistics.median(values) if values else None


def number(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def compared(title, ours, theirs, more=False):
    cell = f"{title} {number(ours)} / {number(theirs)}"
    if ours is None or theirs is None:
        return cell
    return f"{cell} = {ours / theirs if more else theirs / ours:.2f}x"


def training(args, name):
    rounds = [(run_ours(args, "--only", name)[0], *(run_peer(args, peer, name) for peer in args.peer))
              for _ in range(args.rounds)]
    ours, *peers = zip(*rounds)
    reached = f"{median(ours, 'train_gflops'):.0f} of {ours[0]['peak_gflops']:.0f} GFLOP/s, {ours[0]['device']}"
    for theirs in peers:
        cells = (compared(title, median(ours, key), median(theirs, key), more) for key, title, more in FIGURES)
        print(f"{name} beside {theirs[0]['version']}: {', '.join(cells)} ({reached})", flush=True)


def has_int8(args):
    """Whether the program decodes in int8; says so if it does not."""
    try:
        run_ours(argparse.Namespace(**{**vars(args), "seconds": 0.001}), "--only", NAMES[0], "--decode",
                 "--precision", "int8", "--size", "B=2")
    except Failed as failed:
        if failed.status != 2 or "--precision" not in failed.stderr:
            raise
        print("this program has no --precision: nothing of ours in int8", flush=True)
        return False
    return True


def inference(args, models):
    ours = {"f32": []} | ({"int8": ["--precision", "int8"]} if has_int8(args) else {})
    for name in args.only.split(","):
        found, versions = {}, {}
        for _ in range(args.rounds):
            for precision, option in ours.items():
                found.setdefault(precision, []).append(run_ours(args, "--only", name, "--decode", *option)[0])
            for engine in (engine for engines in ENGINES.values() for engine in engines):
                rows, versions = run_engine(args, args.peer[0], engine, "--only", name, "--models", models)
                found.setdefault(engine, []).append(rows[0])
        for precision, engines in ENGINES.items():
            own = found.get(precision, [])
            for engine, package in engines.items():
                cells = (compared(title, median(own, key), median(found[engine], key), more)
                         for key, title, more in DECODING)
                print(f"{name}, {precision} beside {engine} ({package} {versions[package]}): {', '.join(cells)}",
                      flush=True)
            if own:
                batch, alone = (number(median(own, key)) for key in ("beam_sentences_per_s", "beam_latency_ms"))
                print(f"{name}, {precision}, beam 5: {batch} sentences/s, one sentence {alone} ms"
                      f" ({own[0]['device']})", flush=True)


def layers(args):
    rounds, of_engines, versions = [], {}, {}
    for _ in range(args.rounds):
        ours = run_ours(args, "--layers", "--only", ",".join(PEER_LAYERS))
        rounds.append([(row, run_layer(args, row)) for row in ours])
        for engine in LAYER_ENGINES if args.peer else ():
            rows, versions = run_engine(args, args.peer[0], engine, "--layers")
            for row in rows:
                of_engines.setdefault((row["cell"], *row["sizes"]), {}).setdefault(engine, []).append(row)
    for pairs in zip(*rounds):
        ours, peers = zip(*pairs)
        row, lengths = ours[0], ours[0].get("lengths")
        title = f"{row['layer']} B, T, I, H {row['sizes']}"
        if lengths:
            title += f", lengths {min(lengths)} to {max(lengths)}"
        own = {key: median(ours, key) for key in ("pass_ms", "forward_ms", "forward_packing_ms", "gflops")}
        padded, packed = ([peer[form] for peer in peers] for form in ("padded", "packed"))
        for key, kind in (("pass_ms", "pass"), ("forward_ms", "forward")):
            against = {"torch padded": padded, "torch packed": packed}
            if kind == "forward" and not lengths:  # the engines run sequences of full length
                against |= of_engines.get((row["layer"], *row["sizes"]), {})
            cells = [compared(name, own[key], median(rows, key)) for name, rows in against.items()]
            if kind == "pass":
                tokens = sum(lengths or [row["sizes"][0] * row["sizes"][1]])
                reached = f"{own['gflops']:.0f} of {row['peak_gflops']:.0f} GFLOP/s"
                more = f"{number(tokens / own[key] * 1e3)} tok/s, {reached}"
            else:
                more = f"with packing of our weights {number(own['forward_packing_ms'])}"
            print(f"{title}: {kind} ms, {', '.join(cells)}; {more}", flush=True)
    engines = (f", {package} {versions[package]}" for package in LAYER_ENGINES.values() if versions)
    print(f"({row['device']}; torch {peers[0]['version']}{''.join(engines)})")


def neighbours(busy):
    """Processes that keep every core busy."""
    spin = [sys.executable, "-c", "while True: pass"]
    return [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)] if busy else []


def beside_neighbours(args, name):
    """Medians of a step's milliseconds, ours and the peers', alone and beside busy processes."""
    found = {}
    for _ in range(args.rounds):
        for busy in (False, True):
            others = neighbours(busy)
            try:
                rows = {"ours": run_ours(args, "--only", name)[0]}
                rows |= {row["version"]: row for row in (run_peer(args, peer, name) for peer in args.peer)}
            finally:
                for other in others:
                    other.kill()
                    other.wait()
            for who, row in rows.items():
                found.setdefault(who, {}).setdefault(busy, []).append(row)
    cells = []
    for who, rows in found.items():
        alone, busy = (median(rows[busy], "train_step_ms") for busy in (False, True))
        cells.append(f"{who} {alone:.4g} -> {busy:.4g} ms, {busy / alone:.2f} times as long")
    print(f"{name} beside busy processes on every core: " + "; ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[],
                        help="a peer's script; needed but for --layers; several for training")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--program", default="target/debug/tui")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--infer", action="store_true", help="decoding, beside the engines of bench_infer.py")
    mode.add_argument("--layers", action="store_true", help="single recurrent layers")
    mode.add_argument("--neighbour", action="store_true", help="alone, and beside busy processes")
    parser.add_argument("--models", metavar="DIR", help="where --infer keeps exported models")
    args = parser.parse_args()
    if not (args.layers or args.peer):
        parser.error("--peer is needed")
    if (args.infer or args.layers) and len(args.peer) > 1:
        parser.error("--infer and --layers take one --peer, bench_infer.py")
    print(f"{platform.machine()}, {args.threads} threads, medians of {args.rounds} rounds: ours / peer = times better",
          flush=True)
    if args.layers:
        layers(args)
    elif args.infer:
        with tempfile.TemporaryDirectory() as folder:
            inference(args, os.path.abspath(args.models or folder))
    else:
        for name in args.only.split(","):
            (beside_neighbours if args.neighbour else training)(args, name)


if __name__ == "__main__":
    main()
