"""A real game, played by its script while it is looked at."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, Key, PadAdded, PadAxis, PadButton
from capture_node.sources.catalogue import SourceRequest, find_source, open_source
from capture_node.sources.frame_source import PixelFormat, SourceKind
from capture_node.sources.gym_source import GymSource, ScriptedHands
from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.settings import EnvironmentChoiceError

pytest.importorskip("ale_py")


@pytest.fixture
def pong() -> Iterator[GymSource]:
    source = open_source(find_source(SourceRequest(gym="pong")))
    assert isinstance(source, GymSource)
    yield source
    source.close()
    source.close()


def test_a_game_is_found_by_its_usual_name() -> None:
    description = find_source(SourceRequest(gym="Pong"))

    assert description.kind is SourceKind.GYM
    assert (description.key, description.title) == ("atari-pong", "ALE/Pong-v5")
    assert (description.width, description.height) == (160, 210)


def test_a_game_that_does_not_exist_is_refused() -> None:
    with pytest.raises(EnvironmentChoiceError, match="there is no game 'pnog'"):
        find_source(SourceRequest(gym="pnog"))


def test_the_script_plays_while_pictures_are_taken(pong: GymSource) -> None:
    events: list[InputEvent] = []
    pong.hands.start(events.extend)
    begun_ns = now_ns()
    pong.open()
    pictures, times = set(), []
    deadline = time.monotonic() + 20
    while (len(pictures) < 30 or not events) and time.monotonic() < deadline:
        grab = pong.grab()
        assert grab is not None
        assert grab.image.shape == (210, 160, 3)
        assert grab.pixel_format is PixelFormat.RGB24
        times.append(grab.monotonic_ns)
        if grab.changed:
            pictures.add(grab.image.tobytes())
        time.sleep(0.005)
    pong.close()
    pong.hands.stop()

    assert len(pictures) >= 30
    assert begun_ns <= times[0]
    assert times == sorted(times)
    assert all(isinstance(event, Key) for event in events)
    held: set[int] = set()
    for event in events:
        assert isinstance(event, Key)
        assert (event.scancode in held) != event.pressed, "each event changes something"
        held ^= {event.scancode}
    assert held == set(), "the script's hands are lifted at the end"


def test_a_picture_is_unchanged_between_two_steps(pong: GymSource) -> None:
    pong.open()
    grabs = [pong.grab() for _ in range(3)]

    assert grabs[0] is not None
    assert grabs[0].changed
    assert any(grab is not None and not grab.changed for grab in grabs[1:])


def test_hands_on_a_keyboard_press_and_release() -> None:
    hands, events = ScriptedHands(InputDevice.KEYBOARD), []
    hands.hold(HeldControls(keys=frozenset({KEYS["w"]})))
    hands.start(events.extend)
    hands.hold(HeldControls(keys=frozenset({KEYS["w"], KEYS["space"]})))
    hands.hold(HeldControls(keys=frozenset({KEYS["space"]})))
    hands.stop()
    hands.hold(HeldControls())

    assert [(event.scancode, event.pressed) for event in events] == [
        (KEYS["w"], True),
        (KEYS["space"], True),
        (KEYS["w"], False),
    ]


def test_hands_on_a_gamepad_are_a_gamepad() -> None:
    hands, events = ScriptedHands(InputDevice.GAMEPAD), []
    hands.start(events.extend)
    axes = (0.0, -1.0, 0.0, 0.0, 0.0, 0.0)
    hands.hold(HeldControls(buttons=frozenset({BUTTON_IDS["south"]}), axes=axes))

    added, button, axis = events
    assert isinstance(added, PadAdded)
    assert isinstance(button, PadButton)
    assert isinstance(axis, PadAxis)
    assert (button.pad, button.button, button.pressed) == (0, 0, True)
    assert (axis.axis, axis.value) == (AXIS_IDS["lefty"], -1.0)
