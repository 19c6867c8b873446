from __future__ import annotations

import contextlib
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playloom.environments.steps import StepRecord, StepWriter, read_steps
from playloom.errors import OutputError, RecordingError

HASH = "0123456789abcdef" * 2
HEADER = "step,action,reward,terminated,truncated,frame_hash,ram_hash\n"


def test_steps_are_written_one_row_each_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    with StepWriter(path) as steps:
        steps.add(StepRecord(action=3, reward=-0.5, terminated=False, truncated=False, frame_hash=HASH))
        steps.add(
            StepRecord(action=(1, 0, 1), reward=1.0, terminated=True, truncated=False, frame_hash=HASH, ram_hash=HASH)
        )
    assert path.read_text() == HEADER + f'0,3,-0.5,0,0,{HASH},\n1,"[1,0,1]",1.0,1,0,{HASH},{HASH}\n'
    read = read_steps(path)
    assert read.actions == (3, (1, 0, 1))
    assert read.reward.tolist() == [-0.5, 1.0]
    assert read.terminated.tolist() == [False, True]
    assert read.truncated.tolist() == [False, False]
    assert read.ram_hashes == ("", HASH)
    assert not read.cut_off


def test_an_empty_episode_reads_as_no_steps(tmp_path: Path) -> None:
    with StepWriter(tmp_path / "steps.csv"):
        pass
    assert len(read_steps(tmp_path / "steps.csv")) == 0


def test_a_row_that_a_crash_cut_off_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(HEADER + f"0,3,0.0,0,0,{HASH},\n1,3,0.0,0,0,0123")
    read = read_steps(path)
    assert len(read) == 1
    assert read.cut_off


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "steps.csv").write_text("mine")
    with pytest.raises(OutputError, match="cannot be created: File exists"):
        StepWriter(tmp_path / "steps.csv")
    assert (tmp_path / "steps.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (f"1,3,0.0,0,0,{HASH},", "row 2: is step '1' where step 0 belongs"),
        (f"0,3,nan,0,0,{HASH},", "row 2: 'nan' is not a reward"),
        (f"0,3,0.0,yes,0,{HASH},", "row 2: terminated and truncated must be 0 or 1"),
        ("0,3,0.0,0,0,beef,", "row 2: 'beef' is not a hash"),
        (f"0,-1,0.0,0,0,{HASH},", "row 2: '-1' is not an action"),
        (f'0,"[0,0.5]",0.0,0,0,{HASH},', r"row 2: '\[0,0.5\]' is not an action"),
        (f"0,true,0.0,0,0,{HASH},", "row 2: 'true' is not an action"),
        ("0,3,0.0", "row 2: has 3 columns where 7 belong"),
    ],
)
def test_a_row_that_is_not_valid_is_named(tmp_path: Path, row: str, problem: str) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(RecordingError, match=problem):
        read_steps(path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("frame_index,monotonic_ns,pts\n0,0,0\n")
    with pytest.raises(RecordingError, match="row 1: does not begin with the columns step, action"):
        read_steps(path)
    with pytest.raises(RecordingError, match="is missing"):
        read_steps(tmp_path / "other.csv")


@given(st.binary(max_size=300))
def test_random_bytes_give_steps_or_a_recording_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "steps.csv"
        path.write_bytes(HEADER.encode() + content)
        with contextlib.suppress(RecordingError):
            read_steps(path)


def test_a_row_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(HEADER + "0," + "9" * 200_000 + "\n")
    with pytest.raises(RecordingError, match="row 2: field larger than field limit"):
        read_steps(path)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.symlink_to("/dev/zero"), "steps.csv: is no file"),
        (lambda path: path.mkdir(), "steps.csv: is no file"),
        (lambda path: path.write_bytes(b"step,\xff"), "steps.csv, byte 5: is not UTF-8 text"),
        (lambda path: None, "steps.csv: is missing"),
    ],
)
def test_what_cannot_be_read_is_said_once(tmp_path: Path, make: Callable[[Path], None], problem: str) -> None:
    make(tmp_path / "steps.csv")
    with pytest.raises(RecordingError) as error:
        read_steps(tmp_path / "steps.csv")
    assert str(error.value) == f"{tmp_path}/{problem}"


def test_a_file_that_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "steps.csv").open("wb") as file:
        file.truncate((1 << 30) + 1)  # takes no room on the disk
    with pytest.raises(RecordingError, match=r"steps\.csv: is larger than 1 GiB, which no such file is"):
        read_steps(tmp_path / "steps.csv")


def test_a_full_disk_is_told_with_how_to_go_on(tmp_path: Path) -> None:
    steps = StepWriter(tmp_path / "steps.csv")
    steps._file.close()
    steps._file = Path("/dev/full").open("w")  # noqa: SIM115
    steps._rows = csv.writer(steps._file)
    steps.add(StepRecord(action=0, reward=0.0, terminated=False, truncated=False, frame_hash=HASH))
    with pytest.raises(OutputError) as error:
        steps.close()
    assert str(error.value) == (
        f"{tmp_path}/steps.csv: cannot be written: No space left on device. "
        f"Make room, then keep what was recorded: playloom recover {tmp_path}"
    )
