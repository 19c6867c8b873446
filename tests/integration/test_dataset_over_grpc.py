"""A dataset's life with a real coordinator: SQLite and a directory, and PostgreSQL and Ceph, by configuration alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.client.errors import NotThereError
from playloom.errors import PlayloomError
from tests.support.archives import ArchivePlace
from tests.support.served_dataset import served_dataset
from tests.support.shared_dataset import objects_of, see_whole
from tests.support.staged_sessions import recorded
from workers.dataset.errors import SessionRemovedError


def test_a_dataset_grows_forgets_goes_back_and_is_cleared_up(archive_place: ArchivePlace, tmp_path: Path) -> None:
    with served_dataset(tmp_path, archive_place.database, store=archive_place.store) as dataset:
        a, b, c, d = (dataset.with_id(recorded(n, (3, 2), player=f"player-{n}", task=f"task {n}")) for n in range(4))
        assert dataset.coordinator.version("test", None) is None
        assert dataset.coordinator.version("test", 1) is None
        assert dataset.append(a, b) == 1
        assert dataset.append(c) == 2
        assert dataset.commit(b.session_id) == 1
        assert dataset.compact() == 3
        assert dataset.remove(b.session_id) == 4
        assert dataset.remove(b.session_id) == 4
        see_whole(dataset.store, dataset.version(), tmp_path / "4", [a, c])
        assert dataset.roll_back(1) == 5
        see_whole(dataset.store, dataset.version(), tmp_path / "5", [a])
        assert dataset.roll_back(4) == 6
        see_whole(dataset.store, dataset.version(), tmp_path / "6", [a, c])
        dataset.stage(d)
        dataset.forbid(d.session_id)
        with pytest.raises(SessionRemovedError):
            dataset.commit(d.session_id)
        collected = dataset.collect()
        assert collected.withdrawn == 3, "those that hold b"
        left = b"".join(objects_of(dataset.store, dataset.facts.id).values())
        for gone in (b, d):
            for trace in (gone.session_id, gone.player, gone.task):
                assert trace.encode() not in left
        see_whole(dataset.store, dataset.version(4), tmp_path / "4 again", [a, c])
        see_whole(dataset.store, dataset.version(), tmp_path / "6 again", [a, c])
        with pytest.raises(PlayloomError, match="withdrawn"):
            dataset.roll_back(1)
        with pytest.raises(NotThereError):
            dataset.coordinator.facts("none")
