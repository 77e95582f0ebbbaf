#!/usr/bin/env python3
"""Trains the ladder of Luong et al. (2015, table 1) on two corpora and prints what each rung gains.

  scripts/luong_ladder.py --tui target/release/tui --out runs/ladder [--toy FOLDER] [--jobs 2] [--epochs 5]

The corpora are the embedded phrasebook and, if --toy is given, the German-English toy data of the paper's code
release: FOLDER has train.10k.de.gz, train.10k.en.gz, valid.100.de.gz, valid.100.en.gz. Vocabularies are cut so that
unknown words occur: to 300 words for the phrasebook and to 3,000 for the toy data.

Each rung is trained with one thread and seed 1; the ensemble adds seeds 2 to --networks. A run that exists is not trained
again. BLEU is that of `tui evaluate` (13a, cased) with the beam given by --beam, `<unk>` kept until the rung that
replaces it. The column "paper" is the gain in the paper's table 1 (WMT'14 English-German, 4 layers of 1,000 units).
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys

# Rung, preset, keys, gain in the paper (None where its table has no such row).
FEEDING, NO_FEEDING = ["input_feeding=true"], ["input_feeding=false"]
RUNGS = [
    ("base", "luong-base", [], None),
    ("+ reverse", "luong-reverse", [], 1.3),
    ("+ dropout", "luong-dropout", [], 1.4),
    ("+ attention: location", "luong-location", NO_FEEDING, 2.8),
    ("+ attention: dot", "luong-dot", NO_FEEDING, None),
    ("+ attention: concat", "luong-concat", NO_FEEDING, None),
    ("+ attention: local-m", "luong-local-m", NO_FEEDING, None),
    ("+ attention: local-p", "luong-local-p", NO_FEEDING, None),
    ("+ attention: general", "luong-general", NO_FEEDING, None),
    ("+ attention: general, input feeding", "luong-general", FEEDING, 1.3),
]
LAST = RUNGS[-1]


def name(corpus, preset, keys, seed):
    feeding = "-feeding" if keys == FEEDING else ""
    return f"{corpus}-{preset}{feeding}-{seed}"


def train(args, corpus, preset, keys, seed):
    """Trains one run, unless it is complete."""
    run = os.path.join(args.out, name(corpus["name"], preset, keys, seed))
    if os.path.exists(run + ".done"):
        return run
    command = [args.tui, "train", "--headless", "--preset", preset, "--run-dir", run, "--seed", str(seed),
               "--threads", "1", "--data", corpus["train"], "--valid", corpus["valid"]]
    if os.path.exists(os.path.join(run, "config.json")):
        command = [args.tui, "train", "--headless", "--resume", "--run-dir", run]
    else:
        size = str(corpus["vocabulary"])
        for key in [f"max_source_vocabulary={size}", f"max_target_vocabulary={size}", "sample_every_seconds=0",
                    *corpus["keys"], *keys]:
            command += ["--set", key]
    with open(run + ".log", "a", encoding="utf-8") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    open(run + ".done", "w").close()
    return run


def evaluate(args, corpus, runs, unknown):
    """BLEU and the share of outputs with `<unk>`, of a run or of an ensemble."""
    command = [args.tui, "evaluate", "--data", corpus["test"], "--json", "--beam", str(args.beam), "--unknown-words", unknown]
    for run in runs:
        command += ["--run", run]
    if len(runs) > 1:
        command.append("--ensemble")
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out)["bleu"]


def ladder(args, corpus):
    jobs = [(preset, keys, 1) for _, preset, keys, _ in RUNGS]
    jobs += [(LAST[1], LAST[2], seed) for seed in range(2, args.networks + 1)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = list(pool.map(lambda job: train(args, corpus, *job), jobs))
    if args.only_train:
        return
    print(f"\n{corpus['name']}: BLEU on {corpus['shown']}, beam {args.beam}\n")
    print("| rung | BLEU | gain | paper |\n|---|---|---|---|")
    scores = {}

    def row(label, score, before, paper):
        gain = "" if before is None else f"{score - before:+.1f}"
        print(f"| {label} | {score:.1f} | {gain} | {'' if paper is None else f'{paper:+.1f}'} |", flush=True)

    for (label, preset, keys, paper), run in zip(RUNGS, runs):
        score = scores[preset, tuple(keys)] = evaluate(args, corpus, [run], "keep")
        rung = [rung[0] for rung in RUNGS].index(label)
        if rung == 0:
            before = None
        elif rung < 3:
            before = scores[RUNGS[rung - 1][1], ()]
        elif keys == FEEDING:
            before = scores[preset, tuple(NO_FEEDING)]
        else:
            before = scores["luong-dropout", ()]
        row(label, score, before, paper)
    single = scores[LAST[1], tuple(LAST[2])]
    last = runs[len(RUNGS) - 1]
    replaced = evaluate(args, corpus, [last], "replace")
    row("+ unknown words replaced", replaced, single, 1.9)
    row("or unknown words forbidden", evaluate(args, corpus, [last], "forbid"), single, None)
    ensemble = [last, *runs[len(RUNGS):]]
    row(f"+ ensemble of {args.networks}", evaluate(args, corpus, ensemble, "replace"), replaced, 2.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tui", default="target/release/tui")
    parser.add_argument("--out", default="runs/ladder")
    parser.add_argument("--toy")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--networks", type=int, default=4, help="networks of the ensemble")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--only", choices=["phrasebook", "toy"])
    parser.add_argument("--only-train", action="store_true")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    corpora = [{"name": "phrasebook", "train": "phrasebook:train", "valid": "phrasebook:valid", "test": "phrasebook:test",
                "shown": "phrasebook:test", "vocabulary": 300, "keys": [f"epochs={args.epochs}"]}]
    if args.toy:
        side = lambda stem: ",".join(os.path.join(args.toy, f"{stem}.{side}.gz") for side in ("de", "en"))
        corpora.append({"name": "toy", "train": side("train.10k"), "valid": side("valid.100"), "test": side("valid.100"),
                        "shown": "valid.100", "vocabulary": 3000,
                        "keys": ["max_source_words=50", "max_target_words=50", f"epochs={args.epochs}"]})
    for corpus in corpora:
        if args.only in (None, corpus["name"]):
            ladder(args, corpus)


if __name__ == "__main__":
    sys.exit(main())
