"""What a model says of every frame of some episodes, each frame told once, from where it stands best in a window."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from training.data.clips import ClipPlan
from training.data.dataset import GameDataset
from training.data.loader import ClipLoader
from training.evaluation.parts import session_numbers
from training.idm.estimates import estimates
from training.idm.loading import LoadedIdm
from training.idm.spans import say_spans
from training.metrics.rows import Rows, run_numbers

BATCH_CLIPS = 32


def said_rows(
    loaded: LoadedIdm,
    dataset: GameDataset,
    episodes: Sequence[int],
    *,
    batch_clips: int = BATCH_CLIPS,
    workers: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Rows, Rows, dict[str, str]]:
    """Ask a model what was held.

    Windows overlap by half; of a frame that lies in several, what is said nearest to the middle of one is taken. The
    last frame of a window is never taken: no picture after it shows what it did.

    Args:
        loaded: the model.
        dataset: whose play.
        episodes: their numbers.
        batch_clips: windows at a time.
        workers: processes that decode.
        progress: is told clips done, and all of them.

    Returns:
        The rows; the same as the model says them, each row by itself and before it is calibrated; videos that could
        not be read, with the reason.
    """
    window = loaded.config.window
    stride = 1 if loaded.frame_step > 1 else max(1, (window - 1) // 2)
    plan = ClipPlan(dataset, episodes, window=window, stride=stride, frame_step=loaded.frame_step)
    device = next(loaded.model.parameters()).device
    heard: list[tuple[NDArray[np.float32], ...]] = []
    places: list[tuple[NDArray[np.int64], ...]] = []
    distance = np.abs(np.arange(window - 1) - (window - 1) / 2)
    done = 0
    loader = ClipLoader(
        plan, batch=min(batch_clips, len(plan)), size=loaded.config.picture_size, seed=0, workers=workers,
        epochs=1, shuffle=False,
    )  # fmt: skip
    try:
        for batch in loader:
            with torch.inference_mode():
                output = loaded.model(batch.frames.to(device))
                sure = estimates(output, loaded.space, loaded.temperatures, loaded.sureness)
                plain = estimates(output, loaded.space)
            told = (
                batch.actions, sure.values, sure.probabilities, sure.confidence,
                plain.probabilities, plain.confidence,
            )  # fmt: skip
            heard.append(tuple(_flat(one) for one in told))
            count = len(batch.episode)
            places.append(
                (
                    np.repeat(batch.episode.numpy(), window - 1),
                    batch.frame[:, :-1].reshape(-1).numpy().copy(),
                    np.tile(distance * 2, count).astype(np.int64),
                )
            )
            done += count
            if progress is not None:
                progress(done, len(plan))
        corrupt = dict(loader.stats.corrupt)
    finally:
        loader.close()
    episode, frame, off = (np.concatenate(one) for one in zip(*places, strict=True))
    order = np.lexsort((off, frame, episode))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(episode[order]) != 0) | (np.diff(frame[order]) != 0)
    chosen = order[first]
    truth, values, probabilities, confidence, plain_probabilities, plain_confidence = (
        np.concatenate(one)[chosen] for one in zip(*heard, strict=True)
    )
    plain_values = values.copy()
    if loaded.spans is not None:
        number = run_numbers(episode[chosen], frame[chosen])
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
        runs = list(itertools.pairwise(edges))
        say_spans(values, probabilities, confidence, runs, loaded.space, loaded.spans)
    groups = session_numbers(dataset)
    rows = Rows(
        space=loaded.space,
        truth=truth,
        values=values,
        probabilities=probabilities,
        confidence=confidence,
        episode=episode[chosen],
        frame=frame[chosen],
        group=np.array([groups[number] for number in episode[chosen].tolist()], np.int64),
    )
    plain = {"values": plain_values, "probabilities": plain_probabilities, "confidence": plain_confidence}
    return rows, replace(rows, **plain), corrupt


def _flat(told: torch.Tensor) -> NDArray[np.float32]:
    """[B, W, n] to [B * (W - 1), n]."""
    return told[:, :-1].reshape(-1, told.shape[-1]).float().cpu().numpy()
