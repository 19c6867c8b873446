"""`playloom import owamcap` on recordings made to the format guide of Open World Agents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import CompressionType

from playloom.controls import KEYS
from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.session import Session, open_session
from playloom.recording.sync_table import read_sync
from tests.support.dataset_videos import numbers_shown
from tests.support.importing import run_playloom
from tests.support.importing.owamcap import (
    FRAME_NS,
    UTC_NS,
    Logged,
    key,
    keys_held,
    mouse,
    raw_mouse,
    screens,
    window,
    write_mcap,
    write_mkv,
)

W, SHIFT, LSHIFT = 0x57, 0x10, 0xA0
LEFT_DOWN, LEFT_UP, WHEEL = 0x0001, 0x0002, 0x0400


def imported(root: Path, output: Path, *options: str) -> tuple[Session, dict[str, Any]]:
    done = run_playloom("import", "owamcap", root, "-o", output, "--json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    [one] = json.loads(done.stdout)["imported"]
    return open_session(Path(one["path"])), one


def refused(root: Path, output: Path) -> str:
    done = run_playloom("import", "owamcap", root, "-o", output, "--json")
    assert done.returncode == 1
    [reason] = json.loads(done.stdout)["failed"].values()
    return reason


def held(session: Session) -> InputTable:
    table, damage = read_inputs(session.inputs_path)
    assert damage == []
    return table


def at(table: InputTable, at_ns: int) -> InputTable:
    row = int(np.searchsorted(table.monotonic_ns, UTC_NS + at_ns, side="right")) - 1
    return table[row : row + 1]


def in_order(*messages: Logged) -> list[Logged]:
    return sorted(messages, key=lambda message: message.at_ns)


def recording(directory: Path, *events: Logged, frames: int = 60, name: str = "play", **mcap: Any) -> Path:
    write_mkv(directory / f"{name}.mkv", frames)
    return write_mcap(directory / f"{name}.mcap", in_order(*screens(f"{name}.mkv", range(frames)), *events), **mcap)


@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.LZ4, CompressionType.NONE])
def test_a_recording_becomes_a_session_on_the_calendars_clock(tmp_path: Path, compression: CompressionType) -> None:
    recording(
        tmp_path / "raw",
        window(0, "My Game"),
        key(100_000_000, "press", W),
        key(150_000_000, "press", W),
        raw_mouse(200_000_000, 15, -10),
        raw_mouse(210_000_000, flags=LEFT_DOWN),
        key(300_000_000, "release", W),
        raw_mouse(310_000_000, flags=LEFT_UP),
        raw_mouse(320_000_000, flags=WHEEL, data=65536 - 240),
        compression=compression,
    )
    session, one = imported(tmp_path / "raw", tmp_path / "sessions", "--player", "ada")
    table = held(session)
    assert at(table, 110_000_000).key_held(KEYS["w"]).tolist() == [True]
    assert at(table, 301_000_000).key_held(KEYS["w"]).tolist() == [False]
    assert at(table, 200_000_000).mouse_motion.tolist() == [[15.0, -10.0]]
    assert [at(table, time).mouse_button_held(1)[0] for time in (209_000_000, 211_000_000, 311_000_000)] == [
        False, True, False,
    ]  # fmt: skip
    assert at(table, 320_000_000).wheel.tolist() == [[0.0, -2.0]]
    sync, _ = read_sync(session.sync_path)
    assert sync.monotonic_ns.tolist() == [UTC_NS + number * FRAME_NS for number in range(60)]
    assert numbers_shown(session.video_path, 60) == list(range(60))
    assert session.info is not None
    assert (session.info.window, session.info.player, session.info.encoder) == ("My Game", "ada", None)
    assert one["faults"] == []


def test_hevc_is_encoded_anew(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 30, codec="libx265")
    write_mcap(tmp_path / "raw/play.mcap", screens("play.mkv", range(30)))
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    assert "the video is encoded anew: its codec is hevc" in one["notes"]
    assert numbers_shown(session.video_path, 60) == list(range(30))


def test_frames_that_no_message_tells_of_get_their_times_from_their_neighbours(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 40, first_pts_ns=500_000_000)
    told = [number for number in range(40) if number not in (0, 7, 8, 9, 39)]
    write_mcap(tmp_path / "raw/play.mcap", screens("play.mkv", told, first_pts_ns=500_000_000))
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    times = read_sync(session.sync_path)[0].monotonic_ns - UTC_NS
    assert np.abs(times - np.arange(40) * FRAME_NS).max() <= 1_000_000
    assert one["faults"] == []


def test_moments_counted_from_the_first_frame_are_understood_too(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 40, first_pts_ns=5_000_000_000)
    write_mcap(tmp_path / "raw/play.mcap", screens("play.mkv", range(40)))
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions")
    assert (read_sync(session.sync_path)[0].monotonic_ns - UTC_NS).tolist() == [n * FRAME_NS for n in range(40)]


def test_a_video_of_something_else_is_refused(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 10)
    write_mcap(tmp_path / "raw/play.mcap", screens("play.mkv", range(100, 140)))
    assert "names moments that its video play.mkv does not have" in refused(tmp_path / "raw", tmp_path / "sessions")


def test_messages_that_overtook_each_other_are_put_in_order(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 60)
    late = [*screens("play.mkv", range(60)), key(300_000_000, "release", W), key(100_000_000, "press", W)]
    write_mcap(tmp_path / "raw/play.mcap", late, chunk_bytes=200)
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert [at(table, time).key_held(KEYS["w"])[0] for time in (200_000_000, 400_000_000)] == [True, False]


def test_states_tell_what_is_held_first_and_what_nobody_holds_any_more(tmp_path: Path) -> None:
    recording(
        tmp_path / "raw",
        keys_held(0, SHIFT, LSHIFT, 0x01),
        key(100_000_000, "press", W),
        keys_held(200_000_000, W, LSHIFT, SHIFT),
        keys_held(400_000_000, LSHIFT, SHIFT),
        keys_held(600_000_000, LSHIFT, SHIFT),
    )
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert at(table, 1_000_000).key_held(KEYS["left_shift"]).tolist() == [True]
    assert [at(table, time).key_held(KEYS["w"])[0] for time in (500_000_000, 700_000_000)] == [True, False]
    assert "1 keys were let go where the recorder's states lack them" in one["notes"]


def test_without_raw_counts_the_cursors_way_is_the_motion(tmp_path: Path) -> None:
    recording(
        tmp_path / "raw",
        mouse(10_000_000, "move", 100, 200),
        mouse(20_000_000, "move", 110, 190),
        mouse(30_000_000, "click", 110, 190, button="right", pressed=True),
        mouse(40_000_000, "scroll", 110, 190, dx=0, dy=-1),
        mouse(50_000_000, "click", 110, 190, button="right", pressed=False),
    )
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    table = held(session)
    assert at(table, 20_000_000).mouse_motion.tolist() == [[10.0, -10.0]]
    assert [at(table, time).mouse_button_held(3)[0] for time in (30_000_000, 50_000_000)] == [True, False]
    assert at(table, 40_000_000).wheel.tolist() == [[0.0, -1.0]]
    assert "mouse motion is the cursor's, in pixels: the mouse's own counts were not recorded" in one["notes"]


def test_gamepads_are_read_by_sdls_names(tmp_path: Path) -> None:
    def pad(at_ns: int, **content: Any) -> Logged:
        content = {"gamepad_type": "GAMEPAD_TYPE_XBOX360", **content}
        return Logged(topic="gamepad", at_ns=at_ns, schema="desktop/GamepadEvent", content=content)

    recording(
        tmp_path / "raw",
        pad(10_000_000, event_type="button", button="GAMEPAD_BUTTON_DPAD_LEFT", pressed=True),
        pad(20_000_000, event_type="axis", axis="GAMEPAD_AXIS_RIGHT_Y", value=-0.5),
    )
    table = held(imported(tmp_path / "raw", tmp_path / "sessions")[0])
    assert at(table, 20_000_000).button_held(13).tolist() == [True]
    assert at(table, 20_000_000).axes.tolist() == [[0.0, 0.0, 0.0, -0.5, 0.0, 0.0]]


def test_what_is_done_in_other_windows_is_left_out_if_one_is_named(tmp_path: Path) -> None:
    recording(
        tmp_path / "raw",
        window(0, "My Game – level 1"),
        key(100_000_000, "press", W),
        window(300_000_000, "Bank login"),
        key(400_000_000, "press", 0x31),
        key(450_000_000, "release", W),
        window(600_000_000, "my game – level 2"),
        key(700_000_000, "press", 0x32),
    )
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions", "--window", "my game")
    table = held(session)
    assert at(table, 299_000_000).key_held(KEYS["w"]).tolist() == [True]
    assert at(table, 300_000_000).key_held(KEYS["w"]).tolist() == [False]
    assert not any(table.key_held(KEYS["1"]))
    assert at(table, 700_000_000).key_held(KEYS["2"]).tolist() == [True]
    assert session.info is not None
    assert [(mark.kind, mark.begin_ns - UTC_NS, (mark.end_ns or 0) - UTC_NS) for mark in session.info.marks] == [
        ("pause", 300_000_000, 600_000_000)
    ]


def test_older_recordings_that_name_path_and_pts_are_read(tmp_path: Path) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 20)
    messages = [
        Logged(
            topic="screen",
            at_ns=number * FRAME_NS,
            schema="owa.env.gst.msg.ScreenEmitted",
            content={"path": "play.mkv", "pts": number * FRAME_NS, "utc_ns": UTC_NS + number * FRAME_NS},
        )
        for number in range(20)
    ]
    press = Logged(topic="keyboard", at_ns=5, schema="owa.env.desktop.msg.KeyboardEvent",
                   content={"event_type": "press", "vk": W})  # fmt: skip
    write_mcap(tmp_path / "raw/play.mcap", in_order(*messages, press))
    session, _ = imported(tmp_path / "raw", tmp_path / "sessions")
    assert held(session).key_held(KEYS["w"]).tolist() == [True]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("../other/play.mkv", "is not beside it. Put play.mkv into"),
        ("https://example.com/play.mkv", "its video is at https://example.com/play.mkv. Save it beside the recording"),
        ("data:video/mp4;base64,AAAA", "its video is embedded"),
        ("missing/../../etc/passwd", "is not beside it. Put passwd into"),
    ],
)
def test_a_video_is_looked_for_beside_its_recording_only(tmp_path: Path, uri: str, said: str) -> None:
    write_mkv(tmp_path / "other/play.mkv", 10)
    write_mcap(tmp_path / "raw/recording.mcap", screens(uri, range(10)))
    assert said in refused(tmp_path / "raw", tmp_path / "sessions")


@pytest.mark.parametrize(
    "uri", ["C:\\Users\\ada\\play.mkv", "file:///home/ada/play.mkv", "/home/ada/play.mkv", "old.mkv"]
)
def test_of_another_machines_path_the_name_counts_or_else_the_recordings_own(tmp_path: Path, uri: str) -> None:
    write_mkv(tmp_path / "raw/play.mkv", 10)
    write_mcap(tmp_path / "raw/play.mcap", screens(uri, range(10)))
    imported(tmp_path / "raw", tmp_path / "sessions")


def test_a_file_that_was_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    path = recording(tmp_path / "raw", key(5_000_000, "press", W), chunk_bytes=400)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    session, one = imported(tmp_path / "raw", tmp_path / "sessions")
    assert held(session).key_held(KEYS["w"]).tolist() == [True]
    assert "ends in the middle; what comes before it is read" in one["faults"][0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no MCAP file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is damaged or no MCAP file"),
        (b"\x89MCAP0\r\n" + b"\x06" + (1 << 62).to_bytes(8, "little"), "exceeds limit"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/bad.mcap").write_bytes(content)
    assert said in refused(tmp_path / "raw", tmp_path / "sessions")


def test_a_chunk_that_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path: Path) -> None:
    path = recording(tmp_path / "raw", chunk_bytes=1 << 20)
    content = bytearray(path.read_bytes())
    chunk = content.index(b"\x06", 8 + 9 + 4 + 3)  # behind the header
    while int.from_bytes(content[chunk + 1 : chunk + 9], "little") > len(content):
        chunk = content.index(b"\x06", chunk + 1)
    size_at = chunk + 9 + 16
    content[size_at : size_at + 8] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(content)
    assert "has a chunk of 1099511627776 bytes" in refused(tmp_path / "raw", tmp_path / "sessions")


def test_a_wrong_message_is_named(tmp_path: Path) -> None:
    recording(tmp_path / "raw", Logged(topic="keyboard", at_ns=7, schema="desktop/KeyboardEvent",
                                       content={"event_type": "press", "vk": "W"}))  # fmt: skip
    said = refused(tmp_path / "raw", tmp_path / "sessions")
    assert f"play.mcap, message of keyboard at {UTC_NS + 7}: vk is no whole number" in said
