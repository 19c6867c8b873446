"""Who acted, the player or an agent, on its way from a session into the rows of a dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import RecordingError
from playloom.manifest.config import DatasetConfig
from tests.support.acted_sessions import tell_who_acted
from tests.support.conversions import convert, options_for, read_episodes, read_info
from tests.support.numbered_sessions import GAME_YAML, write_numbered_session
from workers.convert_session import Columns, SessionJob, convert_pieces
from workers.converted import ConvertedPiece
from workers.dataset.shape import shape_of
from workers.dataset.staged_rows import read_staged_rows, write_staged_rows

NOBODY, ATTACK, ALL = (), ("attack",), ("move", "attack", "heavy")
N, A, E = [False, False, False], [False, True, False], [True, True, True]


def assisted(path: Path, acting: list[tuple[str, ...]]) -> Path:
    return tell_who_acted(write_numbered_session(path, len(acting)), ALL, acting)


def test_a_dataset_tells_of_each_action_who_decided_on_it_if_any_session_does(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions/alone", 4)
    assisted(tmp_path / "sessions/together", [NOBODY, ATTACK, ALL, NOBODY])

    convert(tmp_path)

    alone, together = read_episodes(tmp_path / "dataset")
    assert alone.columns["action.agent"] == [N, N, N, N]
    assert together.columns["action.agent"] == [N, A, E, N]
    info = read_info(tmp_path / "dataset")
    assert info["features"]["action.agent"] == {"dtype": "bool", "shape": [3], "names": ["move", "attack", "heavy"]}
    assert info["extensions"]["game_converter"]["agents"] == {"together": "run@1"}


def test_datasets_of_players_alone_have_no_such_feature_unless_it_is_asked_for(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions/alone", 4)
    convert(tmp_path)
    assert "action.agent" not in read_info(tmp_path / "dataset")["features"]
    convert(tmp_path, who_acted=True, overwrite=True)
    [alone] = read_episodes(tmp_path / "dataset")
    assert alone.columns["action.agent"] == [N, N, N, N]


def test_a_frame_that_takes_earlier_inputs_tells_who_made_those(tmp_path: Path) -> None:
    assisted(tmp_path / "sessions/a", [NOBODY, ATTACK, ALL, NOBODY, ATTACK, NOBODY])
    convert(tmp_path, action_delay_ms=60.0)
    [episode] = read_episodes(tmp_path / "dataset")
    assert episode.columns["action.agent"] == [N, N, N, A, E, N]


def test_what_is_cut_off_before_the_first_input_takes_its_rows_with_it(tmp_path: Path) -> None:
    session = write_numbered_session(tmp_path / "sessions/a", 8, first_input=4)
    tell_who_acted(session, ["attack"], [ATTACK] * 5 + [NOBODY] * 3)
    convert(tmp_path, max_pre_action_s=0.0)
    [episode] = read_episodes(tmp_path / "dataset")
    assert episode.numbers == [4, 5, 6, 7]
    assert episode.columns["action.agent"] == [A, N, N, N]


def test_a_session_that_is_laid_on_another_grid_takes_its_actors_along(tmp_path: Path) -> None:
    session = write_numbered_session(tmp_path / "sessions/a", 8)
    tell_who_acted(session, ["attack"], [ATTACK] * 4 + [NOBODY] * 4)
    convert(tmp_path, fps=15)
    [episode] = read_episodes(tmp_path / "dataset")
    assert episode.numbers == [0, 2, 4, 6]
    assert episode.columns["action.agent"] == [A, A, N, N]


def test_who_acted_that_cannot_be_read_keeps_the_session_out(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions/alone", 4)
    session = assisted(tmp_path / "sessions/broken", [NOBODY] * 4)
    (session / "sync.csv").write_text((session / "sync.csv").read_text().replace(",agent", ",player"))
    report = convert(tmp_path)
    assert report.converted == ("alone",)
    assert "sync.csv, line 1: has no column 'agent'" in report.skipped["broken"]


CONFIG = DatasetConfig(game_definition=GAME_YAML, class_ids=("default",), fps=30, width=96, height=64, who_acted=True)


def converted(session: Path, config: DatasetConfig, scratch: Path) -> Columns:
    """The columns of the one episode that a worker leaves for a shared dataset."""
    scratch.mkdir()
    options = replace(options_for(scratch), size=(96, 64), fps=30)
    found: list[Columns] = []

    def keep(piece: ConvertedPiece, columns: Columns) -> None:
        found.append(columns)

    job = SessionJob(path=session, output=scratch, options=options, shape=shape_of(config))
    convert_pieces(job, scratch, lambda _: None, keep)
    [columns] = found
    return columns


def test_a_shared_dataset_that_tells_who_acted_takes_all_sessions(tmp_path: Path) -> None:
    session = assisted(tmp_path / "together", [NOBODY, ATTACK, ALL])
    columns = converted(session, CONFIG, tmp_path / "one")
    features = shape_of(CONFIG).features
    write_staged_rows(tmp_path / "rows.parquet", features, columns)
    assert read_staged_rows(tmp_path / "rows.parquet", features, 3)["action.agent"].tolist() == [N, A, E]
    alone = converted(write_numbered_session(tmp_path / "alone", 3), CONFIG, tmp_path / "two")
    assert np.asarray(alone["action.agent"]).tolist() == [N, N, N]


def test_a_shared_dataset_that_does_not_tell_it_never_takes_an_agents_play_for_the_players(tmp_path: Path) -> None:
    silent = replace(CONFIG, who_acted=False)
    watched = assisted(tmp_path / "watched", [NOBODY, NOBODY, NOBODY])
    assert "action.agent" not in converted(watched, silent, tmp_path / "one")
    together = assisted(tmp_path / "together", [NOBODY, ATTACK, NOBODY])
    with pytest.raises(
        RecordingError, match=r"run@1 played a part in it, and the dataset does not tell who acted\. Take a dataset"
    ):
        converted(together, silent, tmp_path / "two")


def test_the_feature_names_the_actions_and_not_their_slots() -> None:
    features = shape_of(CONFIG).features
    assert features.agent_names == ("move", "attack", "heavy")
    assert features.action_names == ("move.x", "move.y", "attack", "heavy")
