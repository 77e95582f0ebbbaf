#!/usr/bin/env python3
"""Makes the project's own golden values: small cases, computed by PyTorch in float64.

    python3 tests/golden/make.py [--out FOLDER] [--seed N]

The folder (this one by default) gets `cases.json` and one `NAME.safetensors` a case.

cases.json is {"torch": version, "seed": N, "cases": [{"name", "op", "config"}, ...]}: `op` says what
computes the case, `config` its sizes and options. The tensors of a case:

    in.X       what goes in: sequences, initial states, queries, logits; lengths and ids as I64
    param.X    parameters, with PyTorch's names and layouts
    out.X      what comes out
    cot.X      a cotangent for out.X
    grad.in.X, grad.param.X
               gradients of sum over X of <cot.X, out.X>, for every floating input and every parameter

Inputs, parameters and cotangents are F32; outputs and gradients are F64, computed in F64 from the
rounded inputs. An optimizer's case has parameters in.a and in.b, gradients in.grad_a.N and
in.grad_b.N of step N, and the parameters after the last step as out.a and out.b; it has no cotangents.

Layouts: recurrent input [T, B, I], states [layers * directions, B, H]; attention query [B, Q], memory
[B, S, K], weights [B, S]. A comparison is per tensor: max|a - b| <= 1e-4 max|b| + 1e-6.
"""
import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Golden:
    """A folder that is being filled with cases."""

    def __init__(self, folder, seed):
        self.folder, self.seed, self.cases = folder, seed, []
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, *shape, scale=1.0):
        """Normal values that float32 holds exactly, as float64."""
        x = torch.empty(shape, dtype=torch.float32).normal_(generator=self.generator)
        return (x * scale).double()  # the product is rounded to float32

    def ids(self, below, n):
        return torch.randint(below, (n,), generator=self.generator)

    def write(self, name, op, config, tensors):
        assert all(c["name"] != name for c in self.cases), name
        tensors = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
        save_file(tensors, self.folder / f"{name}.safetensors")
        self.cases.append({"name": name, "op": op, "config": config})

    def differentiated(self, name, op, config, inputs, params, function):
        """A case with gradients; `function` maps two dicts of leaves to a dict of outputs."""
        def leaf(x):
            return x.clone().requires_grad_(x.is_floating_point())
        leaves = {"in": {k: leaf(v) for k, v in inputs.items()},
                  "param": {k: leaf(v) for k, v in params.items()}}
        outputs = function(leaves["in"], leaves["param"])
        cotangents = {k: self.draw(*v.shape) for k, v in outputs.items()}
        torch.autograd.backward(list(outputs.values()), list(cotangents.values()))
        tensors = {}
        for group, members in leaves.items():
            for key, value in members.items():
                floating = value.is_floating_point()
                tensors[f"{group}.{key}"] = value.float() if floating else value
                if floating:
                    grad = torch.zeros_like(value) if value.grad is None else value.grad
                    tensors[f"grad.{group}.{key}"] = grad
        for key, value in outputs.items():
            tensors[f"out.{key}"] = value
            tensors[f"cot.{key}"] = cotangents[key].float()
        self.write(name, op, config, tensors)

    def finish(self):
        about = {"torch": torch.__version__, "seed": self.seed, "cases": self.cases}
        text = json.dumps(about, indent=1)
        (self.folder / "cases.json").write_text(text + "\n", encoding="utf-8")


MODULES = {
    "rnn_tanh": lambda *a, **k: nn.RNN(*a, nonlinearity="tanh", **k),
    "rnn_relu": lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}


