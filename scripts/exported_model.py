#!/usr/bin/env python3
"""Builds a model that `tui export` wrote from modules of torch.nn, and prints log-probabilities.

  scripts/exported_model.py FOLDER [FILE]

FILE (or standard input) has one JSON object per line: {"source": [tokens], "target": [tokens]}, or {"target": [tokens]}
for a language model, without the end token. The output is one natural-log probability per line, the end token counted.

As a library: `load(FOLDER)` returns an nn.Module in evaluation mode with `source_ids`, `target_ids` (token to id) and
`logprob(source, target)`; its parameters have the names of the file. Needs torch and numpy, no other package.
Cells: rnn_tanh, rnn_relu, lstm, gru. Attention: none, additive, additive_bias, dot, scaled_dot, general,
scaled_general, concat, multi_head. Both wirings, all readouts and first states; no layer normalisation of the cells.
"""
import json
import math
import os
import struct
import sys

import numpy
import torch
from torch import nn

PAD, UNK, SOS, EOS = range(4)
CELLS = {"rnn_tanh": (nn.RNN, {"nonlinearity": "tanh"}), "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}), "lstm": (nn.LSTM, {}), "gru": (nn.GRU, {})}


def read_safetensors(path):
    """The tensors of a safetensors file of f32, by name."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, info in header.items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(info["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    return tensors


def refuse(key, value, supported):
    raise SystemExit(f"{key} = {value}: this file builds {', '.join(supported)}")


def recurrent(config, inputs, bidirectional):
    """A stack of one layer each, so that directions may be summed and layers may be residual."""
    if config["cell"] not in CELLS:
        refuse("cell", config["cell"], CELLS)
    if config["layer_norm"]:
        refuse("layer_norm", "true", ["layer_norm = false"])
    return Recurrent(config, inputs, bidirectional)


class Recurrent(nn.Module):
    """nn.RNN, nn.LSTM or nn.GRU with the parameters' names of several layers, merged directions and residual layers."""

    def __init__(self, config, inputs, bidirectional):
        super().__init__()
        module, options = CELLS[config["cell"]]
        hidden, self.merge, self.residual = config["hidden"], config["merge"], config["residual"]
        self.directions = 2 if bidirectional else 1
        self.width = hidden * (self.directions if self.merge == "concat" else 1)
        layers = []
        for layer in range(config["layers"]):
            single = module(inputs if layer == 0 else self.width, hidden, bidirectional=bidirectional, **options)
            layers.append(single)
            for direction in ["", "_reverse"][: self.directions]:
                for kind in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]:
                    self.register_parameter(f"{kind}_l{layer}{direction}", getattr(single, f"{kind}_l0{direction}"))
        # Not registered: their parameters have the names above.
        object.__setattr__(self, "layers", layers)

    def sync(self):
        """Uses the parameters that were loaded under this module's names."""
        for layer, single in enumerate(self.layers):
            for direction in ["", "_reverse"][: self.directions]:
                for kind in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]:
                    getattr(single, f"{kind}_l0{direction}").data = getattr(self, f"{kind}_l{layer}{direction}").data

    def forward(self, x, states=None):
        """Outputs [T, B, D H] and the last state of each layer, a tuple (h,) or (h, c) of [D, B, H]."""
        last = []
        for layer, single in enumerate(self.layers):
            before = x
            state = None if states is None else states[layer]
            if state is not None:
                state = state if len(state) == 2 else state[0]
            y, state = single(x, state)
            if self.directions == 2 and self.merge != "concat":
                forward, backward = y.chunk(2, dim=-1)
                y = forward + backward if self.merge == "sum" else (forward + backward) / 2
            x = y + before if layer > 0 and self.residual else y
            last.append(state if isinstance(state, tuple) else (state,))
        return x, last


