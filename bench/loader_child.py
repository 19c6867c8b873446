"""Loads some epochs in a process of its own, so that its memory can be watched."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from training.data.clips import ClipPlan
from training.data.dataset import open_training_dataset
from training.data.loader import ClipLoader


def main() -> None:
    """Load; the argument is `bench.loader`'s."""
    wanted = json.loads(sys.argv[1])
    dataset = open_training_dataset(Path(wanted["path"]))
    plan = ClipPlan(dataset, [episode.index for episode in dataset.episodes], window=wanted["window"])
    size = (wanted["side"], wanted["side"])
    with ClipLoader(plan, batch=wanted["batch"], size=size, seed=1, epochs=wanted["epochs"]) as loader:
        clips = sum(len(batch.episode) for batch in loader)
    print(json.dumps({"clips": clips}))


if __name__ == "__main__":
    main()
