"""How fast and in how much memory sessions become a dataset, beside bare loops and stock LeRobot.

The sessions are VizDoom play at 1280x720, 60 frames a second, H.264 of about 8 Mb/s, ten minutes long (two minutes of
play, looped), as the recorder writes them. A conversion is the whole `convert_sessions` call in a process of its own,
start-up left out: aligning, encoding actions, statistics, tables and all. The bare loops write a video and nothing
else. Stock LeRobot writes the same dataset from the same video, fed with pictures that swscale has scaled.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.logging as av_logging
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from bench.doom_sessions import FPS, HEIGHT, WIDTH, doom_session, looped_session, remux
from bench.harness import (
    RESULTS_ROOT,
    ProcessFigures,
    Row,
    Settings,
    figure,
    in_fresh_process,
    in_turns,
    main,
    seconds_of,
)
from playloom.recording.session import VIDEO_FILE, Session

SMALL = 256
"""Pixels along both sides of a picture that a model reads."""

THREADS = 2
"""Of the decoder and of the encoder, ours and the peer's."""

BATCH = 3
"""Sessions that are copied into one dataset: somebody's half hour."""

MIB = 1 << 20


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    logging.getLogger("lerobot").setLevel(logging.ERROR)
    play = doom_session(4 if settings.quick else 120)
    session = looped_session(play, 8 if settings.quick else 600)
    with _directory() as directory:
        yield from _copy_rows(settings, session, directory)
        yield from _memory_rows(settings, play, directory)
        yield from _transcode_rows(settings, session, directory)


def _copy_rows(settings: Settings, session: Session, directory: Path) -> Iterator[Row]:
    batch = _linked(session, directory / "sessions", 1 if settings.quick else BATCH)
    frames = _frames(session) * len(batch)
    ours: list[ProcessFigures] = []

    def remux_all() -> None:
        for place, path in enumerate(batch):
            remux(path / VIDEO_FILE, directory / f"remux-{place}.mp4")

    def copy_all() -> None:
        for place, path in enumerate(batch):
            shutil.copyfile(path / VIDEO_FILE, directory / f"copy-{place}.mp4")

    works = {
        "ours": lambda: ours.append(_convert(directory / "sessions", directory, video="copy")),
        "remux": remux_all,
        "cp": copy_all,
    }
    best = in_turns(works, rounds=1 if settings.quick else 5)
    rate = frames / min(run.result["seconds"] for run in ours)
    _check_readable(directory / "dataset", frames)
    limit = f"cp of the videos {frames / best['cp']:,.0f} frames/s"
    yield figure(f"copy, {len(batch)} sessions", rate, "frames/s", limit=limit)
    yield figure(
        "copy / PyAV remux",
        rate / (frames / best["remux"]),
        "× peer",
        peer=f"bare PyAV remux loop {frames / best['remux']:,.0f} frames/s",
        limit=limit,
        at_least=0.6,
    )
    stock = _stock_lerobot_rate(session, None, 16 if settings.quick else 150)
    yield figure(
        "copy / LeRobot",
        rate / stock,
        "× peer",
        peer=f"stock LeRobot, 1280x720 H.264 {stock:.1f} frames/s",
        at_least=500,
    )


def _transcode_rows(settings: Settings, session: Session, directory: Path) -> Iterator[Row]:
    frames = _frames(session)
    ours: list[ProcessFigures] = []
    size = (SMALL, SMALL)
    works = {
        "ours": lambda: ours.append(
            _convert(session.path, directory, video="transcode", size=size, threads=THREADS, jobs=1)
        ),
        "loop": lambda: _bare_transcode(session.video_path, directory / "loop.mp4"),
    }
    best = in_turns(works, rounds=1 if settings.quick else 2)
    rate = frames / min(run.result["seconds"] for run in ours)
    _check_readable(directory / "dataset", frames)
    yield figure("transcode to 256x256", rate, "frames/s")
    yield figure(
        "transcode / PyAV loop",
        rate / (frames / best["loop"]),
        "× peer",
        peer=f"bare decode, swscale, x264 loop, {THREADS} threads {frames / best['loop']:,.0f} frames/s",
        at_least=0.9,
    )
    stock = _stock_lerobot_rate(session, SMALL, 60 if settings.quick else 600)
    yield figure(
        "transcode / LeRobot",
        rate / stock,
        "× peer",
        peer=f"stock LeRobot, 256x256 H.264 {stock:.1f} frames/s",
        at_least=5,
    )
    yield figure("peak memory, transcoding", max(run.peak_bytes for run in ours) / MIB, "MiB", at_most=500)


