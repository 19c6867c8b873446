"""Which sessions of a spool still have to be sent, and which may leave this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from capture_node.node.spooled import session_size_bytes
from capture_node.upload.receipt import Receipt, read_receipt
from capture_node.upload.settings import KeepPolicy
from playloom.errors import RecordingError
from playloom.recording.session import find_sessions
from playloom.recording.session_info import INFO_FILE, file_record, read_session_info

DAY_NS = 24 * 3600 * 1_000_000_000

REMOVED_PREFIX = ".removed-"
"""What is half removed is no session any more, and is removed for good the next time."""


@dataclass(frozen=True, kw_only=True)
class SpooledUpload:
    """A finished session in the spool.

    Attributes:
        path: its directory.
        started_unix_ns: when its recording began; 0: its session.json does not say.
        size_bytes: of its files.
        finished_unix_ns: when its session.json was written.
        info_sha256: of its session.json.
        receipt: that the server has it; None: it has not said so.
    """

    path: Path
    started_unix_ns: int
    size_bytes: int
    finished_unix_ns: int
    info_sha256: str
    receipt: Receipt | None


class SpooledUploads:
    """Looks through a spool; what it has read of a session it need not read again."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._known: dict[Path, SpooledUpload] = {}

    def finished(self) -> list[SpooledUpload]:
        """The finished sessions, oldest first.

        Raises:
            RecordingError: the spool cannot be listed.
        """
        found = []
        for path in find_sessions(self._spool) if self._spool.exists() else []:
            with suppress(OSError, RecordingError):  # one that is thrown away this moment
                changed_ns = (path / INFO_FILE).stat().st_mtime_ns
                known = self._known.get(path)
                if known is None or known.finished_unix_ns != changed_ns:
                    known = self._known[path] = _look_at(path, changed_ns)
                found.append(replace(known, receipt=read_receipt(path)))
        return sorted(found, key=lambda one: (one.started_unix_ns, one.path))


def waiting(sessions: Iterable[SpooledUpload], server_id: str) -> list[SpooledUpload]:
    """Those that this server has not confirmed, or not as they are now."""
    return [
        one
        for one in sessions
        if one.receipt is None or one.receipt.server_id != server_id or one.receipt.info_sha256 != one.info_sha256
    ]


def removable(sessions: Iterable[SpooledUpload], keep: KeepPolicy, now_ns: int, free_bytes: int) -> list[SpooledUpload]:
    """Those that may leave this machine, oldest first, if the server still has them.

    Args:
        sessions: oldest first.
        keep: the policy.
        now_ns: the calendar's time.
        free_bytes: on the spool's disk.
    """
    found: list[SpooledUpload] = []
    for one in sessions:
        if one.receipt is None:
            continue
        age_ns = now_ns - one.receipt.confirmed_unix_ns
        is_old = keep.days is not None and age_ns >= keep.days * DAY_NS
        is_pressed = keep.free_bytes is not None and free_bytes < keep.free_bytes
        if is_old or is_pressed:
            found.append(one)
            free_bytes += one.size_bytes
    return found


def remove_session(path: Path) -> None:
    """Remove a session: first out of sight at once, then its files.

    Raises:
        RecordingError: it cannot be.
    """
    hidden = path.with_name(f"{REMOVED_PREFIX}{path.name}")
    try:
        if path.is_symlink():  # the player's own place for it: only the name here goes
            path.unlink()
            return
        path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise RecordingError(path, f"cannot be removed: {error.strerror or error}") from error


def remove_leftovers(spool: Path) -> None:
    """Remove what an interrupted `remove_session` has left."""
    with suppress(OSError):
        for path in spool.glob(f"{REMOVED_PREFIX}*"):
            shutil.rmtree(path, ignore_errors=True)


def _look_at(path: Path, changed_ns: int) -> SpooledUpload:
    try:
        started_ns = read_session_info(path / INFO_FILE).clock.started_unix_ns
    except RecordingError:
        started_ns = 0
    return SpooledUpload(
        path=path,
        started_unix_ns=started_ns,
        size_bytes=session_size_bytes(path),
        finished_unix_ns=changed_ns,
        info_sha256=file_record(path / INFO_FILE).sha256,
        receipt=None,
    )
