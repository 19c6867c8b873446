"""The question which control does one action, with what is pressed shown as it is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from capture_node.clock import now_ns
from capture_node.mapping.drawing import action_list, held_panel, line_of, plain, value_bar
from capture_node.mapping.gestures import Gesture, GestureReader
from capture_node.mapping.live import current_inputs, current_value
from capture_node.mapping.proposals import can_adjust, can_turn, is_held
from capture_node.mapping.walk import MappingWalk
from capture_node.mapping.words import action_name, binding_words, clash_words, control_words, question
from playloom.bindings import Binding, TriggerBinding

if TYPE_CHECKING:
    from capture_node.mapping.wizard import MapActionsApp

COMMANDS = (
    ("enter", "Enter", "keep"),
    ("backspace", "Bksp", "back"),
    ("f2", "F2", "any key"),
    ("f3", "F3", "skip"),
    ("f4", "F4", "again"),
    ("f5", "F5", "add"),
    ("f6", "F6", "less"),
    ("f7", "F7", "more"),
    ("f8", "F8", "turn"),
    ("f9", "F9", "all"),
    ("ctrl+q", "^Q", "leave"),
)
"""The key, how it is shown, what it does."""

AFTER_ANY_KEY_NS = 250_000_000
"""How long after a key that counted whatever it was no key steers: its own repeats still come."""


class ActionScreen(Screen[None]):
    """One action after another; the same screen for all of them."""

    def __init__(self, walk: MappingWalk) -> None:
        super().__init__()
        self._walk = walk
        self._put_last: dict[str, Text | str] = {}
        self._takes_any_key = False
        self._steers_from_ns = 0
        self._said: str | None = None
        self._kept: str | None = None
        self._commands: dict[str, Callable[[], None]] = {
            "enter": self._keep,
            "backspace": lambda: self._do(walk.back),
            "f2": self._ask_for_any_key,
            "f3": lambda: self._do(walk.skip),
            "f4": lambda: self._do(walk.again),
            "f5": self._another,
            "f6": lambda: self._do(lambda: walk.adjust(-1)),
            "f7": lambda: self._do(lambda: walk.adjust(1)),
            "f8": lambda: self._do(walk.turn),
            "f9": lambda: self._do(lambda: walk.go_to(len(walk.stops))),
        }

    @property
    def takes_any_key(self) -> bool:
        """Whether keys that steer are answers, too."""
        return self._takes_any_key

    @property
    def _is_ready(self) -> bool:
        """Whether there is anything to draw on: not while the screen is being put up or taken down."""
        return bool(self.query("#commands"))

    @property
    def _wizard(self) -> MapActionsApp:
        return cast("MapActionsApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        with Horizontal(id="body"):
            with VerticalScroll(id="list", can_focus=False):
                yield Static(id="actions")
            with VerticalScroll(id="ask", can_focus=False):
                yield Static(id="question")
                yield Static(id="hint")
                yield Static(id="chosen")
                yield Static(id="notes")
                yield Static(id="live")
        yield Static(id="commands")

    def on_mount(self) -> None:
        self.show()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self._takes_any_key or event.key not in self._commands:
            self._wizard.terminal.key(event.key, now_ns())
        elif now_ns() >= self._steers_from_ns:
            self._commands[event.key]()

    def action_command(self, key: str) -> None:
        """A command that was clicked."""
        self._takes_any_key = False
        self._commands[key]()

    def take(self, gestures: Sequence[Gesture]) -> None:
        """The player did something."""
        for gesture in gestures:
            asked = self._walk.current
            before = self._walk.candidate
            self._said = None
            if self._takes_any_key:
                self._takes_any_key = False
                self._steers_from_ns = now_ns() + AFTER_ANY_KEY_NS
            if self._walk.take(gesture) and asked is not None and before is not None:
                self._kept = f"✓ {action_name(asked)}: {binding_words(before)}"
                self._wizard.show()
            else:
                self.show()

    def _do(self, command: Callable[[], None]) -> None:
        self._said = self._kept = None
        command()
        self._wizard.show()

    def _keep(self) -> None:
        if self._walk.candidate is None and self._wizard.reader.current:  # what is held while Enter is pressed
            self._walk.take(Gesture(controls=self._wizard.reader.current))
        asked, candidate = self._walk.current, self._walk.candidate
        self._said = self._kept = None
        if not self._walk.keep():
            self._said = "Press a control first, or F3 to skip this action"
        elif asked is not None and candidate is not None:
            self._kept = f"✓ {action_name(asked)}: {binding_words(candidate)}"
        self._wizard.show()

    def _another(self) -> None:
        if self._walk.candidate is None and not self._walk.bindings:
            self._said = "Press the first control first"
            self.show()
        else:
            self._do(self._walk.another)

    def _ask_for_any_key(self) -> None:
        self._takes_any_key = True
        self.show()

    # What is shown

    def show(self) -> None:
        """Everything but what changes with every movement."""
        walk = self._walk
        stop = walk.current
        if stop is None or not self._is_ready:
            return
        done = len(walk.stops) - len(walk.open)
        title = f"[b]Playloom[/b] · {plain(walk.game.display_name)} · profile {plain(walk.profile.profile_name)}"
        self._put("#title", f"{title} · {done} of {len(walk.stops)} done")
        self._put("#actions", action_list(self._walk))
        asked, also = question(walk)
        if self._takes_any_key:
            asked, also = f"Press any key for {action_name(stop)}", "Enter, Backspace and the F keys count, too"
        kind = f"{stop.action.kind}{', required' if stop.action.required else ''}"
        about = f"{stop.action.description} ({kind})" if stop.action.description else f"({kind})"
        self._put("#question", Text(asked))
        self._put("#hint", Text(f"{also}\n{about}", "dim"))
        self._put("#notes", Text("\n").join(self._notes()))
        self._put("#commands", self._command_line())
        self.show_live(self._wizard.reader)
        self._bring_into_view(stop.number)

    def show_live(self, reader: GestureReader) -> None:
        """What is held and how far, and what the chosen control gives."""
        stop = self._walk.current
        if stop is None or not self._is_ready:
            return
        motion = reader.motion_since()
        for chosen in self.query("#chosen"):
            chosen.set_class(self._walk.candidate is not None, "fresh")
            chosen.set_class(self._walk.refusal is not None, "refused")
        self._put("#chosen", self._chosen(reader, motion))
        self._put("#live", held_panel(reader, motion, self._wizard.feed.problems))

    def _put(self, where: str, content: Text | str) -> None:
        """Show ``content``, if it is not what is shown there: drawing costs more than all else here."""
        if self._put_last.get(where) != content:
            self._put_last[where] = content
            for widget in self.query(where).results(Static):  # none while the screen is taken down
                widget.update(content)

    def _chosen(self, reader: GestureReader, motion: Sequence[float]) -> Text:
        walk = self._walk
        stop = walk.current
        assert stop is not None
        if reader.current and walk.candidate is None:
            return Text.assemble(("… ", "bold"), (" + ".join(control_words(one) for one in reader.current), "bold"))
        if walk.refusal is not None:
            return Text(walk.refusal, "yellow")
        bindings = self._shown_bindings()
        if not bindings:
            skipped = stop.action.id in walk.profile.skipped
            return Text("skipped; press a control to map it after all" if skipped else "nothing pressed yet", "dim")
        text = Text("\n").join(
            Text(
                f"{'▶' if one == walk.candidate else '✓'} {binding_words(one)}",
                "bold green" if one == walk.candidate else "green",
            )
            for one in bindings
        )
        values = current_value(current_inputs(reader, motion), stop.action, bindings)
        return text.append("\n").append_text(value_bar(stop.action.kind, values, bindings, reader))

    def _shown_bindings(self) -> tuple[Binding, ...]:
        walk = self._walk
        if walk.candidate is None:
            return walk.bindings
        return (*(walk.bindings if walk.adding else ()), walk.candidate)

    def _notes(self) -> list[Text]:
        """What to do with the candidate, and what is odd about it."""
        walk = self._walk
        notes = []
        if self._wizard.problem is not None:
            notes.append(Text(f"Not saved: {self._wizard.problem}", "bold red"))
        if self._said is not None:
            notes.append(Text(self._said, "bold yellow"))
        if walk.candidate is not None:
            notes.append(Text(self._how_to_keep(walk.candidate), "italic"))
        elif walk.bindings and not walk.adding:
            notes.append(Text("Enter leaves it so; another control takes its place, F5 adds one", "italic"))
        elif self._kept is not None:
            notes.append(Text(self._kept, "green"))
        odd = [clash_words(clash) for clash in walk.clashes()]
        met = walk.serves_already()
        if met is not None:
            odd.append(f"{binding_words(met)} is there already")
        return notes + [Text(f"! {sentence}", "yellow") for sentence in (*odd, *walk.warnings())]

    def _how_to_keep(self, candidate: Binding) -> str:
        ways = ["Do it again or press Enter to keep it" if is_held(candidate) else "Enter keeps it"]
        if can_adjust(candidate):
            what = "threshold" if isinstance(candidate, TriggerBinding) else "scale"
            ways.append(f"F6 and F7 change its {what}")
        if self._walk.current is not None and can_turn(candidate, self._walk.current.action.kind):
            ways.append("F8 turns it")
        return "; ".join(ways)

    def _bring_into_view(self, number: int) -> None:
        for container in self.query("#list"):
            container.scroll_to(y=max(0, line_of(self._walk, number) - container.size.height // 2), animate=False)

    def _command_line(self) -> str:
        wanted = {key for key, _, _ in COMMANDS}
        candidate, stop = self._walk.candidate, self._walk.current
        target = candidate or (self._walk.bindings[0] if len(self._walk.bindings) == 1 else None)
        if target is None or not can_adjust(target):
            wanted -= {"f6", "f7"}
        if target is None or stop is None or not can_turn(target, stop.action.kind):
            wanted -= {"f8"}
        parts = []
        for key, shown, does in COMMANDS:
            if key == "enter" and candidate is None:
                does = "go on"
            action = "app.leave" if key == "ctrl+q" else f"screen.command('{key}')"
            if key in wanted:
                parts.append(f"[@click={action}][b]{shown}[/b] {does}[/]")
        return "  ".join(parts)
