from __future__ import annotations

from capture_node.inputs.events import Key, PadAdded, PadAxis, PadButton, PadRemoved
from capture_node.play.kill_inputs import KillControls
from capture_node.play.players_pad import PlayersPad
from playloom.environments.held import HeldControls
from playloom.play.kill_switch import NOTHING, KillSwitch

SOUTH, GUIDE, F12 = 0, 5, 69
LIKE_ANY_OTHER = "Xbox 360 Controller"


def added(at: int, pad: int, place: str | None) -> PadAdded:
    return PadAdded(monotonic_ns=at, pad=pad, name=LIKE_ANY_OTHER, guid="03", place=place)


def press(at: int, pad: int, button: int = SOUTH) -> PadButton:
    return PadButton(monotonic_ns=at, pad=pad, button=button, pressed=True)


def listening() -> tuple[PlayersPad, KillSwitch]:
    switch = KillSwitch()
    return PlayersPad(KillControls(switch, key=F12, button=GUIDE)), switch


def test_what_the_agent_presses_is_never_heard_as_the_players_whatever_its_pad_is_called() -> None:
    player, switch = listening()
    player.take([added(1, 0, "/dev/input/event3"), PadAxis(monotonic_ns=2, pad=0, axis=0, value=0.5)])
    player.expect_agent()
    player.take([added(3, 1, "/dev/input/event7"), press(4, 1)])  # heard before its place is known
    player.know_agent("/dev/input/event7")
    player.take([press(5, 1), press(6, 1, GUIDE)])
    assert player.held() == HeldControls(axes=(0.5, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert not switch.is_off


def test_a_players_pad_that_comes_later_is_heard_where_the_places_tell_them_apart() -> None:
    player, switch = listening()
    player.expect_agent()
    player.know_agent("/dev/input/event7")
    player.take([added(1, 0, "/dev/input/event7"), added(2, 1, "/dev/input/event8"), press(3, 1), press(4, 1, GUIDE)])
    assert player.held() == HeldControls(buttons=frozenset({SOUTH, GUIDE}))
    assert switch.reason == "the kill button"


def test_as_long_as_the_agents_pad_has_not_been_seen_any_that_comes_may_be_it() -> None:
    player, _ = listening()
    player.expect_agent()
    player.know_agent("/dev/input/event7")
    player.take([added(1, 0, "/dev/input/js0"), press(2, 0)])
    assert player.held() == NOTHING


def test_where_nobody_knows_which_pad_is_the_agents_those_that_come_later_only_throw_the_switch() -> None:
    player, switch = listening()
    player.take([added(1, 0, "XInput#0")])
    player.expect_agent()
    player.know_agent(None)
    player.take([added(2, 1, "XInput#1"), press(3, 1), press(4, 0)])
    assert player.held() == HeldControls(buttons=frozenset({SOUTH}))
    player.take([press(5, 1, GUIDE)])
    assert switch.is_off


def test_a_pad_that_is_pulled_out_holds_nothing_and_keys_throw_the_switch() -> None:
    player, switch = listening()
    player.take([added(1, 0, None), press(2, 0), PadRemoved(monotonic_ns=3, pad=0)])
    assert player.held() == NOTHING
    player.take([Key(monotonic_ns=4, scancode=F12, pressed=True)])
    assert switch.reason == "the kill key"
