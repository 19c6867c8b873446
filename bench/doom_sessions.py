"""Sessions of real VizDoom play at 1280x720 and 60 frames a second, as sources for benchmarks.

Made once and kept: ten minutes of play take about ten minutes to draw and encode.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from bench.harness import RESULTS_ROOT
from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.recording.mp4_index import index_video
from playloom.recording.mp4_writer import Mp4Writer
from playloom.recording.session import INPUTS_FILE, SYNC_FILE, VIDEO_FILE, Session, open_session
from playloom.recording.sync_table import SYNC_HEADER, encode_sync_row
from playloom.recording.video_encoder import FRAGMENT_US, VideoSettings, frame_time_ns
from playloom.recording.writer import SessionStart, SessionWriter

WIDTH, HEIGHT, FPS = 1280, 720, 60
CRF = 22
"""Gives about 8 Mb/s on this play."""

BUTTONS = ("TURN_LEFT", "TURN_RIGHT", "MOVE_FORWARD", "MOVE_BACKWARD", "MOVE_LEFT", "MOVE_RIGHT", "ATTACK", "USE")
"""Of the game, each on the pad button with the same place in SDL's order."""

GAME_YAML = """\
game_id: doom
display_name: Doom
classes:
  - id: default
    actions:
      - {id: look, kind: vector2}
      - {id: turn_left, kind: digital}
      - {id: turn_right, kind: digital}
      - {id: move_forward, kind: digital}
      - {id: move_backward, kind: digital}
      - {id: strafe_left, kind: digital}
      - {id: strafe_right, kind: digital}
      - {id: attack, kind: digital}
      - {id: use, kind: digital}
"""
PROFILE_YAML = """\
game_id: doom
class_ids: [default]
profile_name: pad
complete: true
actions:
  look: {bindings: [{type: stick, control: right_stick}]}
  turn_left: {bindings: [{type: button, control: south}]}
  turn_right: {bindings: [{type: button, control: east}]}
  move_forward: {bindings: [{type: button, control: west}]}
  move_backward: {bindings: [{type: button, control: north}]}
  strafe_left: {bindings: [{type: button, control: back}]}
  strafe_right: {bindings: [{type: button, control: guide}]}
  attack: {bindings: [{type: button, control: start}]}
  use: {bindings: [{type: button, control: left_stick}]}
"""


def doom_session(seconds: int, *, seed: int = 1, on_second: Callable[[int], None] | None = None) -> Session:
    """A recorded session of this length, from the cache or made now.

    Args:
        seconds: of play.
        seed: of the game and the player.
        on_second: called with each second of play that is recorded.
    """
    root = RESULTS_ROOT / "sources"
    name = f"doom-{seconds}s-seed{seed}"
    if not (root / name).exists():
        making = root / f".{name}"
        shutil.rmtree(making, ignore_errors=True)
        _record(making, seconds, seed, on_second).path.rename(root / name)
        shutil.rmtree(making)
    return open_session(root / name)