class Attention(nn.Module):
    """Scores of one query against a memory, softmax, weighted sum."""

    def __init__(self, config, query, memory):
        super().__init__()
        self.kind = config["attention"]
        width = config["attention_width"] or config["hidden"]
        self.query = query
        if self.kind in ("additive", "additive_bias"):
            bias = self.kind == "additive_bias"
            self.w_query, self.w_memory = nn.Linear(query, width, bias), nn.Linear(memory, width, bias)
            self.v = nn.Linear(width, 1, bias)
        elif self.kind == "concat":
            self.w, self.v = nn.Linear(query + memory, width, False), nn.Linear(width, 1, False)
        elif self.kind in ("general", "scaled_general"):
            self.w = nn.Linear(memory, query, False)
        elif self.kind not in ("dot", "scaled_dot"):
            refuse("attention", self.kind, ["none", "additive", "additive_bias", "dot", "scaled_dot", "general", "scaled_general", "concat", "multi_head"])

    def forward(self, query, memory):
        """Context [1, K] and weights [S] for a query [1, Q] and a memory [S, K]."""
        if self.kind in ("additive", "additive_bias"):
            scores = self.v(torch.tanh(self.w_query(query) + self.w_memory(memory))).squeeze(1)
        elif self.kind == "concat":
            both = torch.cat([query.expand(len(memory), -1), memory], 1)
            scores = self.v(torch.tanh(self.w(both))).squeeze(1)
        else:
            keys = self.w(memory) if hasattr(self, "w") else memory
            scores = keys @ query[0]
            if self.kind.startswith("scaled"):
                scores = scores / math.sqrt(self.query)
        weights = torch.softmax(scores, 0)
        return weights[None] @ memory, weights


class MultiHead(nn.MultiheadAttention):
    def forward(self, query, memory):
        context, weights = super().forward(query[:, None], memory[:, None], memory[:, None])
        return context[0], weights[0, 0]


class Encoder(nn.Module):
    def __init__(self, config, words):
        super().__init__()
        self.embedding = nn.Embedding(words, config["embedding"])
        self.rnn = recurrent(config, config["embedding"], config["bidirectional"])


class Decoder(nn.Module):
    def __init__(self, config, words, encoder):
        super().__init__()
        c, h, e = config, config["hidden"], config["embedding"]
        memory, directions = encoder.rnn.width, encoder.rnn.directions
        if c["tied"] in ("source_target", "all"):
            object.__setattr__(self, "embedding", encoder.embedding)
        else:
            self.embedding = nn.Embedding(words, e)
        context = memory if c["attention"] != "none" else h * directions
        if c["attention"] == "multi_head":
            if c["attention_width"] not in (0, h):
                refuse("attention_width", c["attention_width"], ["that of the decoder"])
            self.attention = MultiHead(h, c["attention_heads"], kdim=memory, vdim=memory)
            context = h
        elif c["attention"] != "none":
            self.attention = Attention(c, h, memory)
        width = (c["readout_width"] or h) if c["readout"] == "maxout" else h
        extra = context if c["wiring"] == "attend_then_recur" else (width if c["input_feeding"] else 0)
        self.feed_width = width
        self.rnn = recurrent(c, e + extra, False)
        if c["decoder_init"] not in ("zeros", "copy"):
            seen = h if c["decoder_init"] == "backward_tanh" else h * directions
            parts = ["h", "c"] if c["cell"] == "lstm" else ["h"]
            self.bridge = nn.ModuleDict({f"{part}_l{layer}": nn.Linear(seen, h) for layer in range(c["layers"]) for part in parts})
        if c["readout"] == "tanh_context":
            self.combine = nn.Linear(context + h, h, False)
        elif c["readout"] == "maxout":
            self.readout = nn.Linear(context + h + e, 2 * width)
        elif c["readout"] == "residual_norm":
            self.norm = nn.LayerNorm(h, eps=1e-3)
        self.output = nn.Linear(width, words)
        self.tied_output = c["tied"] in ("target_output", "all")


