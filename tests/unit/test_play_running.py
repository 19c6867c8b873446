from __future__ import annotations

import pytest

from capture_node.play.running import KillNames
from playloom.controls import KEYS
from playloom.errors import PlayloomError
from playloom.play.kill_switch import KillSwitch


def names(key: str = "f12", rearm_key: str = "f11", button: str | None = None) -> KillNames:
    return KillNames(key=key, rearm_key=rearm_key, button=button, file=None)


def test_the_kill_switch_is_thrown_by_the_keys_that_are_named() -> None:
    switch = KillSwitch()
    controls = names("p", "o").controls(switch)
    assert controls.pressed_key(KEYS["p"])
    assert switch.is_off
    assert controls.pressed_key(KEYS["o"])
    assert not switch.is_off
    assert names("p", "o").hint == "P takes the agent's hands off, O puts them back"


def test_keys_that_are_none_and_one_key_for_both_are_refused() -> None:
    for wrong, words in (
        (names("f99"), "there is no key or button 'f99'"),
        (names(button="gide"), "there is no key or button 'gide'.*guide"),
        (names("f11"), "'f11' cannot throw the kill switch and arm it"),
    ):
        with pytest.raises(PlayloomError, match=words):
            wrong.controls(KillSwitch())
