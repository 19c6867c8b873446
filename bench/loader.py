"""How fast clips come out of a dataset, beside LeRobotDataset with torchcodec and a bare decode loop.

The dataset is VizDoom play that `playloom convert` made 256x256 (H.264, a keyframe every 30 frames); clips have 8
frames. Ours and LeRobot have two workers each and shuffle. LeRobot is measured as it comes, which is with pictures in
float32, and with its option for uint8, which is what ours are. Ours is timed over an epoch that follows another, so
that what it has decoded ahead is the same at both ends; LeRobot from its first batch on. "Every window" is the set of
samples that LeRobotDataset has: a clip from every frame. "Apart" are clips that share no frame, so that nothing can be
decoded once and used twice: there, too, as many frames must come as the bare loop gives, which decodes the video from
end to end on two threads and makes RGB of it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from bench.doom_sessions import GAME_YAML, PROFILE_YAML, doom_session
from bench.harness import RESULTS_ROOT, Row, Settings, figure, in_fresh_process, in_turns, main

SIDE = 256
WINDOW = 8
WORKERS = 2
BATCH = 16
MIB = 1 << 20


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    logging.getLogger("lerobot").setLevel(logging.ERROR)
    path = doom_dataset(4 if settings.quick else 120)
    rounds = 1 if settings.quick else 3
    bare = 1 / in_turns({"bare": lambda: _decode_all(path)}, rounds)["bare"] * _frames(path)
    for name, stride in (("every window", 1), ("apart", WINDOW)):
        figures: dict[str, float] = {}
        for _ in range(rounds):
            for what, measure in _measures(settings, path, stride).items():
                figures[what] = max(figures.get(what, 0.0), measure())
        peer = f"LeRobotDataset, torchcodec, 2 workers {figures['lerobot']:,.1f} clips/s"
        spared = f"the same with return_uint8 {figures['lerobot in uint8']:,.1f} clips/s"
        yield figure(f"clips, {name}", figures["ours"], "clips/s", peer=peer)
        yield figure(f"clips, {name} / LeRobot", figures["ours"] / figures["lerobot"], "× peer", peer=peer, at_least=5)
        yield figure(
            f"clips, {name} / LeRobot in uint8", figures["ours"] / figures["lerobot in uint8"], "× peer", peer=spared
        )
        yield figure(f"cached clips, {name}", figures["cached"], "clips/s", peer=peer)
        yield figure(
            f"cached clips, {name} / LeRobot", figures["cached"] / figures["lerobot"], "× peer", peer=peer, at_least=100
        )
        yield figure(
            f"cached clips, {name} / LeRobot in uint8",
            figures["cached"] / figures["lerobot in uint8"],
            "× peer",
            peer=spared,
        )
        yield figure(
            f"frames, {name} / decode loop",
            figures["ours"] * WINDOW / bare,
            "× peer",
            peer=f"bare decode loop, 2 threads {bare:,.0f} frames/s",
            at_least=0.8,
        )
    build = in_turns({"build": lambda: _build_cache(path, fresh=True)}, 1)["build"]
    yield figure("cache built", _frames(path) / build, "frames/s", peer=f"bare loop {bare:,.0f} frames/s")
    yield from _memory(settings, path)


def doom_dataset(seconds: int) -> Path:
    """The dataset of this much play, converted now or before."""
    from playloom.game_definition import load_game_definition
    from playloom.mapping_profile import load_mapping_profile
    from workers.convert import ConvertOptions, convert_sessions
    from workers.options import VideoPath

    path = RESULTS_ROOT / "sources" / f"doom-{seconds}s-{SIDE}-dataset"
    if path.exists():
        return path
    session = doom_session(seconds)
    definitions = RESULTS_ROOT / "sources" / "definitions"
    definitions.mkdir(exist_ok=True)
    (definitions / "game.yaml").write_text(GAME_YAML)
    (definitions / "pad.yaml").write_text(PROFILE_YAML)
    game = load_game_definition(definitions / "game.yaml")
    convert_sessions(
        ConvertOptions(
            session_root=session.path, game=game, profiles=(load_mapping_profile(definitions / "pad.yaml", game),),
            output_root=path, repo_id="local/doom", task="Survive", jobs=1, size=(SIDE, SIDE),
            video=VideoPath.TRANSCODE,
        )
    )  # fmt: skip
    return path


def _measures(settings: Settings, path: Path, stride: int) -> dict[str, Callable[[], float]]:
    batches = 4 if settings.quick else 40
    return {
        "ours": lambda: _ours(path, stride, cached=False),
        "cached": lambda: _ours(path, stride, cached=True),
        "lerobot": lambda: _lerobot(path, stride, batches, uint8=False),
        "lerobot in uint8": lambda: _lerobot(path, stride, batches, uint8=True),
    }


def _ours(path: Path, stride: int, *, cached: bool) -> float:
    """Clips a second, over an epoch that follows another."""
    from training.data.clips import ClipPlan
    from training.data.dataset import open_training_dataset
    from training.data.loader import ClipLoader

    dataset = open_training_dataset(path)
    plan = ClipPlan(dataset, [episode.index for episode in dataset.episodes], window=WINDOW, stride=stride)
    cache = _build_cache(path) if cached else None
    epoch = -(-len(plan) // BATCH)
    with ClipLoader(plan, batch=BATCH, size=(SIDE, SIDE), seed=1, workers=WORKERS, cache=cache) as loader:
        return _rate(islice(loader, 2 * epoch), lambda batch: len(batch.episode), skip=epoch)


def _lerobot(path: Path, stride: int, batches: int, *, uint8: bool) -> float:
    """Clips a second that a DataLoader over LeRobotDataset gives, from the first batch on."""
    import torch
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    times = [place / 60 for place in range(WINDOW)]
    dataset: Any = LeRobotDataset(
        "local/doom",
        root=path,
        delta_timestamps={"observation.images.main": times, "action": times},
        video_backend="torchcodec",
        return_uint8=uint8,
    )
    chosen = torch.utils.data.Subset(dataset, list(range(0, len(dataset) - WINDOW, stride)))
    generator = torch.Generator().manual_seed(1)
    loader = torch.utils.data.DataLoader(
        chosen, batch_size=BATCH, shuffle=True, num_workers=WORKERS, generator=generator, prefetch_factor=2
    )
    return _rate(islice(loader, batches), lambda batch: len(batch["index"]))


def _rate(batches: Iterable[Any], size_of: Callable[[Any], int], *, skip: int = 1) -> float:
    """Clips a second from the end of the batch number ``skip`` to the end of the last."""
    begin, clips = 0.0, 0
    for number, batch in enumerate(batches, 1):
        if number > skip:
            clips += size_of(batch)
        elif number == skip:
            begin = time.perf_counter()
    return clips / (time.perf_counter() - begin)


def _decode_all(path: Path) -> None:
    """The loop that PyAV's users write."""
    reformatter = VideoReformatter()
    for video in sorted(path.rglob("*.mp4")):
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            stream.thread_type, stream.codec_context.thread_count = "AUTO", WORKERS
            for frame in container.decode(stream):
                reformatter.reformat(frame, SIDE, SIDE, "rgb24").to_ndarray()