def recurrent(golden, op, label, time, batch, wide, hidden, layers=1, both=False, lengths=None,
              start=True):
    """A recurrent network; `lengths` packs the batch, `start` gives it initial states."""
    module = MODULES[op](wide, hidden, num_layers=layers, bidirectional=both).double()
    params = {k: golden.draw(*p.shape, scale=0.6) for k, p in module.named_parameters()}
    inputs = {"x": golden.draw(time, batch, wide)}
    states = ("h0", "c0") if op == "lstm" else ("h0",)
    for state in states if start else ():
        inputs[state] = golden.draw(layers * (2 if both else 1), batch, hidden)
    if lengths:
        inputs["lengths"] = torch.tensor(lengths)

    def function(given, weights):
        first = tuple(given[s] for s in states) if start else None
        if start and op != "lstm":
            (first,) = first
        x = given["x"]
        if lengths:
            x = pack_padded_sequence(x, given["lengths"], enforce_sorted=False)
        y, last = torch.func.functional_call(module, weights, (x, first))
        if lengths:
            y, _ = pad_packed_sequence(y, total_length=time)
        ends = dict(zip(("hn", "cn"), last)) if op == "lstm" else {"hn": last}
        return {"y": y, **ends}

    config = {"input": wide, "hidden": hidden, "layers": layers, "bidirectional": both,
              "packed": bool(lengths)}
    golden.differentiated(f"{op}-{label}", op, config, inputs, params, function)


def attention(golden, op, label, lengths, longest, query, memory, width, scale=1.0):
    """Global attention over a padded batch, one sentence after the other."""
    shapes = {"w": (query, memory)}
    if op != "general":
        shapes = {"w_query": (width, query), "w_memory": (width, memory), "v": (width,)}
    if op == "additive_bias":
        shapes |= {"b_query": (width,), "b_memory": (width,), "b_v": (1,)}
    params = {k: golden.draw(*s, scale=0.7) for k, s in shapes.items()}
    inputs = {"query": golden.draw(len(lengths), query, scale=scale),
              "memory": golden.draw(len(lengths), longest, memory),
              "lengths": torch.tensor(lengths)}

    def scores(q, m, p):
        if op == "general":
            return m @ (p["w"].T @ q)
        asked, kept = p["w_query"] @ q, m @ p["w_memory"].T
        if op == "additive_bias":
            asked, kept = asked + p["b_query"], kept + p["b_memory"]
        e = torch.tanh(asked + kept) @ p["v"]
        return e + p["b_v"] if op == "additive_bias" else e

    def function(given, weights):
        contexts, rows = [], []
        for q, whole, n in zip(given["query"], given["memory"], lengths):
            a = scores(q, whole[:n], weights).softmax(0)
            contexts.append(a @ whole[:n])
            rows.append(F.pad(a, (0, longest - n)))
        return {"context": torch.stack(contexts), "weights": torch.stack(rows)}

    config = {"query": query, "memory": memory, "attention": width}
    golden.differentiated(f"{op}-{label}", op, config, inputs, params, function)


def cross_entropy(golden, label, rows, classes, smoothing, scale=2.0):
    target = golden.ids(classes, rows)
    target[1::3] = 0
    config = {"pad": 0, "label_smoothing": smoothing, "reduction": "mean over non-pad tokens"}

    def function(given, _):
        loss = F.cross_entropy(given["logits"], target, ignore_index=0, label_smoothing=smoothing)
        return {"loss": loss.reshape(1)}

    inputs = {"logits": golden.draw(rows, classes, scale=scale), "target": target}
    golden.differentiated(f"cross_entropy-{label}", "cross_entropy", config, inputs, {}, function)


def embedding(golden, label, rows, table, width):
    ids = golden.ids(table, rows)
    ids[:2] = 0
    golden.differentiated(
        f"embedding-{label}", "embedding", {"pad": 0}, {"ids": ids},
        {"weight": golden.draw(table, width)},
        lambda given, p: {"y": F.embedding(given["ids"], p["weight"], padding_idx=0)})


def layer_norm(golden, label, rows, width, eps):
    params = {"weight": golden.draw(width), "bias": golden.draw(width)}
    golden.differentiated(
        f"layer_norm-{label}", "layer_norm", {"eps": eps}, {"x": golden.draw(rows, width)}, params,
        lambda given, p: {"y": F.layer_norm(given["x"], (width,), p["weight"], p["bias"], eps)})


OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "sgd_momentum": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adadelta": torch.optim.Adadelta,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
}


