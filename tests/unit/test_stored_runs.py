"""Runs in the object store: what is sent comes back, and a cut in the middle leaves what was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectDamagedError, ObjectStoreError
from playloom.runs.lineage import Lineage, note_registered, read_lineage
from playloom.runs.program import tell, told, wanted, why_unwanted
from playloom.runs.pulling import pull_run
from playloom.runs.pushing import drop_checkpoints, push_run
from playloom.runs.stored_run import StoredCheckpoint, StoredFile, StoredRunError, stored_runs, stored_steps
from training.runs.directory import RunDirectory


def write_run(root: Path, *steps: int) -> Path:
    path = root / "first"
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.yaml").write_text("data:\n  path: ds\n")
    (path / "metrics.jsonl").write_text('{"step": 1}\n')
    for step in steps:
        place = path / f"checkpoints/step-{step:06d}"
        place.mkdir(parents=True)
        (place / "model.safetensors").write_bytes(b"weights %d" % step)
        (place / "config.json").write_text('{"kind": "idm"}')
    return path


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def test_a_run_that_was_sent_comes_back_with_its_newest_and_best_checkpoint(
    tmp_path: Path, store: DirectoryStore
) -> None:
    path = write_run(tmp_path, 10, 20, 30)
    (path / "checkpoints/best").write_text("step-000010\n")
    sent = push_run(store, "first", path)

    came = pull_run(store, "first", tmp_path / "elsewhere/first")

    run = RunDirectory(path=tmp_path / "elsewhere/first")
    assert sent.steps == (10, 20, 30)
    assert came == [10, 30]
    assert (run.path / "checkpoints/step-000030/model.safetensors").read_bytes() == b"weights 30"
    assert run.latest() == run.path / "checkpoints/step-000030"
    assert run.best() == run.path / "checkpoints/step-000010"
    assert (run.path / "metrics.jsonl").read_text() == '{"step": 1}\n'


def test_what_is_there_is_not_sent_again_and_equal_files_lie_there_once(tmp_path: Path, store: DirectoryStore) -> None:
    path = write_run(tmp_path, 10)
    push_run(store, "first", path)
    write_run(tmp_path, 20)

    again = push_run(store, "first", path)

    assert (again.steps, again.sent_bytes) == ((20,), len(b"weights 20"))
    assert stored_runs(store) == ["first"]
    assert len(store.list_page("runs/first/files/").objects) == 3


def test_a_checkpoint_whose_contents_were_sent_but_not_named_is_not_there(
    tmp_path: Path, store: DirectoryStore
) -> None:
    path = write_run(tmp_path, 10, 20)
    push_run(store, "first", path)
    store.delete(["runs/first/checkpoints/step-000020.json"])  # as if it was killed before the last object

    assert stored_steps(store, "first") == [10]
    assert pull_run(store, "first", tmp_path / "elsewhere") == [10]


def test_damaged_contents_do_not_become_a_checkpoint(tmp_path: Path, store: DirectoryStore) -> None:
    push_run(store, "first", write_run(tmp_path, 10))
    (weights,) = [one.key for one in store.list_page("runs/first/files/").objects if one.key.endswith(".safetensors")]
    store.put(weights, b"weights 11")

    with pytest.raises((ObjectDamagedError, ObjectStoreError)):
        pull_run(store, "first", tmp_path / "elsewhere")

    assert not (tmp_path / "elsewhere/checkpoints/step-000010").exists()


def test_a_dropped_checkpoint_takes_only_what_no_other_names(tmp_path: Path, store: DirectoryStore) -> None:
    push_run(store, "first", write_run(tmp_path, 10, 20))

    assert drop_checkpoints(store, "first", {10, 99}) == 1

    assert stored_steps(store, "first") == [20]
    assert pull_run(store, "first", tmp_path / "elsewhere") == [20]
    assert len(store.list_page("runs/first/files/").objects) == 2


def test_a_run_that_is_not_there_and_names_that_lead_elsewhere_are_refused(
    tmp_path: Path, store: DirectoryStore
) -> None:
    with pytest.raises(StoredRunError, match="is not in"):
        pull_run(store, "first", tmp_path / "elsewhere")
    with pytest.raises(StoredRunError, match="cannot be called so"):
        pull_run(store, "../first", tmp_path / "elsewhere")
    evil = StoredCheckpoint(run="first", step=1, files=(StoredFile(name="../x", size_bytes=1, sha256="0" * 64),))
    with pytest.raises(StoredRunError):
        StoredCheckpoint.from_bytes(evil.to_bytes(), "first", 1)


def test_lineage_names_versions_of_servers_and_registered_parents_only(tmp_path: Path) -> None:
    parent = write_run(tmp_path / "parents", 10)
    note_registered(parent, "checkpoint_1", "localhost:1")
    pulled = {"name": "playloom/numbers", "version": None, "path": "/home/ada/datasets/numbers/versions/7"}
    (tmp_path / "lineage.json").write_text(
        str(
            {
                "datasets": [pulled, {"name": "me/ds", "version": None, "path": "/ds"}],
                "parents": [{"path": str(parent / "checkpoints/step-000010")}, {"path": "/nowhere/checkpoints/step-1"}],
            }
        )
        .replace("'", '"')
        .replace("None", "null")
    )

    assert read_lineage(tmp_path) == Lineage(sources=(("numbers", 7),), parents=("checkpoint_1",))


def test_a_program_hears_that_it_is_to_end_or_that_another_has_begun() -> None:
    assert why_unwanted(wanted("job_1-1", 5), "job_1-1") is None
    assert why_unwanted(wanted("job_1-1", 5, stop=True), "job_1-1") == "it was asked to"
    assert why_unwanted(wanted("job_1-2", 5), "job_1-1") == "another try of the same job has begun"
    assert why_unwanted(b"damaged", "job_1-1") is None
    assert told(tell(stored={"step": 3})) == {"stored": {"step": 3}}
    assert told("an ordinary line") is None
