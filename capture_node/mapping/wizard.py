"""The wizard: a terminal program that asks for one action after another which control does it.

What a player does is read from the input sources and taken as an answer; a few keys steer. After every answer the
profile is saved, so that leaving at any moment loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding as KeyCommand
from textual.binding import BindingType
from textual.timer import Timer

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, Key, MouseButton, MouseMotion, MouseWheel
from capture_node.mapping.action_screen import ActionScreen
from capture_node.mapping.class_screen import ClassScreen
from capture_node.mapping.feed import InputFeed
from capture_node.mapping.gestures import GestureReader
from capture_node.mapping.overview_screen import OverviewScreen
from capture_node.mapping.styles import CSS
from capture_node.mapping.terminal_keys import TerminalInputs
from capture_node.mapping.walk import MappingWalk, new_profile
from playloom.controls import KEYS
from playloom.errors import PlayloomError
from playloom.game_definition import GameDefinition
from playloom.mapping_profile import MappingProfile

POLL_S = 1 / 30
"""How often inputs are asked for: a terminal shows no more."""

STEERING_KEYS = frozenset(
    KEYS[name] for name in ("return", "keypad_enter", "backspace", *(f"f{number}" for number in range(2, 10)))
)
"""Scancodes of the keys that steer the wizard, and are answers only when asked for."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the wizard is to make.

    Attributes:
        game: whose actions are asked for.
        profile: what there is already; None to begin anew.
        profile_name: of a new profile.
        class_ids: of a new profile; empty to ask.
    """

    game: GameDefinition
    profile: MappingProfile | None
    profile_name: str
    class_ids: tuple[str, ...] = ()


class MapActionsApp(App[None]):
    """The wizard.

    Attributes:
        walk: where the player is; None while the classes are being chosen.
        reader: what is held.
        problem: why the profile could not be saved, or None.
    """

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        KeyCommand("ctrl+q", "leave", priority=True, show=False),
        KeyCommand("ctrl+c", "leave", priority=True, show=False),
    ]

    def __init__(self, wanted: Wanted, feed: InputFeed, save: Callable[[MappingProfile], None]) -> None:
        """``save`` writes the profile, and raises PlayloomError if it cannot."""
        super().__init__()
        self.wanted = wanted
        self.feed = feed
        self.walk: MappingWalk | None = None
        self.reader = GestureReader()
        self.terminal = TerminalInputs()
        self.problem: str | None = None
        self._save = save
        self._saved = wanted.profile
        self._poll: Timer | None = None

    @property
    def profile(self) -> MappingProfile | None:
        """What has been chosen; None if nothing has been, not even the classes."""
        return None if self.walk is None else self.walk.profile

    @property
    def is_saved(self) -> bool:
        """Whether everything that was chosen is in the file."""
        return self.walk is None or not self._is_worth_saving or self.walk.profile == self._saved

    def on_mount(self) -> None:
        self.title = "Playloom"
        self.theme = "textual-dark"
        game, profile = self.wanted.game, self.wanted.profile
        class_ids = self.wanted.class_ids or tuple(one.id for one in game.classes)
        if profile is None and len(game.classes) > 1 and not self.wanted.class_ids:
            self.push_screen(ClassScreen(game))
        else:
            self.begin(profile or new_profile(game, class_ids, self.wanted.profile_name))
        self.call_after_refresh(self._listen)
        self._poll = self.set_interval(POLL_S, self.poll)

    def _listen(self) -> None:
        """Begin to listen, once there is something to see: loading SDL takes about a second."""
        self.feed.start()

    def on_unmount(self) -> None:
        self.feed.stop()

    def choose_classes(self, class_ids: Sequence[str]) -> None:
        """Begin a new profile for these classes."""
        self.begin(new_profile(self.wanted.game, class_ids, self.wanted.profile_name))

    def begin(self, profile: MappingProfile) -> None:
        """Go on with ``profile`` where it leaves off."""
        self.walk = MappingWalk(self.wanted.game, profile)
        self.show()

    def show(self) -> None:
        """Save what has changed, and show where the player is now."""
        self.save()
        assert self.walk is not None
        self.reader.forget()
        wanted = OverviewScreen if self.walk.current is None else ActionScreen
        if isinstance(self.screen, ActionScreen) and wanted is ActionScreen:
            self.screen.show()
        elif len(self.screen_stack) > 1:
            self.switch_screen(wanted(self.walk))
        else:
            self.push_screen(wanted(self.walk))

    def save(self) -> None:
        """Save the profile if it has changed."""
        if self.walk is None or self.is_saved:
            return
        try:
            self._save(self.walk.profile)
        except PlayloomError as error:
            self.problem = str(error)
        else:
            self._saved = self.walk.profile
            self.problem = None

    def action_leave(self) -> None:
        """Leave. Everything that was kept has been saved."""
        self.save()
        if self._poll is not None:
            self._poll.stop()
        self.exit()

    def poll(self) -> None:
        """Take what happened since, and show it."""
        if not self.screen_stack:  # on the way out
            return
        now = now_ns()
        heard = self.feed.take()
        if any(isinstance(event, Key | MouseButton | MouseWheel) for event in heard):
            self.terminal.source_told(now)
        screen = self.screen
        if not self.app_focus:  # what is typed into other windows is no business of ours
            self.reader.let_go_of_keyboard_and_mouse()
            heard = [event for event in heard if not isinstance(event, Key | MouseButton | MouseMotion | MouseWheel)]
        if isinstance(screen, ActionScreen):
            heard = [event for event in heard if self._is_answer(event, screen)]
        gestures = self.reader.take([*heard, *self.terminal.due(now)], now)
        if isinstance(screen, ActionScreen):
            screen.take(gestures)
        if isinstance(screen, ActionScreen | OverviewScreen):
            screen.show_live(self.reader)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if isinstance(self.screen, ActionScreen) and not self._is_over_commands():
            self.terminal.mouse_button(event.button, now_ns())

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        if isinstance(self.screen, ActionScreen):
            self.terminal.wheel(1, now_ns())

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        if isinstance(self.screen, ActionScreen):
            self.terminal.wheel(-1, now_ns())

    @property
    def _is_worth_saving(self) -> bool:
        """Whether anything was chosen; a wizard that was only looked at leaves no file."""
        return self._saved is not None or bool(self.walk and (self.walk.profile.bindings or self.walk.profile.complete))

    def _is_answer(self, event: InputEvent, screen: ActionScreen) -> bool:
        """Whether ``event`` is meant for the game's action, and not to steer the wizard."""
        if isinstance(event, Key) and event.pressed:
            return screen.takes_any_key or event.scancode not in STEERING_KEYS
        if isinstance(event, MouseButton) and event.pressed:
            return not self._is_over_commands()
        return True

    def _is_over_commands(self) -> bool:
        """Whether the mouse's pointer is over the line of commands, where a click is a command."""
        return any(line.region.contains_point(self.mouse_position) for line in self.screen.query("#commands"))
