#!/usr/bin/env python3
"""Runs the beam search of `tui bench` and one in PyTorch in turns on the same cores, and prints the ratios.

  scripts/bench_beam.py --peer bench_torch.py [--rounds 3] [--only A,B] [--threads 2] [--seconds 2] [--program TUI]
  scripts/bench_beam.py --peer bench_torch.py --check [--program TUI]

The networks are those of the peer's script; the search is the one below, over the network's parameters. Beam 5,
the penalty `average`, no hypothesis ends before the workload's number of target positions: batches of 64 in
sentences per second, one sentence alone in milliseconds. Prints the medians of the rounds, and a table of them.

PyTorch is measured as it is (eager) and with the decoder's step compiled by torch.compile, with constant weights
that its compiler may pack (`freezing`). The ratio is that to the faster of the --engines. Compilation is not timed.
Beside other busy processes use --threads 1: two threads that wait for each other measure the scheduler instead.

With --check, trains a small model of each kind of network, reads its parameters from the run's checkpoint, and
checks that both sides find the same hypotheses with the same scores: with a limit that most sources do not reach,
and with one that cuts about half of the hypotheses. The searches that are timed differ from these in that EOS has
probability 0 at every step, in both; `tui translate` has no such option, so that alone is not compared.

What was tried for PyTorch, and is used: attention reads each source's memory once for all of its hypotheses
(broadcast, or one product per source), not a copy per hypothesis; the first step has one hypothesis per source;
the k best of each row, then of each source. The k best among the `beam` V sums of a source, and blocks chosen by
their maxima, took as long or longer, up to 2.3 times (two threads, a busy machine).
Needs this program built (`cargo build -p tui`), and Python with torch; compiling needs a C++ compiler.
"""
import argparse
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile

import bench_sides
from bench_sides import NAMES

# The ids of this program's special tokens.
PAD, UNK, SOS, EOS = range(4)
BEAM, BATCH = 5, 64
ENGINES = ("eager", "compiled")
FIGURES = [("beam_sentences_per_s", "sentences/s", True), ("beam_latency_ms", "one sentence ms", False)]


class Searcher:
    """Beam search with a network of the peer's script.

    A step's rows are hypotheses, those of a source side by side: row b K + j is hypothesis j of source b."""

    def __init__(self, peer, model, compiled=False):
        self.torch, self.F, self.model = peer.torch, peer.F, model
        self.is_lstm, self.feeds = model.w["cell"] == "lstm", model.w["feed"]
        self.advance = self.step
        if compiled:
            import torch._inductor.config as inductor
            inductor.freezing = True
            self.advance = self.torch.compile(self.step, dynamic=False)

    def attend(self, query, keys, memory):
        """Contexts [R, M] of queries [R, H] in memories [B, S, M] with keys [B, S, H]."""
        torch, layer = self.torch, self.model.att
        if layer.kind == "additive":
            query = layer.wq(query).view(memory.size(0), -1, 1, keys.size(-1))
            scores = layer.v(torch.tanh(query + keys.unsqueeze(1))).squeeze(-1)
        else:
            scores = query.view(memory.size(0), -1, keys.size(-1)) @ keys.transpose(1, 2)
        return (self.F.softmax(scores, -1) @ memory).flatten(0, 1)

    def step(self, tokens, states, memory, keys, scores, banned, k):
        """The states after `tokens`, and the k best extensions of each source: their log-probabilities, the row
        of each one's hypothesis, and its token."""
        torch, model = self.torch, self.model
        *states, feed = states
        embedded = model.et(tokens)
        if self.feeds:
            x = torch.cat([embedded, feed], -1)
        else:
            top = states[-1][0] if self.is_lstm else states[-1]
            x = torch.cat([embedded, self.attend(top, keys, memory)], -1)
        new = []
        for cell, state in zip(model.cells, states):
            new.append(cell(x, state))
            x = new[-1][0] if self.is_lstm else new[-1]
        if self.feeds:
            x = feed = torch.tanh(model.wc(torch.cat([self.attend(x, keys, memory), x], -1)))
        logprobs = self.F.log_softmax(model.out(x), -1).index_fill(-1, banned, float("-inf"))
        sources, hypotheses = scores.shape
        each = min(k, logprobs.size(-1))
        best, classes = logprobs.topk(each, -1)
        best = (best.view(sources, hypotheses, each) + scores.unsqueeze(-1)).flatten(1)
        best, at = best.topk(k, -1)
        first = torch.arange(0, sources * hypotheses, hypotheses).unsqueeze(1)
        return (*new, feed), best, first + at // each, classes.view(sources, -1).gather(1, at)

    def select(self, states, rows):
        """The states of some rows."""
        pick = lambda x: tuple(pick(y) for y in x) if isinstance(x, tuple) else x.index_select(0, rows)
        return pick(states)

    def search(self, source, limit, min_length=0, beam=BEAM):
        """The `beam` best hypotheses of each source [B, S]: tokens [B, beam, limit] with PAD after the last one,
        log-probabilities and scores; those that came to EOS first. The search for a source ends when `beam` of
        them came to EOS."""
        torch = self.torch
        with torch.inference_mode():
            memory, keys, layers, feed = self.model.start(source)
            states, count = (*layers, feed), source.size(0)
            active = torch.arange(count)  # the sources under way
            tokens, scores = torch.full((count,), SOS), torch.zeros(count, 1)
            said = torch.zeros(count, 0, dtype=torch.long)  # the tokens of each row
            over = Over(torch, count, limit, beam)
            for t in range(limit):
                may_end = t >= min_length
                banned = torch.tensor([PAD, SOS] if may_end else [PAD, SOS, EOS])
                # A hypothesis that ends leaves its place to another: of 2 beam, at most beam end.
                k = 2 * beam if may_end else beam
                states, scores, rows, tokens = self.advance(tokens, states, memory, keys, scores, banned, k)
                stays = None
                if may_end:
                    ends = tokens == EOS
                    ended = ends & (torch.arange(k) < beam)
                    if ended.any():
                        stays = over.add(active, ended, scores, said, rows, tokens, t)
                    order = ends.to(torch.uint8).argsort(dim=-1, stable=True)[:, :beam]
                    scores, rows, tokens = (x.gather(1, order) for x in (scores, rows, tokens))
                if t + 1 == limit:
                    over.cut(active, scores, said, rows, tokens)
                    break
                if stays is not None and not stays.all():
                    kept = stays.nonzero().squeeze(1)
                    if kept.numel() == 0:
                        break
                    memory, keys, active, scores, rows, tokens = (
                        x.index_select(0, kept) for x in (memory, keys, active, scores, rows, tokens))
                rows, tokens = rows.flatten(), tokens.flatten()
                states = self.select(states, rows)
                said = torch.cat([said.index_select(0, rows), tokens.unsqueeze(1)], 1)
            return over.best()


