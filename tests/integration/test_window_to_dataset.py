"""A real window, a gamepad and a keyboard, recorded and converted: what the pictures show is what the actions say.

The window shows which buttons it knows to be held, so a picture is its own witness.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from capture_node.assembly import make_recorder
from capture_node.recorder.capture_profile import load_profile
from capture_node.recorder.settings import InputScope, RecorderSettings
from capture_node.sources.catalogue import SourceRequest, find_source
from capture_node.sources.pattern import PatternReading, read_pattern
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from playloom.recording.session import Session
from playloom.recording.sync_table import read_sync
from tests.support.conversions import VIDEO_KEY
from tests.support.sdl3_pads import VirtualPad, virtual_pad
from tests.support.x_screen import Screen, x_screen
from tests.support.x_windows import KEY_BITS, PatternWindow, pattern_window
from workers.convert import ConvertOptions, convert_sessions

GAME_YAML = """\
game_id: pattern
display_name: Pattern
classes:
  - id: default
    actions:
      - {id: jump, kind: digital}
      - {id: forward, kind: digital}
"""
PROFILE_YAML = """\
game_id: pattern
class_ids: [default]
profile_name: pad and keys
complete: true
actions:
  jump: {bindings: [{type: button, control: south}]}
  forward: {bindings: [{type: key, control: w}]}
"""
JUMP_BIT, FORWARD_BIT = 5, KEY_BITS["w"]
PRESSES = 6
ATTEMPTS = 4  # a machine that is busy with something else draws late


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen() as screen:
        yield screen


def test_frames_and_actions_of_the_dataset_agree_to_within_one_frame(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    with virtual_pad() as pad, pattern_window(screen, size=(1280, 720), at=(0, 0)) as window:
        delays: list[int] = []
        for attempt in range(ATTEMPTS):
            directory = tmp_path / str(attempt)
            session = record_play(screen, window, pad, directory / "sessions")
            pictures_are_never_newer_than_their_times(session)
            shown, actions = convert_and_read(directory)
            delays = [*delays_of(shown[:, 0], actions[:, 0]), *delays_of(shown[:, 1], actions[:, 1])]
            assert min(delays, default=0) >= 0, "a picture shows what is not done yet"
            if len(delays) == 4 * PRESSES and statistics.median(delays) <= 1:
                return
    raise AssertionError(f"pictures are late by {delays} frames")


def record_play(screen: Screen, window: PatternWindow, pad: VirtualPad, root: Path) -> Session:
    settings = RecorderSettings(
        root=root,
        profile=load_profile("training"),
        game_id="pattern",
        profile_name="pad and keys",
        input_scope=InputScope.FOCUS,
        disk_reserve_bytes=0,
    )
    window.focus()
    recorder = make_recorder(find_source(SourceRequest(window="pattern")), settings)
    recorder.start()
    time.sleep(0.5)
    for press in range(PRESSES):
        pad.press("south")
        window.say(f"pressed {1 << JUMP_BIT}")
        time.sleep(0.12 + press * 0.007)
        screen.type("keydown", "w")
        time.sleep(0.12)
        pad.release("south")
        window.say("pressed 0")
        time.sleep(0.12)
        screen.type("keyup", "w")
        time.sleep(0.12)
    time.sleep(0.3)
    (session,) = recorder.stop()
    return session


def pictures_are_never_newer_than_their_times(session: Session) -> None:
    table, _ = read_sync(session.sync_path)
    readings = read_video(session.video_path)
    assert len(readings) == len(table.monotonic_ns) > 0
    numbers = [reading.number for reading in readings]
    assert numbers == sorted(numbers)
    for reading, time_ns in zip(readings, table.monotonic_ns, strict=True):
        assert reading.clock_ns <= time_ns


def read_video(path: Path) -> list[PatternReading]:
    readings: list[PatternReading] = []
    with av.open(str(path), "r") as video:
        for frame in video.decode(video=0):
            reading = read_pattern(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8))
            assert reading is not None, f"frame {len(readings)} cannot be read"
            readings.append(reading)
    return readings


def convert_and_read(directory: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the dataset's pictures show and what its actions say: jump and forward, for each frame."""
    (directory / "game.yaml").write_text(GAME_YAML)
    (directory / "profile.yaml").write_text(PROFILE_YAML)
    game = load_game_definition(directory / "game.yaml")
    convert_sessions(
        ConvertOptions(
            session_root=directory / "sessions",
            game=game,
            profiles=(load_mapping_profile(directory / "profile.yaml", game),),
            output_root=directory / "dataset",
            repo_id="local/pattern",
            task="show what is held",
            jobs=1,
        )
    )
    info = json.loads((directory / "dataset/meta/info.json").read_text())
    assert info["total_episodes"] == 1
    (data,) = (directory / "dataset/data").rglob("*.parquet")
    (video,) = (directory / "dataset/videos" / VIDEO_KEY).rglob("*.mp4")
    pressed = np.array([reading.pressed for reading in read_video(video)])
    actions = np.array(pq.read_table(data)["action"].to_pylist())
    return np.stack([pressed >> JUMP_BIT & 1, pressed >> FORWARD_BIT & 1], axis=1), actions


def delays_of(shown: np.ndarray, said: np.ndarray) -> list[int]:
    """By how many frames each press and release is shown later than the actions say."""
    changes_shown = np.flatnonzero(np.diff(shown))
    changes_said = np.flatnonzero(np.diff(said > 0.5))
    if len(changes_shown) != len(changes_said):
        return []  # one was too short to be drawn
    return (changes_shown - changes_said).tolist()
