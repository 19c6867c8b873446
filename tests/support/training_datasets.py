"""Datasets for tests of training, made by the project's own recorder and converter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from capture_node.gym.options import RecordOptions
from capture_node.gym.record import record_agent
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.courier.environment import HIDDEN_MAP
from playloom.environments.definitions import game_definition_of, mapping_profile_of
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.settings import EnvironmentSettings
from tests.support.conversions import convert
from tests.support.numbered_sessions import NumberedVideo, write_numbered_session
from workers.convert import ConvertOptions, convert_sessions

PLAYERS = ("ada", "bob", "cyd")


def numbered_dataset(
    directory: Path, lengths: Sequence[int] = (60, 45, 90), *, keyframe_interval: int = 10, **wanted: Any
) -> Path:
    """A dataset of 96x64 pictures that show their numbers, a session an episode, all in one video file.

    Session k is called "session-k", its frames count from 0, and its actions are `expected_action`.
    """
    video = NumberedVideo(keyframe_interval=keyframe_interval)
    for place, length in enumerate(lengths):
        write_numbered_session(directory / f"sessions/session-{place}", length, video=video)
    convert(directory, **wanted)
    return directory / "dataset"


def courier_dataset(directory: Path, *, episodes: int = 3, steps: int = 150, size: tuple[int, int] = (64, 64)) -> Path:
    """A dataset of Courier played with a gamepad by several players, each a session; seeds count from 1."""
    for place in range(episodes):
        options = RecordOptions(
            environment="courier",
            settings=EnvironmentSettings(seed=1 + place, mode=0, size=size),
            root=directory / "recordings",
            player=PLAYERS[place % len(PLAYERS)],
            agent="scripted",
            device=InputDevice.GAMEPAD,
            max_steps=steps,
        )
        for report in record_agent(options, 1, lambda: False):
            assert report.session is not None
    return converted_courier(directory / "recordings", directory / "dataset")


def converted_courier(recordings: Path, output: Path) -> Path:
    """The dataset of recordings of Courier whose buttons are where they belong."""
    environment = make_environment(find_game("courier"), EnvironmentSettings(seed=1))
    assert environment.spec.mode != HIDDEN_MAP
    spec = environment.spec
    convert_sessions(
        ConvertOptions(
            session_root=recordings,
            game=game_definition_of(spec),
            profiles=(mapping_profile_of(spec, load_preset(spec), InputDevice.GAMEPAD, "pad"),),
            output_root=output,
            repo_id="local/courier",
            task="Deliver the parcels",
            jobs=1,
        )
    )
    return output


def changed_info(dataset: Path, output: Path, changes: Mapping[str, Any]) -> Path:
    """A copy of a dataset whose info.json says otherwise."""
    shutil.copytree(dataset, output)
    path = output / "meta/info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return output


def without_columns(dataset: Path, output: Path, columns: Sequence[str]) -> Path:
    """A copy of a dataset whose rows of meta/episodes lack columns, as another tool's do."""
    shutil.copytree(dataset, output)
    for path in (output / "meta/episodes").rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        kept = [name for name in table.column_names if name not in columns]
        pq.write_table(pa.table({name: table[name] for name in kept}), path)
    return output


def damage_video(video: Path, *, frame: int) -> None:
    """Spoil the bytes of a frame, in decode order."""
    from playloom.recording.mp4_index import index_video

    index = index_video(video)
    content = bytearray(video.read_bytes())
    begin, size = int(index.offset[frame]), int(index.size_bytes[frame])
    content[begin + 5 : begin + size] = bytes(255 - byte for byte in content[begin + 5 : begin + size])
    video.unlink()
    video.write_bytes(content)