class Over:
    """The hypotheses that are over, at most `beam` of those that ended and `beam` of those that were cut."""

    def __init__(self, torch, count, limit, beam):
        self.torch, self.limit, self.beam = torch, limit, beam
        self.ended = torch.zeros(count, dtype=torch.long)
        shape = (count, 2 * beam)
        self.score = torch.full(shape, float("-inf"), dtype=torch.float64)
        self.logprob = self.score.clone()
        self.tokens = torch.zeros(*shape, limit, dtype=torch.long)

    def texts(self, said, rows, tokens):
        """The tokens of extensions, padded to the limit."""
        text = self.torch.cat([said[rows], tokens.unsqueeze(-1)], -1)
        return self.torch.nn.functional.pad(text, (0, self.limit - text.size(-1)), value=PAD)

    def add(self, active, ended, scores, said, rows, tokens, t):
        """Adds those that ended in step t; returns which sources have fewer than `beam` of them."""
        torch, beam = self.torch, self.beam
        logprob = scores.double().masked_fill(~ended, float("-inf"))
        merged = torch.cat([self.score[active, :beam], logprob / (t + 1)], 1)
        best, at = merged.topk(beam)
        self.score[active, :beam] = best
        logprob = torch.cat([self.logprob[active, :beam], logprob], 1)
        self.logprob[active, :beam] = logprob.gather(1, at)
        texts = torch.cat([self.tokens[active, :beam], self.texts(said, rows, tokens)], 1)
        self.tokens[active, :beam] = texts.gather(1, at.unsqueeze(-1).expand(-1, -1, self.limit))
        self.ended[active] += ended.sum(1)
        return self.ended[active] < beam

    def cut(self, active, scores, said, rows, tokens):
        """Adds those that were cut at the limit, of the sources that are still under way."""
        under_way = self.ended[active] < self.beam
        logprob = scores.double().masked_fill(~under_way.unsqueeze(1), float("-inf"))
        self.score[active, self.beam:] = logprob / self.limit
        self.logprob[active, self.beam:] = logprob
        self.tokens[active, self.beam:] = self.texts(said, rows, tokens)

    def best(self):
        torch, beam = self.torch, self.beam
        # Both halves are sorted: those that exist, in their order.
        order = self.score.isinf().to(torch.uint8).argsort(dim=-1, stable=True)[:, :beam]
        texts = self.tokens.gather(1, order.unsqueeze(-1).expand(-1, -1, self.limit))
        return texts, self.logprob.gather(1, order), self.score.gather(1, order)


