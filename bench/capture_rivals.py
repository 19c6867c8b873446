"""Three recorders of one window with the same encoder settings, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil
from numpy.typing import NDArray

from capture_node.sources.pattern import read_pattern
from playloom.recording.sync_table import read_sync
from tests.support.sdl3_pads import SDL3_LIBRARY
from tests.support.x_screen import Screen

FPS = 60
CRF, PRESET, THREADS = 23, "veryfast", 2
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}
TITLE = "Bench"

_PROFILE = f"""\
name: bench
fps: {FPS}
crf: {CRF}
preset: {PRESET}
keyframe_interval: {FPS}
threads: {THREADS}
encoders: [libx264]
"""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a recorder made of the window, and what that cost.

    Attributes:
        frames: in the video.
        pictures: of the window that can be told apart in the video; None where nobody looked.
        cpu_s: of the recorder's process from its start to its end, all of its threads.
        server_cpu_s: that the X server spent in the meantime.
        intervals_ms: from frame to frame, as the recorder timed them.
    """

    frames: int
    pictures: int | None
    cpu_s: float
    server_cpu_s: float
    intervals_ms: NDArray[np.float64]

    @property
    def interval_p99_ms(self) -> float:
        return float(np.percentile(self.intervals_ms, 99))


type Rival = Callable[[Screen, tuple[int, int], float, Path], Recording]
"""Records the window at the screen's upper left corner, of this size, for so many seconds, into this directory."""


def record_with_playloom(
    screen: Screen, size: tuple[int, int], seconds: float, directory: Path, *, title: str = TITLE
) -> Recording:
    """``playloom record`` of a window with keyboard, mouse and gamepads, as a player starts it."""
    del size
    profile = directory / "bench.yaml"
    profile.write_text(_PROFILE)
    command = ["record", str(directory), "ours", "--window", title, "--profile", str(profile)]
    cost = run(playloom(*command, "--seconds", str(seconds)), screen, node_environment(screen, directory))
    session = directory / "ours"
    table, _ = read_sync(session / "sync.csv")
    return _recording(session / "capture.mp4", table.monotonic_ns, cost)


def record_with_ffmpeg(screen: Screen, size: tuple[int, int], seconds: float, directory: Path) -> Recording:
    """The command that one finds everywhere, without the loss of frames that its default rounding of times costs."""
    video = directory / "ffmpeg.mp4"
    grab = f"-f x11grab -framerate {FPS} -draw_mouse 0 -video_size {size[0]}x{size[1]}"
    encode = f"-c:v libx264 -preset {PRESET} -crf {CRF} -g {FPS} -bf 0 -threads {THREADS} -pix_fmt yuv420p"
    times = "-vsync passthrough -enc_time_base 1:90000"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", *grab.split(), "-i", f"{screen.display}+0,0"]
    command += ["-t", str(seconds), *encode.split(), *times.split()]
    command += [word for name, value in FRAGMENTED.items() for word in (f"-{name}", value)]
    cost = run([*command, str(video)], screen, screen.environment)
    return _recording(video, _packet_times_ns(video), cost)


def record_naively(screen: Screen, size: tuple[int, int], seconds: float, directory: Path) -> Recording:
    """mss and PyAV in one loop, as everyone writes it first."""
    video = directory / "naive.mp4"
    words = [str(video), str(size[0]), str(size[1]), str(seconds)]
    cost = run([sys.executable, "-m", "bench.capture_naive", *words], screen, screen.environment)
    return _recording(video, _packet_times_ns(video), cost)


RIVALS: Mapping[str, Rival] = {
    "ffmpeg": record_with_ffmpeg,
    "ours": record_with_playloom,
    "naive": record_naively,
}


def playloom(*arguments: str) -> list[str]:
    """A command line."""
    return [sys.executable, "-m", "playloom", *arguments]


def node_environment(screen: Screen, home: Path) -> dict[str, str]:
    """A machine with gamepads' library, and nobody's settings."""
    return screen.environment | {
        "PLAYLOOM_HOME": str(home / "home"),
        "PLAYLOOM_SDL3": str(SDL3_LIBRARY),
        "PYTHONUNBUFFERED": "1",
    }


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU seconds of a process, and of the X server while it ran."""

    cpu_s: float
    server_cpu_s: float


def run(command: Sequence[str], screen: Screen, environment: Mapping[str, str]) -> Cost:
    """Run a recorder to its end.

    Raises:
        subprocess.CalledProcessError: it failed; its output is attached.
    """
    server = psutil.Process(screen.server.pid)
    before_s = sum(server.cpu_times()[:2])
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command), said)
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, server_cpu_s=sum(server.cpu_times()[:2]) - before_s)


def pictures_in(video: Path) -> int:
    """How many different pictures of the pattern a video shows."""
    seen: set[int] = set()
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            reading = read_pattern(luma(frame))
            if reading is not None:
                seen.add(reading.number)
    return len(seen)


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame's first plane, to read the pattern from."""
    plane = frame.planes[0]
    pixels = np.frombuffer(plane, np.uint8)
    return pixels.reshape(plane.height, plane.line_size)[:, : plane.width]


def _recording(video: Path, times_ns: NDArray[np.int64], cost: Cost) -> Recording:
    return Recording(
        frames=len(times_ns),
        pictures=pictures_in(video),
        cpu_s=cost.cpu_s,
        server_cpu_s=cost.server_cpu_s,
        intervals_ms=np.diff(times_ns) / 1e6,
    )


def _packet_times_ns(video: Path) -> NDArray[np.int64]:
    times_ns: list[int] = []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.pts is not None and stream.time_base is not None:
                times_ns.append(round(packet.pts * stream.time_base * 1_000_000_000))
    return np.array(sorted(times_ns), np.int64)
