from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest
import torch

from playloom.errors import OutputError
from tests.support.toy_training import LINEAGE
from training.errors import CheckpointError
from training.runs.checkpoint import (
    BEST,
    MODEL,
    RANDOM,
    Checkpoint,
    checkpoints,
    clean,
    keep_checkpoints,
    newest,
    point,
    pointed,
    read_checkpoint,
    write_checkpoint,
)  # fmt: skip
from training.runs.directory import RunDirectory, begin_run, find_checkpoint, new_run_directory
from training.runs.lineage import Lineage, terms_of
from training.runs.schema import RunOptions


def some(value: float = 1.0, size: int = 3) -> Checkpoint:
    weights = torch.full((size,), value)
    return Checkpoint(
        config={"kind": "toy"},
        lineage=LINEAGE,
        state={"step": 5, "rate": 0.1},
        tensors={MODEL: {"weight": weights}, RANDOM: {"cpu.0": torch.tensor([1, 2], dtype=torch.uint8)}},
    )


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, 5, some(1 / 3))
    assert path == tmp_path / "step-000005"
    found = read_checkpoint(path)
    assert torch.equal(found.tensors[MODEL]["weight"], torch.full((3,), 1 / 3))
    assert found.tensors[RANDOM]["cpu.0"].tolist() == [1, 2]
    assert (found.state["step"], found.state["rate"]) == (5, 0.1)
    assert found.config["kind"] == "toy"
    assert found.lineage == LINEAGE
    assert "- non-commercial research only" in (path / "NOTICE").read_text()


def test_a_checkpoint_holds_nothing_that_could_be_unpickled(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, 5, some())
    assert sorted(file.name for file in path.iterdir()) == [
        "NOTICE", "config.json", "lineage.json", "model.safetensors", "random.safetensors", "state.json",
    ]  # fmt: skip


def test_the_same_step_can_be_written_again(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 5, some(1.0))
    path = write_checkpoint(tmp_path, 5, some(2.0))
    assert read_checkpoint(path).tensors[MODEL]["weight"].tolist() == [2.0, 2.0, 2.0]


def test_a_full_disk_leaves_the_last_checkpoint_whole_and_nothing_half(tmp_path: Path) -> None:
    last = write_checkpoint(tmp_path, 5, some())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    try:
        with pytest.raises(CheckpointError) as caught:
            write_checkpoint(tmp_path, 6, some(size=5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "step-000006 cannot be written: File too large" in str(caught.value)
    assert f"The last checkpoint, {last}, is whole" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-000005"]
    assert read_checkpoint(last).state["step"] == 5


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "lineage.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    path = write_checkpoint(tmp_path, 5, some())
    file = path / name
    file.write_bytes(file.read_bytes().replace(b"toy", b"tox").replace(b"\x00\x80", b"\x00\x81"))
    with pytest.raises(CheckpointError, match=f"{name}: is not what was written"):
        read_checkpoint(path)


def test_a_checkpoint_of_another_layout_names_both(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, 5, some())
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**config, "version": 7}))
    with pytest.raises(CheckpointError, match="a checkpoint of layout 7, and this program reads layout 1"):
        read_checkpoint(path)


def test_a_directory_that_is_no_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint is here"):
        read_checkpoint(tmp_path)


def test_old_checkpoints_go_and_those_that_are_pointed_at_stay(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        write_checkpoint(tmp_path, step, some())
    point(tmp_path, BEST, "step-000001")
    keep_checkpoints(tmp_path, 2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000001", "step-000003", "step-000004"]


def test_what_a_killed_run_left_half_written_is_cleaned_away_and_never_taken_for_a_checkpoint(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1, some())
    (tmp_path / ".step-000002.4711.partial").mkdir()
    (tmp_path / ".latest.4711.partial").write_text("x")
    assert newest(tmp_path) == tmp_path / "step-000001"
    clean(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-000001"]


def test_steps_beyond_six_digits_come_last(tmp_path: Path) -> None:
    for step in (999_999, 1_000_000):
        write_checkpoint(tmp_path, step, some())
    assert newest(tmp_path) == tmp_path / "step-1000000"


def test_a_pointer_leads_nowhere_out_of_its_directory(tmp_path: Path) -> None:
    (tmp_path / "step-000001").mkdir()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/latest").write_text("../step-000001\n")
    assert pointed(tmp_path / "checkpoints", "latest") is None


def test_a_run_stands_for_its_best_checkpoint(tmp_path: Path) -> None:
    for step in (1, 2):
        write_checkpoint(tmp_path / "checkpoints", step, some())
    assert find_checkpoint(tmp_path).name == "step-000002"
    point(tmp_path / "checkpoints", BEST, "step-000001")
    assert find_checkpoint(tmp_path).name == "step-000001"
    assert find_checkpoint(tmp_path / "checkpoints").name == "step-000001"
    assert find_checkpoint(tmp_path / "checkpoints/step-000002").name == "step-000002"
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        find_checkpoint(tmp_path / "nothing")


def test_runs_of_one_second_have_directories_of_their_own(tmp_path: Path) -> None:
    from datetime import datetime

    now = datetime(2026, 11, 21, 19, 3, 12)
    made = [new_run_directory(tmp_path, name, now=now).path.name for name in ("ds", "ds", "../a b")]
    assert made == ["2026-11-21-190312-ds", "2026-11-21-190312-ds-2", "2026-11-21-190312-a-b"]


def test_two_programs_in_one_run_are_refused(tmp_path: Path) -> None:
    run = RunDirectory(path=tmp_path / "run")
    with run.locked(), pytest.raises(OutputError, match="another program is training in this run"), run.locked():
        pass
    with run.locked():
        pass


def test_a_directory_that_holds_a_run_is_not_begun_again(tmp_path: Path) -> None:
    options = RunOptions(directory=str(tmp_path / "run"))
    assert begin_run(options, "ds").path == tmp_path / "run"
    write_checkpoint(tmp_path / "run/checkpoints", 1, some())
    with pytest.raises(OutputError, match=r"holds a run already\. Go on with it: --resume"):
        begin_run(options, "ds")


def test_a_directory_that_holds_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(OutputError, match="holds other files"):
        begin_run(RunOptions(directory=str(tmp_path)), "ds")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"Choose another place: run\.root=DIR"):
        new_run_directory(tmp_path / "file", "ds")


def test_a_lineage_comes_back_as_it_was() -> None:
    assert Lineage.from_document(json.loads(json.dumps(LINEAGE.to_document()))) == LINEAGE


def test_terms_are_read_from_a_datasets_notice(tmp_path: Path) -> None:
    assert terms_of(tmp_path) == ()
    (tmp_path / "NOTICE").write_text("Some of the sessions may be used under these terms only:\n\n- CC-BY-NC-4.0.\n")
    assert terms_of(tmp_path) == ("CC-BY-NC-4.0.",)
    (tmp_path / "NOTICE").write_text("For research\nonly.\n")
    assert terms_of(tmp_path) == ("For research only.",)
