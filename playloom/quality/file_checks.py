"""Findings about a session's files: there, whole, and what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from playloom.errors import RecordingError
from playloom.quality.findings import Finding, Level
from playloom.recording.damage import Damage
from playloom.recording.session_info import SessionInfo

_RECORD_AGAIN = "Record the session again"


def missing_file(name: str, *, empty: bool) -> Finding:
    return Finding(
        code="empty-file" if empty else "missing-file",
        level=Level.FAILED,
        sentence=f"{name} is {'empty' if empty else 'missing'}",
        figures={"file": name},
        remedy=f"Copy it from the PC that recorded the session, or {_RECORD_AGAIN.lower()}",
    )


def no_file(name: str) -> Finding:
    return Finding(
        code="no-file",
        level=Level.FAILED,
        sentence=f"{name} is no file",
        figures={"file": name},
        remedy="Move away what has its name, and copy the file from the PC that recorded the session",
    )


def unusable_file(name: str, error: RecordingError) -> Finding:
    place = "" if error.place is None else f", {error.place}"
    return Finding(
        code="unusable-file",
        level=Level.FAILED,
        sentence=f"{name}{place}: {error.problem}",
        figures={"file": name},
        remedy=error.remedy or _RECORD_AGAIN,
    )


def damaged_file(name: str, damage: Damage) -> Finding:
    return Finding(
        code="damaged-file",
        level=Level.WARNING,
        sentence=f"{name}{damage.place and ', '}{damage.place}: {damage.problem}",
        figures={"file": name},
        remedy="What could be read is used; look at the place before you rely on it",
    )


def is_told_by_timing(damage: Damage) -> bool:
    """Whether `check_timing` says the same with its figures."""
    return damage.problem.endswith(("earlier than the row before", "the same time as the row before"))


def no_session_info() -> Finding:
    return Finding(
        code="no-session-info",
        level=Level.NOTE,
        sentence="session.json is missing: another recorder made this session, or Playloom's was interrupted",
        remedy="Nothing needs doing; player, game and drop figures are not known",
    )


def check_files(
    listed: Iterable[tuple[str, int, str]], path: Path, sha256: Callable[[Path], str] | None
) -> Iterator[Finding]:
    """Compare what session.json says of each file (name, bytes, SHA-256) with what is there.

    Args:
        listed: what session.json says.
        path: the session's directory.
        sha256: hashes a file; None leaves the hashes alone.
    """
    for name, size_bytes, digest in listed:
        file = path / name
        if not file.is_file():
            if name not in ("capture.mp4", "sync.csv", "actions.bin"):  # those are reported anyway
                yield missing_file(name, empty=False)
            continue
        found_bytes = file.stat().st_size
        if found_bytes != size_bytes:
            yield Finding(
                code="file-size",
                level=Level.FAILED,
                sentence=f"{name} has {found_bytes:,} bytes, session.json says {size_bytes:,}",
                figures={"file": name, "bytes": found_bytes, "expected_bytes": size_bytes},
                remedy="Copy the file again from the PC that recorded it",
            )
        elif sha256 is not None and sha256(file) != digest:
            yield Finding(
                code="file-hash",
                level=Level.FAILED,
                sentence=f"{name} is not what was recorded: its SHA-256 differs from session.json's",
                figures={"file": name},
                remedy="Copy the file again from the PC that recorded it",
            )


def check_recovery(info: SessionInfo) -> Iterator[Finding]:
    if info.recovery is not None:
        lost = "; ".join(info.recovery.lost) or "nothing is known to be lost"
        yield Finding(
            code="recovered",
            level=Level.WARNING,
            sentence=f"the recording was cut off and made readable again: {lost}",
            remedy="Look at its end before you rely on it",
        )
