"""Play beside an agent on its way back into training: recorded, converted, and learned from where the player acted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from capture_node.play.environment import EnvironmentPlay, play_environment
from capture_node.play.link import PolicyLink
from playloom.cli import run
from playloom.client.access import HOME_VARIABLE, ServerAccess
from playloom.environments.courier.definition import courier_definition, courier_profile
from playloom.environments.environment import Image
from playloom.environments.held import HeldControls
from playloom.environments.settings import EnvironmentSettings
from playloom.play.kill_switch import NOTHING, KillSwitch
from playloom.recording.acting_log import read_acted
from tests.support.policy_server_child import serve
from training.data.dataset import open_training_dataset
from workers.convert import ConvertOptions, convert_sessions

KEY = "action.agent"


class TakesOver:
    """A player who lets the agent move and jump, and takes its hands off for the second half."""

    def __init__(self, switch: KillSwitch, at: int) -> None:
        self._switch, self._at, self._frames = switch, at, 0

    def show(self, image: Image, line: str) -> bool:
        self._frames += 1
        if self._frames == self._at:
            self._switch.kill("the kill key")
        return True

    def sample(self) -> HeldControls:
        return NOTHING if self._frames < self._at else HeldControls(axes=(-1.0, 0.0, 0.0, 0.0, 0.0, 0.0))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """One session of Courier, beside a policy that holds the stick to the right and jumps."""
    server, port, _ = serve("good")
    switch = KillSwitch()
    wish = EnvironmentPlay(
        environment="courier",
        settings=EnvironmentSettings(seed=3, size=(64, 64)),
        root=tmp_path / "sessions",
        max_steps=60,
        actions=("move", "jump"),
    )
    try:
        with PolicyLink(ServerAccess(address=f"127.0.0.1:{port}", tls=False, token="t" * 43)) as link:
            [_] = play_environment(wish, link, switch, lambda: False, screen=TakesOver(switch, at=30))
    finally:
        server.stop(0).wait()
    convert_sessions(
        ConvertOptions(
            session_root=tmp_path / "sessions",
            game=courier_definition(),
            profiles=(courier_profile("pad"),),
            output_root=tmp_path / "dataset",
            repo_id="local/corrections",
            task="Bring parcels",
            jobs=1,
        )
    )
    return tmp_path / "dataset"


def test_a_session_played_beside_an_agent_becomes_rows_that_say_who_acted(dataset: Path, tmp_path: Path) -> None:
    opened = open_training_dataset(dataset)
    by_agent, action = np.asarray(opened.column(0, KEY)), opened.actions(0)
    names = opened.info["features"][KEY]["names"]
    [session] = (tmp_path / "sessions").iterdir()
    acted = read_acted(session)
    assert acted is not None
    assert len(by_agent) == 60
    held = [names.index("move"), names.index("jump")]
    assert (by_agent[:, held] == acted.by_agent).all()
    assert not np.delete(by_agent, held, axis=1).any()
    # Where the agent decided the stick is where it holds it, and after the kill where the player does.
    assert by_agent[:29, held].any()
    assert (action[by_agent[:, held[0]], 0] == 1).all()
    assert not by_agent[30:].any()
    assert (action[30:, 0] == -1).all()


def test_a_policy_learns_the_players_part_of_it(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    short = [
        "preset=debug",
        "trainer.max_steps=2",
        "logging.tensorboard=false",
        "data.split.validation=0",
        "data.split.test=0",
    ]
    train = ["train", "policy", f"data.path={dataset}", *short]
    assert run([*train, "data.actors=[player]", f"run.directory={tmp_path / 'run'}"]) == 0
    assert json.loads((tmp_path / "run/summary.json").read_text())["step"] == 2
    assert run([*train, "data.actors=[referee]", f"run.directory={tmp_path / 'none'}"]) == 1
    assert "nobody is called 'referee'" in capsys.readouterr().err
