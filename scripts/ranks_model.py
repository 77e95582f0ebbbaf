#!/usr/bin/env python3
"""Predicts the training step of several ranks, and prints tables in Markdown.

  scripts/ranks_model.py

A step of R ranks, which share a batch, takes

  T(R) = c / R + o + 2 G (R - 1) / (R B) + 10 (a + 3 us (R - 1))

  c  forward and backward passes of the whole batch on one rank
  o  optimizer and packing of weights, which every rank does
  G  bytes of dense gradients; a reduce-scatter and an all-gather send 2 G (R - 1) / R of them from each rank
  B  bytes per second from one rank to the others
  a  latency of one of about ten exchanges in a step, each of which sends a message to every other rank

c and o are measured with `tui bench --profile NAME --threads 1`, G is what `tui bench --ranks` shows as sent by one
of two ranks. Rows of embeddings are left out: they are a few percent of G.
"""
RANKS = [2, 4, 8, 16, 32, 64, 128, 256]
# Workload: c and o in ms, G in MB. One thread of Zen 4.
WORKLOADS = {
    "pytorch-tutorial": (16.4, 1.96, 2.8),
    "tf-nmt": (851, 48.4, 73.5),
    "luong-small": (372, 12.6, 19.7),
    "rnnsearch-small": (961, 26.2, 41.5),
}
# Network: bytes per second, latency in ms.
NETWORKS = {"1 Gbit/s": (0.118e9, 0.05), "10 Gbit/s": (1.18e9, 0.03), "100 Gbit/s": (11.8e9, 0.005)}
MESSAGE = 0.003
EXCHANGES = 10
# Doubling the ranks pays while it makes a step faster by this factor.
PAYS = 1.3


def step(workload, ranks, network):
    """Milliseconds of a step."""
    compute, own, gradients = WORKLOADS[workload]
    bandwidth, latency = NETWORKS[network]
    sent = 2 * gradients * 1e6 * (ranks - 1) / ranks
    exchange = sent / bandwidth * 1e3 + EXCHANGES * (latency + MESSAGE * (ranks - 1)) if ranks > 1 else 0
    return compute / ranks + own + exchange


def main():
    print("| workload | network | " + " | ".join(map(str, RANKS)) + f" | pays up to |\n|---|---|{'---|' * (len(RANKS) + 1)}")
    for workload in WORKLOADS:
        for network in NETWORKS:
            alone = step(workload, 1, network)
            times = [step(workload, ranks, network) for ranks in [1, *RANKS]]
            gains = [alone / time for time in times[1:]]
            last = 1
            for ranks, before, time in zip(RANKS, times, times[1:]):
                if before / time < PAYS:
                    break
                last = ranks
            row = " | ".join(f"{gain:.1f}" for gain in gains)
            print(f"| `{workload}` | {network} | {row} | {last} |")


if __name__ == "__main__":
    main()
