"""`playloom import vpt` on recordings made to the format that VPT's contractor data is published in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playloom.controls import KEYS
from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import index_video
from playloom.recording.session import Session, open_session
from playloom.recording.sync_table import read_sync
from tests.support.conversions import read_episodes, read_info
from tests.support.dataset_videos import numbers_shown, pictures_in
from tests.support.importing import run_playloom
from tests.support.importing.vpt import FIRST_MS, vpt_line, write_lines, write_vpt_recording
from tests.support.numbered_sessions import NumberedVideo

PROJECT = Path(__file__).parents[2]
START_NS = FIRST_MS * 1_000_000
TICK_NS = 50_000_000


def imported(root: Path, output: Path, *options: str) -> tuple[Session, dict[str, Any]]:
    done = run_playloom("import", "vpt", root, "-o", output, "--json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    [one] = json.loads(done.stdout)["imported"]
    return open_session(Path(one["path"])), one


def held(session: Session) -> InputTable:
    table, damage = read_inputs(session.inputs_path)
    assert damage == []
    return table


def at(table: InputTable, frame: int) -> InputTable:
    """What is in force at a frame."""
    row = int(np.searchsorted(table.monotonic_ns, START_NS + frame * TICK_NS, side="right")) - 1
    return table[row : row + 1]


def test_a_recording_becomes_a_session_of_keys_buttons_and_motion(tmp_path: Path) -> None:
    write_vpt_recording(
        tmp_path / "raw",
        "cheeky-cornflower-setter-02e496ce4abb-20220421-092639",
        {
            3: {"keys": ["key.keyboard.w", "key.keyboard.left.control"]},
            4: {"keys": ["key.keyboard.w"], "dx": 12.5, "dy": -4.0},
            5: {"buttons": [1], "newButtons": [1], "dx": 2.0},
            6: {"buttons": [2], "newButtons": [2]},
        },
    )
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert session.path.name.startswith("cheeky-cornflower-setter-02e496ce4abb-20220421-092639-")
    assert at(table, 3).key_held(KEYS["w"]).tolist() == [True]
    assert at(table, 3).key_held(KEYS["left_ctrl"]).tolist() == [True]
    assert at(table, 4).key_held(KEYS["left_ctrl"]).tolist() == [False]
    assert at(table, 4).mouse_motion.tolist() == [[12.5, -4.0]]
    assert at(table, 5).mouse_button_held(3).tolist() == [True]
    assert at(table, 6).mouse_button_held(2).tolist() == [True]
    assert at(table, 7).mouse_buttons.tolist() == [0]
    assert session.info is not None
    assert (session.info.game_id, session.info.profile_name) == ("minecraft", "vpt")
    assert session.info.clock.started_unix_ns == START_NS
    sync, _ = read_sync(session.sync_path)
    assert sync.monotonic_ns.tolist() == [START_NS + TICK_NS * frame for frame in range(40)]
    assert sync.pts_ns.tolist() == [TICK_NS * frame for frame in range(40)]


def test_video_without_b_frames_is_copied_packet_for_packet(tmp_path: Path) -> None:
    source = write_vpt_recording(tmp_path / "raw", "play", {})
    session, _ = imported(source, tmp_path / "sessions")
    before, after = index_video(source.with_suffix(".mp4")), index_video(session.video_path)
    assert after.size_bytes.tolist() == before.size_bytes.tolist()
    assert numbers_shown(session.video_path, 20) == list(range(40))
    assert session.info is not None
    assert session.info.encoder is None


@pytest.mark.parametrize("video", [NumberedVideo(b_frames=2, movflags="faststart"), NumberedVideo(codec="mpeg4")])
def test_other_video_is_encoded_anew_frame_by_frame(tmp_path: Path, video: NumberedVideo) -> None:
    source = write_vpt_recording(tmp_path / "raw", "play", {}, video=video)
    session, one = imported(source, tmp_path / "sessions")
    assert numbers_shown(session.video_path, 20) == list(range(40))
    assert not index_video(session.video_path).has_b_frames
    assert "the video is encoded anew" in one["notes"][0]


def test_attack_that_is_stuck_from_the_start_is_let_go_until_it_is_pressed(tmp_path: Path) -> None:
    stuck: dict[int, dict[str, Any]] = {frame: {"buttons": [0]} for frame in range(20)}
    stuck[0] = {"buttons": [0], "newButtons": [0]}
    stuck[10] = {"buttons": [0], "newButtons": [0]}
    write_vpt_recording(tmp_path / "raw", "play", stuck)
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert [at(table, frame).mouse_button_held(1).tolist() for frame in (0, 9, 10, 19, 20)] == [
        [False], [False], [True], [True], [False],
    ]  # fmt: skip
    assert "attack was stuck from the first frame on and is let go in 10 frames" in one["notes"]


def test_a_change_of_the_hotbar_presses_the_slots_key_for_one_frame(tmp_path: Path) -> None:
    changes: dict[int, dict[str, Any]] = {frame: {"hotbar": 4} for frame in range(10)}
    changes |= {frame: {"hotbar": 5} for frame in range(10, 20)}
    changes |= {frame: {"hotbar": 0} for frame in range(20, 40)}
    changes[20] = {"hotbar": 0, "keys": ["key.keyboard.1"]}
    write_vpt_recording(tmp_path / "raw", "play", changes)
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    pressed = {slot: [frame for frame in range(40) if at(table, frame).key_held(KEYS[slot])[0]] for slot in "156"}
    assert pressed == {"1": [20], "5": [], "6": [10]}
    assert "1 presses of number keys are derived from changes of the hotbar" in one["notes"]


def test_a_tap_within_a_frame_is_held_in_it(tmp_path: Path) -> None:
    write_vpt_recording(tmp_path / "raw", "play", {7: {"newKeys": ["key.keyboard.e"]}, 9: {"newButtons": [0]}})
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert [at(table, frame).key_held(KEYS["e"])[0] for frame in (6, 7, 8)] == [False, True, False]
    assert [at(table, frame).mouse_button_held(1)[0] for frame in (8, 9, 10)] == [False, True, False]


def test_the_cursor_is_drawn_where_a_menu_is_open_if_that_is_wanted(tmp_path: Path) -> None:
    open_menu = {frame: {"isGuiOpen": True, "x": 320.0, "y": 180.0} for frame in range(10, 20)}
    source = write_vpt_recording(
        tmp_path / "raw", "play", open_menu, video=NumberedVideo(width=640, height=360, options={"crf": "4"})
    )
    plain = pictures_in(source.with_suffix(".mp4")).astype(int)
    session, one = imported(tmp_path / "raw", tmp_path / "drawn", "--draw-cursor", "--crf", "4")
    drawn = pictures_in(session.video_path).astype(int)
    assert "the video is encoded anew: the cursor is drawn into it" in one["notes"]
    tip = (slice(90, 100), slice(160, 166))  # (320, 180) of a window 720 lines high, in a video of 360
    changed = [int(np.abs(drawn[frame][tip] - plain[frame][tip]).max()) for frame in range(40)]
    assert min(changed[10:20]) > 80
    assert max(changed[:10] + changed[20:]) < 40
    undrawn, _ = imported(tmp_path / "raw", tmp_path / "plain")
    assert undrawn.info is not None
    assert undrawn.info.encoder is None


def test_a_gap_of_the_clock_is_kept_and_a_hitch_is_not(tmp_path: Path) -> None:
    late = {frame: {"milli": FIRST_MS + 50 * frame + 300 + 5000 * (frame >= 30)} for frame in range(20, 40)}
    write_vpt_recording(tmp_path / "raw", "play", late)
    session, one = imported(tmp_path / "raw", tmp_path / "ticks")
    steps = np.diff(read_sync(session.sync_path)[0].monotonic_ns) // 1_000_000
    assert steps.tolist() == [50] * 29 + [5050] + [50] * 9
    assert "1 gaps of more than a second are kept as gaps" in one["notes"]
    session, _ = imported(tmp_path / "raw", tmp_path / "clock", "--times", "clock")
    steps = np.diff(read_sync(session.sync_path)[0].monotonic_ns) // 1_000_000
    assert steps.tolist() == [50] * 19 + [350] + [50] * 9 + [5050] + [50] * 9


def test_a_line_too_few_is_a_fault_and_half_of_them_missing_an_error(tmp_path: Path) -> None:
    write_vpt_recording(tmp_path / "one", "play", {}, lines=39)
    session, one = imported(tmp_path / "one", tmp_path / "sessions")
    assert "39 lines and its video 40 frames" in one["faults"][0]
    assert index_video(session.video_path).frames == 39
    write_vpt_recording(tmp_path / "half", "play", {}, lines=20)
    done = run_playloom("import", "vpt", tmp_path / "half", "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "has 20 lines, and its video 40 frames: they do not belong together. Download both again" in done.stdout


def test_a_last_line_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    source = write_vpt_recording(tmp_path / "raw", "play", {})
    source.write_bytes(source.read_bytes()[:-30])
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    assert "line 40: the last line is cut off" in one["faults"][0]
    assert index_video(session.video_path).frames == 39


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keys": "w"}, "line 2, keyboard: keys is no list"),
        ({"dx": float("nan")}, "line 2, mouse: dx is no finite number"),
        ({"dx": "1"}, "line 2, mouse: dx is no number"),
        ({"hotbar": 9}, "line 2: hotbar is 9, not from 0 to 8"),
        ({"milli": -1}, "line 2: milli is -1"),
        ({"mouse": None}, "line 2: mouse is missing"),
    ],
)
def test_a_wrong_line_is_named_and_the_other_recordings_are_imported(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    wrong = write_vpt_recording(tmp_path / "raw", "a-wrong", {}, frames=4)
    write_lines(wrong, [vpt_line(0), {**vpt_line(1, **changes)}, vpt_line(2), vpt_line(3)])
    write_vpt_recording(tmp_path / "raw", "good", {}, frames=4)
    done = run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert [Path(one["source"]).name for one in report["imported"]] == ["good.jsonl"]
    assert said in report["failed"][str(wrong)]


def test_a_recording_without_its_video_says_what_to_download(tmp_path: Path) -> None:
    write_vpt_recording(tmp_path / "raw", "play", {}, frames=4).with_suffix(".mp4").unlink()
    done = run_playloom("import", "vpt", tmp_path / "raw", "-o", tmp_path / "sessions")
    assert "has no video beside it. Download play.mp4 into its directory" in done.stdout


def test_imported_play_converts_to_the_actions_that_were_recorded(tmp_path: Path) -> None:
    write_vpt_recording(
        tmp_path / "raw",
        "play",
        {
            5: {"dx": 20.0, "dy": -10.0, "keys": ["key.keyboard.w"]},
            6: {"buttons": [0], "newButtons": [0]},
            8: {"hotbar": 2},
        },
    )
    imported(tmp_path / "raw", tmp_path / "sessions", "--task", "Chop a tree")
    done = run_playloom(
        "convert", "--session-root", tmp_path / "sessions", "--output-root", tmp_path / "dataset",
        "--repo-id", "local/minecraft", "--game-definition", PROJECT / "examples/games/minecraft.yaml",
        "--action-mapping", PROJECT / "examples/profiles/minecraft-vpt.yaml", "--jobs", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [episode] = read_episodes(tmp_path / "dataset")
    names = read_info(tmp_path / "dataset")["features"]["action"]["names"]
    action = {name: episode.action[:, place] for place, name in enumerate(names)}
    assert action["camera.x"][5] == pytest.approx(3.0)
    assert action["camera.y"][5] == pytest.approx(-1.5)
    assert np.flatnonzero(action["forward"]).tolist() == [5]
    assert np.flatnonzero(action["attack"]).tolist() == [6]
    assert np.flatnonzero(action["hotbar_3"]).tolist() == [8]
    assert episode.numbers == list(range(40))
