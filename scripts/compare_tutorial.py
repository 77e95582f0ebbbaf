#!/usr/bin/env python3
"""Trains the pytorch-tutorial preset and its PyTorch peer on the same split, and scores both.

  scripts/compare_tutorial.py --data eng-fra.tsv.gz --peer train_torch.py [--epochs 40] [--seeds 0,1,2] [--threads 2]

The split: 500 of the pairs that the tutorial's filter keeps are held out, chosen by a hash; training
pairs that share either side with them are dropped. Prints one line a run and the means.
Needs this program built (`cargo build -p tui`), and for the peer Python with torch and sacrebleu.
"""
import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import run_log

HELD_OUT = 500


def split(data, peer, folder):
    """Writes train.tsv.gz and held.tsv.gz (English, French), and returns their paths."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(peer)))
    spec = importlib.util.spec_from_file_location("peer", peer)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = []
    for line in module.lines(data):
        english, french = [module.norm_tutorial(x) for x in line.split("\t")[:2]]
        short = len(english.split()) < 10 and len(french.split()) < 10
        if short and english.startswith(module.PREFIXES):
            kept.append((english, french, line))
    by_hash = sorted(kept, key=lambda p: hashlib.sha256(p[2].encode()).digest())
    held = by_hash[:HELD_OUT]
    sides = {p[0] for p in held}, {p[1] for p in held}
    train = [p for p in kept if p[0] not in sides[0] and p[1] not in sides[1]]
    print(f"kept {len(kept)}, held out {len(held)}, to train on {len(train)}", flush=True)
    paths = []
    for name, pairs in (("train", train), ("held", held)):
        paths.append(os.path.join(folder, name + ".tsv.gz"))
        with gzip.open(paths[-1], "wt", encoding="utf-8") as file:
            file.writelines(p[2] + "\n" for p in pairs)
    return paths


def run_ours(program, train, held, seed, args, folder):
    run = os.path.join(folder, f"run-{seed}-{time.time_ns()}")
    command = [program, "train", "--headless", "--preset", "pytorch-tutorial", "--data", train, "--columns", "2,1",
               "--valid", "none", "--epochs", str(args.epochs), "--seed", str(seed), "--threads", str(args.threads), "--run-dir", run]
    start = time.time()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - start
    # The mean loss of the last epoch, each token counted once.
    total = tokens = 0
    for event in run_log.events(run):
        if event["event"] == "step" and event["epoch"] == args.epochs:
            total += event["loss"] * event["tokens"]
            tokens += event["tokens"]
    scored = subprocess.run([program, "evaluate", "--beam", "1", "--run", run, "--data", held, "--columns", "2,1", "--json"], check=True, capture_output=True, text=True)
    return dict(seconds=seconds, loss=total / tokens, bleu=json.loads(scored.stdout)["bleu"])


def run_peer(train, held, seed, args):
    command = [sys.executable, args.peer, "--recipe", "tutorial", "--train", train, "--test", held,
               "--epochs", str(args.epochs), "--seed", str(seed), "--threads", str(args.threads)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    last = [l for l in out.splitlines() if l.startswith("epoch ")][-1]
    end = out.splitlines()[-1]
    return dict(seconds=float(re.search(r"training seconds (\d+)", end)[1]), loss=float(re.search(r"loss/token ([\d.]+)", last)[1]),
                bleu=float(re.search(r"bleu ([\d.]+)", end)[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=["ours", "peer"])
    parser.add_argument("--program", default="target/debug/tui")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train, held = split(args.data, args.peer, folder)
        rows = {"ours": [], "peer": []}
        for seed in args.seeds.split(","):
            for who in rows:
                if args.only in (None, who):
                    row = run_ours(args.program, train, held, seed, args, folder) if who == "ours" else run_peer(train, held, seed, args)
                    rows[who].append(row)
                    print(f"{who} seed {seed}: {row['seconds']:.0f} s, training loss {row['loss']:.4f}, BLEU {row['bleu']:.2f}", flush=True)
        for who, runs in rows.items():
            if runs:
                mean = {key: statistics.mean(r[key] for r in runs) for key in runs[0]}
                print(f"{who} mean: {mean['seconds']:.0f} s, training loss {mean['loss']:.4f}, BLEU {mean['bleu']:.2f}")


if __name__ == "__main__":
    main()
