"""A game that a script plays here, seen and heard as a player's game would be: proves a recorder with a real game.

The game runs at its own pace on a thread of its own, whatever is recorded of it. What the script holds for a step is
reported just before the step is played, so pictures that show it come after it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, Key, PadAdded, PadAxis, PadButton
from capture_node.inputs.input_source import EventSink
from capture_node.sources.frame_source import Grab, PixelFormat, SourceDescription, SourceKind, SourceLostError
from playloom.environments.agents.agent import SCRIPTED_GAMES
from playloom.environments.agents.hands import make_hands
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Environment, Image, action_of
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset, preset_files
from playloom.environments.settings import EnvironmentSettings

_LATE_STEPS = 5  # so far behind, a game does not catch up but goes on from here
_PAD_GUID = "0" * 32


def describe_game(name: str) -> SourceDescription:
    """The source of a game that can be played here.

    Args:
        name: as in ``playloom gym list``.

    Raises:
        EnvironmentChoiceError: there is no such game, or it cannot run here.
        MissingExtraError: no games are installed.
    """
    game = find_game(name)
    environment = make_environment(game, EnvironmentSettings(seed=0))
    spec = environment.spec
    environment.close()
    return SourceDescription(
        kind=SourceKind.GYM, key=game.game_id, title=game.environment_id, width=spec.width, height=spec.height
    )


class GymSource:
    """A game played by its scripted agent, or by one that holds random actions; see `FrameSource`.

    Attributes:
        hands: what the script holds, as an `InputSource`.
    """

    def __init__(
        self, description: SourceDescription, *, seed: int = 0, device: InputDevice = InputDevice.KEYBOARD
    ) -> None:
        """Know the game.

        Args:
            description: made by `describe_game`.
            seed: of the first episode; each further one has the next.
            device: what the script's hands are on.
        """
        self._description = description
        self._seed = seed
        self._device = device
        self.hands = ScriptedHands(device)
        self._image: Image | None = None
        self._grabbed: Image | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def description(self) -> SourceDescription:
        return self._description

    def open(self) -> None:
        environment = self._make_environment(self._seed)
        self._closing.clear()
        self._image = np.array(environment.reset())
        self._thread = threading.Thread(target=self._play, args=(environment,), name="game", daemon=True)
        self._thread.start()

    def make_ready(self) -> None:
        pass

    def grab(self) -> Grab | None:
        assert self._thread is not None, "not open"
        if not self._thread.is_alive():
            raise SourceLostError(self._description.title, "the game has ended with an error")
        image = self._image
        assert image is not None
        changed = image is not self._grabbed
        self._grabbed = image
        return Grab(image=image, pixel_format=PixelFormat.RGB24, monotonic_ns=now_ns(), changed=changed)

    def close(self) -> None:
        if self._thread is not None:
            self._closing.set()
            self._thread.join()
            self._thread = None

    def _make_environment(self, seed: int) -> Environment:
        game = find_game(self._description.key)
        return make_environment(game, EnvironmentSettings(seed=seed), informed=game.game_id in SCRIPTED_GAMES)

    def _play(self, environment: Environment) -> None:
        seed = self._seed
        while True:
            try:
                self._play_episode(environment)
            finally:
                self.hands.hold(HeldControls())
                environment.close()
            if self._closing.is_set():
                return
            seed += 1
            environment = self._make_environment(seed)
            self._image = np.array(environment.reset())

    def _play_episode(self, environment: Environment) -> None:
        spec = environment.spec
        preset = load_preset(spec, preset_files(None))
        name = "scripted" if spec.game_id in SCRIPTED_GAMES else "random"
        hands = make_hands(name, environment, preset, self._device)
        step_s = 1 / spec.steps_per_second
        next_step_s = time.monotonic()
        while not self._closing.wait(max(0.0, next_step_s - time.monotonic())):
            assert self._image is not None
            held = hands.hold(self._image, environment)
            self.hands.hold(held)
            result = environment.step(action_of(environment, held, preset.actions_of(held)))
            if result.image is not None:
                # The game may draw the next picture into the same memory.
                self._image = np.array(result.image)
            if result.is_last:
                return
            next_step_s += step_s
            if time.monotonic() - next_step_s > _LATE_STEPS * step_s:
                next_step_s = time.monotonic()


class ScriptedHands:
    """What a script holds, as events; see `InputSource`."""

    name = "the script's hands"

    def __init__(self, device: InputDevice) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._sink: EventSink | None = None
        self._held = HeldControls()

    def start(self, sink: EventSink) -> None:
        with self._lock:
            self._sink = sink
            at_ns = now_ns()
            events: list[InputEvent] = []
            if self._device is InputDevice.GAMEPAD:
                events.append(PadAdded(monotonic_ns=at_ns, pad=0, name="Script", guid=_PAD_GUID))
            events += _changes(HeldControls(), self._held, at_ns)
            if events:
                sink(events)

    def stop(self) -> None:
        with self._lock:
            self._sink = None

    def hold(self, held: HeldControls) -> None:
        """From now on these are held, and no others."""
        with self._lock:
            events = list(_changes(self._held, held, now_ns()))
            self._held = held
            if events and self._sink is not None:
                self._sink(events)


def _changes(before: HeldControls, after: HeldControls, at_ns: int) -> Iterator[InputEvent]:
    for key in sorted(before.keys ^ after.keys):
        yield Key(monotonic_ns=at_ns, scancode=key, pressed=key in after.keys)
    for button in sorted(before.buttons ^ after.buttons):
        yield PadButton(monotonic_ns=at_ns, pad=0, button=button, pressed=button in after.buttons)
    for axis, (old, new) in enumerate(zip(before.axes, after.axes, strict=True)):
        if old != new:
            yield PadAxis(monotonic_ns=at_ns, pad=0, axis=axis, value=new)
