"""Real games: recorded, replayed, compared, damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capture_node.gym.verify import verify_session
from playloom.actions.align import align_inputs
from playloom.actions.layout import layout_of
from playloom.environments.catalogue import find_game, list_games, make_environment
from playloom.environments.definitions import game_definition_of, mapping_profile_of
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import read_environment
from playloom.environments.steps import read_steps
from playloom.errors import OutputError, PlayloomError
from playloom.recording.input_stream import read_input_blocks
from playloom.recording.mp4_index import index_video
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync
from tests.support.gym_play import record, record_one

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))


@pytest.mark.parametrize("game", ["pong", "VizdoomBasic-v0", "Airstriker-Genesis-v0"])
@pytest.mark.parametrize("device", list(InputDevice))
def test_a_recorded_game_replays_exactly(tmp_path: Path, game: str, device: InputDevice) -> None:
    session = record_one(tmp_path, game, steps=250, device=device)
    found = verify_session(session)
    assert found.is_good, found
    steps = read_steps(session / "steps.csv")
    assert found.steps == len(steps) > 100
    assert len(index_video(session / "capture.mp4").pts) == len(steps)
    sync, damage = read_sync(session / "sync.csv")
    assert (len(sync.frame_index), damage) == (len(steps), [])
    assert open_session(session).info is not None


@pytest.mark.parametrize("game", ["pong", "vizdoom-basic", "airstriker"])
@pytest.mark.parametrize("device", list(InputDevice))
def test_what_was_held_gives_by_the_profile_the_actions_that_were_played(
    tmp_path: Path, game: str, device: InputDevice
) -> None:
    session = record_one(tmp_path, game, steps=250, device=device)
    spec, _ = read_environment(session)
    environment = make_environment(find_game(game), EnvironmentSettings(seed=0))
    environment.close()
    definition = game_definition_of(spec)
    profile = mapping_profile_of(spec, load_preset(spec), device, "mine")
    layout = layout_of(definition, profile.class_ids)
    sync, _ = read_sync(session / "sync.csv")
    aligned = align_inputs(read_input_blocks(session / "actions.bin"), sync.monotonic_ns, layout, profile)
    steps = read_steps(session / "steps.csv")
    assert np.any(aligned.action)
    for row, action in zip(aligned.action, steps.actions, strict=True):
        held = {name for name, value in zip(layout.names, row, strict=True) if value}
        assert environment.action_for(held) == action


def pictures(session: Path) -> list[NDArray[np.int16]]:
    """Every frame of the video: int16[height, width, 3]."""
    frames: list[NDArray[np.int16]] = []
    with av.open(str(session / "capture.mp4")) as video:
        frames.extend(frame.to_ndarray(format="rgb24").astype(np.int16) for frame in video.decode(video=0))
    return frames


def test_the_same_seed_gives_the_same_play_in_one_process_or_two(tmp_path: Path) -> None:
    one = record(tmp_path / "one", "pong", agent="scripted", episodes=3, steps=150)
    two = record(tmp_path / "two", "pong", agent="scripted", episodes=3, steps=150, workers=2)
    assert sorted(report.seed for report in two) == [3, 4, 5]
    for report in one:
        assert report.session is not None
        twin = tmp_path / "two" / report.session.name
        for name in ("sync.csv", "actions.bin", "steps.csv", "environment.json"):
            assert (report.session / name).read_bytes() == (twin / name).read_bytes(), name
        # x264 does not promise the same bytes for the same pictures: now and then some pixels differ a little.
        pairs = zip(pictures(report.session), pictures(twin), strict=True)
        assert all(np.abs(one - other).mean() < 0.5 for one, other in pairs)


def test_other_seeds_play_otherwise(tmp_path: Path) -> None:
    first, second = record(tmp_path, "breakout", episodes=2, steps=150)
    assert first.session is not None
    assert second.session is not None
    assert (first.session / "steps.csv").read_bytes() != (second.session / "steps.csv").read_bytes()


def test_settings_are_recorded_and_replayed(tmp_path: Path) -> None:
    settings = {"frame_skip": 4, "sticky_action_probability": 0.25, "mode": 4, "difficulty": 1}
    session = record_one(tmp_path, "breakout", steps=120, settings=settings)
    spec, _ = read_environment(session)
    assert (spec.frame_skip, spec.sticky_action_probability, spec.mode, spec.difficulty) == (4, 0.25, 4, 1)
    assert index_video(session / "capture.mp4").presentation_ns[1] == pytest.approx(1e9 / 15, rel=1e-3)
    assert verify_session(session).is_good


def test_doom_is_drawn_at_the_size_that_was_asked_for(tmp_path: Path) -> None:
    session = record_one(tmp_path, "health_gathering", steps=30, settings={"size": (1280, 720)}, fps=60)
    video = index_video(session / "capture.mp4")
    assert (video.width, video.height) == (1280, 720)
    assert video.presentation_ns[1] == pytest.approx(1e9 / 60, rel=1e-3)
    assert verify_session(session).is_good


def test_a_changed_action_is_found(tmp_path: Path) -> None:
    session = record_one(tmp_path, "pong", steps=150)
    path = session / "steps.csv"
    lines = path.read_text().splitlines()
    cells = lines[101].split(",")
    assert cells[0] == "100"
    cells[1] = "2" if cells[1] != "2" else "3"
    lines[101] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    found = verify_session(session)
    assert found.difference is not None
    assert (found.difference.step, found.difference.what) in ((101, "memory"), (101, "frame"), (102, "frame"))
    assert "steps.csv has been changed since it was recorded" in found.faults


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        (2, "1.0", "reward"),
        (3, "1", "terminated"),
        (5, "0" * 32, "frame"),
        (6, "0" * 32, "memory"),
        (1, "99", "action"),
    ],
)
def test_a_changed_row_is_named_with_what_differs(tmp_path: Path, column: int, value: str, what: str) -> None:
    session = record_one(tmp_path, "pong", steps=60)
    path = session / "steps.csv"
    lines = path.read_text().splitlines()
    cells = lines[41].split(",")
    cells[column] = value
    lines[41] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    difference = verify_session(session).difference
    assert difference is not None
    assert (difference.step, difference.what) == (40, what)


def test_missing_steps_are_found(tmp_path: Path) -> None:
    session = record_one(tmp_path, "pong", steps=60)
    path = session / "steps.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-10]))
    found = verify_session(session)
    assert "steps.csv has 50 steps, 60 were played" in found.faults
    assert "the video has 60 frames, 50 steps were recorded" in found.faults
    assert not found.is_good


def test_another_rom_or_version_is_said(tmp_path: Path) -> None:
    session = record_one(tmp_path, "pong", steps=60)
    path = session / "environment.json"
    content = json.loads(path.read_text())
    content["environment"]["packages"]["ale-py"] = "0.9.0"
    content["environment"]["files"]["pong.bin"] = "00" * 32
    path.write_text(json.dumps(content))
    assert verify_session(session).changes == (
        "recorded with ale-py 0.9.0, replayed with 0.12.1",
        "pong.bin is not the file that was played",
    )


def test_a_session_that_is_there_is_never_recorded_over(tmp_path: Path) -> None:
    session = record_one(tmp_path, "pong", steps=30)
    before = (session / "steps.csv").read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        record(tmp_path, "pong", steps=40, seed=2, episodes=3)
    assert (session / "steps.csv").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("game", "settings", "problem"),
    [
        ("pomg", {}, "there is no game 'pomg'. Did you mean ALE/Pong-v5"),
        ("doom2map01", {}, "VizdoomDoom2MAP01-S3-v0 cannot run here: it needs doom2.wad"),
        ("sonicthehedgehog-genesis", {}, "SonicTheHedgehog-Genesis-v0 cannot run here: it needs its ROM"),
        ("pong", {"mode": 77}, "this game has no mode 77"),
        ("pong", {"size": (320, 240)}, "Atari has no setting 'size'"),
        ("vizdoom-basic", {"sticky_action_probability": 0.25}, "VizDoom has no setting 'sticky action probability'"),
        ("vizdoom-basic", {"size": (641, 480)}, "VizDoom cannot draw 641x480. Near it are 640x480"),
        ("vizdoom-basic", {"difficulty": 6}, "Doom has no skill 6"),
        ("airstriker", {"state": "Level9"}, "Airstriker-Genesis-v0 has no state 'Level9'. It has Level1"),
    ],
)
def test_what_cannot_be_played_is_refused_with_a_reason(
    tmp_path: Path, game: str, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(EnvironmentChoiceError) as error:
        record(tmp_path, game, settings=settings)
    assert problem in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_game_without_a_scripted_agent_says_who_can_play_it(tmp_path: Path) -> None:
    with pytest.raises(PlayloomError, match="no scripted agent plays ALE/Boxing-v5"):
        record(tmp_path, "boxing", agent="scripted")


def test_games_are_known_by_many_names() -> None:
    for name in ("ALE/Pong-v5", "pong", "PONG", "atari-pong", "PongNoFrameskip-v4"):
        assert find_game(name).environment_id == "ALE/Pong-v5"
    for name in ("VizdoomBasic-v0", "vizdoom-basic", "VizdoomBasic-MultiBinary-v1"):
        assert find_game(name).game_id == "vizdoom-basic"
    assert find_game("airstriker").game_id == "retro-airstriker"
    assert len({game.environment_id for game in list_games()}) == len(list_games()) > 1000


def test_all_of_a_joystick_combines() -> None:
    environment = make_environment(find_game("boxing"), EnvironmentSettings(seed=0))
    meanings = environment.spec.action_meanings
    wanted = {
        frozenset[str](): "NOOP",
        frozenset({"up", "right", "fire"}): "UPRIGHTFIRE",
        frozenset({"left", "right", "down"}): "DOWN",
        frozenset({"up", "down", "left", "right"}): "NOOP",
    }
    for held, meaning in wanted.items():
        action = environment.action_for(held)
        assert isinstance(action, int)
        assert meanings[action] == meaning
    environment.close()


def test_ctrl_c_keeps_what_was_played(tmp_path: Path) -> None:
    command = [PLAYLOOM, "gym", "record", "health_gathering", "--headless", "--agent", "scripted", "--episodes", "50"]
    with subprocess.Popen(
        [*command, "-o", str(tmp_path), "--seed", "1", "--size", "160x120"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            second = tmp_path / "vizdoom-health-gathering-scripted-2" / "sync.csv"
            deadline_s = time.monotonic() + 90
            while not second.exists() or second.stat().st_size < 100:
                assert time.monotonic() < deadline_s
                assert process.poll() is None
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the game's engine gets it too
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "vizdoom-health-gathering-scripted-1: 2100 steps" in output
    assert "Stopped; what is listed above is kept." in output
    for session in tmp_path.iterdir():
        assert verify_session(session).is_good
