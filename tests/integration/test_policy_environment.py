from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from capture_node.play.environment import EnvironmentPlay, PlayedEpisode, play_environment
from capture_node.play.link import PolicyLink
from playloom.client.access import ServerAccess
from playloom.controls import BUTTON_IDS, KEYS
from playloom.environments.environment import Image
from playloom.environments.held import HeldControls
from playloom.environments.settings import EnvironmentSettings
from playloom.errors import PlayloomError
from playloom.play.errors import LayoutMismatchError, PlayError
from playloom.play.kill_switch import KillSwitch
from playloom.recording.acting_log import read_acted
from playloom.recording.input_stream import read_inputs
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync
from tests.support.policy_server_child import serve


@contextmanager
def link(how: str, chunk: int = 8) -> Iterator[PolicyLink]:
    server, port, _ = serve(how, chunk=chunk)
    try:
        with PolicyLink(ServerAccess(address=f"127.0.0.1:{port}", tls=False, token="t" * 43)) as found:
            yield found
    finally:
        server.stop(0).wait()


def courier(**wish: object) -> EnvironmentPlay:
    return EnvironmentPlay(environment="courier", settings=EnvironmentSettings(seed=3, size=(48, 48)), **wish)  # type: ignore[arg-type]


def played(wish: EnvironmentPlay, how: str = "good", **more: object) -> list[PlayedEpisode]:
    with link(how) as found:
        return list(play_environment(wish, found, KillSwitch(), lambda: False, **more))  # type: ignore[arg-type]


class PlayerAtTheWindow:
    """Holds a key, and throws the switch in the middle."""

    def __init__(self, switch: KillSwitch, kill_at: int) -> None:
        self._switch, self._kill_at = switch, kill_at
        self.frames = 0
        self.lines: list[str] = []

    def show(self, image: Image, line: str) -> bool:
        self.lines.append(line)
        self.frames += 1
        if self.frames == self._kill_at:
            self._switch.kill("the kill key")
        return True

    def sample(self) -> HeldControls:
        return HeldControls(keys=frozenset({KEYS["w"]}))


def test_a_game_at_full_speed_waits_for_no_answer() -> None:
    [one] = played(courier(max_steps=300, paced=False), "deaf")
    assert one.report.outcome.steps == 300
    assert one.figures.without_row == 300
    assert one.figures.acted == 0


def test_every_episode_begins_with_nothing_held_and_nothing_known() -> None:
    first, second = played(courier(max_steps=45, episodes=2))
    assert (first.report.seed, second.report.seed) == (3, 4)
    for one in (first, second):
        assert one.figures.without_row >= 1
        assert one.figures.acted > 0


def test_a_session_says_who_acted_in_each_frame_and_holds_what_was_held(tmp_path: Path) -> None:
    [one] = played(courier(max_steps=60, root=tmp_path, actions=("move", "jump"), beside="noop"))
    assert one.report.session is not None
    acted = read_acted(one.report.session)
    assert acted is not None
    assert (acted.policy, acted.actions) == ("test@1", ("move", "jump"))
    assert acted.by_agent.any(axis=1).sum() == one.figures.acted > 0
    table, _ = read_inputs(one.report.session / "actions.bin")
    assert (table.buttons >> np.uint32(BUTTON_IDS["south"]) & 1).any()
    assert table.axes.shape[1] == 6
    # What is not the agent's was nobody's: the policy would have shielded.
    assert not table.axes[:, 4].any()
    info = open_session(one.report.session).info
    assert info is not None
    assert info.extra["agent"] == {"policy": "test@1", "actions": ["move", "jump"]}


def test_a_session_of_a_slow_machine_is_on_the_games_own_clock_and_says_how_often_it_was_late(tmp_path: Path) -> None:
    class SlowToLook(PlayerAtTheWindow):
        def show(self, image: Image, line: str) -> bool:
            time.sleep(0.3 if self.frames in (20, 21) else 0)
            return super().show(image, line)

    switch = KillSwitch()
    with link("good") as found:
        wish = courier(max_steps=40, root=tmp_path, actions=("jump",))
        [one] = play_environment(wish, found, switch, lambda: False, screen=SlowToLook(switch, kill_at=0))
    assert one.report.session is not None
    session = open_session(one.report.session)
    table, _ = read_sync(session.sync_path)
    assert set(np.diff(table.monotonic_ns).tolist()) <= {33_333_333, 33_333_334}
    assert session.info is not None
    assert session.info.counts.late >= 1
    acted = read_acted(one.report.session)
    assert acted is not None
    assert acted.by_agent.any(axis=1).sum() == one.figures.acted > 0


def test_a_player_at_the_window_plays_beside_and_his_switch_wins(tmp_path: Path) -> None:
    switch, said = KillSwitch(), list[str]()
    screen = PlayerAtTheWindow(switch, kill_at=40)
    with link("good") as found:
        wish = courier(max_steps=60, root=tmp_path, actions=("jump",))
        [one] = play_environment(wish, found, switch, lambda: False, screen=screen, tell=said.append)
    assert one.report.session is not None
    acted = read_acted(one.report.session)
    assert acted is not None
    assert acted.by_agent[:39].any()
    assert not acted.by_agent[40:].any()
    assert one.figures.killed >= 20
    assert said == ["The agent is off: the kill key"]
    assert screen.lines[-1] == "the agent is off: the kill key"
    table, _ = read_inputs(one.report.session / "actions.bin")
    assert (table.axes[:, 1] == -1).all()  # the player's key, as the pad that the game knows, from first to last


def test_a_policy_of_another_game_or_rate_or_action_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(PlayError, match=r"test@1 plays pong, and this is courier\. Serve a policy that was trained on"):
        played(courier(root=tmp_path / "none"), "other")
    skipping = EnvironmentPlay(environment="courier", settings=EnvironmentSettings(seed=3, frame_skip=2))
    with pytest.raises(
        PlayError, match=r"30 frames a second, and Playloom/Courier-v0 at 15\. Play with --frame-skip 1"
    ):
        played(skipping)
    with pytest.raises(PlayloomError, match=r"courier has no action 'dahs'.*dash"):
        played(courier(actions=("dahs",)))
    assert not (tmp_path / "none").exists()
    assert issubclass(LayoutMismatchError, PlayError)
