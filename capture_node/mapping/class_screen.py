"""The question which of a game's classes a player plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding as KeyCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from playloom.game_definition import GameDefinition

if TYPE_CHECKING:
    from capture_node.mapping.wizard import MapActionsApp


class ClassScreen(Screen[None]):
    """Asks once, before the first action of a new profile."""

    BINDINGS: ClassVar[list[BindingType]] = [KeyCommand("enter", "start", priority=True, show=False)]

    def __init__(self, game: GameDefinition) -> None:
        super().__init__()
        self._game = game

    def compose(self) -> ComposeResult:
        yield Static(f"[b]Playloom[/b] · {self._game.display_name}", id="title")
        yield Static(
            "[b]Which of these do you play?[/b]\nThe action vector holds the actions of all that are marked, in this "
            "order. Profiles that go into one dataset need the same.",
            id="summary",
        )
        yield SelectionList(
            *(
                Selection(f"{one.label or one.id}  ({len(one.actions)} actions)", one.id, initial_state=True)
                for one in self._game.classes
            ),
            id="classes",
        )
        yield Static(
            "[b]Space[/b] mark or unmark   [b]↑↓[/b] move   [b]Enter[/b] start   [b]^Q[/b] leave", id="commands"
        )

    def on_mount(self) -> None:
        self.query_one(SelectionList).focus()

    def action_start(self) -> None:
        chosen = self.query_one(SelectionList).selected
        class_ids = [one.id for one in self._game.classes if one.id in chosen]
        if class_ids:
            cast("MapActionsApp", self.app).choose_classes(class_ids)
        else:
            self.notify("Mark at least one", severity="warning")
