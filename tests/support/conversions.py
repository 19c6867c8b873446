"""Converts numbered sessions in tests, and reads the dataset back without LeRobot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from tests.support.numbered_sessions import GAME_YAML, PROFILE_YAML, number_in
from workers.convert import ConvertOptions, ConvertReport, convert_sessions

VIDEO_KEY = "observation.images.main"


@dataclass(frozen=True, kw_only=True)
class ReadEpisode:
    """An episode as it stands on the disk: the numbers that its pictures show, and its columns."""

    session: str
    numbers: list[int]
    action: NDArray[np.float32]
    columns: dict[str, Any]


def write_definitions(directory: Path, profile: str = PROFILE_YAML, game: str = GAME_YAML) -> tuple[Path, Path]:
    """The paths of a game definition and a mapping profile."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "game.yaml").write_text(game)
    (directory / "profile.yaml").write_text(profile)
    return directory / "game.yaml", directory / "profile.yaml"


def options_for(directory: Path, **wanted: Any) -> ConvertOptions:
    """Options for the sessions in ``directory``/sessions, into ``directory``/dataset."""
    game_path, profile_path = write_definitions(directory)
    game = load_game_definition(game_path)
    defaults: dict[str, Any] = {
        "session_root": directory / "sessions",
        "game": game,
        "profiles": (load_mapping_profile(profile_path, game),),
        "output_root": directory / "dataset",
        "repo_id": "local/test",
        "task": "count the frames",
        "jobs": 1,
    }
    return ConvertOptions(**{**defaults, **wanted})


def convert(directory: Path, **wanted: Any) -> ConvertReport:
    return convert_sessions(options_for(directory, **wanted))


def read_info(dataset: Path) -> dict[str, Any]:
    return json.loads((dataset / "meta/info.json").read_text())


def read_episodes(dataset: Path) -> list[ReadEpisode]:
    """All episodes of a dataset, their pictures decoded with PyAV."""
    info = read_info(dataset)
    rows = pa.concat_tables([pq.read_table(path) for path in sorted((dataset / "meta/episodes").rglob("*.parquet"))])
    data = pa.concat_tables([pq.read_table(path) for path in sorted((dataset / "data").rglob("*.parquet"))])
    videos: dict[Path, list[int]] = {}
    episodes = []
    for row in rows.to_pylist():
        path = dataset / info["video_path"].format(
            video_key=VIDEO_KEY,
            chunk_index=row[f"videos/{VIDEO_KEY}/chunk_index"],
            file_index=row[f"videos/{VIDEO_KEY}/file_index"],
        )
        if path not in videos:
            videos[path] = _numbers(path, info["fps"])
        first = round(row[f"videos/{VIDEO_KEY}/from_timestamp"] * info["fps"])
        part = data.slice(row["dataset_from_index"], row["length"])
        columns = part.to_pydict()
        assert columns["index"] == list(range(row["dataset_from_index"], row["dataset_to_index"]))
        assert columns["episode_index"] == [row["episode_index"]] * row["length"]
        assert columns["frame_index"] == list(range(row["length"]))
        episodes.append(
            ReadEpisode(
                session=row["session"],
                numbers=videos[path][first : first + row["length"]],
                action=np.array(columns["action"], np.float32),
                columns=columns,
            )
        )
    return episodes


def _numbers(path: Path, fps: int) -> list[int]:
    numbers = []
    with av.open(str(path)) as container:
        assert len(container.streams) == 1
        for place, frame in enumerate(container.decode(video=0)):
            assert frame.time is not None
            assert abs(frame.time - place / fps) < 1e-4
            numbers.append(number_in(frame.to_ndarray(format="rgb24")))
    return numbers


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below a directory with its content."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }
