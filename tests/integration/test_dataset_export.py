"""Exports of real datasets: the chosen pictures and rows and nothing else, read right by every reader of LeRobot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from playloom.datasets.verifying import verify_directory
from playloom.errors import FileError, OutputError
from playloom.recording.mp4_index import index_video
from tests.support.conversions import convert, read_episodes, read_info
from tests.support.numbered_sessions import number_in, write_numbered_session
from workers.convert import VideoPath
from workers.exporting.export import export_dataset
from workers.exporting.source import SourceDataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions of 40 to 42 frames; the first ten frames of each come before the first input and are cut off, so
    that the copied videos hold frames that are nobody's."""
    directory = tmp_path_factory.mktemp("source")
    for number in range(3):
        write_numbered_session(directory / "sessions" / f"session-{number}", 40 + number)
    convert(directory, video=VideoPath.COPY, max_pre_action_s=0.0)
    return directory / "dataset"


def test_an_export_holds_the_chosen_episodes_and_not_one_frame_more(dataset: Path, tmp_path: Path) -> None:
    before = read_episodes(dataset)

    report = export_dataset(SourceDataset(dataset), [2, 0], tmp_path / "copy", about={"dataset": "pong"})

    after = read_episodes(tmp_path / "copy")
    assert [episode.numbers for episode in after] == [before[2].numbers, before[0].numbers]
    assert [episode.session for episode in after] == ["session-2", "session-0"]
    assert all(
        np.array_equal(one.action, other.action) for one, other in zip(after, (before[2], before[0]), strict=True)
    )
    videos = list((tmp_path / "copy").rglob("*.mp4"))
    assert sum(index_video(path).frames for path in videos) == report.frames == sum(len(one.numbers) for one in after)
    assert verify_directory(tmp_path / "copy", decode=True) == []
    info = read_info(tmp_path / "copy")
    assert (info["total_episodes"], info["total_frames"]) == (2, report.frames)
    assert info["extensions"]["playloom_export"] == {"dataset": "pong"}
    assert sorted(info["extensions"]["game_converter"]["converted_sessions"]) == ["session-0", "session-2"]
    assert "session-1" not in (tmp_path / "copy/meta/info.json").read_text()


def test_lerobot_reads_an_export_at_random_and_as_a_stream(dataset: Path, tmp_path: Path) -> None:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
    from lerobot.datasets.streaming_dataset import StreamingLeRobotDataset

    export_dataset(SourceDataset(dataset), [1, 2], tmp_path / "copy")
    numbers = [number for episode in read_episodes(dataset)[1:] for number in episode.numbers]

    random = LeRobotDataset("local/copy", root=tmp_path / "copy", video_backend="pyav")
    frames: list[Any] = [random[place] for place in range(len(random))]
    shown = [_number(frame["observation.images.main"]) for frame in frames]
    assert shown == numbers

    stream = StreamingLeRobotDataset("local/copy", root=tmp_path / "copy", shuffle=False)
    read = sorted((int(item["index"]), _number(item["observation.images.main"])) for item in stream)
    assert [number for _, number in read] == numbers


def _number(image: object) -> int | None:
    array = np.asarray(image)
    return number_in((array.transpose(1, 2, 0) * 255).round().astype(np.uint8))


def test_an_export_takes_the_place_of_nothing(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        export_dataset(SourceDataset(dataset), [0], tmp_path / "there")


def test_a_video_that_is_damaged_leaves_no_export(dataset: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(dataset, source)
    video = next(source.rglob("*.mp4"))
    video.write_bytes(video.read_bytes()[:200])
    with pytest.raises(FileError):
        export_dataset(SourceDataset(source), [0], tmp_path / "copy")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["source"]


def test_verify_tells_what_is_wrong_and_where(dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    assert verify_directory(copy) == []

    info = json.loads((copy / "meta/info.json").read_text())
    (copy / "meta/info.json").write_text(json.dumps({**info, "total_frames": info["total_frames"] + 1}))
    (said,) = verify_directory(copy)
    assert said.file == "meta/info.json"
    assert f"says {info['total_frames'] + 1} frames" in said.problem

    (copy / "meta/info.json").write_text(json.dumps(info))
    video = next(copy.rglob("*.mp4"))
    video.write_bytes(b"not a video")
    assert {fault.file for fault in verify_directory(copy)} == {video.relative_to(copy).as_posix()}

    data = next((copy / "data").rglob("*.parquet"))
    data.write_bytes(data.read_bytes()[:100])
    assert data.relative_to(copy).as_posix() in {fault.file for fault in verify_directory(copy)}


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("index", lambda values: values[1:] + values[:1], "the rows of the episode 0 are not numbered from 0"),
        ("episode_index", lambda values: [9] * len(values), "rows of the episode 0 name another one"),
        ("frame_index", lambda values: [0] * len(values), "the frames of the episode 0 are not numbered from 0"),
        ("timestamp", lambda values: [one + 0.01 for one in values], "the times of the episode 0 are not 30 a second"),
        ("task_index", lambda values: [1] * len(values), "rows of the episode 0 name a task that there is not"),
        ("index", lambda values: [None, *values[1:]], "lacks numbers in the column index"),
        ("index", lambda values: [str(value) for value in values], "lacks numbers in the column index"),
        ("index", None, "lacks numbers in the column index"),
    ],
)
def test_verify_looks_at_every_row(
    dataset: Path, tmp_path: Path, column: str, change: Callable[[list[Any]], list[Any]] | None, said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    path = min((copy / "data").rglob("*.parquet"))
    columns = pq.ParquetFile(path).read().to_pydict()
    columns = {name: values for name, values in columns.items() if name != column or change is not None}
    if change is not None:
        columns[column] = change(columns[column])
    pq.write_table(pa.table(columns), path)

    first = verify_directory(copy)[0]

    assert (first.file, first.problem) == (path.relative_to(copy).as_posix(), said)


def test_the_commands_export_a_directory_and_verify_it(dataset: Path, tmp_path: Path) -> None:
    from playloom.datasets import cli as reading
    from workers.exporting import cli as exporting

    typer_app = typer.Typer()
    typer_app.command("export")(exporting.export)
    typer_app.command("verify")(reading.verify)
    done = CliRunner().invoke(typer_app, ["export", str(dataset), "--output", str(tmp_path / "copy")])
    assert done.exit_code == 0, done.output
    assert "3 episodes" in done.output
    assert "next: playloom datasets verify" in done.output
    checked = CliRunner().invoke(typer_app, ["verify", str(tmp_path / "copy"), "--decode", "--json"])
    assert json.loads(checked.output) == {"whole": True, "faults": []}
