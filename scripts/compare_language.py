#!/usr/bin/env python3
"""Trains the language-model presets and PyTorch models of the same size on the same split, and compares the held-out loss.

  scripts/compare_language.py --names names.txt.gz --text input.txt.gz [--presets makemore-gru,char-rnn] [--seeds 0,1,2] [--steps N] [--threads 1]

makemore-* learn the names, a line each; char-rnn learns the running text. Of the names 1,000 are held out by a hash, of
the text its last twentieth of lines. Both sides have the same vocabulary, sizes, first values, optimizer, batches and number
of steps, which the script checks where it can; their random numbers differ. Loss is the mean of -log p in nats over
every held-out character, the end of a name counted, after the last step.
Needs this program built (`cargo build -p tui`), and Python with torch.
"""
import argparse
import gzip
import hashlib
import os
import random
import statistics
import subprocess
import tempfile
import time

import torch
from torch import nn
import torch.nn.functional as F

import run_log

PAD, SOS, EOS, SPECIALS = 0, 1, 2, 4
POOL = 50
# What the presets say; the parameters and steps that ours reports are held against it.
SHAPES = {
    "makemore-rnn": dict(cell=nn.RNN, layers=1, hidden=64, embedding=64, batch=32, rate=5e-4, optimizer=torch.optim.AdamW),
    "makemore-gru": dict(cell=nn.GRU, layers=1, hidden=64, embedding=64, batch=32, rate=5e-4, optimizer=torch.optim.AdamW),
    "makemore-lstm": dict(cell=nn.LSTM, layers=1, hidden=64, embedding=64, batch=32, rate=5e-4, optimizer=torch.optim.AdamW),
    "char-rnn": dict(cell=nn.LSTM, layers=2, hidden=128, embedding=64, batch=50, rate=2e-3, optimizer=torch.optim.Adam, window=50, clip=5.0, uniform=0.08),
}


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def split(lines, is_stream):
    if is_stream:
        at = len(lines) - len(lines) // 20
        return lines[:at], lines[at:]
    lines = [line for line in lines if line]
    by_hash = sorted(range(len(lines)), key=lambda i: hashlib.sha256(lines[i].encode()).digest())
    held = set(by_hash[:1000])
    return [l for i, l in enumerate(lines) if i not in held], [lines[i] for i in sorted(held)]


class Model(nn.Module):
    def __init__(self, shape, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, shape["embedding"])
        self.rnn = shape["cell"](shape["embedding"], shape["hidden"], num_layers=shape["layers"], batch_first=True)
        self.output = nn.Linear(shape["hidden"], vocabulary)
        if "uniform" in shape:
            for p in self.parameters():
                nn.init.uniform_(p, -shape["uniform"], shape["uniform"])

    def forward(self, ids, state=None):
        y, state = self.rnn(self.embedding(ids), state)
        return self.output(y), state


def line_batches(lines, size, shuffle):
    """Batches of like lengths: shuffled, sorted in pools, cut, shuffled."""
    order = list(range(len(lines)))
    if shuffle:
        random.shuffle(order)
    pools = [sorted(order[i:i + size * POOL], key=lambda j: -len(lines[j])) for i in range(0, len(order), size * POOL)]
    batches = [pool[i:i + size] for pool in pools for i in range(0, len(pool), size)]
    if shuffle:
        random.shuffle(batches)
    for batch in batches:
        rows = [lines[j] for j in batch]
        ids = torch.full((len(rows), max(map(len, rows))), PAD)
        for row, line in zip(ids, rows):
            row[:len(line)] = torch.tensor(line)
        yield ids[:, :-1].clone(), ids[:, 1:].clone()


def windows(text, parts, window):
    """A running text in parts side by side, window by window."""
    length = (len(text) - 1) // parts
    rows = torch.tensor([text[p * length:(p + 1) * length + 1] for p in range(parts)])
    for start in range(0, length, window):
        end = min(start + window, length)
        yield rows[:, start:end], rows[:, start + 1:end + 1]


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


