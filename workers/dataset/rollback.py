"""A version with the content of an earlier one, less what was removed since: whoever left does not come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playloom.errors import PlayloomError
from playloom.manifest.version import DatasetVersion
from playloom.objects.object_store import ObjectStore
from workers.dataset.base import open_base, session_counts, shards_of
from workers.dataset.commit import Committing, commit_next, committing, go_on, turn_s_for
from workers.dataset.coordinator import DatasetCoordinator, NewVersion, SessionShare, Turn
from workers.dataset.shape import shape_of
from workers.dataset.version_files import put_version
from workers.dataset.without import Without, forgotten


def roll_back(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    to: int,
    worker: str,
    scratch: Path,
    checkpoint: Callable[[], None] = go_on,
) -> int:
    """Make a version with what version ``to`` holds, without what was removed meanwhile; returns its number.

    Sessions that came later are in it no more; they are not removed, and ``to`` may be a later version than the
    last rollback's. File numbers and task numbers are not used again.

    Raises:
        PlayloomError: there is no such version, or it was withdrawn.
        As `commit_staged`.
    """
    with committing(
        coordinator, store, dataset=dataset, worker=worker, scratch=scratch, checkpoint=checkpoint
    ) as place:
        wanted = _readable(place, to)
        without = Without(
            objects=place.objects,
            config=place.facts.config,
            shape=shape_of(place.facts.config),
            gone=coordinator.removed_sessions(place.facts.id),
            scratch=place.scratch,
            checkpoint=place.checkpoint,
        )
        without.prepare(wanted)

        def build(turn: Turn) -> NewVersion | None:
            _readable(place, to)  # nothing of it is collected while the turn is ours and it is no withdrawn one
            return _build(place, without, wanted, turn)

        return commit_next(place, build, turn_s=turn_s_for(wanted))


def _readable(place: Committing, number: int) -> DatasetVersion:
    pointer = place.coordinator.version(place.facts.id, number) if number > 0 else None
    if pointer is None:
        raise PlayloomError(
            f"the dataset '{place.facts.name}' has no version {number}", remedy="See 'playloom datasets versions'"
        )
    if pointer.withdrawn:
        raise PlayloomError(
            f"version {number} of '{place.facts.name}' was withdrawn: it holds what was removed since",
            remedy="Roll back to a version that stands; see 'playloom datasets versions'",
        )
    version = open_base(place.objects, place.facts, pointer).version
    assert version is not None
    return version


def _build(place: Committing, without: Without, wanted: DatasetVersion, turn: Turn) -> NewVersion:
    base = place.base(turn)
    assert base.version is not None
    left = without.remains(wanted)
    before = session_counts(shards_of(place.objects, base.version))
    after = {
        session: counts
        for session, counts in session_counts(shards_of(place.objects, wanted)).items()
        if session not in without.gone
    }
    later = range(len(left.tasks), len(base.tasks))
    return put_version(
        base,
        reason="rollback",
        tasks=(*left.tasks, *map(forgotten, later)),
        next_shard=base.next_shard,
        segments=left.segments,
        episodes=left.episodes,
        frames=left.frames,
        stats=left.stats,
        shard_bytes=left.shard_bytes,
        terms=left.terms,
        added=[
            SessionShare(session_id=session, episodes=episodes, frames=frames)
            for session, (episodes, frames) in after.items()
            if session not in before
        ],
        removed=sorted(before.keys() - after.keys()),
        scratch=place.scratch,
    )
