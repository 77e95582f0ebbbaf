#!/usr/bin/env python3
"""Trains the multi30k preset and its PyTorch peer on the same split of Multi30k, German to English, and scores both.

  scripts/compare_multi30k.py --data FOLDER --peer train_torch.py [--minutes 30] [--seed 0] [--threads 2] [--only ours|peer]

FOLDER holds train.de.gz, train.en.gz, val.de.gz and val.en.gz. Of `train` 1,000 pairs are held out by a hash of
both sides, for both sides the same ones; the epoch of best BLEU on them is scored on `val`, ours greedily and by beam search. `--set KEY=VALUE`
changes a key of the preset. Minutes are of training alone, on both sides.

One way of counting: both outputs are cut into words by the peer's own normalisation, and sacreBLEU scores them without
a tokenisation of its own; what `tui evaluate` says of the same model is printed beside it.
Needs this program built (`cargo build -p tui`), and Python with torch and sacrebleu.
"""
import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import run_log

HELD_OUT = 1000
# Ways to decode our run.
DECODING = [
    ("greedy", ["--beam", "1"]),
    ("beam 5", []),
    ("beam 5, unknown words replaced", ["--unknown-words", "replace"]),
]


def load_peer(path):
    """The peer as a module: its normalisation is what both outputs are scored in."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("peer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def split(data, lines, folder):
    """Writes train and held, German and English, and returns the paths `a,b` of each."""
    pairs = list(zip(*(lines(os.path.join(data, f"train.{side}.gz")) for side in ("de", "en"))))
    key = lambda i: hashlib.sha256("\t".join(pairs[i]).encode()).digest()
    held = set(sorted(range(len(pairs)), key=key)[:HELD_OUT])
    specs = {}
    for name, chosen in (("train", [p for i, p in enumerate(pairs) if i not in held]), ("held", [pairs[i] for i in sorted(held)])):
        paths = [os.path.join(folder, f"{name}.{side}.gz") for side in ("de", "en")]
        for side, path in enumerate(paths):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.writelines(p[side] + "\n" for p in chosen)
        specs[name] = ",".join(paths)
        print(f"{name}: {len(chosen)} pairs", flush=True)
    specs["val"] = ",".join(os.path.join(data, f"val.{side}.gz") for side in ("de", "en"))
    return specs


def score(peer, hypotheses, spec):
    """BLEU and exact match of output lines, in the peer's words."""
    import sacrebleu
    words = lambda line: " ".join(peer.norm_words(line).split())
    references = [words(line) for line in peer.lines(spec.split(",")[1])]
    outputs = [words(line) for line in hypotheses]
    assert len(outputs) == len(references), (len(outputs), len(references))
    bleu = sacrebleu.corpus_bleu(outputs, [references], tokenize="none", force=True).score
    return bleu, sum(a == b for a, b in zip(outputs, references)) / len(references)


def run_ours(args, peer, specs, folder):
    run = os.path.join(args.keep or folder, f"run-{time.time_ns()}")
    command = [args.program, "train", "--headless", "--preset", "multi30k", "--data", specs["train"], "--valid", specs["held"],
               "--epochs", "1000", "--max-minutes", str(args.minutes), "--seed", str(args.seed), "--threads", str(args.threads), "--run-dir", run]
    for change in args.set:
        command += ["--set", change]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    tokens = seconds = 0
    for event in run_log.events(run):
        if event["event"] == "step":
            tokens += event["tokens"]
            seconds, epoch = event["seconds"], event["epoch"]
        elif event["event"] == "validation":
            print(f"  epoch {epoch}, {seconds:.0f} s: held out BLEU {event['bleu']:.2f} loss {event['loss']:.3f}{' *' if event['best'] else ''}", flush=True)
    with gzip.open(specs["val"].split(",")[0], "rt", encoding="utf-8") as file:
        source = file.read()
    print(f"ours: {seconds:.0f} s of training, {epoch} epochs, {tokens / seconds:.0f} tokens/s", flush=True)
    for name, how in DECODING:
        out = subprocess.run([args.program, "translate", "--run", run, *how], check=True, capture_output=True, text=True, input=source).stdout
        bleu, exact = score(peer, out.split("\n")[:-1], specs["val"])
        own = json.loads(subprocess.run([args.program, "evaluate", "--run", run, *how, "--data", specs["val"], "--json"], check=True, capture_output=True, text=True).stdout)
        print(f"  {name}: val BLEU {bleu:.2f}, exact match {100 * exact:.1f}% (tui evaluate, cased: BLEU {own['bleu']:.2f}, loss {own['loss']:.3f})", flush=True)


def run_peer(args, peer, specs, folder):
    hyp = os.path.join(folder, "peer.txt")
    command = [sys.executable, args.peer, "--recipe", "multi30k", "--train", specs["train"], "--valid", specs["held"], "--test", specs["val"],
               "--epochs", "1000", "--minutes", str(args.minutes), "--seed", str(args.seed), "--threads", str(args.threads), "--hyp", hyp]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            print("  " + lines[-1], flush=True)
    if process.returncode != 0:
        raise SystemExit(f"the peer ended with status {process.returncode}")
    with open(hyp, encoding="utf-8") as file:
        bleu, exact = score(peer, file.read().split("\n")[:-1], specs["val"])
    rates = [int(found[1]) for line in lines if (found := re.search(r"(\d+) tok/s", line))]
    seconds = re.search(r"training seconds (\d+)", lines[-1])[1]
    print(f"peer: {seconds} s of training, {len(rates)} epochs, {sorted(rates)[len(rates) // 2]} tokens/s, val BLEU {bleu:.2f}, exact match {100 * exact:.1f}%", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="keep our run there")
    parser.add_argument("--only", choices=["ours", "peer"])
    parser.add_argument("--program", default="target/debug/tui")
    args = parser.parse_args()
    peer = load_peer(args.peer)
    with tempfile.TemporaryDirectory() as folder:
        specs = split(args.data, peer.lines, folder)
        if args.only != "peer":
            run_ours(args, peer, specs, folder)
        if args.only != "ours":
            run_peer(args, peer, specs, folder)


if __name__ == "__main__":
    main()
