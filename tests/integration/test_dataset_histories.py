"""Any history of a dataset against a model of it: lists of sessions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.shared_dataset import MemoryDataset, named_keys, objects_of, see_whole
from tests.support.staged_sessions import FACTS, Recorded, recorded

TASKS = ("run", "jump", "swim")


class Histories(RuleBasedStateMachine):
    """Versions as lists of sessions; what was removed is in no version that comes later."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.dataset = MemoryDataset.within(Path(self._directory.name))
        self.versions: list[list[Recorded]] = []
        self.tasks: list[tuple[str, ...]] = []
        self.gone: set[str] = set()
        self.known = 0
        self.withdrawn: set[int] = set()

    @initialize(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=2), task=st.sampled_from(TASKS))
    def first(self, lengths: list[int], task: str) -> None:
        self.append(lengths, task, 0)

    @rule(
        lengths=st.lists(st.integers(1, 4), min_size=1, max_size=2),
        task=st.sampled_from(TASKS),
        lead_in=st.integers(0, 2),
    )
    def append(self, lengths: list[int], task: str, lead_in: int) -> None:
        self.known += 1
        session = recorded(self.known, lengths, task=task)
        assert self.dataset.append(session, lead_in=lead_in) == len(self.versions) + 1
        self.versions.append([*(self.versions[-1] if self.versions else []), session])

    @precondition(lambda self: self.versions and self.versions[-1])
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        newest = self.versions[-1]
        gone = data.draw(st.sets(st.sampled_from([one.session_id for one in newest]), min_size=1, max_size=2))
        assert self.dataset.remove(*gone) == len(self.versions) + 1
        self.gone |= gone
        self.versions.append([one for one in newest if one.session_id not in gone])

    @precondition(lambda self: self.versions)
    @rule()
    def compact(self) -> None:
        if self.dataset.compact() == len(self.versions) + 1:
            self.versions.append(self.versions[-1])

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        readable = [n for n in range(1, len(self.versions) + 1) if n not in self.withdrawn]
        to = data.draw(st.sampled_from(readable))
        assert self.dataset.roll_back(to) == len(self.versions) + 1
        self.versions.append([one for one in self.versions[to - 1] if one.session_id not in self.gone])

    @rule()
    def collect(self) -> None:
        self.dataset.collect()
        for number, sessions in enumerate(self.versions[:-1], 1):
            if any(one.session_id in self.gone for one in sessions):
                self.withdrawn.add(number)
        left = b"".join(objects_of(self.dataset.store, FACTS.id).values())
        for session_id in self.gone:
            assert session_id.encode() not in left

    @invariant()
    def the_newest_version_is_as_the_model_says(self) -> None:
        if not self.versions:
            return
        version = self.dataset.version()
        with tempfile.TemporaryDirectory(dir=self._directory.name) as seen:
            see_whole(self.dataset.store, version, Path(seen), self.versions[-1])
        used = {one.task for one in self.versions[-1]}
        assert {text for text in version.tasks if not text.startswith("(removed ")} == used
        if self.tasks:
            before = self.tasks[-1]
            assert len(version.tasks) >= len(before), "numbers of tasks are not used again"
        self.tasks.append(version.tasks)

    def teardown(self) -> None:
        pointers = []
        for number, sessions in enumerate(self.versions, 1):
            if number in self.withdrawn:
                continue
            version = self.dataset.version(number)
            pointers.append((self.dataset.memory.versions[number - 1].manifest_key, version))
            with tempfile.TemporaryDirectory(dir=self._directory.name) as seen:
                see_whole(self.dataset.store, version, Path(seen), sessions)
        assert named_keys(self.dataset.store, pointers) <= objects_of(self.dataset.store, FACTS.id).keys()
        self._directory.cleanup()


def test_every_version_of_any_history_is_what_the_model_says() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=6,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            derandomize=True,
        ),
    )
