"""What came and what went between two versions of a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playloom.manifest.version import FileRef, ShardRef, ShardSession


@dataclass(frozen=True, kw_only=True)
class SessionFigures:
    """What a version holds of a session."""

    session: ShardSession
    episodes: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class VersionDifference:
    """From one version to another.

    Attributes:
        added, removed: sessions, in the order of the version that holds them.
        new_bytes: of files that the first does not have: what a pull fetches.
        gone_bytes: of files that the second has no more.
        kept_bytes: of files in both.
    """

    added: tuple[SessionFigures, ...]
    removed: tuple[SessionFigures, ...]
    new_bytes: int
    gone_bytes: int
    kept_bytes: int


def session_figures(shards: Iterable[ShardRef]) -> dict[str, SessionFigures]:
    """What a version holds of each session, by the session's id."""
    found: dict[str, SessionFigures] = {}
    for shard in shards:
        for session in shard.sessions:
            before = found.get(session.session_id)
            found[session.session_id] = SessionFigures(
                session=session,
                episodes=session.episodes + (0 if before is None else before.episodes),
                frames=session.frames + (0 if before is None else before.frames),
            )
    return found


def compare_versions(
    first: Iterable[ShardRef], second: Iterable[ShardRef], first_meta: Iterable[FileRef], second_meta: Iterable[FileRef]
) -> VersionDifference:
    """The difference from the first version's shards and other files to the second's."""
    before, after = tuple(first), tuple(second)
    sessions_before, sessions_after = session_figures(before), session_figures(after)
    bytes_before = {file.sha256: file.size_bytes for shard in before for file in shard.files}
    bytes_before |= {file.sha256: file.size_bytes for file in first_meta}
    bytes_after = {file.sha256: file.size_bytes for shard in after for file in shard.files}
    bytes_after |= {file.sha256: file.size_bytes for file in second_meta}
    return VersionDifference(
        added=tuple(one for name, one in sessions_after.items() if name not in sessions_before),
        removed=tuple(one for name, one in sessions_before.items() if name not in sessions_after),
        new_bytes=sum(size for sha256, size in bytes_after.items() if sha256 not in bytes_before),
        gone_bytes=sum(size for sha256, size in bytes_before.items() if sha256 not in bytes_after),
        kept_bytes=sum(size for sha256, size in bytes_after.items() if sha256 in bytes_before),
    )