def _build_cache(path: Path, *, fresh: bool = False) -> Any:
    from training.data.cache import build_cache
    from training.data.dataset import open_training_dataset

    dataset = open_training_dataset(path)
    directory = path.with_name(f"{path.name}-cache")
    if fresh:
        shutil.rmtree(directory, ignore_errors=True)
    episodes = [episode.index for episode in dataset.episodes]
    return build_cache(dataset, episodes, (SIDE, SIDE), directory, workers=WORKERS)


def _memory(settings: Settings, path: Path) -> Iterator[Row]:
    """Peak memory of a process that loads, after one epoch and after more of them."""
    peaks = {}
    for epochs in (1, 2):
        arguments = {"path": str(path), "epochs": epochs, "side": SIDE, "window": WINDOW, "batch": BATCH}
        peaks[epochs] = in_fresh_process("bench.loader_child", arguments).peak_bytes / MIB
    yield figure("peak memory, one epoch", peaks[1], "MiB")
    yield figure("peak memory, two epochs / one", peaks[2] / peaks[1], "×", at_most=1.1)


def _frames(path: Path) -> int:
    from training.data.dataset import open_training_dataset

    return int(np.sum([episode.length for episode in open_training_dataset(path).episodes]))


if __name__ == "__main__":
    main("bench.loader", __doc__, rows)
