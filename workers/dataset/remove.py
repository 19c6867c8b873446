"""A version without some sessions. The earlier ones are withdrawn later, and collected."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from playloom.objects.object_store import ObjectStore
from workers.dataset.base import open_base, session_counts, shards_of
from workers.dataset.commit import Committing, commit_next, committing, go_on, turn_s_for
from workers.dataset.coordinator import DatasetCoordinator, NewVersion, Turn
from workers.dataset.shape import shape_of
from workers.dataset.version_files import put_version
from workers.dataset.without import Without


def remove_sessions(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    worker: str,
    scratch: Path,
    session_ids: Collection[str] = (),
    checkpoint: Callable[[], None] = go_on,
) -> int:
    """Make a version without all sessions that were removed from the dataset.

    Args:
        coordinator: says which version is the newest, and which sessions were removed.
        store: where the dataset's objects lie.
        dataset: its name or id.
        worker: who we are.
        scratch: a directory for files under way; nothing is left in it.
        session_ids: to be left out too.
        checkpoint: called every now and then, by any thread; what it raises ends the work.

    Returns:
        The version's number; the newest one's if that holds none of them, 0 if there is none.

    Raises:
        As `commit_staged`.
    """
    with committing(
        coordinator, store, dataset=dataset, worker=worker, scratch=scratch, checkpoint=checkpoint
    ) as place:
        gone = frozenset(session_ids) | coordinator.removed_sessions(place.facts.id)
        without = Without(
            objects=place.objects,
            config=place.facts.config,
            shape=shape_of(place.facts.config),
            gone=gone,
            scratch=place.scratch,
            checkpoint=place.checkpoint,
        )
        newest = open_base(place.objects, place.facts, coordinator.version(place.facts.id, None)).version
        if newest is None:
            return 0
        if not gone & session_counts(shards_of(place.objects, newest)).keys():
            return newest.number
        without.prepare(newest)
        return commit_next(place, lambda turn: _build(place, without, turn), turn_s=turn_s_for(newest))


def _build(place: Committing, without: Without, turn: Turn) -> NewVersion | None:
    base = place.base(turn)
    if base.version is None:
        return None
    removed = without.gone & session_counts(shards_of(place.objects, base.version)).keys()
    if not removed:
        return None
    left = without.remains(base.version)
    return put_version(
        base,
        reason="remove",
        tasks=left.tasks,
        next_shard=base.next_shard,
        segments=left.segments,
        episodes=left.episodes,
        frames=left.frames,
        stats=left.stats,
        shard_bytes=left.shard_bytes,
        terms=left.terms,
        added=(),
        removed=sorted(removed),
        scratch=place.scratch,
    )
