"""A person with a gamepad: SDL's own virtual pad, read by the hands and played through the preset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pygame
import pytest

from capture_node.gym.hands import Hands
from capture_node.gym.options import RecordOptions
from capture_node.gym.person import record_person
from capture_node.gym.verify import verify_session
from capture_node.gym.window import GameWindow
from playloom.controls import BUTTON_IDS, BUTTONS
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import read_environment
from playloom.environments.steps import read_steps
from playloom.recording.input_stream import read_inputs
from tests.support.virtual_pad import VirtualPad, virtual_pad


@pytest.fixture
def pad(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualPad]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")  # nobody gives a window in the memory the focus
    pygame.display.init()
    pygame.display.set_mode((160, 120))
    try:
        with virtual_pad() as pad:
            yield pad
    finally:
        pygame.quit()


def take(hands: Hands) -> None:
    for event in pygame.event.get():
        hands.handle(event)


def test_what_is_pressed_on_a_pad_arrives_under_its_numbers(pad: VirtualPad) -> None:
    hands = Hands()
    take(hands)
    assert hands.has_pad
    pad.press("dpad_left")
    pad.press("south")
    pad.move("leftx", -32768)
    pad.move("right_trigger", 32767)
    take(hands)
    held = hands.sample()
    assert held.buttons == {BUTTON_IDS["dpad_left"], BUTTON_IDS["south"]}
    assert held.axes == (-32768 / 32767, 0.0, 0.0, 0.0, 0.0, 1.0)
    pad.release("south")
    pad.move("right_trigger", -32768)
    take(hands)
    held = hands.sample()
    assert (held.buttons, held.axes[5]) == ({BUTTON_IDS["dpad_left"]}, 0.0)


def test_a_pad_that_is_pulled_out_holds_nothing(pad: VirtualPad) -> None:
    hands = Hands()
    take(hands)
    pad.press("dpad_left")
    take(hands)
    pad.unplug()
    take(hands)
    assert not hands.has_pad
    assert hands.sample().buttons == frozenset()


def test_a_whole_episode_is_played_on_a_pad(pad: VirtualPad, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hand = {
        2: lambda: pad.press("start"),  # on the page before the game
        3: lambda: pad.release("start"),
        10: lambda: pad.press("dpad_up"),
        20: lambda: pad.press("south"),
        30: lambda: pad.release("dpad_up"),
        40: lambda: pad.release("south"),
        50: lambda: pad.move("lefty", 32767),
        60: lambda: pad.move("lefty", 0),
    }
    ticks = 0

    def wait_for_tick(window: GameWindow, fps: float) -> None:
        nonlocal ticks
        ticks += 1
        hand.get(ticks, lambda: None)()

    monkeypatch.setattr(GameWindow, "wait_for_tick", wait_for_tick)
    options = RecordOptions(
        environment="pong",
        settings=EnvironmentSettings(seed=1),
        root=tmp_path,
        player="grace",
        episodes=1,
        max_steps=80,
    )
    (report,) = record_person(options, lambda: ticks > 200, announce=lambda text: None)
    assert report.session is not None
    inputs, _ = read_inputs(report.session / "actions.bin")
    buttons = [
        {name for number, name in enumerate(BUTTONS) if inputs.button_held(number)[row]} for row in range(len(inputs))
    ]
    assert [held for held, _ in groupby(buttons)] == [set(), {"dpad_up"}, {"dpad_up", "south"}, {"south"}, set()]
    spec, _ = read_environment(report.session)
    actions = read_steps(report.session / "steps.csv").actions
    runs = [
        (spec.action_meanings[action], len(list(run))) for action, run in groupby(actions) if isinstance(action, int)
    ]
    # Pong's knob turns right for up.
    assert [name for name, _ in runs] == ["NOOP", "RIGHT", "RIGHTFIRE", "FIRE", "NOOP", "LEFT", "NOOP"]
    assert [length for _, length in runs[1:-1]] == [10] * 5
    assert verify_session(report.session).is_good