def _memory_rows(settings: Settings, play: Session, directory: Path) -> Iterator[Row]:
    for minutes in (1, 5) if settings.quick else (1, 60):
        run = _convert(looped_session(play, 60 * minutes).path, directory, video="copy")
        yield figure(f"peak memory, copying {minutes} min", run.peak_bytes / MIB, "MiB", at_most=500)


def _linked(session: Session, root: Path, count: int) -> list[Path]:
    """A directory of sessions with the same files."""
    paths = [root / f"session-{place}" for place in range(count)]
    for path in paths:
        shutil.copytree(session.path, path, copy_function=os.link)
    return paths


def _convert(sessions: Path, directory: Path, **options: object) -> ProcessFigures:
    """Convert the sessions into a new dataset."""
    output = directory / "dataset"
    shutil.rmtree(output, ignore_errors=True)
    return in_fresh_process("bench.convert_child", {"sessions": str(sessions), "output": str(output), **options})


def _bare_transcode(source: Path, output: Path) -> None:
    """Decode, scale and encode with our settings, and nothing else."""
    options = {"preset": "veryfast", "crf": "23", "g": "30", "bf": "0"}
    scaler = VideoReformatter()
    with av.open(str(source)) as incoming, av.open(str(output), "w") as outgoing:
        decoder = incoming.streams.video[0]
        decoder.thread_type, decoder.codec_context.thread_count = "AUTO", THREADS
        encoder = outgoing.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(encoder, av.VideoStream)
        encoder.width, encoder.height, encoder.pix_fmt = SMALL, SMALL, "yuv420p"
        encoder.codec_context.thread_count, encoder.codec_context.thread_type = THREADS, "AUTO"
        for number, frame in enumerate(incoming.decode(decoder)):
            picture = scaler.reformat(frame, SMALL, SMALL, "yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            picture.pict_type = PictureType.NONE
            outgoing.mux(encoder.encode(picture))
        outgoing.mux(encoder.encode(None))


def _stock_lerobot_rate(session: Session, side: int | None, frames: int) -> float:
    """Frames a second that LeRobot's own writer makes of the first frames of a session."""
    import lerobot.datasets.lerobot_dataset  # noqa: F401  (start-up)

    with _directory() as directory:
        root = directory / "dataset"
        return frames / seconds_of(lambda: _write_with_lerobot(session.video_path, side, frames, root))


def _write_with_lerobot(video: Path, side: int | None, frames: int, root: Path) -> None:
    """What stock LeRobot asks for: decode, scale, and hand over one picture after another."""
    from lerobot.configs.video import RGBEncoderConfig
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    av_logging.set_libav_level(av_logging.ERROR)  # LeRobot turns FFmpeg's messages on
    shape = (side or HEIGHT, side or WIDTH, 3)
    features = {
        "observation.images.main": {"dtype": "video", "shape": shape, "names": ["height", "width", "channels"]},
        "action": {"dtype": "float32", "shape": (10,), "names": [f"a{k}" for k in range(10)]},
        "controller": {"dtype": "float32", "shape": (27,), "names": [f"c{k}" for k in range(27)]},
    }
    encoder = RGBEncoderConfig(vcodec="h264", g=30, crf=23, preset="veryfast")
    dataset = LeRobotDataset.create("local/stock", FPS, features, root=root, rgb_encoder=encoder)
    action, controller = np.zeros(10, np.float32), np.zeros(27, np.float32)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
        for frame in islice(container.decode(stream), frames):
            picture = frame.to_ndarray(format="rgb24", width=shape[1], height=shape[0])
            dataset.add_frame(
                {
                    "observation.images.main": picture,
                    "action": action,
                    "controller": controller,
                    "task": "Survive",
                }
            )
    dataset.save_episode()
    dataset.finalize()


def _check_readable(root: Path, frames: int) -> None:
    """The dataset is whole: LeRobot opens it and decodes its first and its last frame."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset: Any = LeRobotDataset("local/doom", root=root)
    assert len(dataset) == frames
    for place in (0, frames - 1):
        assert dataset[place]["observation.images.main"].shape[0] == 3


def _frames(session: Session) -> int:
    return session.sync_path.read_bytes().count(b"\n") - 1


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory beside the sources, so that all read and write on the same disk."""
    RESULTS_ROOT.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=RESULTS_ROOT, prefix=".work-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


if __name__ == "__main__":
    main("bench.convert", __doc__, rows)
