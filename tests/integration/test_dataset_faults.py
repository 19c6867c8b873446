"""A store that fails and a coordinator whose answers get lost: the dataset is whole, and nobody enters twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from playloom.manifest.errors import CommitUnknownError, VersionConflictError
from playloom.objects.errors import ObjectStoreError
from tests.support.faulty_store import FaultyStore
from tests.support.shared_dataset import MemoryDataset, see_whole
from tests.support.staged_sessions import recorded
from workers.dataset import objects
from workers.dataset.coordinator import NewVersion


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryDataset:
    monkeypatch.setattr(objects, "FIRST_WAIT_S", 0.001)
    return MemoryDataset.within(tmp_path)


def test_a_store_that_answers_503_and_breaks_off_costs_time_only(dataset: MemoryDataset) -> None:
    sessions = [recorded(n, (4, 3)) for n in range(4)]
    whole = dataset.store
    dataset.stage(*sessions)
    faulty = FaultyStore(whole, seed=3, fault_rate=0.15, slow_s=0.005)
    dataset.store = faulty  # type: ignore[assignment]
    dataset.commit(sessions[0].session_id)
    dataset.compact()
    dataset.remove(sessions[2].session_id)
    dataset.collect()
    assert faulty.faults > 10
    dataset.store = whole
    left = [*sessions[:2], sessions[3]]
    see_whole(whole, dataset.version(), dataset.directory / "seen", left)


def test_a_store_that_stays_away_is_an_error_and_the_turn_is_given_back(dataset: MemoryDataset) -> None:
    a = recorded(1)
    whole = dataset.store
    dataset.stage(a)
    dataset.store = FaultyStore(whole, seed=1, fault_rate=1.0)  # type: ignore[assignment]
    with pytest.raises(ObjectStoreError):
        dataset.commit(a.session_id)
    dataset.store = whole
    assert dataset.commit(a.session_id) == 1
    see_whole(whole, dataset.version(), dataset.directory / "seen", [a])


class _Commits:
    """A coordinator whose commits go wrong as listed: before they take effect, after it, or for another's sake."""

    def __init__(self, of: Any, faults: list[str]) -> None:
        self._of, self._faults = of, faults
        self.tries: list[NewVersion] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    def commit(self, dataset: str, new: NewVersion, *, turn: int) -> int:
        self.tries.append(new)
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "conflict":
            raise VersionConflictError("test", new.version.parent)
        if fault == "lost before":
            raise CommitUnknownError("test", new.manifest_key)
        number = self._of.commit(dataset, new, turn=turn)
        if fault == "lost after":
            raise CommitUnknownError("test", new.manifest_key)
        return number


@pytest.mark.parametrize(
    ("faults", "tries"),
    [(["lost after"], 1), (["lost before"], 2), (["conflict", "lost before", "lost after"], 3)],
)
def test_a_commit_whose_answer_is_lost_is_looked_up(dataset: MemoryDataset, faults: list[str], tries: int) -> None:
    a, b = recorded(1), recorded(2)
    dataset.append(a)
    commits = _Commits(dataset.memory, faults)
    dataset.coordinator = commits  # type: ignore[assignment]
    assert dataset.append(b) == 2
    assert len(commits.tries) == tries
    assert len(dataset.memory.versions) == 2
    see_whole(dataset.store, dataset.version(), dataset.directory / "seen", [a, b])


def test_a_coordinator_that_loses_every_answer_is_given_up(dataset: MemoryDataset) -> None:
    a = recorded(1)
    dataset.stage(a)
    dataset.coordinator = _Commits(dataset.memory, ["lost before"] * 9)  # type: ignore[assignment]
    with pytest.raises(CommitUnknownError):
        dataset.commit(a.session_id)


def test_after_a_lost_race_no_video_and_no_staged_row_is_read_again(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.append(a)
    dataset.stage(b)

    class Reads(FaultyStore):
        keys: list[str] = []  # noqa: RUF012

        def stream(self, *given: Any, **named: Any) -> Any:
            self.keys.append(given[0])
            return super().stream(*given, **named)

    dataset.store = Reads(dataset.store, seed=0, fault_rate=0.0)  # type: ignore[assignment]
    dataset.coordinator = _Commits(dataset.memory, ["conflict", "conflict"])  # type: ignore[assignment]
    assert dataset.commit(b.session_id) == 2
    assert sum(key.endswith(".parquet") for key in Reads.keys) == 1
    assert not any(key.endswith(".mp4") for key in Reads.keys)
