"""What a window hears while a policy plays; its screen is one of SDL's that nobody sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capture_node.gym.hands import Hands
from capture_node.play.kill_inputs import KillControls
from capture_node.play.window import PlayWindow
from playloom.controls import BUTTON_IDS, KEYS
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Image
from playloom.environments.settings import EnvironmentSettings
from playloom.play.kill_switch import NOTHING, KillSwitch

GUIDE = BUTTON_IDS["guide"]
PICTURE: Image = np.zeros((48, 48, 3), np.uint8)


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> list[Hands]:
    """Whose pad was looked for."""
    found: list[Hands] = []
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(Hands, "find_pad", lambda hands: found.append(hands))
    return found


def window(kill: KillControls, hands: Hands | None = None) -> PlayWindow:
    environment = make_environment(find_game("courier"), EnvironmentSettings(seed=1, size=(48, 48)))
    environment.close()
    return PlayWindow(environment.spec, kill, hint="", hands=hands)


def press(kind: str, **values: Any) -> None:
    import pygame

    pygame.event.post(pygame.event.Event(getattr(pygame, kind), **values))


def test_who_only_watches_has_a_pad_that_is_heard_if_a_button_of_it_throws_the_switch(looked_for: list[Hands]) -> None:
    switch = KillSwitch()
    with window(KillControls(switch, button=GUIDE)) as shown:
        assert len(looked_for) == 1
        press("CONTROLLERBUTTONDOWN", button=GUIDE, instance_id=0)
        assert shown.show(PICTURE, "")
        assert switch.reason == "the kill button"
        press("CONTROLLERDEVICEADDED", device_index=0, guid="")
        shown.show(PICTURE, "")
        assert len(looked_for) == 2
        press("CONTROLLERBUTTONDOWN", button=BUTTON_IDS["south"], instance_id=0)
        shown.show(PICTURE, "")
        assert shown.sample() == NOTHING


def test_without_such_a_button_nobodys_pad_is_opened_and_keys_are_heard(looked_for: list[Hands]) -> None:
    switch = KillSwitch()
    with window(KillControls(switch, key=KEYS["f12"])) as shown:
        assert looked_for == []
        press("KEYDOWN", key=0, scancode=KEYS["f12"], mod=0, unicode="")
        assert shown.show(PICTURE, "")
        assert switch.reason == "the kill key"


def test_the_switchs_keys_are_not_the_games(looked_for: list[Hands]) -> None:
    switch = KillSwitch()
    with window(KillControls(switch, key=KEYS["f12"]), Hands()) as shown:
        press("KEYDOWN", key=0, scancode=KEYS["f12"], mod=0, unicode="")
        press("KEYDOWN", key=0, scancode=KEYS["w"], mod=0, unicode="")
        shown.show(PICTURE, "")
        assert shown.sample().keys == {KEYS["w"]}
