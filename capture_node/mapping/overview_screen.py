"""All actions with their controls, each with its value right now: the place to try a profile, and to finish it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import DataTable, Static

from capture_node.mapping.bars import signed_number
from capture_node.mapping.gestures import GestureReader
from capture_node.mapping.live import current_actions, current_inputs
from capture_node.mapping.walk import MappingWalk, Stop
from capture_node.mapping.words import action_name, binding_words
from playloom.actions.layout import layout_of
from playloom.game_definition import ActionKind
from playloom.mapping_profile import check_profile

if TYPE_CHECKING:
    from capture_node.mapping.wizard import MapActionsApp

NOW = "now"
COMMANDS = (
    "[@click=screen.change][b]Enter[/b] change the marked action[/]  [b]↑↓[/b] mark  "
    "[@click=screen.last][b]Bksp[/b] back[/]  [@click=screen.finish][b]F9[/b] finish[/]  "
    "[@click=app.leave][b]^Q[/b] leave[/]"
)


class OverviewScreen(Screen[None]):
    """Stands at the end of the walk, and wherever F9 asks for it."""

    def __init__(self, walk: MappingWalk) -> None:
        super().__init__()
        self._walk = walk
        self._layout = layout_of(walk.game, walk.profile.class_ids)
        self._shown: dict[str, str] = {}
        self._asked = False

    @property
    def _wizard(self) -> MapActionsApp:
        return cast("MapActionsApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield Static(id="summary")
        yield DataTable(id="table", cursor_type="row", zebra_stripes=True)
        yield Static(COMMANDS, id="commands")

    def on_mount(self) -> None:
        walk = self._walk
        title = Text.assemble(
            ("Playloom", "bold"), f" · {walk.game.display_name} · profile {walk.profile.profile_name}"
        )
        self.query_one("#title", Static).update(title)
        table: DataTable[Text] = self.query_one(DataTable)
        table.add_column("Action", key="action")
        table.add_column("Now", key=NOW, width=13)
        table.add_column("Controls", key="controls")
        for stop in walk.stops:
            table.add_row(Text(action_name(stop)), Text(""), self._controls(stop), key=stop.action.id)
        first_open = walk.open[0].number if walk.open else 0
        table.move_cursor(row=first_open)
        table.focus()
        self._show_summary()

    def on_key(self, event: events.Key) -> None:
        if event.key == "f9":
            self.action_finish()
        elif event.key == "backspace":
            self.action_last()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        self._walk.go_to(event.cursor_row)
        self._wizard.show()

    def action_change(self) -> None:
        self._walk.go_to(self.query_one(DataTable).cursor_row)
        self._wizard.show()

    def action_last(self) -> None:
        self._walk.go_to(len(self._walk.stops) - 1)
        self._wizard.show()

    def action_finish(self) -> None:
        """Finish; where actions are open only when asked twice, because it skips them."""
        if self._walk.open and not self._asked:
            self._asked = True
            self._show_summary()
            return
        self._walk.finish()
        self._wizard.action_leave()

    def show_live(self, reader: GestureReader) -> None:
        """Every action's value right now."""
        if not self.query(DataTable):  # while the screen is being put up or taken down
            return
        inputs = current_inputs(reader, reader.motion_since())
        values = current_actions(inputs, self._layout, self._walk.profile.bindings)
        table: DataTable[Text] = self.query_one(DataTable)
        for slot in self._layout.slots:
            own = values[slot.start : slot.start + slot.size]
            said = "  ".join(signed_number(value) for value in own) if any(own) else ""
            if slot.kind is ActionKind.DIGITAL:
                said = "● on" if own[0] else ""
            if said != self._shown.get(slot.action_id, ""):
                self._shown[slot.action_id] = said
                table.update_cell(slot.action_id, NOW, Text(said, "bold green"))

    def _controls(self, stop: Stop) -> Text:
        bindings = self._walk.profile.bindings.get(stop.action.id, ())
        if bindings:
            return Text("  or  ".join(binding_words(one) for one in bindings))
        if stop.action.id in self._walk.profile.skipped:
            return Text("skipped", "dim")
        return Text("not mapped, required" if stop.action.required else "not mapped", "yellow")

    def _show_summary(self) -> None:
        walk = self._walk
        text = Text()
        if self._wizard.problem is not None:
            text.append(f"Not saved: {self._wizard.problem}\n", "bold red")
        if walk.open:
            names = ", ".join(action_name(stop) for stop in walk.open[:6])
            more = ", …" if len(walk.open) > 6 else ""
            count = "1 action has" if len(walk.open) == 1 else f"{len(walk.open)} actions have"
            if self._asked:
                text.append(f"F9 once more skips {names}{more}: they will be 0 in every dataset.\n", "bold yellow")
            else:
                text.append(f"{count} no control yet: {names}{more}.\n", "yellow")
        else:
            text.append("Every action is mapped or skipped. ", "bold green")
        text.append("Try it: what you press shows in the second column. F9 finishes.")
        for warning in check_profile(walk.profile, walk.game):
            if "no binding" not in warning:
                text.append(f"\n! {warning}", "yellow")
        self.query_one("#summary", Static).update(text)
