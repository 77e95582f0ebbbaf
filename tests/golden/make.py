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
[B, S, K], weights [B, S], of multi_head query [B, T, Q] and weights [B, h, T, S]. A comparison is per tensor: max|a - b| <= 1e-4 max|b| + 1e-6.
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


def parameters(op, query, memory, width, positions):
    """The parameters of an attention, with their shapes."""
    return {
        "additive": {"w_query": (width, query), "w_memory": (width, memory), "v": (width,)},
        "additive_bias": {"w_query": (width, query), "w_memory": (width, memory), "v": (width,),
                          "b_query": (width,), "b_memory": (width,), "b_v": (1,)},
        "dot": {}, "scaled_dot": {}, "cosine": {},
        "general": {"w": (query, memory)}, "scaled_general": {"w": (query, memory)},
        "concat": {"w": (width, query + memory), "v": (width,)},
        "location": {"w": (positions, query)},
    }[op]


def scores(op, q, m, p):
    """What each row of a sentence m scores for one query."""
    if op.startswith("additive"):
        asked = p["w_query"] @ q + p.get("b_query", 0.0)
        kept = m @ p["w_memory"].T + p.get("b_memory", 0.0)
        return torch.tanh(asked + kept) @ p["v"] + p.get("b_v", 0.0)
    if op == "concat":
        return torch.tanh(torch.stack([p["w"] @ torch.cat([q, row]) for row in m])) @ p["v"]
    if op == "cosine":
        return torch.stack([F.cosine_similarity(q, row, dim=0) for row in m])
    if op == "location":
        return p["w"] @ q
    asked = p["w"].T @ q if op.endswith("general") else q
    return m @ asked / (q.numel() ** 0.5 if op.startswith("scaled") else 1.0)


def window(op, q, n, p, config):
    """The positions of a sentence that are seen, and their distances from the centre."""
    if not op.startswith("local"):
        return 0, n, None
    centre = torch.tensor(min(config["t"], n - 1)) if op == "local_m" else \
        n * torch.sigmoid(p["v_p"] @ torch.tanh(p["w_p"] @ q))
    middle = min(int(centre), n - 1)
    first, end = max(middle - config["D"], 0), min(middle + config["D"] + 1, n)
    return first, end, torch.arange(first, end) - centre


def attention(golden, op, label, lengths, longest, query, memory, width, scale=1.0, **options):
    """Attention over a padded batch, one sentence after the other. Where a source is reversed, the
    sentence is turned round, asked, and the weights are turned back."""
    score = options.get("score", "general") if op.startswith("local") else op
    shapes = parameters(score, query, memory, width, options.get("s_max"))
    if op == "local_p":
        shapes = shapes | {"w_p": (width, query), "v_p": (width,)}
    params = {k: golden.draw(*s, scale=0.7) for k, s in shapes.items()}
    inputs = {"query": golden.draw(len(lengths), query, scale=scale),
              "memory": golden.draw(len(lengths), longest, memory),
              "lengths": torch.tensor(lengths)}
    config = {"query": query, "memory": memory, "attention": width, **options}

    def one(q, m, p):
        first, end, distance = window(op, q, len(m), p, config)
        e = scores(score, q, m[first:end], p)
        end = min(end, len(e) + first)
        a = e[:end - first].softmax(0)
        if op == "local_p":
            a = a * torch.exp(-2.0 * (distance / config["D"]) ** 2)
            a = a / a.sum() if config["renormalize"] else a
        return F.pad(a, (first, len(m) - end))

    def function(given, weights):
        contexts, rows = [], []
        for q, whole, n in zip(given["query"], given["memory"], lengths):
            m = whole[:n]
            a = one(q, m.flip(0), weights).flip(0) if config.get("reversed") else one(q, m, weights)
            contexts.append(a @ m)
            rows.append(F.pad(a, (0, longest - n)))
        return {"context": torch.stack(contexts), "weights": torch.stack(rows)}

    golden.differentiated(f"{op}-{label}", op, config, inputs, params, function)


def multi_head(golden, label, lengths, longest, steps, embed, heads, memory=None, causal=False):
    """Several heads over whole sequences, by PyTorch's own module."""
    memory = memory or embed
    module = nn.MultiheadAttention(embed, heads, batch_first=True, kdim=memory, vdim=memory)
    module = module.double()
    params = {k: golden.draw(*p.shape, scale=0.6) for k, p in module.named_parameters()}
    inputs = {"query": golden.draw(len(lengths), steps, embed),
              "memory": golden.draw(len(lengths), longest, memory),
              "lengths": torch.tensor(lengths)}

    def function(given, weights):
        padding = torch.arange(longest) >= given["lengths"].unsqueeze(1)
        later = torch.ones(steps, longest, dtype=torch.bool).triu(1) if causal else None
        y, a = torch.func.functional_call(
            module, weights, (given["query"], given["memory"], given["memory"]),
            {"key_padding_mask": padding, "attn_mask": later, "average_attn_weights": False})
        return {"y": y, "weights": a}

    config = {"embed": embed, "heads": heads, "causal": causal, "memory": memory}
    golden.differentiated(f"multi_head-{label}", "multi_head", config, inputs, params, function)


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