class Translator(nn.Module):
    def __init__(self, config, source, target):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, len(source))
        self.decoder = Decoder(config, len(target), self.encoder)
        self.source_ids = {token: i for i, token in enumerate(source) if i > EOS}
        self.target_ids = {token: i for i, token in enumerate(target) if i > EOS}

    def first_state(self, last):
        c, states = self.config, []
        for layer, state in enumerate(last):
            if c["decoder_init"] == "zeros":
                states.append(tuple(torch.zeros_like(part[:1]) for part in state))
            elif c["decoder_init"] == "copy":
                states.append(tuple(part[:1] for part in state))
            else:
                parts = []
                for name, part in zip("hc", state):
                    seen = part[-1:] if c["decoder_init"] == "backward_tanh" else part
                    joined = seen.transpose(0, 1).flatten(1)
                    mapped = self.decoder.bridge[f"{name}_l{layer}"](joined)
                    parts.append((mapped if c["decoder_init"] == "linear" else torch.tanh(mapped))[None])
                states.append(tuple(parts))
        return states

    def logprob(self, source, target):
        """The log-probability of target tokens and the end token, for source tokens."""
        c, decoder = self.config, self.decoder
        ids = [self.source_ids.get(token, UNK) for token in source]
        ids = (ids[::-1] if c["reverse_source"] else ids) + [EOS]
        embedded = self.encoder.embedding(torch.tensor(ids))[:, None]
        memory, last = self.encoder.rnn(embedded)
        memory, states = memory[:, 0], self.first_state(last)
        ends = last[-1][0].transpose(0, 1).flatten(1)
        look = (lambda query: decoder.attention(query, memory)[0]) if c["attention"] != "none" else (lambda query: ends)
        top = states[-1][0][0]
        feed = torch.zeros(1, decoder.feed_width)
        first = states
        total, fed = 0.0, SOS
        for token in [self.target_ids.get(token, UNK) for token in target] + [EOS]:
            e = decoder.embedding(torch.tensor([fed]))
            parts = [e]
            if c["wiring"] == "attend_then_recur":
                context = look(top)
                parts = [context, e] if c["context_first"] else [e, context]
            elif c["input_feeding"]:
                parts = [e, feed]
            y, states = decoder.rnn(torch.cat(parts, 1)[None], first if c["reset_decoder_state"] else states)
            state = y[0]
            if c["wiring"] != "attend_then_recur":
                context = look(state)
            readout = state
            if c["readout"] == "tanh_context":
                readout = torch.tanh(decoder.combine(torch.cat([context, state], 1)))
            elif c["readout"] == "maxout":
                seen = top if c["readout_state"] == "previous" else state
                pieces = decoder.readout(torch.cat([context, seen, e], 1))
                readout = pieces.view(1, -1, 2).max(2).values
            elif c["readout"] == "residual_norm":
                readout = decoder.norm(state + context)
            top, feed = state, readout
            total += torch.log_softmax(decoder.output(readout), 1)[0, token].item()
            fed = token
        return total


class Language(nn.Module):
    def __init__(self, config, words):
        super().__init__()
        self.embedding = nn.Embedding(words, config["embedding"])
        self.rnn = recurrent(config, config["embedding"], False)
        self.output = nn.Linear(config["hidden"], words)


class LanguageModel(nn.Module):
    def __init__(self, config, target):
        super().__init__()
        self.config = config
        self.language = Language(config, len(target))
        self.target_ids = {token: i for i, token in enumerate(target) if i > EOS}

    def logprob(self, source, target):
        """The log-probability of a line's tokens and the end token."""
        ids = [self.target_ids.get(token, UNK) for token in target] + [EOS]
        y, _ = self.language.rnn(self.language.embedding(torch.tensor([SOS] + ids[:-1]))[:, None])
        rows = torch.log_softmax(self.language.output(y[:, 0]), 1)
        return sum(rows[i, token].item() for i, token in enumerate(ids))


def load(folder):
    """The model of an exported folder, in evaluation mode."""
    read = lambda name: json.load(open(os.path.join(folder, name), encoding="utf-8"))
    config = read("config.json")["config"]
    target = read("target_vocabulary.json")
    if config["task"] == "translation":
        model = Translator(config, read("source_vocabulary.json"), target)
    elif config["task"] == "language_lines":
        model = LanguageModel(config, target)
    else:
        refuse("task", config["task"], ["translation", "language_lines"])
    tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
    if config["task"] == "translation" and model.decoder.tied_output:
        side = "encoder" if config["tied"] == "all" else "decoder"
        tensors["decoder.output.weight"] = tensors[f"{side}.embedding.weight"]
    model.load_state_dict(tensors)
    for module in model.modules():
        if isinstance(module, Recurrent):
            module.sync()
    return model.eval()


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    model = load(sys.argv[1])
    with torch.no_grad(), open(sys.argv[2], encoding="utf-8") if len(sys.argv) == 3 else sys.stdin as lines:
        for line in lines:
            if line.strip():
                pair = json.loads(line)
                print(repr(model.logprob(pair.get("source", []), pair["target"])), flush=True)


if __name__ == "__main__":
    main()
