"""Converted sessions that wait, fetched once for as many tries of a commit as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playloom.manifest.errors import ManifestError
from playloom.manifest.staged import StagedSession
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError
from workers.dataset.coordinator import StagedRef
from workers.dataset.errors import StagedSessionError
from workers.dataset.objects import DatasetObjects, side_by_side
from workers.dataset.staged_rows import read_staged_rows
from workers.features import VIDEO_FEATURE, FeatureSet
from workers.stats import stats_from_json


@dataclass(frozen=True, kw_only=True)
class FetchedSession:
    """A converted session. Attributes: rows: the local file of each piece's rows."""

    session: StagedSession
    rows: tuple[Path, ...]


def fetch_staged(
    objects: DatasetObjects, refs: Sequence[StagedRef], features: FeatureSet, scratch: Path
) -> list[FetchedSession | StagedSessionError]:
    """Bring what sessions left into ``scratch``, or say what is wrong with it; in the order of ``refs``.

    A store that does not answer is no session's fault, and is raised.
    """
    return side_by_side(lambda ref: _fetched(objects, ref, features, scratch), refs)


def _fetched(
    objects: DatasetObjects, ref: StagedRef, features: FeatureSet, scratch: Path
) -> FetchedSession | StagedSessionError:
    try:
        session = StagedSession.from_bytes(objects.read_checked(ref.object_key, ref.sha256), ref.object_key)
        if session.session_id != ref.session_id or not session.pieces:
            raise ManifestError(ref.object_key, "is another session's, or empty")
        rows = []
        for number, piece in enumerate(session.pieces):
            there = objects.info(piece.video.key)
            if there.size_bytes != piece.video.size_bytes:
                raise ManifestError(there.key, f"has {there.size_bytes} bytes, not {piece.video.size_bytes}")
            path = scratch / ref.session_id / f"{ref.sha256[:16]}-{number:05d}.parquet"
            if not path.exists():
                objects.fetch_object(piece.rows.key, piece.rows.sha256, path)
                read_staged_rows(path, features, piece.length)
            _check_stats(piece.stats, features, ref.object_key)
            rows.append(path)
    except (ManifestError, ObjectMissingError, ObjectDamagedError) as error:
        return StagedSessionError(ref.session_id, str(error))
    return FetchedSession(session=session, rows=tuple(rows))


def _check_stats(stats: object, features: FeatureSet, where: str) -> None:
    try:
        assert isinstance(stats, dict)
        for name in (VIDEO_FEATURE, *(column.name for column in features.recorded)):
            stats_from_json(stats[name])
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ManifestError(where, f"lacks statistics: {error!r}") from error