def measure_peer(path, name, engine, threads, seconds):
    """The figures of `tui bench` for the peer's search."""
    peer = bench_sides.load(path)
    torch, w = peer.torch, peer.WORKLOADS[name]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    searcher = Searcher(peer, peer.Seq2Seq(w).eval().requires_grad_(False), engine == "compiled")
    search = lambda n: searcher.search(torch.randint(0, w["vs"], (n, w["S"])), w["T"], min_length=w["T"])
    batch = peer.timeit(lambda: search(BATCH), seconds / 2, lambda: None)
    alone = peer.timeit(lambda: search(1), seconds / 8, lambda: None)
    return {"workload": name, "device": f"torch {torch.__version__}, {engine}",
            "beam_sentences_per_s": BATCH / batch, "beam_latency_ms": alone * 1e3}


def run_peer(args, name, engine):
    command = [sys.executable, os.path.abspath(__file__), "--peer", args.peer, "--measure-peer", name,
               "--engine", engine, "--threads", str(args.threads), "--seconds", str(args.seconds)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(args):
    print(f"{platform.machine()}, {args.threads} threads, medians of {args.rounds} rounds, beam {BEAM}")
    table = []
    for name in args.only.split(","):
        rounds = []
        for _ in range(args.rounds):
            ours = bench_sides.run_ours(args, "--only", name, "--size", f"B={BATCH}")[0]
            rounds.append([ours, *(run_peer(args, name, engine) for engine in args.engines)])
        cells, row = [], [f"`{name}`"]
        for key, title, more in FIGURES:
            ours, *theirs = (statistics.median(row[key] for row in side) for side in zip(*rounds))
            factor = lambda x, y: x / y if more else y / x
            ratio = factor(ours, max(theirs) if more else min(theirs))
            each = [factor(r[0][key], (max if more else min)(p[key] for p in r[1:])) for r in rounds]
            spread = f"{min(each):.2f} to {max(each):.2f}"
            values = [f"{value:.3g}" for value in (ours, *theirs)]
            cells.append(f"{title} {' / '.join(values)} = {ratio:.2f}x ({spread})")
            row += [" / ".join(values), f"{ratio:.1f} ({min(each):.1f} to {max(each):.1f})"]
        print(f"{name}: {', '.join(cells)} ({rounds[0][0]['device']}; {rounds[0][1]['device']})", flush=True)
        table.append(row)
    titles = ["workload"]
    for _, title, _ in FIGURES:
        titles += [f"{title}, ours / {' / '.join(args.engines)}", "ratio"]
    for row in [titles, ["---"] * len(titles), *table]:
        print("| " + " | ".join(row) + " |")


# Small networks of each kind of workload: keys of this program, and what the peer calls them.
SIZES = {"embedding": ("emb", 24), "hidden": ("hid", 32)}
FEEDING = {"cell": "lstm", "layers": 2, "bidirectional": "false", "attention": "general",
           "wiring": "recur_then_attend", "input_feeding": "true", "readout": "tanh_context"}
KINDS = {
    "pytorch-tutorial": {"cell": "gru", "bidirectional": "false", "attention": "additive"},
    "luong-small": FEEDING,
    "rnnsearch-small": {"cell": "gru", "bidirectional": "true", "attention": "additive"},
}
# Parameters of this program and of the peer that have different names.
OTHER_NAMES = {"encoder.embedding.weight": "es.weight", "decoder.embedding.weight": "et.weight",
               "decoder.attention.w_query": "att.wq.weight", "decoder.attention.w_memory": "att.wk.weight",
               "decoder.attention.w": "att.wk.weight", "decoder.attention.v": "att.v.weight",
               "decoder.combine.weight": "wc.weight",
               "decoder.output.weight": "out.weight", "decoder.output.bias": "out.bias"}


class Payload:
    """Reads values of bincode's standard encoding from a file of this program."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()[24:]
        self.at = 0

    def take(self, count):
        self.at += count
        return self.bytes[self.at - count:self.at]

    def integer(self):
        first = self.take(1)[0]
        return first if first < 251 else int.from_bytes(self.take(1 << (first - 250)), "little")

    def list(self, read):
        return [read() for _ in range(self.integer())]

    def string(self):
        return self.take(self.integer()).decode()

    def tensor(self, torch, name):
        """The tensor that follows this name, or None."""
        key = bytes([len(name)]) + name.encode()
        self.at = self.bytes.find(key) + len(key)
        if self.at < len(key):
            return None
        shape = self.list(self.integer)
        data = b"".join(self.list(lambda: self.take(self.integer())))
        return torch.frombuffer(bytearray(data), dtype=torch.float32).view(shape)


def vocabularies(run):
    payload = Payload(os.path.join(run, "vocabularies.bin"))
    payload.string()
    return [{word: i for i, word in reversed(list(enumerate(payload.list(payload.string))))} for _ in range(2)]


def load_run(peer, run, name):
    """The peer's network with the parameters of a run."""
    torch, keys = peer.torch, KINDS[name]
    source, target = vocabularies(run)
    sizes = dict(SIZES.values())
    w = {**peer.WORKLOADS[name], **sizes, "vs": len(source), "vt": len(target)}
    model = peer.Seq2Seq(w).eval().requires_grad_(False)
    payload = Payload(os.path.join(run, "last.ckpt"))
    ours = {theirs: name for name, theirs in OTHER_NAMES.items() if name != "decoder.attention.w"}
    if keys["attention"] == "general":
        ours["att.wk.weight"] = "decoder.attention.w"
    for theirs, parameter in model.named_parameters():
        if theirs.startswith("enc."):
            found = "encoder.rnn." + theirs[len("enc."):]
        elif theirs.startswith("cells."):
            _, layer, kind = theirs.split(".")
            found = f"decoder.rnn.{kind}_l{layer}"
        else:
            found = ours[theirs]
        value = payload.tensor(torch, found)
        if value is None or value.numel() != parameter.numel():
            sys.exit(f"{run}: no parameter {found} of shape {list(parameter.shape)}")
        parameter.copy_(value.view_as(parameter))
    return model, source, target


def translate(args, run, lines, limit):
    command = [args.program, "translate", "--run", run, "--beam", str(BEAM), "--n-best", str(BEAM), "--json",
               "--max-length", str(limit)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, input="".join(x + "\n" for x in lines))
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(args):
    """Compares all hypotheses of both sides; exits with 1 if any differ."""
    peer, wrong = bench_sides.load(args.peer), 0
    with tempfile.TemporaryDirectory() as folder:
        for name, keys in KINDS.items():
            run = os.path.join(folder, name)
            sets = {"layers": 1, "decoder_init": "copy", "dropout": 0, "readout": "linear",
                    "validate_every_epochs": 0, **{key: size for key, (_, size) in SIZES.items()}, **keys}
            command = [args.program, "--headless", "--run-dir", run, "--max-steps", str(args.steps)]
            command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            model, source, target = load_run(peer, run, name)
            lines = sentences(peer.torch, source)
            for limit in (25, 6):
                wrong += compare(args, peer, name, model, translate(args, run, lines, limit), (source, target), limit)
    sys.exit(bool(wrong))


def sentences(torch, source):
    """Random words: a network is less sure of them than of real sentences, and hypotheses differ more."""
    torch.manual_seed(1)
    words = [word for word in source if word.isalpha()]
    pick = lambda n: " ".join(words[i] for i in torch.randint(0, len(words), (n,)))
    return [pick(1 + i % 9) for i in range(90)]


def compare(args, peer, name, model, translations, words, limit):
    """Searches for the same sources; returns the number of hypotheses that differ."""
    torch, (source, target) = peer.torch, words
    searcher, by_length = Searcher(peer, model), {}
    for translation in translations:
        by_length.setdefault(len(translation["source_tokens"]), []).append(translation)
    different, count, ended, furthest = 0, 0, 0, 0.0
    for group in by_length.values():
        ids = [[source.get(word, UNK) for word in t["source_tokens"]] for t in group]
        texts, _, scores = searcher.search(torch.tensor(ids), limit)
        for translation, text, score in zip(group, texts.tolist(), scores.tolist()):
            theirs = [([x for x in ids if x != PAD], s) for ids, s in zip(text, score) if s > float("-inf")]
            ours = [([target.get(word, UNK) for word in c["tokens"]], c["score"]) for c in translation["n_best"]]
            count += len(ours)
            ended += sum(not c["truncated"] for c in translation["n_best"])
            different += abs(len(ours) - len(theirs))
            for (ids, score), (their_ids, their_score) in zip(ours, theirs):
                furthest = max(furthest, abs(score - their_score))
                different += ids != their_ids or abs(score - their_score) > 1e-4
    print(f"{name}, at most {limit} tokens: {count - different} of {count} hypotheses of {len(translations)} sources"
          f" are the same, {ended} with an end token; scores differ by at most {furthest:.1e}", flush=True)
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="the peer's script")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--program", "--tui", default="target/debug/tui")
    parser.add_argument("--engines", type=lambda text: text.split(","), default=list(ENGINES),
                        help="eager, compiled or both")
    parser.add_argument("--check", action="store_true", help="compare hypotheses, not speed")
    parser.add_argument("--steps", type=int, default=150, help="training steps of --check")
    parser.add_argument("--measure-peer", metavar="NAME", help="only the peer, as JSON")
    parser.add_argument("--engine", default=ENGINES[0])
    args = parser.parse_args()
    if args.measure_peer:
        json.dump(measure_peer(args.peer, args.measure_peer, args.engine, args.threads, args.seconds), sys.stdout)
    elif args.check:
        check(args)
    else:
        measure(args)


if __name__ == "__main__":
    main()
