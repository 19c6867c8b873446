"""The sessions in the spool: what each is, told from its files, and those that were cut off made readable."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from capture_node.node.status import RecoveredSession, SpooledSession
from capture_node.upload.receipt import read_receipt
from playloom.errors import PlayloomError, RecordingError
from playloom.recording.json_sections import JsonSection
from playloom.recording.recovery import recover_session
from playloom.recording.session import START_FILE, find_sessions
from playloom.recording.session_info import INFO_FILE, SessionInfo, session_info_from


def describe_session(path: Path, *, recording: bool = False) -> SpooledSession:
    """A session in the spool. A damaged one is described as far as it can be.

    Args:
        path: its directory.
        recording: whether it is being recorded right now.
    """
    finished = (path / INFO_FILE).is_file()
    session = SpooledSession(
        name=path.name, path=path, bytes=session_size_bytes(path), finished=finished, recording=recording
    )
    try:
        info = session_info_from(JsonSection.read(path / (INFO_FILE if finished else START_FILE)))
    except RecordingError:
        return session
    return _with_info(session, info)


def describe_spool(spool: Path, *, recording: Path | None = None) -> list[SpooledSession]:
    """All sessions, oldest first.

    Args:
        spool: where they lie; it need not be there.
        recording: the one that is being recorded right now.

    Raises:
        RecordingError: the spool cannot be listed.
    """
    paths = find_sessions(spool) if spool.exists() else []
    found = [describe_session(path, recording=path == recording) for path in paths]
    return sorted(found, key=lambda session: (session.started_unix_ns or 0, session.name))


def recover_spool(spool: Path) -> list[RecoveredSession]:
    """Make sessions that were cut off readable. One that cannot be is left as it is, and costs the others nothing.

    Args:
        spool: where sessions lie; nothing may be recording into it, and it need not be there.

    Raises:
        RecordingError: it cannot be listed.
    """
    recovered = []
    for path in find_sessions(spool) if spool.exists() else []:
        if (path / INFO_FILE).exists() or not (path / START_FILE).exists():  # whole, or another recorder's
            continue
        try:
            damage = recover_session(path)
        except PlayloomError as error:
            recovered.append(RecoveredSession(path=path, problem=str(error)))
        else:
            lost = describe_session(path).lost if path.exists() else tuple(one.problem for one in damage)
            recovered.append(RecoveredSession(path=path, lost=lost))
    return recovered


def _with_info(session: SpooledSession, info: SessionInfo) -> SpooledSession:
    frames = info.counts.frames if session.finished else None
    profile = info.capture_profile
    receipt = read_receipt(session.path) if session.finished else None
    return replace(
        session,
        session_id=info.session_id,
        frames=frames,
        duration_s=None if frames is None or profile is None else frames / profile.fps,
        started_unix_ns=info.clock.started_unix_ns,
        player=info.player,
        game_id=info.game_id,
        window=info.window,
        lost=() if info.recovery is None else info.recovery.lost,
        server_session_id=None if receipt is None else receipt.session_id,
    )


def session_size_bytes(path: Path) -> int:
    """The size of all files of a session."""
    total = 0
    with suppress(OSError):  # a session that is thrown away while it is looked at
        for file in path.iterdir():
            with suppress(OSError):
                total += file.stat().st_size
    return total
