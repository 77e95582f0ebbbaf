#!/usr/bin/env python3
"""Runs `tui bench` and its PyTorch peer in turns on the same cores, and prints the ratios.

  scripts/bench_beside.py --peer bench_torch.py [--rounds 3] [--only A,B] [--threads 2] [--seconds 6]
  scripts/bench_beside.py --peer bench_torch.py --neighbour [...]
  scripts/bench_beside.py --layers [...]

Each workload runs in a process of its own, ours and the peer's in turns, so that both meet the same
machine. Prints the median of the rounds: milliseconds of a training step, target tokens a second
decoded greedily, milliseconds to decode one sentence alone, MiB of memory that training takes above
that with the parameters loaded; and how many times better ours is. With --neighbour each side is
measured alone and then beside processes that keep every core busy: how much longer its step takes.
With --layers single recurrent layers, forward and backward, against nn.LSTM and nn.GRU.
Needs this program built (`cargo build -p tui`), and for the peer Python with torch.
"""
import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

NAMES = ["pytorch-tutorial", "tf-nmt", "luong-small", "rnnsearch-small"]
# Key, title, and whether more is better.
FIGURES = [("train_step_ms", "step ms", False), ("greedy_tokens_per_s", "greedy tok/s", True),
           ("latency_ms", "one sentence ms", False), ("peak_memory_mib", "memory MiB", False)]


def status(field):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":")) / 1024


def load(path):
    spec = importlib.util.spec_from_file_location("peer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure_peer(path, name, threads, seconds, peer=None, only_training=False):
    """What the peer's own script measures, and the two figures that it does not."""
    peer = peer or load(path)
    torch, w = peer.torch, peer.WORKLOADS[name]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = peer.Seq2Seq(w)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    loaded = status("VmRSS")
    if w["opt"] == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    source = lambda n: torch.randint(0, w["vs"], (n, w["S"]))

    def step():
        target = torch.randint(0, w["vt"], (w["batch"], w["T"] + 1))
        optimizer.zero_grad(set_to_none=True)
        logits = model(source(w["batch"]), target[:, :-1])
        peer.F.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten()).backward()
        peer.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()

    train = peer.timeit(step, seconds, lambda: None)
    if only_training:
        return {"train_step_ms": train * 1e3}
    memory = status("VmHWM") - loaded
    model.eval()
    batch = peer.timeit(lambda: model.greedy(source(w["batch"]), w["T"]), seconds / 2, lambda: None)
    alone = peer.timeit(lambda: model.greedy(source(1), w["T"]), seconds / 8, lambda: None)
    return {"train_step_ms": train * 1e3, "greedy_tokens_per_s": w["batch"] * w["T"] / batch,
            "latency_ms": alone * 1e3, "peak_memory_mib": memory, "version": torch.__version__}


