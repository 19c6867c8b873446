"""The coordinator's rules for versions of a dataset, in memory: what the database holds, without a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from playloom.client.errors import NotNowError
from playloom.manifest.errors import VersionConflictError
from workers.dataset.coordinator import DatasetFacts, NewVersion, StagedRef, Turn, VersionPointer, Withdrawal


@dataclass(kw_only=True)
class MemoryCoordinator:
    """A `DatasetCoordinator` of one dataset.

    Attributes:
        dataset: which.
        versions: committed, in order; with each, its sessions and their (episodes, frames).
    """

    dataset: DatasetFacts
    versions: list[VersionPointer] = field(default_factory=list)
    sessions: list[dict[str, tuple[int, int]]] = field(default_factory=list)
    staged: dict[str, StagedRef] = field(default_factory=dict)
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    _turn: int = 0
    _turn_until_s: float = 0.0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def stage(self, ref: StagedRef, episodes: int, frames: int) -> None:
        with self._news:
            assert ref.session_id not in self.gone
            if not self._added(ref.session_id):
                self.staged.setdefault(ref.session_id, ref)
                self.shares[ref.session_id] = (episodes, frames)

    def remove(self, session_ids: Collection[str]) -> None:
        """From now on they must not enter, and have to leave."""
        with self._news:
            for session_id in session_ids:
                self.gone.setdefault(session_id, time.time_ns())
                self.staged.pop(session_id, None)
            self._news.notify_all()

    def facts(self, dataset: str) -> DatasetFacts:
        return self.dataset

    def version(self, dataset: str, number: int | None) -> VersionPointer | None:
        with self._news:
            place = (len(self.versions) if number is None else number) - 1
            return self.versions[place] if 0 <= place < len(self.versions) else None

    def take_turn(self, dataset: str, *, worker: str, session_id: str | None, wait_s: float, turn_s: float) -> Turn:
        until_s = time.monotonic() + wait_s
        with self._news:
            while True:
                if session_id is not None:
                    if added := self._added(session_id):
                        return Turn(added_version=added)
                    if session_id not in self.staged:
                        raise NotNowError("memory", f"{session_id} does not wait")
                now_s = time.monotonic()
                if now_s >= self._turn_until_s:
                    self._turn += 1
                    self._turn_until_s = now_s + turn_s
                    base = self.versions[-1] if self.versions else None
                    return Turn(number=self._turn, base=base, staged=tuple(self.staged.values()))
                if now_s >= until_s:
                    return Turn()
                self._news.wait(min(until_s, self._turn_until_s) - now_s)

    def end_turn(self, dataset: str, turn: int) -> None:
        with self._news:
            if turn == self._turn:
                self._turn_until_s = 0.0
                self._news.notify_all()

    def commit(self, dataset: str, new: NewVersion, *, turn: int) -> int:
        with self._news:
            try:
                return self._commit(new)
            finally:
                if turn == self._turn:
                    self._turn_until_s = 0.0
                self._news.notify_all()

    def _commit(self, new: NewVersion) -> int:
        for made in self.versions:
            if made.manifest_key == new.manifest_key:
                return made.number
        before = self.sessions[-1] if self.sessions else {}
        added = {one.session_id: (one.episodes, one.frames) for one in new.added}
        ever = {session_id for held in self.sessions for session_id in held}
        allowed = self.staged.keys() | (ever if new.version.reason == "rollback" else set())
        if (
            new.version.parent != len(self.versions)
            or added.keys() & (before.keys() | self.gone.keys())
            or not added.keys() <= allowed
            or not before.keys() >= set(new.removed)
        ):
            raise VersionConflictError(self.dataset.name, new.version.parent)
        after = {name: share for name, share in before.items() if name not in new.removed} | added
        assert all(self.shares[name] == share for name, share in added.items())
        assert new.version.episodes == sum(episodes for episodes, _ in after.values())
        assert new.version.frames == sum(frames for _, frames in after.values())
        number = len(self.versions) + 1
        assert new.version.number == number
        self.versions.append(
            VersionPointer(number=number, manifest_key=new.manifest_key, manifest_sha256=new.manifest_sha256)
        )
        self.sessions.append(after)
        for name in added:
            self.staged.pop(name, None)
        return number

    def removed_sessions(self, dataset: str) -> frozenset[str]:
        with self._news:
            return frozenset(self.gone)

    def withdraw(self, dataset: str, *, removed_before_unix_ns: int) -> Withdrawal:
        with self._news:
            old = {name for name, at_ns in self.gone.items() if at_ns <= removed_before_unix_ns}
            newly = 0
            for place, held in enumerate(self.sessions[:-1]):
                if held.keys() & old and not self.versions[place].withdrawn:
                    self.versions[place] = replace(self.versions[place], withdrawn=True)
                    newly += 1
            return Withdrawal(
                versions=tuple(one for one in self.versions if not one.withdrawn),
                staged_keys=tuple(ref.object_key for ref in self.staged.values()),
                newly_withdrawn=newly,
            )

    def _added(self, session_id: str) -> int:
        """With which version it came that is in the newest."""
        added = 0
        for number, held in enumerate(self.sessions, 1):
            added = (added or number) if session_id in held else 0
        return added
