"""Recording a person who plays in a window, episode after episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from capture_node.clock import now_ns
from capture_node.gym.episode import EpisodeReport, play_episode
from capture_node.gym.hands import Hands
from capture_node.gym.options import RecordOptions, session_name
from capture_node.gym.players import RealClock
from capture_node.gym.window import GameWindow
from playloom.controls import BUTTON_IDS, KEYS
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Environment, Image
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset, load_preset
from playloom.environments.spec import EnvironmentSpec, Platform

CONSOLE_ASPECT = 4 / 3
"""Consoles were made for this screen, whatever their pixels."""
PAGE_FPS = 30.0
START_BUTTONS = frozenset({BUTTON_IDS["start"], BUTTON_IDS["south"]})


def window_aspect(spec: EnvironmentSpec) -> float | None:
    """The shape of the game's picture on the screen; None for that of its pixels."""
    return None if spec.platform is Platform.VIZDOOM else CONSOLE_ASPECT


def pause_keys(preset: Preset) -> frozenset[int]:
    """P and Pause, unless the game is played with them."""
    played = {key for controls in preset.actions.values() for key in controls.keys}
    return frozenset({KEYS["p"], KEYS["pause"]} - played)


class PersonPlayer:
    """A person before the window: shows each picture, waits for its time, and reads the hands."""

    def __init__(self, window: GameWindow, hands: Hands, preset: Preset, fps: int) -> None:
        self._window, self._hands, self._fps = window, hands, fps
        self._pause_keys = pause_keys(preset)
        self._steps = 0
        self._pauses: list[tuple[int, int]] = []

    @property
    def pauses(self) -> Sequence[tuple[int, int]]:
        return self._pauses

    def hold(self, image: Image, environment: Environment) -> HeldControls | None:
        del environment
        seconds = self._steps // self._fps
        line = f"{seconds // 60:02}:{seconds % 60:02}    step {self._steps}    Esc stops"
        if self._pause_keys:
            line += ", P pauses"
        self._window.show(image, line, recording=True)
        self._window.wait_for_tick(self._fps)
        paused = False
        for event in self._window.events():
            if is_quit(event):
                return None
            if is_key(event, self._pause_keys):
                paused = True
                continue
            self._hands.handle(event)
        if paused and not self._wait_paused(image):
            return None
        self._steps += 1
        return self._hands.sample()

    def _wait_paused(self, image: Image) -> bool:
        """Wait until the person goes on; False if they stop instead."""
        self._hands.let_go()
        begin_ns = now_ns()
        while True:
            self._window.show(image, "paused: P goes on, Esc stops")
            self._window.wait_for_tick(PAGE_FPS)
            for event in self._window.events():
                if is_quit(event):
                    return False
                if is_key(event, self._pause_keys):
                    self._pauses.append((begin_ns, now_ns()))
                    return True
                self._hands.handle(event)


def record_person(
    options: RecordOptions, is_stopped: Callable[[], bool], *, announce: Callable[[str], None]
) -> Iterator[EpisodeReport]:
    """Open the window and record an episode each time the person starts one, until they have had enough.

    Args:
        announce: is told when the window is open.

    Raises:
        PlayloomError: there is no screen, or the environment or the preset does not exist.
        OutputError: a session cannot be written.
    """
    game = find_game(options.environment)
    hands = Hands(
        keyboard=options.device is not InputDevice.GAMEPAD, gamepad=options.device is not InputDevice.KEYBOARD
    )
    with ExitStack() as stack:
        window: GameWindow | None = None
        index = 0
        while options.episodes is None or index < options.episodes:
            environment = make_environment(game, options.of_episode(index))
            try:
                preset = load_preset(environment.spec, options.preset_files)
                image = environment.reset()
                if window is None:
                    spec = environment.spec
                    title = f"{spec.environment_id} - Playloom"
                    window = GameWindow(title, spec.width, spec.height, aspect=window_aspect(spec))
                    stack.enter_context(window)
                    announce("The window is open: Space starts the game, Esc leaves it.")
                if not _wait_for_start(window, hands, preset, options, environment.spec, index, image, is_stopped):
                    return
                detail = datetime.now().strftime("%Y%m%d-%H%M%S")
                yield play_episode(
                    environment,
                    PersonPlayer(window, hands, preset, options.video_fps(environment.spec)),
                    preset,
                    options,
                    name=session_name(game.game_id, options.player, detail),
                    clock=RealClock(),
                    first_image=image,
                    is_stopped=is_stopped,
                )
            finally:
                environment.close()
            index += 1
            if is_stopped():
                return


def _wait_for_start(
    window: GameWindow,
    hands: Hands,
    preset: Preset,
    options: RecordOptions,
    spec: EnvironmentSpec,
    index: int,
    image: Image,
    is_stopped: Callable[[], bool],
) -> bool:
    """Show what the keys do until the person starts; False if they leave."""
    hands.let_go()
    hands.find_pad()
    while not is_stopped():
        devices = [InputDevice.KEYBOARD, InputDevice.GAMEPAD] if options.device is None else [options.device]
        if options.device is None and not hands.has_pad:
            devices.remove(InputDevice.GAMEPAD)
        episode = f"episode {index + 1}" + (f" of {options.episodes}" if options.episodes else "")
        pad = "gamepad connected" if hands.has_pad else "no gamepad"
        subtitle = f"{spec.environment_id}    {options.player}    {episode}    {pad}"
        call = "Press Space to start, Esc to leave"
        window.show_page(image, _title(spec), subtitle, help_table(preset, devices), call)
        window.wait_for_tick(PAGE_FPS)
        started = False
        for event in window.events():
            if is_quit(event):
                return False
            if _is_start(event) and not started:
                started = True
                hands.let_go()  # the Space that starts is not a shot
            else:
                hands.handle(event)
        if started:
            return True
    return False


def _title(spec: EnvironmentSpec) -> str:
    return spec.game_id.partition("-")[2].replace("-", " ").title()


def help_table(preset: Preset, devices: Sequence[InputDevice]) -> Sequence[tuple[str, str]]:
    """What to show a person: each action, and the keys and buttons that do it."""
    table: list[tuple[str, str]] = []
    for action, controls in preset.actions.items():
        names = [controls.names(shown) for shown in devices]
        text = "   or   ".join(", ".join(name.replace("_", " ") for name in shown) for shown in names if shown)
        table.append((action.replace("_", " "), text or "nothing"))
    return table


def is_quit(event: Any) -> bool:
    import pygame

    return event.type == pygame.QUIT or is_key(event, frozenset({KEYS["escape"]}))


def _is_start(event: Any) -> bool:
    import pygame

    pressed = event.type == pygame.CONTROLLERBUTTONDOWN and event.button in START_BUTTONS
    return pressed or is_key(event, frozenset({KEYS["space"]}))


def is_key(event: Any, keys: frozenset[int]) -> bool:
    import pygame

    return event.type == pygame.KEYDOWN and event.scancode in keys
