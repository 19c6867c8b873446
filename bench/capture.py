"""Recording a moving window: frames, CPU, evenness, inputs and their times, and what it costs a game, beside ffmpeg."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bench.capture_game import PACES, game_rows
from bench.capture_inputs import input_rows
from bench.capture_rivals import FPS, RIVALS, TITLE, Recording
from bench.harness import Row, Rows, Settings, figure, main
from tests.support.x_screen import x_screen
from tests.support.x_windows import pattern_window

SIZES = {"720p60": (1280, 720), "1080p60": (1920, 1080)}
SCREEN_MARGIN = 20
_TURNS = 2


def window_rows(name: str, settings: Settings) -> Iterator[Row]:
    """A window of one of the `SIZES` beside the rivals."""
    seconds = 3.0 if settings.quick else 60.0
    has_goals = name == "720p60"
    if has_goals or not settings.quick:
        yield from _rows_of(name, _in_turns(SIZES[name], seconds), seconds, has_goals=has_goals)


PARTS: Mapping[str, Rows] = {
    **{name: partial(window_rows, name) for name in SIZES},
    "inputs": input_rows,
    **{name: partial(game_rows, name) for name in PACES},
}
"""Each within five minutes."""


def _in_turns(size: tuple[int, int], seconds: float) -> dict[str, list[Recording]]:
    """Every recorder's recordings of the same window on the same screen, in two turns one after another."""
    recordings: dict[str, list[Recording]] = {name: [] for name in RIVALS}
    with (
        x_screen((size[0] + SCREEN_MARGIN, size[1] + SCREEN_MARGIN)) as screen,
        pattern_window(screen, title=TITLE, size=size, at=(0, 0), rate=FPS) as window,
    ):
        window.focus()
        for _ in range(_TURNS):
            for name, record in RIVALS.items():
                directory = Path(tempfile.mkdtemp(prefix="playloom-bench-"))
                try:
                    recordings[name].append(record(screen, size, seconds / _TURNS, directory))
                finally:
                    shutil.rmtree(directory)
    return recordings


def _rows_of(name: str, recordings: dict[str, list[Recording]], seconds: float, *, has_goals: bool) -> Iterator[Row]:
    ours, ffmpeg, naive = recordings["ours"], recordings["ffmpeg"], recordings["naive"]
    due = seconds * FPS

    def percent(of: list[Recording]) -> float:
        return 100 * sum(one.frames for one in of) / due

    def goal(value: float) -> float | None:
        return value if has_goals else None

    def beside(text: str) -> str:
        return f"ffmpeg {text}"

    kept, theirs = percent(ours), percent(ffmpeg)
    peer = beside(f"{theirs:.2f} %, naive {percent(naive):.2f} %")
    yield figure(f"{name}: frames kept", kept, "%", peer=peer, at_least=goal(99.0))
    yield figure(f"{name}: frames kept / ffmpeg", kept / theirs, "× peer", peer=peer, at_least=goal(1.0))

    seen = [sum(one.pictures or 0 for one in of) for of in (ours, ffmpeg, naive)]
    peer = beside(f"{seen[1]:,.0f}, naive {seen[2]:,.0f}")
    yield figure(f"{name}: different pictures of the window in the video", seen[0], "pictures", peer=peer)

    cpu = [sum(one.cpu_s for one in of) for of in (ours, ffmpeg, naive)]
    share = [100 * one / seconds for one in cpu]
    peer = beside(f"{share[1]:.1f} %, naive {share[2]:.1f} %")
    yield figure(f"{name}: CPU of the whole node, start and end included", share[0], "% of a core", peer=peer)
    a_frame = [1000 * statistics.mean(one.cpu_s / one.frames for one in of) for of in (ours, ffmpeg, naive)]
    peer = beside(f"{a_frame[1]:.2f} ms, naive {a_frame[2]:.2f} ms")
    yield figure(f"{name}: CPU a frame that was kept", a_frame[0], "ms", peer=peer)
    yield figure(f"{name}: CPU a frame / ffmpeg", a_frame[0] / a_frame[1], "× peer", peer=peer, at_most=goal(1.15))

    server = [100 * sum(one.server_cpu_s for one in of) / seconds for of in (ours, ffmpeg, naive)]
    peer = beside(f"{server[1]:.1f} %, naive {server[2]:.1f} %")
    yield figure(f"{name}: CPU of the X server meanwhile, its painting included", server[0], "% of a core", peer=peer)

    p99 = [statistics.mean(one.interval_p99_ms for one in of) for of in (ours, ffmpeg, naive)]
    peer = beside(f"{p99[1]:.2f} ms, naive {p99[2]:.2f} ms")
    yield figure(f"{name}: interval of frames, p99", p99[0], "ms", peer=peer, at_most=goal(round(p99[1], 2)))


if __name__ == "__main__":
    main("bench.capture", __doc__, PARTS)
