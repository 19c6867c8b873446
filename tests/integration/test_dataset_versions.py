"""Versions of a shared dataset: what is appended, removed, put together, rolled back and collected, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playloom.errors import PlayloomError
from playloom.manifest.keys import staged_prefix
from playloom.manifest.version import DatasetVersion
from tests.support.shared_dataset import MemoryDataset, named_keys, objects_of, see_whole
from tests.support.staged_sessions import FACTS, Recorded, recorded
from workers.dataset.errors import SessionRemovedError, StagedSessionError


@pytest.fixture
def dataset(tmp_path: Path) -> MemoryDataset:
    return MemoryDataset.within(tmp_path)


def see(dataset: MemoryDataset, *sessions: Recorded, number: int | None = None) -> DatasetVersion:
    version = dataset.version(number)
    see_whole(dataset.store, version, dataset.directory / f"seen-{version.number}", sessions)
    return version


def test_sessions_stand_behind_each_other_at_exact_positions(dataset: MemoryDataset) -> None:
    a, b, c = recorded(1, (12, 5)), recorded(2, (7,), player="bob", task="win"), recorded(3, (9,))
    assert dataset.append(a) == 1
    assert dataset.append(b, c, lead_in=4) == 2
    version = see(dataset, a, b, c)
    assert (version.tasks, version.next_shard, version.parent) == (("count the frames", "win"), 4, 1)
    see(dataset, a, number=1)


def test_who_comes_later_finds_that_others_took_the_session_up(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.stage(a, b)
    assert dataset.commit(a.session_id) == 1
    assert dataset.commit(b.session_id) == 1
    assert len(dataset.memory.versions) == 1


def test_the_terms_of_sessions_stand_in_every_versions_notice_for_as_long_as_they_are_in_it(
    dataset: MemoryDataset,
) -> None:
    a, b, c = recorded(1), recorded(2, terms=("no profit is made of them",)), recorded(3)
    begin = "for tests\n\nSome of the sessions in this dataset may be used under these terms only:\n\n"
    dataset.append(a)
    assert (dataset.laid_out() / "NOTICE").read_text() == "for tests\n"
    dataset.append(b)
    dataset.append(c)
    for _ in range(2):
        assert (dataset.laid_out() / "NOTICE").read_text() == f"{begin}- No profit is made of them.\n"
        assert dataset.version().terms == ("no profit is made of them",)
        dataset.compact()
    assert dataset.version().reason == "compact"
    dataset.remove(b.session_id)
    assert (dataset.laid_out() / "NOTICE").read_text() == "for tests\n"
    see(dataset, a, c)


def test_a_removed_session_leaves_no_byte(dataset: MemoryDataset) -> None:
    a, b, c = recorded(1, (12, 5)), recorded(2, player="mallory-the-player", task="her secret task"), recorded(3)
    dataset.append(a)
    dataset.append(b)
    dataset.append(c)
    (video,) = [
        content for key, content in objects_of(dataset.store, FACTS.id).items() if key in _videos(dataset, b.session_id)
    ]
    assert dataset.remove(b.session_id) == 4
    version = see(dataset, a, c)
    assert version.tasks == ("count the frames", "(removed 1)")
    dataset.collect()
    left = b"".join(objects_of(dataset.store, FACTS.id).values())
    for trace in (b.session_id, "mallory", "her secret task"):
        assert trace.encode() not in left
    assert video[-200:] not in left
    see(dataset, a, c)


def _videos(dataset: MemoryDataset, session_id: str) -> set[str]:
    from playloom.manifest.keys import file_key
    from workers.dataset.base import shards_of
    from workers.dataset.objects import DatasetObjects
    from workers.dataset.shard_files import video_of

    objects = DatasetObjects(dataset.store, FACTS.id)
    return {
        file_key(FACTS.id, video_of(shard).sha256, "x.mp4")
        for shard in shards_of(objects, dataset.version())
        if any(one.session_id == session_id for one in shard.sessions)
    }


def test_small_neighbours_become_one_shard_with_every_frame(dataset: MemoryDataset) -> None:
    sessions = [recorded(n, (6, 4), task=f"task {n % 2}") for n in range(4)]
    dataset.append(*sessions, lead_in=3)
    assert dataset.compact() == 2
    version = see(dataset, *sessions)
    assert [ref.shards for ref in version.segments] == [1]
    assert dataset.compact() == 2, "there is nothing left to put together"
    see(dataset, *sessions, number=1)


def test_two_sessions_of_the_same_pictures_share_a_file_and_part_well(dataset: MemoryDataset) -> None:
    a = recorded(1, (6, 4))
    twin = replace(a, session_id="se_twin")
    dataset.append(a, twin)
    dataset.compact()
    see(dataset, a, twin)
    dataset.remove(a.session_id)
    dataset.collect()
    see(dataset, twin)


def test_a_session_goes_from_the_middle_of_a_shared_video(dataset: MemoryDataset) -> None:
    sessions = [recorded(n, (6, 4)) for n in range(4)]
    dataset.append(*sessions, lead_in=3)
    dataset.compact()
    shared = _videos(dataset, sessions[1].session_id)
    dataset.remove(sessions[1].session_id)
    see(dataset, sessions[0], *sessions[2:])
    dataset.collect()
    assert not shared & objects_of(dataset.store, FACTS.id).keys()
    see(dataset, sessions[0], *sessions[2:])


def test_rolling_back_brings_nobody_back_who_left(dataset: MemoryDataset) -> None:
    a, b, c, d = (recorded(n, task=f"task {n}") for n in range(4))
    dataset.append(a, b)
    dataset.append(c)
    dataset.remove(b.session_id)
    assert dataset.roll_back(1) == 4
    version = see(dataset, a)
    assert version.tasks == ("task 0", "(removed 1)", "(removed 2)")
    assert version.next_shard == 3
    dataset.append(d)
    see(dataset, a, d)
    assert dataset.roll_back(3) == 6
    version = see(dataset, a, c)
    assert version.tasks == ("task 0", "(removed 1)", "task 2", "(removed 3)")


def test_no_version_is_rolled_back_to_that_was_withdrawn_or_never_was(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.append(a)
    dataset.append(b)
    dataset.remove(a.session_id)
    dataset.collect()
    with pytest.raises(PlayloomError, match="withdrawn"):
        dataset.roll_back(2)
    with pytest.raises(PlayloomError, match="no version 9"):
        dataset.roll_back(9)


def test_a_dataset_that_everybody_left_is_empty_and_grows_again(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.append(a)
    dataset.remove(a.session_id)
    see(dataset)
    dataset.append(b)
    version = see(dataset, b)
    assert version.next_shard == 2


def test_a_full_segment_is_never_written_again(dataset: MemoryDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("build", "segment_writer"):
        monkeypatch.setattr(f"workers.dataset.{module}.SEGMENT_SHARDS", 3)
    sessions = [recorded(n, (3, 3)) for n in range(5)]
    versions = []
    for session in sessions:
        dataset.append(session)
        versions.append(dataset.version())
    assert [[ref.shards for ref in version.segments] for version in versions] == [
        [2],
        [3, 1],
        [3, 3],
        [3, 3, 2],
        [3, 3, 3, 1],
    ]
    assert versions[-1].segments[:2] == versions[2].segments
    see(dataset, *sessions)
    dataset.remove(sessions[2].session_id)
    version = see(dataset, *sessions[:2], *sessions[3:])
    assert version.segments[0] == versions[-1].segments[0]


def test_earlier_versions_stay_byte_for_byte(dataset: MemoryDataset) -> None:
    sessions = [recorded(n, (6, 4)) for n in range(4)]
    pointers: list[tuple[str, DatasetVersion]] = []
    kept: dict[str, bytes] = {}

    def see_kept() -> None:
        there = objects_of(dataset.store, FACTS.id)
        assert kept.items() <= there.items()
        newest = dataset.coordinator.version("test", None)
        assert newest is not None
        pointers.append((newest.manifest_key, dataset.version()))
        kept.update({key: there[key] for key in named_keys(dataset.store, pointers)})

    for session in sessions:
        dataset.append(session)
        see_kept()
    dataset.compact()
    see_kept()
    dataset.remove(sessions[1].session_id)
    see_kept()
    dataset.roll_back(2)
    see_kept()
    dataset.collect(withdraw_after_s=3600)
    assert objects_of(dataset.store, FACTS.id) == kept


def test_what_is_young_or_waits_is_not_collected(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.append(a)
    dataset.stage(b)
    dataset.store.put(f"datasets/{FACTS.id}/versions/00000002-0123456789abcdef.json", b"{}")
    collected = dataset.collect(grace_s=3600)
    assert (collected.objects, collected.young) == (0, 3), "the manifest, and what was staged of a"
    collected = dataset.collect()
    assert collected.objects == 3
    assert dataset.commit(b.session_id) == 2
    see(dataset, a, b)


def test_a_damaged_conversion_is_told_to_its_own_job_and_holds_up_nobody(dataset: MemoryDataset) -> None:
    a, b, c, d = (recorded(n) for n in range(4))
    dataset.stage(a, b, c, d)
    dataset.store.put(f"{staged_prefix(FACTS.id, a.session_id)}rows-0.parquet", b"PAR1 and nothing else")
    dataset.store.delete([f"{staged_prefix(FACTS.id, c.session_id)}session.json"])
    assert dataset.commit(b.session_id) == 1
    see(dataset, b, d)
    for damaged in (a, c):
        with pytest.raises(StagedSessionError, match=damaged.session_id):
            dataset.commit(damaged.session_id)
    assert dataset.coordinator.take_turn("test", worker="w", session_id=None, wait_s=0, turn_s=1).number


def test_a_session_that_was_removed_meanwhile_does_not_enter(dataset: MemoryDataset) -> None:
    a, b = recorded(1), recorded(2)
    dataset.stage(a, b)
    dataset.forbid(a.session_id)
    with pytest.raises(SessionRemovedError):
        dataset.commit(a.session_id)
    dataset.commit(b.session_id)
    see(dataset, b)


def test_nothing_is_left_in_the_scratch_directory(dataset: MemoryDataset) -> None:
    sessions = [recorded(n) for n in range(3)]
    dataset.append(*sessions)
    dataset.compact()
    dataset.remove(sessions[0].session_id)
    dataset.roll_back(1)
    dataset.collect()
    assert list(dataset.scratch.iterdir()) == []
