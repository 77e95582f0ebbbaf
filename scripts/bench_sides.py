#!/usr/bin/env python3
"""Runs and measures each side of a comparison, for bench_beside.py, bench_beam.py and bench_curves.py.

Every measurement is a process of its own, so that no side's threads or memory are in the way of another's. `args`
has the options `threads`, `seconds` and `program` of those scripts. A peer is a script outside this project, given
by its path; it runs under the Python that runs this one.
"""
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

NAMES = ["pytorch-tutorial", "tf-nmt", "luong-small", "rnnsearch-small"]
# Cells that the peers have, too.
PEER_LAYERS = ("lstm", "gru")
# Time for forward alone, as a share of the time for passes: that of `tui bench --layers`.
FORWARD = 0.25


def status(field):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":")) / 1024


def load(path):
    spec = importlib.util.spec_from_file_location("peer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(args, command):
    """The JSON report of a command that takes the options --threads, --seconds and --json."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        options = ["--threads", str(args.threads), "--seconds", str(args.seconds), "--json", path]
        done = subprocess.run([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed(command, done)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class Failed(Exception):
    def __init__(self, command, done):
        super().__init__(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
        self.status, self.stderr = done.returncode, done.stderr


def run_ours(args, *what):
    """The rows of one call of `tui bench`."""
    return report(args, [args.program, "bench", *what])["rows"]


def in_process(what, *arguments):
    """The result of a function of MEASURED, in a process of its own."""
    command = [sys.executable, os.path.abspath(__file__), json.dumps([what, *arguments])]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def run_peer(args, path, name):
    """The figures of a workload, and the peer's version.

    A script with a module Seq2Seq in PyTorch (bench_torch.py) is measured by `measure_peer`; any other
    (bench_jax.py) measures itself, and has no figure of memory."""
    with open(path, encoding="utf-8") as file:
        if "class Seq2Seq(" in file.read():
            return in_process("training", path, name, args.threads, args.seconds)
    found = report(args, [sys.executable, path, "--only", name])
    versions = (f"{key} {value}" for key, value in found.items() if key not in ("rows", "threads"))
    return {**found["rows"][0], "version": ", ".join(versions)}


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
            "latency_ms": alone * 1e3, "peak_memory_mib": memory, "version": f"torch {torch.__version__}"}


def run_engine(args, path, engine, *what):
    """The rows of one engine of bench_infer.py, and the versions of all of them."""
    found = report(args, [sys.executable, path, "--engines", engine, *what])
    return found["rows"], found["versions"]


def run_layer(args, row):
    """PyTorch's figures of the layer of a row of `tui bench --layers`; see `measure_layer`."""
    b, t, _, _ = row["sizes"]
    lengths = row.get("lengths") or [t] * b
    return in_process("layer", row["layer"], row["sizes"], lengths, args.threads, args.seconds)


def measure_layer(cell, sizes, lengths, threads, seconds):
    """Milliseconds of PyTorch's fused layer, time-major: forward and backward with the input's gradient from one
    given for the output, and forward alone. `padded` runs over all time steps of every sequence; `packed` packs
    the padded input with `pack_padded_sequence`, and pads the output."""
    import torch
    from torch.nn.utils import rnn
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    b, t, i, h = sizes
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](i, h)
    x, dy = torch.randn(t, b, i, requires_grad=True), torch.randn(t, b, h)
    lengths = torch.tensor(lengths)

    def packed():
        y, _ = layer(rnn.pack_padded_sequence(x, lengths))
        return rnn.pad_packed_sequence(y, total_length=t)[0]

    found = {"version": torch.__version__}
    for name, forward in (("padded", lambda: layer(x)[0]), ("packed", packed)):
        def both(forward=forward):
            layer.zero_grad(set_to_none=True)
            x.grad = None
            forward().backward(dy)

        passed = median(both, seconds)
        with torch.inference_mode():
            found[name] = {"pass_ms": passed, "forward_ms": median(forward, seconds * FORWARD)}
    return found


def median(run, seconds):
    """The median of its milliseconds, without the first three."""
    times, begun = [], time.perf_counter()
    while time.perf_counter() - begun < seconds or len(times) < 8:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:]) * 1e3


MEASURED = {"training": measure_peer, "layer": measure_layer}

if __name__ == "__main__":
    function, *given = json.loads(sys.argv[1])
    json.dump(MEASURED[function](*given), sys.stdout)
