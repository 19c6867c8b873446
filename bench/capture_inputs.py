"""How truly inputs are recorded: nothing lost, in the file at once, and at the right picture."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil
from numpy.typing import NDArray

from bench.capture_rivals import FPS, TITLE, luma, node_environment, playloom
from bench.harness import Row, Settings, figure, in_fresh_process
from capture_node.sources.pattern import read_pattern
from playloom.controls import KEYS
from playloom.recording.input_stream import read_inputs
from playloom.recording.sync_table import read_sync
from tests.support.x_screen import Screen, x_screen
from tests.support.x_typing import FastHand
from tests.support.x_windows import KEY_BITS, pattern_window

FRAME_MS = 1000 / FPS
SIZE = (1280, 720)
WINDOW_RATE = 120  # a picture of the window is never older than half a frame
_W_KEYCODE = 25
_IN_MODIFY = 0x2
_START_S = 60.0
HELD_S = 0.25  # long enough for a window on a busy machine to show it


def input_rows(settings: Settings) -> Iterator[Row]:
    """All figures of inputs."""
    presses = 10 if settings.quick else 100
    with (
        x_screen((SIZE[0] + 20, SIZE[1] + 20)) as screen,
        pattern_window(screen, title=TITLE, size=SIZE, at=(0, 0), rate=WINDOW_RATE) as window,
    ):
        window.focus()
        hand = FastHand(screen)
        yield from _delay_rows(screen, hand, events=40 if settings.quick else 500)
        yield from _mouse_rows(screen, hand, seconds=1 if settings.quick else 30)
        with recording_of_window(screen) as recording:
            pressed_ns = _press(hand, presses)
            recording.stop()
            said, shown = press_errors_ms(recording.session, pressed_ns, KEY_BITS["w"], "w")
        hand.close()
    yield _p95("time of a key's press in the recording, p95 of its error", said, at_most=None)
    yield _p95("sync error of key and picture, p95", shown, at_most=FRAME_MS)
    of_pad = in_fresh_process("bench.capture_pad_child", {"presses": presses}).result
    yield _p95("sync error of virtual pad and picture, p95", np.array(of_pad["errors_ms"]), at_most=FRAME_MS)


def press_errors_ms(
    session: Path, pressed_ns: list[int], bit: int, key: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far a recording puts presses from when they were made, and from the pictures that show them.

    The window draws its own clock and what is held into each picture, so a frame says when what it shows was so.

    Args:
        session: finished.
        pressed_ns: when the presses were made.
        bit: of the pattern, which the presses set.
        key: whose presses they were; None: the first button of a pad.

    Returns:
        Of each press, the error of its time in actions.bin; and of each press that the window was quick enough to
        show, the error of the time from there to the first frame that shows it, against the time from the press to
        that picture by the picture's own clock.
    """
    table, _ = read_inputs(session / "actions.bin")
    if key is None:
        held = (table.buttons & 1).astype(bool)
    else:
        word, place = divmod(KEYS[key], 64)
        held = (table.keys[:, word] >> np.uint64(place) & np.uint64(1)).astype(bool)
    recorded_ns = table.monotonic_ns[held & ~np.concatenate([[False], held[:-1]])]
    sync, _ = read_sync(session / "sync.csv")
    frames: list[tuple[int, int, bool]] = []
    with av.open(str(session / "capture.mp4")) as container:
        for frame_ns, frame in zip(sync.monotonic_ns.tolist(), container.decode(video=0), strict=True):
            reading = read_pattern(luma(frame))
            if reading is not None:
                frames.append((frame_ns, reading.clock_ns, bool(reading.pressed >> bit & 1)))
    assert len(recorded_ns) == len(pressed_ns), f"{len(recorded_ns)} presses recorded of {len(pressed_ns)}"
    of_times, of_pictures = [], []
    until_ns = [*pressed_ns[1:], pressed_ns[-1] + 1_000_000_000]
    for happened_ns, said_ns, next_ns in zip(pressed_ns, recorded_ns.tolist(), until_ns, strict=True):
        of_times.append(abs(said_ns - happened_ns) / 1e6)
        for frame_ns, clock_ns, shows in frames:
            if shows and happened_ns <= clock_ns < next_ns:
                of_pictures.append(abs((frame_ns - said_ns) - (clock_ns - happened_ns)) / 1e6)
                break
    assert of_pictures, "the window showed no press"
    return np.array(of_times), np.array(of_pictures)


