"""Versions become the next one here: take a turn, build on the newest version, commit; again if another came first.

    version = commit_staged(coordinator, store, dataset="pong", session_id=…, worker="w1", scratch=directory)

Whoever has a converted session takes up all that wait, so that ten who come at once make two versions and not ten.
Turns only save work. That a session enters once, and that no version is lost, is the coordinator's transaction: whoever
is killed here at any moment leaves objects that no version names.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playloom.client.errors import NotNowError, ServerError, ServerUnavailableError
from playloom.manifest.errors import CommitUnknownError, VersionConflictError
from playloom.manifest.version import DatasetVersion
from playloom.objects.object_store import ObjectStore
from workers.dataset.base import Base, open_base
from workers.dataset.build import append_sessions
from workers.dataset.coordinator import DatasetCoordinator, DatasetFacts, NewVersion, Turn
from workers.dataset.errors import SessionRemovedError, StagedSessionError
from workers.dataset.objects import DatasetObjects
from workers.dataset.shape import shape_of
from workers.dataset.staged_session import FetchedSession, fetch_staged

WAIT_S = 20.0
"""One long poll for a turn; between two of them a job may be cancelled."""

TURN_S = 60.0
"""How long others leave the building of a version to one who may have died."""

SHARD_S, MAX_TURN_S = 0.03, 600.0
"""What changes every shard's position takes longer, by so much a shard; the coordinator grants no longer turns."""

MAX_SESSIONS = 200
"""Sessions of one version at most, so that a turn ends."""

LOST_ANSWERS = 5
"""A coordinator that loses so many answers one after another has a fault that trying again does not mend."""

UNKNOWN_PATIENCE_S = 60.0
"""So long the coordinator is asked whether a commit whose answer was lost has taken effect."""


def go_on() -> None:
    """Nothing ends the work."""


@dataclass(frozen=True, kw_only=True)
class Committing:
    """Where versions are made.

    Attributes:
        coordinator: says which version is the newest.
        objects: of the dataset.
        facts: of the dataset.
        worker: who we are.
        scratch: a directory for files under way.
        checkpoint: called between steps, by any thread; what it raises ends the work.
    """

    coordinator: DatasetCoordinator
    objects: DatasetObjects
    facts: DatasetFacts
    worker: str
    scratch: Path
    checkpoint: Callable[[], None]

    def base(self, turn: Turn) -> Base:
        """What is to be built on in this turn."""
        return open_base(self.objects, self.facts, turn.base)


@contextmanager
def committing(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    worker: str,
    scratch: Path,
    checkpoint: Callable[[], None] = go_on,
) -> Iterator[Committing]:
    """Make versions of a dataset, with a directory of their own in ``scratch``."""
    facts = coordinator.facts(dataset)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dataset-", dir=scratch) as directory:
        yield Committing(
            coordinator=coordinator,
            objects=DatasetObjects(store, facts.id),
            facts=facts,
            worker=worker,
            scratch=Path(directory),
            checkpoint=checkpoint,
        )


def commit_staged(
    coordinator: DatasetCoordinator,
    store: ObjectStore,
    *,
    dataset: str,
    session_id: str,
    worker: str,
    scratch: Path,
    checkpoint: Callable[[], None] = go_on,
    wait_s: float = WAIT_S,
    turn_s: float = TURN_S,
) -> int:
    """See that a staged session gets into a version, with all others that wait; returns the version's number.

    Args:
        coordinator: says which version is the newest.
        store: where the dataset's objects lie.
        dataset: its name or id.
        session_id: the session; it has been staged.
        worker: who we are.
        scratch: a directory for files under way; nothing is left in it.
        checkpoint: called every now and then, by any thread; what it raises ends the work.
        wait_s: how long one question to the coordinator may wait.
        turn_s: how long a turn lasts.

    Raises:
        StagedSessionError: what was converted is not there or damaged. Other sessions are not held up by that.
        SessionRemovedError: it was removed from the dataset meanwhile.
        CommitUnknownError: the coordinator went away with a commit; ask again later.
        ServerError, ObjectStoreError: no coordinator, no store.
    """
    with committing(
        coordinator, store, dataset=dataset, worker=worker, scratch=scratch, checkpoint=checkpoint
    ) as place:
        features = shape_of(place.facts.config).features

        def build(turn: Turn) -> NewVersion | None:
            refs = turn.staged[:MAX_SESSIONS]  # the oldest first: ours may have to wait for the next version
            if not refs:
                return None
            found = fetch_staged(place.objects, refs, features, place.scratch)
            usable = [one for one in found if isinstance(one, FetchedSession)]
            faults = {one.session_id: one for one in found if isinstance(one, StagedSessionError)}
            if session_id in faults:
                raise faults[session_id]
            if not usable:
                raise next(iter(faults.values()))
            place.checkpoint()
            return append_sessions(place.base(turn), usable, place.scratch)

        try:
            return commit_next(place, build, session_id=session_id, wait_s=wait_s, turn_s=turn_s)
        except NotNowError as error:
            raise SessionRemovedError(session_id, place.facts.name) from error