def looped_session(source: Session, seconds: int) -> Session:
    """A session of this length in which the play of another one comes again and again: made without an encoder."""
    path = source.path.with_name(f"{source.path.name}-looped-{seconds}s")
    if not path.exists():
        making = path.with_name(f".{path.name}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        frames = seconds * FPS
        _loop_video(source.video_path, making / VIDEO_FILE, frames)
        times_ns = (frame_time_ns(FPS, frame) for frame in range(frames))
        sync = [encode_sync_row(frame, at_ns, at_ns, repeated=False) for frame, at_ns in enumerate(times_ns)]
        (making / SYNC_FILE).write_text(f"{SYNC_HEADER}\n" + "".join(sync))
        with (making / INPUTS_FILE).open("wb") as file:
            for snapshot in _play(seed=0, frames=frames):
                file.write(encode_snapshot(snapshot))
        making.rename(path)
    return open_session(path)


def _loop_video(source: Path, output: Path, frames: int) -> None:
    """Write the packets of a video again and again, in fragments as a recorder does."""
    index = index_video(source)
    with tempfile.TemporaryDirectory(dir=output.parent) as directory:
        plain = Path(directory) / "plain.mp4"
        writer = Mp4Writer(plain, sample_entry=index.sample_entry, width=WIDTH, height=HEIGHT, fps=FPS)
        while writer.frames < frames:
            part = slice(0, min(index.frames, frames - writer.frames))
            positions = writer.frames + np.arange(index.frames)[part]
            writer.add_samples(index.path, index.offset[part], index.size_bytes[part], index.keyframe[part], positions)
        writer.finish()
        movflags = "frag_keyframe+empty_moov+default_base_moof"
        remux(plain, output, {"movflags": movflags, "frag_duration": str(FRAGMENT_US)})


def remux(source: Path, output: Path, options: dict[str, str] | None = None) -> int:
    """The bare packet loop that PyAV's users write; says how many packets."""
    packets = 0
    with av.open(str(source)) as incoming, av.open(str(output), "w", format="mp4", options=options or {}) as outgoing:
        source_stream = incoming.streams.video[0]
        stream = outgoing.add_stream_from_template(source_stream)
        for packet in incoming.demux(source_stream):
            if packet.dts is None:
                continue
            packet.stream = stream
            outgoing.mux(packet)
            packets += 1
    return packets


def _play(seed: int, frames: int) -> Iterator[InputSnapshot]:
    """Somebody who holds a few buttons for a while and never rests the stick."""
    chance = random.Random(seed)
    held: frozenset[int] = frozenset()
    for frame in range(frames):
        if frame % 12 == 0:
            held = frozenset(button for button in range(len(BUTTONS)) if chance.random() < 0.3)
        axes = (0.0, 0.0, chance.uniform(-1, 1), chance.uniform(-1, 1), 0.0, 0.0)
        yield InputSnapshot(monotonic_ns=frame_time_ns(FPS, frame), axes=axes, buttons=held)


def _record(root: Path, seconds: int, seed: int, on_second: Callable[[int], None] | None) -> Session:
    start = SessionStart(source="benchmark", game_id="doom", profile_name="pad", task="Survive")
    video = VideoSettings(width=WIDTH, height=HEIGHT, fps=FPS, crf=CRF, keyframe_interval=2 * FPS)
    writer = SessionWriter.create(root, name="session", start=start, video=video)
    with writer, _Doom(seed) as doom:
        for frame, snapshot in enumerate(_play(seed, seconds * FPS)):
            writer.add_inputs(snapshot)
            writer.add_frame(doom.picture(), snapshot.monotonic_ns)
            doom.act(snapshot.buttons)
            if on_second is not None and frame % FPS == FPS - 1:
                on_second(frame // FPS + 1)
    return writer.finish()


class _Doom:
    """VizDoom's deathmatch arena, one game after another."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> Self:
        import vizdoom

        self._directory = tempfile.TemporaryDirectory(prefix="playloom-bench-")
        self._doom = vizdoom.DoomGame()
        self._doom.load_config(str(Path(vizdoom.scenarios_path) / "deathmatch.cfg"))
        self._doom.set_doom_config_path(str(Path(self._directory.name) / "vizdoom.ini"))
        self._doom.set_available_buttons([getattr(vizdoom.Button, name) for name in BUTTONS])
        self._doom.set_screen_resolution(vizdoom.ScreenResolution.RES_1280X720)
        self._doom.set_screen_format(vizdoom.ScreenFormat.RGB24)
        self._doom.set_window_visible(False)
        self._doom.set_seed(self._seed)
        with contextlib.chdir(self._directory.name):  # the engine leaves a directory where it is started
            self._doom.init()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doom.close()
        self._directory.cleanup()

    def picture(self) -> NDArray[np.uint8]:
        """What is to be seen now, uint8[720, 1280, 3]."""
        if self._doom.is_episode_finished():
            self._doom.new_episode()
        state = self._doom.get_state()
        assert state is not None
        return np.asarray(state.screen_buffer, np.uint8)

    def act(self, buttons: frozenset[int]) -> None:
        """Let one tic pass."""
        self._doom.make_action([button in buttons for button in range(len(BUTTONS))])
