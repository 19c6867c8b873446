"""The picture of a recorder at work, drawn anew some times a second.

Everything that a colour says a word says too, because terminals without colour and players who do not see them all are
not rare. A terminal that knows ASCII only gets ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from capture_node.recorder.status import Notice, RecorderState, RecorderStatus
from capture_node.terminal import status_cells as cells
from capture_node.terminal.status_cells import ASCII, UNICODE, Signs, Surroundings
from playloom.figures import one_line

WIDEST = 100
"""Columns; a wider panel would spread few words over a long line."""

NEWS_S = 15.0
"""What is no warning is shown for so long."""

_STATE_STYLES = {
    RecorderState.IDLE: "dim",
    RecorderState.RECORDING: "bold red",
    RecorderState.PAUSED: "bold yellow",
    RecorderState.STOPPING: "bold cyan",
    RecorderState.FAILED: "bold red",
}


@dataclass(frozen=True, kw_only=True)
class StatusPanel:
    """One moment of a recorder, as Rich draws it.

    Attributes:
        status: the moment.
        around: what else there is to show.
        now_monotonic_ns: the system's monotonic clock at that moment.
    """

    status: RecorderStatus
    around: Surroundings
    now_monotonic_ns: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        signs, around = ASCII if options.ascii_only else UNICODE, self.around
        parts: list[RenderableType] = [self._figures(signs, options.max_width)]
        if self._current_notices() or self.status.failure:
            parts += [Text(), self._notices(signs)]
        width = min(options.max_width, WIDEST)
        keys = [line for row in (around.hotkeys, around.terminal_keys) for line in _key_lines(row, width - 4)]
        if keys:
            parts += [Text(), *keys]
        panel = Panel(
            Group(*parts),
            title=self._title(signs),
            title_align="left",
            border_style=_STATE_STYLES[self.status.state].removeprefix("bold "),
            box=box.ASCII if options.ascii_only else box.ROUNDED,
            width=width,
            padding=(0, 1),
        )
        lines = console.render_lines(panel, options.update(height=None), pad=False)
        if len(lines) < console.height:  # what scrolls cannot be drawn over
            for line in lines:
                yield from line
                yield Segment.line()
        else:
            yield from self._short(signs)

    def _short(self, signs: Signs) -> Iterable[RenderableType]:
        status = self.status
        line = self._title(signs)
        line.append_text(Text.assemble("  ", cells.rate(status), "  ", cells.losses(status)))
        line.no_wrap, line.overflow = True, "ellipsis"
        yield line
        for text in (self.status.failure, *(notice.text for notice in self._current_notices())):
            if text:
                yield Text(f"{signs.warning} {one_line(text)}", "yellow", no_wrap=True, overflow="ellipsis")

    def _title(self, signs: Signs) -> Text:
        status = self.status
        style = _STATE_STYLES[status.state]
        return Text.assemble((f"{signs.state[status.state]} {status.state}", style), f" {cells.elapsed(status)}")

    def _figures(self, signs: Signs, width: int) -> Table:
        status, around = self.status, self.around
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row("source", cells.source(status))
        grid.add_row("video", Text.assemble(cells.rate(status), ", ", cells.frames(status)))
        grid.add_row("lost", cells.losses(status))
        grid.add_row("sync", cells.sync(status, around))
        grid.add_row("encoder", Text.assemble(cells.encoder(status), "  ", cells.queue(status, signs)))
        grid.add_row("input", cells.inputs(status, self.now_monotonic_ns))
        if status.focused is not None:
            grid.add_row("focus", cells.focus(status, around))
        grid.add_row(
            "pads", ", ".join(one_line(pad.name) for pad in status.pads) or Text("no gamepad plugged in", style="dim")
        )
        grid.add_row("disk", cells.disk(status))
        grid.add_row("session", cells.path(status.session_path, min(width, WIDEST) - 20, signs, status.session_number))
        if around.sessions or around.quota_bytes is not None:
            grid.add_row("spool", cells.spool(around))
        if around.uploads:
            grid.add_row("upload", Text(around.uploads, no_wrap=True, overflow="ellipsis"))
        return grid

    def _current_notices(self) -> list[Notice]:
        oldest_ns = self.now_monotonic_ns - int(NEWS_S * 1e9)
        return [notice for notice in self.status.notices if notice.warning or notice.since_monotonic_ns > oldest_ns]

    def _notices(self, signs: Signs) -> Table:
        grid = Table.grid(padding=(0, 1))
        if self.status.failure:
            grid.add_row(signs.warning, one_line(self.status.failure), style="bold red")
        for notice in self._current_notices():
            sign, style = (signs.warning, "yellow") if notice.warning else (signs.note, "")
            grid.add_row(sign, one_line(notice.text), style=style)
        return grid


def _key_lines(keys: Iterable[tuple[str, str]], width: int) -> list[Text]:
    """Keys and what they do, never parted at a line's end."""
    lines: list[Text] = []
    for combination, what in keys:
        entry = Text.assemble((combination, "bold"), " ", (what, "dim"))
        if lines and lines[-1].cell_len + 3 + entry.cell_len <= width:
            lines[-1].append_text(Text.assemble("   ", entry))
        else:
            lines.append(entry)
    return lines
