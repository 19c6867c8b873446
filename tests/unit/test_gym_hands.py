"""A person's hands, by the events that pygame delivers."""

from __future__ import annotations

import pygame

from capture_node.gym.hands import Hands
from playloom.controls import BUTTON_IDS, KEYS


def key(name: str, *, down: bool) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN if down else pygame.KEYUP, scancode=KEYS[name], key=0, mod=0)


def button(name: str, *, down: bool) -> pygame.event.Event:
    kind = pygame.CONTROLLERBUTTONDOWN if down else pygame.CONTROLLERBUTTONUP
    return pygame.event.Event(kind, button=BUTTON_IDS[name], instance_id=0)


def keys_of(hands: Hands) -> set[int]:
    return set(hands.sample().keys)


def test_keys_are_held_until_they_are_let_go() -> None:
    hands = Hands()
    hands.handle(key("up", down=True))
    hands.handle(key("space", down=True))
    assert keys_of(hands) == {KEYS["up"], KEYS["space"]}
    hands.handle(key("space", down=False))
    assert keys_of(hands) == {KEYS["up"]}


def test_a_tap_between_two_pictures_counts_for_one() -> None:
    hands = Hands()
    hands.handle(key("space", down=True))
    hands.handle(key("space", down=False))
    assert keys_of(hands) == {KEYS["space"]}
    assert keys_of(hands) == set()


def test_a_window_that_loses_the_focus_lets_everything_go() -> None:
    hands = Hands()
    hands.handle(key("up", down=True))
    hands.handle(button("south", down=True))
    hands.handle(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    sample = hands.sample()
    assert (sample.keys, sample.buttons) == (frozenset(), frozenset())


def test_a_pads_buttons_and_axes_have_sdls_numbers() -> None:
    hands = Hands()
    hands.handle(button("dpad_left", down=True))
    hands.handle(pygame.event.Event(pygame.CONTROLLERAXISMOTION, axis=1, value=-32768, instance_id=0))
    hands.handle(pygame.event.Event(pygame.CONTROLLERAXISMOTION, axis=5, value=32767, instance_id=0))
    sample = hands.sample()
    assert sample.buttons == {13}
    assert sample.axes == (0.0, -32768 / 32767, 0.0, 0.0, 0.0, 1.0)


def test_a_pad_that_is_unplugged_holds_nothing() -> None:
    hands = Hands()
    hands.handle(button("south", down=True))
    hands.handle(pygame.event.Event(pygame.CONTROLLERDEVICEREMOVED, instance_id=0))
    assert hands.sample().buttons == frozenset()


def test_only_the_devices_that_were_asked_for_are_read() -> None:
    pad_only, keys_only = Hands(keyboard=False), Hands(gamepad=False)
    for hands in (pad_only, keys_only):
        hands.handle(key("up", down=True))
        hands.handle(button("south", down=True))
    assert pad_only.sample().keys == frozenset()
    assert keys_only.sample().buttons == frozenset()
