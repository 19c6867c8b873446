"""session.json: what video, times and inputs cannot say. Written last, so its presence means the recording is whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from playloom.errors import OutputError, RecordingError
from playloom.recording.json_sections import JsonSection

FORMAT_VERSION = 1
INFO_FILE = "session.json"

MAX_SIDE = 16384
"""Pixels; larger pictures are beyond what H.264 encoders take."""


class ClockKind(StrEnum):
    MONOTONIC = "monotonic"  # real time of the machine that recorded
    SIMULATED = "simulated"  # frame k at k/fps, however long the computing took


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The clock of a session's times.

    Attributes:
        kind: what passes on it.
        started_unix_ns: the calendar's time when the recording began.
        started_monotonic_ns: this clock's time at the same moment.
    """

    kind: ClockKind
    started_unix_ns: int
    started_monotonic_ns: int


@dataclass(frozen=True, kw_only=True)
class CaptureProfile:
    """How the picture was recorded.

    Attributes:
        width, height: of the video, in pixels.
        source_width, source_height: of the pictures given; an odd side is padded to the next even one by repeating
            its last line.
        fps: the grid's rate.
        keyframe_interval: frames from one keyframe to the next, at most.
        pixel_format, color_space, color_range: as FFmpeg calls them.
    """

    width: int
    height: int
    source_width: int
    source_height: int
    fps: int
    keyframe_interval: int
    pixel_format: str = "yuv420p"
    color_space: str = "smpte170m"
    color_range: str = "tv"


@dataclass(frozen=True, kw_only=True)
class PicturePlace:
    """Where the game's picture stood in the video when the session began; black bars are around it.

    Attributes:
        x, y, width, height: in pixels of the video.
        source_width, source_height: of the window or monitor, in its own pixels. A window may change its size later:
            it is fitted anew then.
    """

    x: int
    y: int
    width: int
    height: int
    source_width: int
    source_height: int