def optimizer(golden, kind, label, steps=6, **options):
    """Steps on a vector and a table, both clipped by their global norm; at odd steps some rows of
    the table have no gradient."""
    rows, clip = 5, 5.0
    a, b = (nn.Parameter(golden.draw(*shape)) for shape in ((7,), (rows, 3)))
    tensors = {"in.a": a.float(), "in.b": b.float()}
    rule = OPTIMIZERS[kind]([a, b], **options)
    for step in range(steps):
        # Gradients from far above the clip to below it.
        scale = 4.0 * 0.6 ** step
        a.grad, b.grad = golden.draw(*a.shape, scale=scale), golden.draw(*b.shape, scale=scale)
        if step % 2:
            b.grad[[step % rows, 3 * step % rows]] = 0.0
        # Clipping writes to the gradients: keep them first.
        tensors[f"in.grad_a.{step}"] = a.grad.float()
        tensors[f"in.grad_b.{step}"] = b.grad.float()
        nn.utils.clip_grad_norm_([a, b], clip)
        rule.step()
    tensors |= {"out.a": a, "out.b": b}
    config = {"kind": kind, "clip_global_norm": clip, "steps": steps, **options}
    golden.write(f"optimizer-{label}", "optimizer", config, tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--seed", type=int, default=20260)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    golden = Golden(args.out, args.seed)

    for op in MODULES:
        recurrent(golden, op, "plain", 5, 2, 3, 4)
        recurrent(golden, op, "no-start", 3, 3, 2, 3, start=False)
        recurrent(golden, op, "one-step", 1, 1, 1, 1)
        recurrent(golden, op, "packed", 4, 4, 3, 3, layers=2, lengths=[2, 4, 1, 3])
        # No sequence fills the batch's length.
        recurrent(golden, op, "both-packed", 5, 3, 2, 2, layers=2, both=True, lengths=[4, 1, 3])
        # One unit more than a vector of AVX-512.
        recurrent(golden, op, "wide", 2, 1, 1, 17)
    for op in ("additive", "additive_bias", "general"):
        attention(golden, op, "padded", [4, 2, 1], 4, query=3, memory=5, width=6)
        attention(golden, op, "short", [3, 2], 5, query=4, memory=4, width=2)
        attention(golden, op, "sharp", [6, 5], 6, query=5, memory=2, width=19, scale=8.0)
    cross_entropy(golden, "mean", 10, 7, 0.0)
    cross_entropy(golden, "smoothed", 9, 21, 0.1)
    cross_entropy(golden, "sharp", 6, 5, 0.25, scale=20.0)
    embedding(golden, "table", 14, 6, 5)
    layer_norm(golden, "rows", 6, 9, 1e-5)
    layer_norm(golden, "wide", 3, 35, 1e-3)
    optimizer(golden, "sgd", "sgd", lr=0.2)
    optimizer(golden, "sgd", "sgd-decay", lr=0.2, weight_decay=0.05)
    optimizer(golden, "sgd_momentum", "sgd_momentum", lr=0.05, momentum=0.8)
    optimizer(golden, "adam", "adam", lr=0.02, betas=(0.9, 0.999), eps=1e-8)
    optimizer(golden, "adam", "adam-decay", lr=0.02, betas=(0.85, 0.98), eps=1e-6, weight_decay=0.1)
    optimizer(golden, "adamw", "adamw", lr=0.02, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.2)
    optimizer(golden, "adadelta", "adadelta", lr=1.0, rho=0.95, eps=1e-6)
    optimizer(golden, "adagrad", "adagrad", lr=0.1, eps=1e-10)
    optimizer(golden, "adagrad", "adagrad-decay", lr=0.1, lr_decay=0.05, weight_decay=0.01,
              initial_accumulator_value=0.1, eps=1e-10)
    optimizer(golden, "rmsprop", "rmsprop", lr=0.01, alpha=0.99, eps=1e-8)
    optimizer(golden, "rmsprop", "rmsprop-centered", lr=0.01, alpha=0.9, eps=1e-7, momentum=0.5,
              centered=True)
    golden.finish()
    size = sum(f.stat().st_size for f in args.out.glob("*.safetensors"))
    print(f"{len(golden.cases)} cases in {args.out}, {size / 1000:.0f} kB of tensors")


if __name__ == "__main__":
    main()