@torch.no_grad()
def held_out_loss(model, held, shape):
    total = count = 0
    state = None
    stream = "window" in shape
    batches = windows(held, min(max(len(held) // 1000, 1), 64), shape["window"]) if stream else line_batches(held, 64, False)
    for x, y in batches:
        logits, after = model(x, state)
        state = after if stream else None
        total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=PAD, reduction="sum").item()
        count += (y != PAD).sum().item()
    return total / count


def run_torch(shape, train, held, vocabulary, steps, seed):
    torch.manual_seed(seed)
    random.seed(seed)
    model = Model(shape, vocabulary)
    optimizer = shape["optimizer"](model.parameters(), lr=shape["rate"], fused=True)
    stream = "window" in shape
    done, start = 0, time.time()
    while done < steps:
        state = None
        for x, y in windows(train, shape["batch"], shape["window"]) if stream else line_batches(train, shape["batch"], True):
            optimizer.zero_grad(set_to_none=True)
            logits, after = model(x, state)
            F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=PAD).backward()
            if "clip" in shape:
                nn.utils.clip_grad_norm_(model.parameters(), shape["clip"])
            optimizer.step()
            state = detached(after) if stream else None
            done += 1
            if done == steps:
                break
    seconds = time.time() - start
    return dict(loss=held_out_loss(model, held, shape), seconds=seconds, parameters=sum(p.numel() for p in model.parameters()))


def run_ours(args, preset, folder, seed):
    run = os.path.join(folder, f"{preset}-{seed}-{time.time_ns()}")
    command = [args.program, "train", "--headless", "--preset", preset, "--data", os.path.join(folder, "train.txt"),
               "--valid", os.path.join(folder, "held.txt"), "--seed", str(seed), "--threads", str(args.threads), "--run-dir", run,
               "--set", "validate_every_epochs=0", "--set", "sample_every_seconds=0"]
    if args.steps:
        command += ["--max-steps", str(args.steps)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = {}
    for event in run_log.events(run):
        if event["event"] == "start":
            found.update(parameters=event["parameters"], vocabulary=event["target_vocabulary"])
        elif event["event"] == "validation":
            found["loss"] = event["loss"]
        elif event["event"] == "end":
            found.update(steps=event["step"], seconds=event["seconds"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", help="the names, a line each")
    parser.add_argument("--text", help="the running text")
    parser.add_argument("--presets", default=",".join(SHAPES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--steps", type=int, help="at most so many steps")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--program", default="target/debug/tui")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for preset in args.presets.split(","):
        if preset not in SHAPES:
            parser.error(f"--presets {preset}: known are {', '.join(SHAPES)}")
        shape = SHAPES[preset]
        stream = "window" in shape
        path = args.text if stream else args.names
        if not path:
            parser.error(f"{preset} needs {'--text' if stream else '--names'}")
        train, held = split(read(path), stream)
        letters = sorted(set("".join(train)) | ({"\n"} if stream else set()))
        id_of = {c: i + SPECIALS for i, c in enumerate(letters)}
        encode = lambda s: [id_of.get(c, 3) for c in s]
        if stream:
            data = [encode("\n".join(part)) for part in (train, held)]
        else:
            data = [[[SOS] + encode(line) + [EOS] for line in part] for part in (train, held)]
        rows = {"ours": [], "torch": []}
        with tempfile.TemporaryDirectory() as folder:
            for name, part in (("train", train), ("held", held)):
                with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as file:
                    file.writelines(line + "\n" for line in part)
            for seed in map(int, args.seeds.split(",")):
                ours = run_ours(args, preset, folder, seed)
                vocabulary = len(letters) + SPECIALS
                assert ours["vocabulary"] == vocabulary, (ours["vocabulary"], vocabulary)
                peer = run_torch(shape, *data, vocabulary, ours["steps"], seed)
                assert peer["parameters"] == ours["parameters"], (peer["parameters"], ours["parameters"])
                rows["ours"].append(ours)
                rows["torch"].append(peer)
                print(f"{preset} seed {seed}: {ours['parameters']} parameters, {ours['steps']} steps, held-out loss ours {ours['loss']:.4f} torch {peer['loss']:.4f},"
                      f" seconds ours {ours['seconds']:.0f} torch {peer['seconds']:.0f}", flush=True)
        mean = lambda who, key: statistics.mean(row[key] for row in rows[who])
        print(f"{preset} mean: held-out loss ours {mean('ours', 'loss'):.4f} torch {mean('torch', 'loss'):.4f},"
              f" seconds ours {mean('ours', 'seconds'):.0f} torch {mean('torch', 'seconds'):.0f}", flush=True)


if __name__ == "__main__":
    main()
