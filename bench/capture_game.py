"""What recording costs a game: VizDoom's own frames with nobody recording, with us, and with ffmpeg.

``python -m bench.capture_game PACE FILE`` plays the game until its input ends, and writes when each frame was done.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.capture_rivals import record_with_ffmpeg, record_with_playloom
from bench.harness import Row, Settings, figure
from tests.support.x_screen import Screen, x_screen

SIZE = (1280, 720)
TITLE = "vizdoom"
PACES = {"game": ("60 a second", 60.0), "fast-game": ("as fast as it can", 0.0)}

_START_S, _END_S = 2.0, 1.0  # of a recording, while its programs load and its files are closed
_PATIENCE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A game's frames while something goes on.

    Attributes:
        intervals_ms: from frame to frame.
    """

    intervals_ms: NDArray[np.float64]

    @property
    def frames_a_second(self) -> float:
        return 1000 / float(self.intervals_ms.mean())

    def percentile_ms(self, percent: float) -> float:
        return float(np.percentile(self.intervals_ms, percent))


def game_rows(part: str, settings: Settings) -> Iterator[Row]:
    """A real game's frames beside recorders of 720p60, at one of the `PACES`."""
    seconds, rounds = (5.0, 1) if settings.quick else (30.0, 2)
    pace, rate = PACES[part]
    turns = _turns(rate, seconds, rounds)
    alone, ours, ffmpeg = turns["alone"], turns["ours"], turns["ffmpeg"]
    name = f"VizDoom 1280x720, {pace}"
    peer = f"ffmpeg {ffmpeg.frames_a_second / alone.frames_a_second:.3f}, alone {alone.frames_a_second:.1f} a second"
    kept = ours.frames_a_second / alone.frames_a_second
    yield figure(f"{name}: its frames a second, recorded / alone", kept, "× alone", peer=peer)
    peer = f"recorded by ffmpeg: {ffmpeg.frames_a_second:.1f} a second"
    beside = ours.frames_a_second / ffmpeg.frames_a_second
    yield figure(f"{name}: its frames a second, recorded by us / by ffmpeg", beside, "× peer", peer=peer)
    for percent in (50, 99):
        value = ours.percentile_ms(percent)
        peer = f"ffmpeg {ffmpeg.percentile_ms(percent):.2f} ms, alone {alone.percentile_ms(percent):.2f} ms"
        yield figure(f"{name}: its interval of frames while recorded, p{percent}", value, "ms", peer=peer)
        ratio = value / alone.percentile_ms(percent)
        peer = f"ffmpeg {ffmpeg.percentile_ms(percent) / alone.percentile_ms(percent):.3f}"
        yield figure(f"{name}: the same / alone, p{percent}", ratio, "× alone", peer=peer)


def _turns(rate: float, seconds: float, rounds: int) -> dict[str, Turn]:
    """The game's frames in turns of each kind, all of them in one run of the game."""
    kinds: dict[str, Callable[[Screen, Path], object]] = {
        "alone": lambda _screen, _directory: time.sleep(seconds),
        "ours": lambda screen, directory: record_with_playloom(screen, SIZE, seconds, directory, title=TITLE),
        "ffmpeg": lambda screen, directory: record_with_ffmpeg(screen, SIZE, seconds, directory),
    }
    spans: dict[str, list[tuple[int, int]]] = {kind: [] for kind in kinds}
    with x_screen(SIZE) as screen, _game(screen, rate) as finish:
        for _ in range(rounds):
            for kind, go_on in kinds.items():
                directory = Path(tempfile.mkdtemp(prefix="playloom-bench-"))
                begin_ns = time.monotonic_ns()
                go_on(screen, directory)
                spans[kind].append((begin_ns + round(_START_S * 1e9), time.monotonic_ns() - round(_END_S * 1e9)))
                shutil.rmtree(directory)
        times_ns = finish()
    return {kind: Turn(intervals_ms=_intervals_ms(times_ns, of_kind)) for kind, of_kind in spans.items()}


def _intervals_ms(times_ns: NDArray[np.int64], spans: list[tuple[int, int]]) -> NDArray[np.float64]:
    inside = [times_ns[(begin_ns <= times_ns) & (times_ns < end_ns)] for begin_ns, end_ns in spans]
    return np.concatenate([np.diff(some) for some in inside]) / 1e6


@contextmanager
def _game(screen: Screen, rate: float) -> Iterator[Callable[[], NDArray[np.int64]]]:
    """The game, played in a window; the call ends it and tells when each frame was done."""
    directory = Path(tempfile.mkdtemp(prefix="playloom-bench-"))
    file = directory / "frames.npy"
    command = [sys.executable, "-m", "bench.capture_game", str(rate), str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=screen.environment)

    def finish() -> NDArray[np.int64]:
        process.communicate(timeout=_PATIENCE_S)
        return np.load(file)

    try:
        screen.type("search", "--sync", "--onlyvisible", "--name", TITLE)
        yield finish
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        shutil.rmtree(directory)


def play(rate: float, file: Path) -> None:
    """Play until there is no more input; at a rate of 0 as fast as it goes."""
    import select

    import vizdoom

    game = vizdoom.DoomGame()
    game.load_config(f"{vizdoom.scenarios_path}/deadly_corridor.cfg")
    game.set_doom_config_path(str(file.with_suffix(".ini")))
    game.set_window_visible(True)
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_1280X720)
    game.set_seed(1)
    game.init()
    actions = np.random.default_rng(1).integers(0, 2, (997, game.get_available_buttons_size())).tolist()
    times_ns: list[int] = []
    due_s = time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        if game.is_episode_finished():
            game.new_episode()
        game.make_action(actions[len(times_ns) % len(actions)])
        if rate:
            due_s = max(due_s + 1 / rate, time.monotonic() - 1 / rate)
            time.sleep(max(0.0, due_s - time.monotonic()))
        times_ns.append(time.monotonic_ns())
    np.save(file, np.array(times_ns, np.int64))
    game.close()


if __name__ == "__main__":
    play(float(sys.argv[1]), Path(sys.argv[2]))
