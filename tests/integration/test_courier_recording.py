"""Courier from play to dataset: recorded, replayed to the bit, converted with its sticks, and its truth known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from capture_node.gym.options import RecordOptions
from capture_node.gym.record import record_agent
from capture_node.gym.verify import verify_session
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.courier.environment import HIDDEN_MAP
from playloom.environments.courier.game import Mode
from playloom.environments.courier.truth import MODES, courier_truth
from playloom.environments.definitions import game_definition_of, mapping_profile_of
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from tests.support.conversions import read_episodes
from workers.convert import ConvertOptions, convert_sessions

STEPS = 120


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two casual players; the second session's buttons are swapped."""
    root = tmp_path_factory.mktemp("courier")
    for seed, mode in ((4, 0), (5, HIDDEN_MAP)):
        options = RecordOptions(
            environment="courier",
            settings=EnvironmentSettings(seed=seed, mode=mode, size=(64, 64)),
            root=root,
            player="ada",
            agent="casual",
            device=InputDevice.GAMEPAD,
            max_steps=STEPS,
        )
        (report,) = record_agent(options, 1, lambda: False)
        assert report.session is not None
    return root


def test_an_episode_is_replayed_to_the_last_bit(sessions: Path) -> None:
    for session in sorted(sessions.iterdir()):
        verified = verify_session(session)
        assert (verified.difference, verified.faults) == (None, ())


def test_its_dataset_holds_the_sticks_as_far_as_they_were_pushed(sessions: Path, tmp_path: Path) -> None:
    environment = make_environment(find_game("courier"), EnvironmentSettings(seed=5, mode=HIDDEN_MAP))
    spec = environment.spec
    game = game_definition_of(spec)
    profile = mapping_profile_of(spec, load_preset(spec), InputDevice.GAMEPAD, "pad")
    session = next(path for path in sessions.iterdir() if path.name.endswith("5"))
    convert_sessions(
        ConvertOptions(
            session_root=session,
            game=game,
            profiles=(profile,),
            output_root=tmp_path / "dataset",
            repo_id="local/courier",
            task="deliver",
            jobs=1,
        )
    )
    (episode,) = read_episodes(tmp_path / "dataset")
    names = [name for action in game.classes[0].actions for name in action.slot_names]
    assert episode.action.shape == (STEPS, len(names)) == (STEPS, 14)
    moved = episode.action[:, names.index("move.x")]
    assert len(np.unique(moved)) > 20
    truth = courier_truth(session)
    # What worked was pressed in that very frame, whichever button the session has it on.
    for found in (truth.worked, truth.seen):
        for what, when in found.items():
            assert (episode.action[when, names.index(what)] == 1).all()
    assert sum(worked.sum() for worked in truth.worked.values()) > 0


def test_the_truth_says_what_each_picture_shows(sessions: Path) -> None:
    truth = courier_truth(sorted(sessions.iterdir())[0])
    assert len(truth.mode) == STEPS
    assert MODES[truth.mode[0]] is Mode.PLAY


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (EnvironmentSettings(seed=0, size=(64, 32)), "cannot draw 64x32"),
        (EnvironmentSettings(seed=0, mode=7), "no mode 7"),
        (EnvironmentSettings(seed=0, difficulty=1), "no setting 'difficulty'"),
    ],
)
def test_what_the_game_does_not_have_is_refused(settings: EnvironmentSettings, said: str) -> None:
    with pytest.raises(EnvironmentChoiceError, match=said):
        make_environment(find_game("Playloom/Courier-v0"), settings)


def test_a_keyboard_plays_too() -> None:
    environment = make_environment(find_game("courier"), EnvironmentSettings(seed=0))
    environment.reset()
    assert environment.action_for({"right", "down", "jump"}) == (32767, 32767, 0, 0, 0, 0, 1)
    assert environment.has_action((0, 0, 0, 0, 0, 0, 1))
    assert not environment.has_action((0, 0, 0, 0, 0, 0, -1))
    assert not environment.has_action((40000, 0, 0, 0, 0, 0, 0))
