"""Deletes what no version names: versions that hold what was removed, what crashed commits left, staged files.

What is young stays, because a conversion or a commit may be about to name it. Between looking which versions there are
and deleting, the turn is held, so that nobody builds on what is being deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import dataset_prefix, file_key, segment_key
from playloom.manifest.staged import StagedSession
from playloom.objects.errors import ObjectMissingError
from playloom.objects.object_store import ObjectInfo, ObjectStore, list_objects
from workers.dataset.base import open_base
from workers.dataset.commit import Committing, committing, go_on, taken_turn
from workers.dataset.coordinator import DatasetCoordinator, VersionPointer, Withdrawal
from workers.dataset.objects import DatasetObjects, patiently

DAY_S = 86_400.0
SECOND_NS = 1_000_000_000
GRACE_S = DAY_S
"""Younger objects stay: the longest conversion and its commit end within it."""

WITHDRAW_AFTER_S = DAY_S
"""So long those who read a version of before a removal have time to end."""

BATCH = 500
"""Objects deleted in one turn; nobody else can build meanwhile."""

TURN_S = 120.0

TOLD = 400
"""So many keys a log takes up."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What was deleted.

    Attributes:
        objects, size_bytes: how many, how large.
        young: left because they are not old enough.
        kept: that are in use.
        withdrawn: versions that nobody can read any more, since now.
        deleted: the keys of the first `TOLD` of what was deleted.
    """

    objects: int
    size_bytes: int
    young: int
    kept: int
    withdrawn: int
    deleted: tuple[str, ...] = ()


def collect_garbage(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    worker: str,
    scratch: Path,
    grace_s: float = GRACE_S,
    withdraw_after_s: float = WITHDRAW_AFTER_S,
    checkpoint: Callable[[], None] = go_on,
) -> Collected:
    """Withdraw versions that hold what was removed ``withdraw_after_s`` ago, and delete what no version names.

    Args:
        coordinator: knows the versions.
        store: where the dataset's objects lie.
        dataset: its name or id.
        worker: who we are.
        scratch: a directory for files under way.
        grace_s: younger objects stay.
        withdraw_after_s: for so long after a removal the versions before it can be read.
        checkpoint: called every now and then, by any thread; what it raises ends the work.
    """
    with committing(
        coordinator, store, dataset=dataset, worker=worker, scratch=scratch, checkpoint=checkpoint
    ) as place:
        removed_before_ns = time.time_ns() - int(withdraw_after_s * 1e9)
        named = _Named(place.objects, place)
        withdrawal = coordinator.withdraw(place.facts.id, removed_before_unix_ns=removed_before_ns)
        named.mark(withdrawal)
        before_ns = time.time_ns() - int(grace_s * 1e9)
        counts = {"objects": 0, "size_bytes": 0, "young": 0, "kept": 0}
        deleted: list[str] = []

        def unnamed() -> Iterator[ObjectInfo]:
            for there in list_objects(store, dataset_prefix(place.facts.id)):
                if there.key in named:
                    counts["kept"] += 1
                elif there.modified_unix_ns >= before_ns:
                    counts["young"] += 1
                else:
                    yield there

        candidates = unnamed()
        while batch := list(islice(candidates, BATCH)):
            checkpoint()
            with taken_turn(place, turn_s=TURN_S):
                named.mark(coordinator.withdraw(place.facts.id, removed_before_unix_ns=removed_before_ns))
                doomed = [there for there in batch if there.key not in named and _is_still(place, there)]
                patiently(lambda doomed=doomed: store.delete([there.key for there in doomed]))
            deleted += [there.key for there in doomed[: TOLD - len(deleted)]]
            counts["objects"] += len(doomed)
            counts["size_bytes"] += sum(there.size_bytes for there in doomed)
        return Collected(**counts, withdrawn=withdrawal.newly_withdrawn, deleted=tuple(deleted))


def _is_still(place: Committing, there: ObjectInfo) -> bool:
    """Whether it has not been written again, to be used. S3 tells one object's time in whole seconds only."""
    try:
        return place.objects.info(there.key).modified_unix_ns // SECOND_NS == there.modified_unix_ns // SECOND_NS
    except ObjectMissingError:
        return False


class _Named:
    """The keys that versions and staged sessions name."""

    def __init__(self, objects: DatasetObjects, place: Committing) -> None:
        self._objects, self._place = objects, place
        self._keys: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def mark(self, withdrawal: Withdrawal) -> None:
        """Take up what is in use; what was taken up before is not read again."""
        for pointer in withdrawal.versions:
            if pointer.manifest_key not in self._keys:
                self._place.checkpoint()
                self._keys.update(self._of_version(pointer))
        for key in withdrawal.staged_keys:
            if key not in self._keys:
                self._keys.update(self._of_staged(key))

    def _of_version(self, pointer: VersionPointer) -> Iterable[str]:
        version = open_base(self._objects, self._place.facts, pointer).version
        assert version is not None
        files = list(version.meta_files)
        for ref in version.segments:
            key = segment_key(version.dataset_id, ref.sha256)
            if key not in self._keys:
                files += [file for shard in self._objects.read_segment(ref).shards for file in shard.files]
                self._keys.add(key)
        return [pointer.manifest_key, *(file_key(version.dataset_id, file.sha256, file.path) for file in files)]

    def _of_staged(self, key: str) -> Iterable[str]:
        try:
            session = StagedSession.from_bytes(self._objects.read(key), key)
        except (ManifestError, ObjectMissingError):  # it is told to the session's own job
            return [key]
        return [key, *(one.key for piece in session.pieces for one in (piece.video, piece.rows))]
