"""Showing a recording again: a session by playing its actions once more, a dataset by its videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capture_node.gym.person import is_key, is_quit, window_aspect
from capture_node.gym.verify import replay
from capture_node.gym.window import GameWindow
from playloom.controls import KEYS
from playloom.environments.catalogue import differences, remake_environment
from playloom.environments.environment import Image
from playloom.environments.spec import read_environment
from playloom.environments.steps import STEPS_FILE, read_steps
from playloom.errors import RecordingError
from playloom.recording.mp4_index import index_video
from playloom.recording.session import check_is_one

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FASTER = frozenset({KEYS["equals"], KEYS["keypad_plus"], KEYS["up"]})
SLOWER = frozenset({KEYS["minus"], KEYS["keypad_minus"], KEYS["down"]})
PAUSE = frozenset({KEYS["space"], KEYS["p"]})
FASTEST_FLIP_FPS = 120.0
"""No screen shows more: at higher speeds pictures are left out."""


@dataclass(frozen=True, kw_only=True)
class Showing:
    """Pictures to show, one after another.

    Attributes:
        title: of the window.
        frames: each picture with the line of text below it.
        width, height: of the pictures.
        aspect: their shape on the screen; None for that of their pixels.
        fps: their own pace.
        notes: what a viewer should know, sentences.
    """

    title: str
    frames: Iterator[tuple[Image, str]]
    width: int
    height: int
    aspect: float | None
    fps: float
    notes: tuple[str, ...] = ()


def is_dataset(path: Path) -> bool:
    return (path / "meta" / "info.json").is_file()


def showing_of(path: Path) -> Showing:
    """What a session or a dataset shows.

    Raises:
        RecordingError: it is neither, or cannot be read.
    """
    return _dataset_showing(path) if is_dataset(path) else _session_showing(path)


def _session_showing(path: Path) -> Showing:
    check_is_one(path)
    spec, _ = read_environment(path)
    steps = read_steps(path / STEPS_FILE)
    environment = remake_environment(spec)
    changes = tuple(differences(spec, environment.spec))

    def frames() -> Iterator[tuple[Image, str]]:
        score = 0.0
        try:
            for step, image, difference in replay(environment, steps):
                if image is not None:
                    line = f"step {step} of {len(steps)}    score {score:g}"
                    yield image, line if difference is None else f"{line}    not as recorded: {difference.what}"
                score += float(steps.reward[step]) if step < len(steps) else 0.0
        finally:
            environment.close()

    return Showing(
        title=f"{path.name} - Playloom",
        frames=frames(),
        width=spec.width,
        height=spec.height,
        aspect=window_aspect(spec),
        fps=spec.steps_per_second,
        notes=changes,
    )


def _dataset_showing(path: Path) -> Showing:
    import av
    from av.error import FFmpegError

    files = sorted((path / "videos").glob("*/chunk-*/file-*.mp4")) if (path / "videos").is_dir() else []
    files = [file for file in files if file.parent.parent == files[0].parent.parent]  # one camera's
    if not files:
        raise RecordingError(path, "is a dataset without videos")
    index = index_video(files[0])
    span_ns = int(index.presentation_ns[-1] - index.presentation_ns[0])
    fps = (len(index.pts) - 1) * 1e9 / span_ns if span_ns else 30.0

    def frames() -> Iterator[tuple[Image, str]]:
        for file in files:
            try:
                with av.open(str(file)) as container:
                    for number, frame in enumerate(container.decode(video=0)):
                        yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), f"{file.name}    frame {number}"
            except FFmpegError as error:
                raise RecordingError(file, f"cannot be decoded: {error}") from error

    return Showing(
        title=f"{path.name} - Playloom", frames=frames(), width=index.width, height=index.height, aspect=None, fps=fps
    )


def run_through(showing: Showing) -> int:
    """Make every picture without showing any; how many there were."""
    return sum(1 for _ in showing.frames)


def show(showing: Showing, fps: float | None) -> int:
    """Show the pictures in a window at their pace, or at ``fps``; how many were shown until the end or Esc.

    Up and Down change the speed, Space pauses.

    Raises:
        PlayloomError: there is no screen.
    """
    pace = fps or showing.fps
    speed = SPEEDS.index(1.0)
    count = 0
    paused = False
    with GameWindow(showing.title, showing.width, showing.height, aspect=showing.aspect) as window:
        for image, line in showing.frames:
            count += 1
            rate = pace * SPEEDS[speed]
            skip = max(1, round(rate / FASTEST_FLIP_FPS))
            if count % skip and not paused:
                continue
            while True:
                state = "paused" if paused else f"x{SPEEDS[speed]:g}"
                window.show(image, f"{line}    {state}    Space pauses, Up and Down change the speed, Esc leaves")
                window.wait_for_tick(min(rate, FASTEST_FLIP_FPS))
                for event in window.events():
                    if is_quit(event):
                        return count
                    if is_key(event, PAUSE):
                        paused = not paused
                    if is_key(event, FASTER):
                        speed = min(speed + 1, len(SPEEDS) - 1)
                    if is_key(event, SLOWER):
                        speed = max(speed - 1, 0)
                if not paused:
                    break
    return count