@dataclass(frozen=True, kw_only=True)
class FailedEncoder:
    """An encoder that was tried before the one that was used, and why it was not."""

    name: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class EncoderInfo:
    """The encoder used, its options, and those that were tried first."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    tried: tuple[FailedEncoder, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FrameCounts:
    """Frames of the video.

    Attributes:
        frames: all of them.
        repeated: those that only repeat the one before.
        dropped: ticks of the grid that no frame was recorded for.
        late: frames that came more than a tick after their time.
    """

    frames: int
    repeated: int = 0
    dropped: int = 0
    late: int = 0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A moment or a span that someone wanted to find again.

    Attributes:
        kind: "pause", "discard", "note", "episode_end", …
        begin_ns: on the session's clock.
        end_ns: where a span ends; None for a moment.
        text: what a person said about it.
    """

    kind: str
    begin_ns: int
    end_ns: int | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """What a file of the session was when it was finished."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """That a recording was cut off and made readable again.

    Attributes:
        lost: what is missing or was repaired, a sentence each.
    """

    lost: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SessionInfo:
    """A whole session.json.

    Attributes:
        session_id: unique among all players' sessions.
        player, game_id, profile_name, task: who played what, with which mapping profile and goal; None: not known.
        source: where the pictures came from ("gym", "screen", …).
        window: the captured window's title, where there was one.
        capture_profile, encoder: None where they are not known (a recovered recording of another recorder).
        picture: where the game is in the video; None where it fills it.
        sync: further figures about timing, by name.
        files: every file of the session but this one.
        recovery: None for a recording that ended as it should.
        extra: keys that this version does not know, kept as they are.
    """

    session_id: str
    source: str
    clock: Clock
    counts: FrameCounts
    format_version: int = FORMAT_VERSION
    player: str | None = None
    game_id: str | None = None
    profile_name: str | None = None
    task: str | None = None
    window: str | None = None
    capture_profile: CaptureProfile | None = None
    encoder: EncoderInfo | None = None
    picture: PicturePlace | None = None
    sync: Mapping[str, float] | None = None
    marks: tuple[Mark, ...] = ()
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    recovery: Recovery | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def read_session_info(path: Path) -> SessionInfo:
    """Read a session.json.

    Args:
        path: the file.

    Raises:
        RecordingError: it is missing, not JSON, of a newer format, or a value is wrong; names the key.
    """
    return session_info_from(JsonSection.read(path))


def session_info_from(root: JsonSection) -> SessionInfo:
    version = root.integer("format_version", least=1)
    if version > FORMAT_VERSION:
        raise root.wrong(
            "format_version",
            f"is {version}, this Playloom reads up to {FORMAT_VERSION}",
            remedy="Update Playloom",
        )
    counts = root.section("counts")
    profile, encoder = root.optional_section("capture_profile"), root.optional_section("encoder")
    recovery = root.optional_section("recovery")
    known = {field.name for field in fields(SessionInfo)}
    return SessionInfo(
        format_version=version,
        session_id=_session_id(root),
        source=root.text("source"),
        player=root.optional_text("player"),
        game_id=root.optional_text("game_id"),
        profile_name=root.optional_text("profile_name"),
        task=root.optional_text("task"),
        window=root.optional_text("window"),
        capture_profile=None if profile is None else _capture_profile(profile),
        clock=_clock(root.section("clock")),
        encoder=None if encoder is None else _encoder(encoder),
        picture=None if (picture := root.optional_section("picture")) is None else _picture(picture),
        counts=FrameCounts(**{name: counts.integer(name) for name in ("frames", "repeated", "dropped", "late")}),
        sync=None if root.values.get("sync") is None else root.numbers("sync"),
        marks=tuple(_mark(mark) for mark in root.sections("marks")),
        files=_files(root.section("files")),
        recovery=None if recovery is None else Recovery(lost=recovery.text_list("lost")),
        extra={key: value for key, value in root.values.items() if key not in known},
    )


def write_session_info(path: Path, info: SessionInfo) -> None:
    """Write a session.json, whole or not at all, and see it onto the disk.

    Raises:
        OutputError: it cannot be written.
    """
    write_json(path, session_info_values(info))


def session_info_values(info: SessionInfo) -> dict[str, Any]:
    """The file's content as JSON values, the inverse of `session_info_from`."""
    values = asdict(info)
    return {**values, **values.pop("extra")}


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file through a temporary one beside it, and see it onto the disk.

    Raises:
        OutputError: it cannot be written.
    """
    content = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written nothing can be removed either
            partial.unlink(missing_ok=True)
        raise OutputError(
            path,
            f"cannot be written: {error.strerror}",
            remedy=f"Choose a place that you may write to, or make room, then run: playloom recover {path.parent}",
        ) from error


def sync_directory(path: Path) -> None:
    """See a directory's new names onto the disk, where the system can (Windows does so by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_record(path: Path) -> FileRecord:
    """A file's size and SHA-256.

    Raises:
        RecordingError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileRecord(bytes=file.tell(), sha256=digest)
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error


def _session_id(root: JsonSection) -> str:
    session_id = root.text("session_id")
    if not session_id:
        raise root.wrong("session_id", "is empty")
    return session_id


def _clock(section: JsonSection) -> Clock:
    kind = section.text("kind")
    if kind not in set(ClockKind):
        raise section.wrong("kind", f"is '{kind}', not one of {', '.join(ClockKind)}")
    return Clock(
        kind=ClockKind(kind),
        started_unix_ns=section.integer("started_unix_ns"),
        started_monotonic_ns=section.integer("started_monotonic_ns"),
    )


def _capture_profile(section: JsonSection) -> CaptureProfile:
    sides = {
        name: section.integer(name, least=1, most=MAX_SIDE)
        for name in ("width", "height", "source_width", "source_height")
    }
    return CaptureProfile(
        **sides,
        fps=section.integer("fps", least=1, most=1000),
        keyframe_interval=section.integer("keyframe_interval", least=1, most=1_000_000),
        pixel_format=section.text("pixel_format"),
        color_space=section.text("color_space"),
        color_range=section.text("color_range"),
    )


def _picture(section: JsonSection) -> PicturePlace:
    places = {name: section.integer(name, most=MAX_SIDE) for name in ("x", "y")}
    sides = ("width", "height", "source_width", "source_height")
    return PicturePlace(**places, **{name: section.integer(name, least=1, most=MAX_SIDE) for name in sides})


def _encoder(section: JsonSection) -> EncoderInfo:
    tried = tuple(
        FailedEncoder(name=each.text("name"), problem=each.text("problem")) for each in section.sections("tried")
    )
    return EncoderInfo(name=section.text("name"), options=section.texts("options"), tried=tried)


def _mark(section: JsonSection) -> Mark:
    begin_ns, end_ns = section.integer("begin_ns"), section.optional_integer("end_ns")
    if end_ns is not None and end_ns < begin_ns:
        raise section.wrong("end_ns", f"is {end_ns}, before begin_ns, which is {begin_ns}")
    return Mark(kind=section.text("kind"), begin_ns=begin_ns, end_ns=end_ns, text=section.optional_text("text"))


def _files(section: JsonSection) -> dict[str, FileRecord]:
    files: dict[str, FileRecord] = {}
    for name in section.values:
        if name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
            raise section.wrong(name, "is not the name of a file in the session's directory")
        record = section.section(name)
        sha256 = record.text("sha256")
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            raise record.wrong("sha256", "is not a SHA-256 in lower-case hexadecimal")
        files[name] = FileRecord(bytes=record.integer("bytes"), sha256=sha256)
    return files