def maxout(golden, label, rows, width, pieces):
    golden.differentiated(
        f"maxout-{label}", "maxout", {"pieces": pieces}, {"x": golden.draw(rows, width * pieces)},
        {}, lambda given, _: {"y": given["x"].unflatten(-1, (-1, pieces)).max(-1).values})


EXPRESSIONS = {
    "elementwise": lambda x: {
        "y": torch.relu(x["a"]) * torch.sigmoid(x["b"]) - torch.tanh(x["a"] / 2)
        + (x["a"] + x["b"]).abs().sqrt() + torch.log(torch.exp(x["b"]) + 1) * x["a"] ** 2},
    "broadcast": lambda x: {"y": (x["a"] - x["c"]) / (x["b"].exp() + x["d"] ** 2)},
    "reduced": lambda x: {"sum": x["a"].sum().reshape(1), "mean": x["a"].mean().reshape(1),
                          "dim": x["a"].sum(1), "kept": x["a"].mean(0, keepdim=True)},
    "softmax": lambda x: {"y": torch.softmax(3 * x["a"], -1), "log": torch.log_softmax(x["a"], -1)},
    "products": lambda x: {"y": x["a"] @ x["b"], "each": x["c"] @ x["c"].mT},
    "shapes": lambda x: {"y": torch.cat([x["a"].transpose(0, 1), x["b"]], 1),
                         "part": x["a"].narrow(2, 1, 2).reshape(-1)},
}


def expression(golden, label, **shapes):
    """Everyday operations, composed."""
    inputs = {name: golden.draw(*shape) for name, shape in shapes.items()}
    golden.differentiated(f"expression-{label}", "expression", {"expression": label}, inputs, {},
                          lambda given, _: EXPRESSIONS[label](given))


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
    # Drawn after all that was there before, so that it keeps its values.
    for op in ("dot", "scaled_dot", "cosine"):
        attention(golden, op, "padded", [4, 2, 1], 4, query=5, memory=5, width=0)
        attention(golden, op, "wide", [3, 2], 5, query=18, memory=18, width=0)
    for op in ("scaled_general", "concat"):
        attention(golden, op, "padded", [4, 2, 1], 4, query=3, memory=5, width=6)
        attention(golden, op, "sharp", [6, 5], 6, query=5, memory=2, width=19, scale=8.0)
    # A table longer than the sentences, and one that ends within them.
    attention(golden, "location", "long", [4, 2, 1], 4, query=3, memory=5, width=0, s_max=7)
    attention(golden, "location", "short", [6, 3, 1], 7, query=4, memory=2, width=0, s_max=3)
    attention(golden, "local_m", "first", [7, 4, 1], 8, query=3, memory=5, width=0, D=2, t=0)
    attention(golden, "local_m", "past", [7, 4, 2], 8, query=3, memory=5, width=0, D=1, t=30)
    attention(golden, "local_m", "reversed", [8, 6, 1], 8, query=3, memory=5, width=0, D=2, t=1,
              reversed=True)
    attention(golden, "local_m", "concat", [8, 6], 8, query=3, memory=5, width=4, D=2, t=4,
              score="concat")
    for renormalize in (False, True):
        label = "renormalized" if renormalize else "bent"
        attention(golden, "local_p", label, [14, 11, 3], 15, query=4, memory=3, width=6, D=3,
                  renormalize=renormalize)
    attention(golden, "local_p", "reversed", [14, 9, 2], 14, query=4, memory=4, width=6, D=2,
              renormalize=False, score="dot", reversed=True)
    # A sigmoid near its ends puts the window at the sentence's.
    attention(golden, "local_p", "sharp", [9, 8, 7, 6], 9, query=4, memory=3, width=6, scale=9.0,
              D=4, renormalize=True, score="additive_bias")
    multi_head(golden, "one", [4, 2], 4, 3, embed=5, heads=1)
    multi_head(golden, "padded", [6, 3, 1], 7, 4, embed=6, heads=3)
    multi_head(golden, "causal", [5, 3], 5, 5, embed=8, heads=4, causal=True)
    multi_head(golden, "narrow-memory", [5, 3], 5, 2, embed=6, heads=2, memory=3)
    multi_head(golden, "causal-memory", [4, 2], 6, 3, embed=4, heads=2, memory=7, causal=True)
    maxout(golden, "pairs", 5, 9, 2)
    maxout(golden, "threes", 3, 4, 3)
    expression(golden, "elementwise", a=(3, 5), b=(3, 5))
    expression(golden, "broadcast", a=(2, 3, 4), b=(3, 1), c=(4,), d=(1,))
    expression(golden, "reduced", a=(3, 4, 2))
    expression(golden, "softmax", a=(2, 3, 7))
    expression(golden, "products", a=(2, 3, 4), b=(4, 5), c=(2, 4, 3))
    expression(golden, "shapes", a=(2, 3, 4), b=(3, 1, 4))
    golden.finish()
    size = sum(f.stat().st_size for f in args.out.glob("*.safetensors"))
    print(f"{len(golden.cases)} cases in {args.out}, {size / 1000:.0f} kB of tensors")


if __name__ == "__main__":
    main()
