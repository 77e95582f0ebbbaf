"""Reads the log of a run; the scripts beside this file import it."""
import json
import os

# The numbers of the line of a step, in their order: the fields of `TrainStep` in seq2seq/src/event/step.rs.
STEP = ("step", "epoch", "loss", "learning_rate", "gradient_norm", "clipped_norm", "tokens", "tokens_per_second", "seconds")


def events(run):
    """Yields the events of a run in order, each a dictionary whose key `event` is its kind.

    A step has the names of STEP as keys, whether its line is a list of numbers or, in an older log, an object.
    """
    with open(os.path.join(run, "events.jsonl"), encoding="utf-8") as log:
        for line in log:
            event = json.loads(line)
            if "event" not in event:
                event = {**event, "event": "step", **dict(zip(STEP, event["step"], strict=True))}
            yield event