def run_peer(args, name):
    command = [sys.executable, os.path.abspath(__file__), "--peer", args.peer, "--measure-peer", name,
               "--threads", str(args.threads), "--seconds", str(args.seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_ours(args, *what):
    """The rows of one call of `tui bench`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.json")
        command = [args.program, "bench", *what, "--threads", str(args.threads),
                   "--seconds", str(args.seconds), "--json", path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            return json.load(file)["rows"]


# Layers that PyTorch has: the others are measured by `tui bench --layers` alone.
PEER_LAYERS = ("lstm", "gru")


def measure_peer_layer(cell, sizes, threads, seconds):
    """Milliseconds of PyTorch's fused layer, time-major: forward, and backward with the input's
    gradient from one given for the output."""
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    b, t, i, h = sizes
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](i, h)
    x, dy = torch.randn(t, b, i, requires_grad=True), torch.randn(t, b, h)
    times, begun = [], None
    while begun is None or time.perf_counter() - begun < seconds or len(times) < 8:
        start = time.perf_counter()
        layer.zero_grad(set_to_none=True)
        x.grad = None
        layer(x)[0].backward(dy)
        times.append(time.perf_counter() - start)
        begun = begun or time.perf_counter()
    return {"pass_ms": statistics.median(times[3:]) * 1e3, "version": torch.__version__}


def peer_layer(args, row):
    what = json.dumps([row["layer"], row["sizes"]])
    command = [sys.executable, os.path.abspath(__file__), "--measure-layer", what,
               "--threads", str(args.threads), "--seconds", str(args.seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def layers(args):
    rounds = []
    for _ in range(args.rounds):
        ours = run_ours(args, "--layers")
        rounds.append([(row, peer_layer(args, row)) for row in ours if row["layer"] in PEER_LAYERS])
    for pairs in zip(*rounds):
        row, peer = pairs[0]
        ours, theirs = (statistics.median(pair[i]["pass_ms"] for pair in pairs) for i in (0, 1))
        tokens = row["sizes"][0] * row["sizes"][1]
        reached = statistics.median(pair[0]["gflops"] for pair in pairs)
        print(f"{row['layer']} B, T, I, H {row['sizes']}: ms {ours:.3f} / {theirs:.3f} = {theirs / ours:.2f}x, tokens/s"
              f" {tokens / ours * 1e3:.0f} / {tokens / theirs * 1e3:.0f}; {reached:.0f} of {row['peak_gflops']:.0f}"
              f" GFLOP/s ({row['device']}, torch {peer['version']})", flush=True)


def neighbours(busy):
    """Processes that keep every core busy."""
    spin = [sys.executable, "-c", "while True: pass"]
    return [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)] if busy else []


def beside_neighbours(args, name):
    """Medians of a step's milliseconds, ours and the peer's, alone and beside busy processes."""
    found = {}
    for _ in range(args.rounds):
        for busy in (False, True):
            others = neighbours(busy)
            try:
                pair = run_ours(args, "--only", name)[0], run_peer(args, name)
            finally:
                for other in others:
                    other.kill()
                    other.wait()
            for who, row in zip(("ours", "peer"), pair):
                found.setdefault((who, busy), []).append(row["train_step_ms"])
    found = {key: statistics.median(times) for key, times in found.items()}
    cells = []
    for who in ("ours", "peer"):
        alone, busy = found[who, False], found[who, True]
        cells.append(f"{who} {alone:.4g} -> {busy:.4g} ms, {busy / alone:.2f} times as long")
    print(f"{name} beside busy processes on every core: " + "; ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="the peer's script; needed but for --layers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--program", default="target/debug/tui")
    parser.add_argument("--layers", action="store_true", help="single recurrent layers")
    parser.add_argument("--neighbour", action="store_true", help="alone, and beside busy processes")
    parser.add_argument("--measure-peer", metavar="NAME", help="only the peer, as JSON")
    parser.add_argument("--measure-layer", metavar="JSON", help="only the peer's layer, as JSON")
    args = parser.parse_args()
    if args.measure_layer:
        cell, sizes = json.loads(args.measure_layer)
        json.dump(measure_peer_layer(cell, sizes, args.threads, args.seconds), sys.stdout)
        return
    if not (args.layers or args.peer):
        parser.error("--peer is needed")
    if args.measure_peer:
        json.dump(measure_peer(args.peer, args.measure_peer, args.threads, args.seconds), sys.stdout)
        return
    print(f"{platform.machine()}, {args.threads} threads, medians of {args.rounds} rounds: ours / peer = times better")
    if args.layers:
        layers(args)
        return
    for name in args.only.split(","):
        if args.neighbour:
            beside_neighbours(args, name)
            continue
        rounds = [(run_ours(args, "--only", name)[0], run_peer(args, name)) for _ in range(args.rounds)]
        cells = []
        for key, title, more in FIGURES:
            ours, theirs = (statistics.median(r[i][key] for r in rounds) for i in (0, 1))
            ratio = ours / theirs if more else theirs / ours
            cells.append(f"{title} {ours:.4g} / {theirs:.4g} = {ratio:.2f}x")
        ours, theirs = rounds[0]
        reached = statistics.median(r[0]["train_gflops"] for r in rounds)
        print(f"{name}: " + ", ".join(cells) + f"; {reached:.0f} of {ours['peak_gflops']:.0f} GFLOP/s"
              f" ({ours['device']}, torch {theirs['version']})", flush=True)


if __name__ == "__main__":
    main()
