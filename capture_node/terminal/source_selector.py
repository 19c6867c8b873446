"""The choice of what to record: monitors and windows with their sizes and programs, by arrow keys or by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from capture_node.sources.frame_source import SourceDescription, SourceKind
from playloom.errors import PlayloomError
from playloom.figures import one_line

REFRESH_S = 2.0
"""A game that is started while the list is open appears in it after so long."""

NUMBERED = 9
"""The first rows have a key of their own."""

_HEADINGS = {SourceKind.MONITOR: "Monitors", SourceKind.WINDOW: "Windows"}

type Listing = Callable[[], Sequence[SourceDescription]]


class SourceSelector(App[SourceDescription | None]):
    """Asks what to record. Ends with the choice, or with None if the player leaves.

    Args:
        listing: what there is; asked again and again, on a thread of its own.
        sources: what there is now.
    """

    TITLE = "Playloom"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search"),
        Binding("r", "refresh", "Look again"),
        Binding("escape", "step_back", "Leave"),
        Binding("q,ctrl+c", "leave", "Leave", show=False),
        *(Binding(str(number), f"number({number})", show=False) for number in range(1, NUMBERED + 1)),
    ]
    CSS = """
    Screen { background: $background; }
    #box { max-width: 110; height: 100%; padding: 1 2 0 2; }
    #question { text-style: bold; color: $text-accent; }
    #hint { color: $text-muted; margin-bottom: 1; }
    #search { display: none; border: round $accent; height: 3; }
    #search.asked { display: block; }
    OptionList { height: 1fr; border: round $primary; background: $background; padding: 0 1; }
    OptionList:focus { border: round $accent; }
    OptionList > .option-list--option-disabled { color: $text-muted; text-style: bold; }
    #trouble { color: $text-warning; height: auto; }
    """

    def __init__(self, listing: Listing, sources: Sequence[SourceDescription]) -> None:
        super().__init__()
        self._listing = listing
        self._sources = list(sources)
        self._shown: list[SourceDescription] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static("What shall be recorded?", id="question")
            yield Static("The arrow keys and Enter, or a number. A window is followed when it moves.", id="hint")
            yield Input(placeholder="a part of the title or the program", id="search")
            yield OptionList(id="sources")
            yield Static("", id="trouble", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.set_interval(REFRESH_S, self.action_refresh)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _search_changed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _search_done(self) -> None:
        if len(self._shown) == 1:
            self.exit(self._shown[0])
        else:
            self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.exit(next(source for source in self._shown if _id(source) == event.option_id))

    def action_number(self, number: int) -> None:
        if number <= len(self._shown):
            self.exit(self._shown[number - 1])

    def action_search(self) -> None:
        search = self.query_one(Input)
        search.add_class("asked")
        search.focus()

    def action_step_back(self) -> None:
        search = self.query_one(Input)
        if not search.has_class("asked"):
            self.exit(None)
            return
        search.clear()
        search.remove_class("asked")
        self.query_one(OptionList).focus()

    def action_leave(self) -> None:
        self.exit(None)

    @work(thread=True, exclusive=True)
    def action_refresh(self) -> None:
        try:
            sources, trouble = list(self._listing()), ""
        except PlayloomError as error:
            sources, trouble = [], str(error)
        self.call_from_thread(self._listed, sources, trouble)

    def _listed(self, sources: list[SourceDescription], trouble: str) -> None:
        self.query_one("#trouble", Static).update(one_line(trouble))
        if sources != self._sources:
            self._sources = sources
            self._show()

    def _show(self) -> None:
        wanted = self.query_one(Input).value.casefold().strip()
        rows = self.query_one(OptionList)
        highlighted = None if rows.highlighted is None else rows.get_option_at_index(rows.highlighted).id
        self._shown = []
        options: list[Option] = []
        for kind, heading in _HEADINGS.items():
            of_kind = [source for source in self._sources if source.kind is kind and _fits(source, wanted)]
            if of_kind:
                options.append(Option(Text(heading), disabled=True))
            for source in of_kind:
                self._shown.append(source)
                options.append(
                    Option(_row(len(self._shown), source, rows.scrollable_content_region.width - 2), id=_id(source))
                )
        if not options:
            words = f"Nothing is called “{wanted}”." if wanted else "There is no monitor and no window to record."
            options.append(Option(Text(words), disabled=True))
        rows.clear_options()
        rows.add_options(options)
        self._highlight(rows, highlighted)

    def _highlight(self, rows: OptionList, option_id: str | None) -> None:
        """The same row as before; else the first window, because mostly a game is meant."""
        if option_id is not None:
            try:
                rows.highlighted = rows.get_option_index(option_id)
            except OptionDoesNotExist:
                pass
            else:
                return
        first = next((source for source in self._shown if source.kind is SourceKind.WINDOW), None)
        first = first or next(iter(self._shown), None)
        rows.highlighted = None if first is None else rows.get_option_index(_id(first))


def _id(source: SourceDescription) -> str:
    return f"{source.kind}-{source.key}"


def _fits(source: SourceDescription, wanted: str) -> bool:
    return wanted in source.title.casefold() or wanted in (source.process or "").casefold()


def _row(number: int, source: SourceDescription, width: int) -> Text:
    """A number, a name, a size and a program in columns that fit in ``width`` cells."""
    shortcut = f"{number} " if number <= NUMBERED else "  "
    size = f"{source.width}x{source.height}".rjust(10)
    if source.kind is SourceKind.MONITOR:
        name, program = f"monitor {source.key}  {one_line(source.title)}", "main monitor" if source.primary else ""
    else:
        name, program = one_line(source.title), one_line(source.process or "")
    program_cells = 0 if width < 50 else min(24, width // 4)
    name_cells = max(8, width - len(shortcut) - len(size) - program_cells - 4)
    row = Text.assemble((shortcut, "bold"), _fitted(name, name_cells), "  ", (size, "dim"))
    if program_cells:
        row.append("  ").append(_fitted(program, program_cells), style="dim")
    row.no_wrap = True
    return row


def _fitted(text: str, cells: int) -> str:
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"