def commit_next(
    place: Committing,
    build: Callable[[Turn], NewVersion | None],
    *,
    session_id: str | None = None,
    wait_s: float = WAIT_S,
    turn_s: float = TURN_S,
) -> int:
    """Build on the newest version and make that the next one, as often as it takes; returns its number.

    Args:
        place: where.
        build: makes the version on the turn's base; None: nothing is to be changed, the base's number is returned.
        session_id: of a staged session whose entering, by whomever, is enough.
        wait_s, turn_s: as `commit_staged`.

    Raises:
        What ``build`` raises, and as `commit_staged`.
    """
    lost_answers = 0
    while True:
        place.checkpoint()
        turn = place.coordinator.take_turn(
            place.facts.id, worker=place.worker, session_id=session_id, wait_s=wait_s, turn_s=turn_s
        )
        if turn.added_version:
            return turn.added_version
        if not turn.number:
            continue
        number = 0
        try:
            new = build(turn)
            if new is None:
                if session_id is not None:
                    continue  # it was taken up, or removed, between the question and the turn
                return 0 if turn.base is None else turn.base.number
            place.checkpoint()
            try:
                number = place.coordinator.commit(place.facts.id, new, turn=turn.number)
            except VersionConflictError:
                continue
            except CommitUnknownError:
                lost_answers += 1
                if not _took_effect(place, new):
                    if lost_answers == LOST_ANSWERS:
                        raise
                    continue
                number = new.version.number
        finally:
            if not number:  # else the commit has ended it
                _end_turn(place, turn.number)
        if session_id is None or any(one.session_id == session_id for one in new.added):
            return number


def turn_s_for(version: DatasetVersion) -> float:
    """How long a turn has to be in which all of a version's shards may be written anew."""
    return min(MAX_TURN_S, TURN_S + SHARD_S * sum(ref.shards for ref in version.segments))


@contextmanager
def taken_turn(place: Committing, *, turn_s: float) -> Iterator[Turn]:
    """A turn in which no version is made."""
    while True:
        place.checkpoint()
        turn = place.coordinator.take_turn(
            place.facts.id, worker=place.worker, session_id=None, wait_s=WAIT_S, turn_s=turn_s
        )
        if turn.number:
            break
    try:
        yield turn
    finally:
        _end_turn(place, turn.number)


def _end_turn(place: Committing, turn: int) -> None:
    with suppress(ServerError):  # it runs out by itself
        place.coordinator.end_turn(place.facts.id, turn)


def _took_effect(place: Committing, new: NewVersion) -> bool:
    """Whether a commit whose answer was lost has made the version.

    Raises:
        CommitUnknownError: the coordinator does not come back.
    """
    until_s = time.monotonic() + UNKNOWN_PATIENCE_S
    while True:
        place.checkpoint()
        try:
            found = place.coordinator.version(place.facts.id, new.version.number)
        except ServerUnavailableError as error:
            if time.monotonic() > until_s:
                raise CommitUnknownError(place.facts.name, new.manifest_key) from error
            time.sleep(random.uniform(0.2, 1.0))
            continue
        return found is not None and found.manifest_key == new.manifest_key
