"""session.json: what is written reads back, and every wrong value is named."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from playloom.errors import OutputError, RecordingError
from playloom.recording.session_info import (
    CaptureProfile,
    Clock,
    ClockKind,
    EncoderInfo,
    FailedEncoder,
    FileRecord,
    FrameCounts,
    Mark,
    PicturePlace,
    Recovery,
    SessionInfo,
    file_record,
    read_session_info,
    write_session_info,
)

FULL = SessionInfo(
    session_id="20261121T100000Z-1a2b3c",
    source="gym",
    player="Zoë",
    game_id="atari-pong",
    profile_name="keys",
    task="win a rally",
    window="Pong",
    capture_profile=CaptureProfile(
        width=160, height=210, source_width=160, source_height=209, fps=60, keyframe_interval=60
    ),
    clock=Clock(kind=ClockKind.SIMULATED, started_unix_ns=1_700_000_000_000_000_000, started_monotonic_ns=5),
    encoder=EncoderInfo(
        name="libx264", options={"crf": "23"}, tried=(FailedEncoder(name="h264_nvenc", problem="no device"),)
    ),
    picture=PicturePlace(x=0, y=56, width=256, height=144, source_width=1280, source_height=720),
    counts=FrameCounts(frames=600, repeated=3, dropped=2, late=1),
    sync={"jitter_ms": 0.25, "resets": 0},
    marks=(
        Mark(kind="pause", begin_ns=10, end_ns=20, text="the door bell"),
        Mark(kind="note", begin_ns=30),
    ),
    files={"capture.mp4": FileRecord(bytes=12, sha256="ab" * 32)},
    recovery=Recovery(lost=("the last fragment",)),
    extra={"colour": {"of": ["magic"]}},
)


def test_what_is_written_reads_back_with_the_keys_that_are_not_known(tmp_path: Path) -> None:
    write_session_info(tmp_path / "session.json", FULL)
    assert read_session_info(tmp_path / "session.json") == FULL
    assert json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))["colour"] == {"of": ["magic"]}
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    write_session_info(tmp_path / "session.json", FULL)
    content = (tmp_path / "session.json").read_bytes()
    (tmp_path / "session.json").write_bytes(b"\xef\xbb\xbf" + content)
    assert read_session_info(tmp_path / "session.json") == FULL


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (["format_version"], 2, "format_version: is 2, this Playloom reads up to 1. Update Playloom"),
        (["format_version"], "1", "format_version: must be a whole number, not a text"),
        (["format_version"], True, "format_version: must be a whole number, not true or false"),
        (["session_id"], "", "session_id: is empty"),
        (["session_id"], None, "session_id: must be a text, not nothing"),
        (["player"], 7, "player: must be a text, not a number"),
        (["player"], "\ud800", "player: holds half a character"),
        (["player"], "x" * 5000, "player: is longer than 4096 characters"),
        (["clock"], [], "clock: must be an object, not a list"),
        (["clock", "kind"], "sundial", "clock.kind: is 'sundial', not one of monotonic, simulated"),
        (["clock", "started_unix_ns"], -1, f"clock.started_unix_ns: is -1, outside 0 to {(1 << 63) - 1}"),
        (["clock", "started_monotonic_ns"], 1 << 63, "clock.started_monotonic_ns: is 9223372036854775808, outside"),
        (["counts", "frames"], 1.5, "counts.frames: must be a whole number, not a number"),
        (["capture_profile", "width"], 0, "capture_profile.width: is 0, outside 1 to 16384"),
        (["encoder", "options", "crf"], 23, "encoder.options.crf: must be a text, not a number"),
        (["encoder", "tried"], {"name": "x"}, "encoder.tried: must be a list, not an object"),
        (["encoder", "tried"], ["x264"], "encoder.tried[0]: must be an object, not a text"),
        (["sync", "jitter_ms"], "much", "sync.jitter_ms: must be a number, not a text"),
        (["marks"], [{"kind": "pause", "begin_ns": 9, "end_ns": 8}], "marks[0].end_ns: is 8, before begin_ns"),
        (["files"], {"../x": {"bytes": 1, "sha256": "a" * 64}}, "files.../x: is not the name of a file"),
        (["files", "capture.mp4", "sha256"], "AB", "files.capture.mp4.sha256: is not a SHA-256"),
        (["recovery", "lost"], [1], "recovery.lost[0]: must be a text, not a number"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(tmp_path: Path, keys: list[str], value: Any, said: str) -> None:
    path = tmp_path / "session.json"
    write_session_info(path, FULL)
    values = json.loads(path.read_text(encoding="utf-8"))
    target = values
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RecordingError) as caught:
        read_session_info(path)
    assert str(caught.value).startswith(f"{path}, {said}")


@pytest.mark.parametrize("key", ["format_version", "session_id", "source", "clock", "counts", "files"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    path = tmp_path / "session.json"
    write_session_info(path, FULL)
    values = json.loads(path.read_text(encoding="utf-8"))
    del values[key]
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RecordingError, match=f"session.json, {key}: is missing"):
        read_session_info(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: is not JSON"),
        (b"[]", "must hold a JSON object"),
        (b'{"format_version": NaN}', "NaN is not a number"),
        (b"\xff\xfe", "byte 0: is not UTF-8 text"),
        (b'{"format_version":\n1', "line 2: is not JSON"),
        (b"[" * 200_000, "is nested deeper"),
    ],
)
def test_a_file_that_is_no_json_object_is_an_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"session\.json") as caught:
        read_session_info(path)
    assert said in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"session\.json: is missing"):
        read_session_info(tmp_path / "session.json")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere/session\.json: cannot be written: No such file"):
        write_session_info(tmp_path / "nowhere" / "session.json", FULL)


def test_a_file_is_known_by_its_size_and_sum(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_record(tmp_path / "x") == FileRecord(
        bytes=3, sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_disk_that_may_not_be_written_is_named_with_the_way_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match=r"cannot be written: Read-only file system.*playloom recover"):
        write_session_info(tmp_path / "session.json", FULL)