def _delay_rows(screen: Screen, hand: FastHand, *, events: int) -> Iterator[Row]:
    """From the moment before the X server gets an event to the moment when its record is in the file."""
    delays_ms: list[float] = []
    with recording_of_window(screen) as recording, _Changes(recording.session / "actions.bin") as changes:
        for number in range(events):
            time.sleep(random.uniform(0.01, 0.03))
            before_ns = time.monotonic_ns()
            hand.key(_W_KEYCODE, number % 2 == 0)
            hand.flush()
            changes.wait()
            delays_ms.append((time.monotonic_ns() - before_ns) / 1e6)
        recording.stop()
    name = "input event → actions.bin, the X server's part included"
    yield figure(f"{name}, median", float(np.median(delays_ms)), "ms", at_most=1.0)
    yield figure(f"{name}, p95", float(np.percentile(delays_ms, 95)), "ms")


def _mouse_rows(screen: Screen, hand: FastHand, *, seconds: float) -> Iterator[Row]:
    """A mouse of 1 kHz, and the same recording without it."""
    sent = round(seconds * 1000)
    with recording_of_window(screen) as recording:
        without_s = recording.cpu_s()
        time.sleep(seconds)
        begin_cpu_s, begin_s = recording.cpu_s(), time.monotonic()
        without_s = begin_cpu_s - without_s
        for number in range(sent):
            wait_s = begin_s + number / 1000 - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            hand.move(1 if number % 3 else -2, 1)
            hand.flush()
        hand.wait()
        took_s = time.monotonic() - begin_s
        with_s = recording.cpu_s() - begin_cpu_s
        recording.stop()
        table, _ = read_inputs(recording.session / "actions.bin")
    moved = table.mouse_motion[table.mouse_motion.any(axis=1)]
    there_and_back = sum(1 if number % 3 else -2 for number in range(sent))
    assert abs(moved[:, 0].sum() - there_and_back) < 0.5 or len(moved) != sent, "motions were recorded wrong"
    yield figure("1 kHz mouse: motions in actions.bin / sent", len(moved) / sent, "×", at_least=1.0)
    yield figure("1 kHz mouse: motions a second", sent / took_s, "1/s")
    share = max(0.001, 100 * (with_s / took_s - without_s / seconds))
    yield figure("1 kHz mouse: CPU that it costs the node", share, "% of a core")


def _press(hand: FastHand, presses: int) -> list[int]:
    """Press and release a key at any moment of a frame; when."""
    pressed_ns: list[int] = []
    for _ in range(presses):
        time.sleep(random.uniform(0.06, 0.12))
        pressed_ns.append(time.monotonic_ns())
        hand.key(_W_KEYCODE, True)
        hand.flush()
        time.sleep(HELD_S)
        hand.key(_W_KEYCODE, False)
        hand.flush()
    time.sleep(0.2)
    return pressed_ns


def _p95(name: str, errors_ms: NDArray[np.float64], *, at_most: float | None) -> Row:
    limit = f"one frame {FRAME_MS:.1f} ms" if at_most is not None else None
    return figure(name, float(np.percentile(errors_ms, 95)), "ms", limit=limit, at_most=at_most)


@dataclass(frozen=True, kw_only=True)
class RunningRecording:
    """A recording of the window that goes on while something is done to it."""

    session: Path
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """What it has cost until now."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def stop(self) -> None:
        """Ctrl-C, and the end in good order.

        Raises:
            subprocess.CalledProcessError: it did not end so.
        """
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        if self.process.returncode:
            raise subprocess.CalledProcessError(self.process.returncode, self.process.args, said)


@contextlib.contextmanager
def recording_of_window(screen: Screen) -> Iterator[RunningRecording]:
    """``playloom record`` of the window, which has written its first second when the block begins."""
    with tempfile.TemporaryDirectory(prefix="playloom-bench-") as root:
        command = playloom("record", root, "inputs", "--window", TITLE, "--no-hotkeys", "--profile", "training")
        process = subprocess.Popen(
            command,
            env=node_environment(screen, Path(root)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        session = Path(root) / "inputs"
        try:
            _wait_for_video(session / "capture.mp4", process)
            yield RunningRecording(session=session, process=process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()


def _wait_for_video(video: Path, process: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + _START_S
    while not video.is_file() or video.stat().st_size < 2000:  # its first fragment
        if process.poll() is not None or time.monotonic() > deadline_s:
            process.kill()
            raise subprocess.CalledProcessError(process.wait(), process.args, process.communicate()[0])
        time.sleep(0.05)


class _Changes:
    """Tells when a file is written to, without asking again and again (inotify)."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(path), _IN_MODIFY) > 0, ctypes.get_errno()

    def __enter__(self) -> _Changes:
        return self

    def wait(self) -> None:
        """Until something was written since the last call."""
        readable, _, _ = select.select([self._descriptor], [], [], 10)
        assert readable, "the event never came to the file"
        os.read(self._descriptor, 65536)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
