"""What there is to record on this machine, and how a player's words choose one of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from capture_node.sources.frame_source import FrameSource, SourceDescription, SourceKind
from playloom.errors import CaptureError

_MAX_LISTED = 12  # of an error's list of windows
_BACKENDS = ("dxgi", "winrt") if sys.platform == "win32" else ("x11",)


@dataclass(frozen=True, kw_only=True)
class SourceRequest:
    """What a player asks for: one of these.

    Attributes:
        monitor: a monitor's number, from 0.
        window: a part of a window's title, in any case.
        gym: the id of a game that is played here by a script.
        pattern: the test pattern.
        chosen: one of the list, whatever else bears its title.
        backend: how screens are read: "dxgi" or "winrt" on Windows, "x11" on Linux; None lets us choose.
    """

    monitor: int | None = None
    window: str | None = None
    gym: str | None = None
    pattern: bool = False
    chosen: SourceDescription | None = None
    backend: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that a player must be asked."""
        return not any(self.asked_for)

    @property
    def asked_for(self) -> tuple[bool, ...]:
        """Which of them are asked for."""
        named = (self.monitor, self.window, self.gym, self.chosen)
        return (*(one is not None for one in named), self.pattern)


def list_sources() -> list[SourceDescription]:
    """This machine's monitors, then its windows.

    Raises:
        CaptureError: there is no desktop, or none that we can record.
    """
    if sys.platform == "win32":
        from capture_node.windows.screens import list_monitors, list_windows

        return [*list_monitors(), *list_windows()]
    if sys.platform == "linux":
        from capture_node.sources.x11_screens import list_x11_sources

        return list_x11_sources()
    raise CaptureError("The screen", f"screens of {sys.platform} cannot be recorded yet")


def find_source(request: SourceRequest, sources: Sequence[SourceDescription] | None = None) -> SourceDescription:
    """The source that is asked for.

    Args:
        request: one thing.
        sources: what there is; None asks `list_sources`, if a monitor or window is asked for.

    Raises:
        CaptureError: it is not there, or several are meant; says what there is.
    """
    if sum(request.asked_for) != 1:
        raise CaptureError(
            "The source", "choose one thing to record", remedy="Name a monitor, a window, a game or the test pattern"
        )
    if request.chosen is not None:
        return request.chosen
    if request.pattern:
        from capture_node.sources.pattern_source import describe_pattern

        return describe_pattern()
    if request.gym is not None:
        from capture_node.sources.gym_source import describe_game

        return describe_game(request.gym)
    if sources is None:
        sources = list_sources()
    if request.monitor is not None:
        return _find_monitor(request.monitor, sources)
    assert request.window is not None
    return _find_window(request.window, sources)


def open_source(
    description: SourceDescription, *, backend: str | None = None, fps: int = 60, with_pointer: bool = False
) -> FrameSource:
    """The source behind a description; its `open` is still to be called, by the thread that will grab.

    Args:
        description: one of `list_sources`, or what `find_source` found.
        backend: how screens are read, see `SourceRequest`.
        fps: how often it will be asked for a picture; some backends keep pictures ready at that rate.
        with_pointer: whether the mouse pointer is in the pictures of a monitor or window.

    Raises:
        CaptureError: there is no such backend here, or it has no pointer.
    """
    if backend is not None and backend not in _BACKENDS:
        raise CaptureError(
            "The source", f"there is no backend '{backend}' here", remedy=f"Use one of: {', '.join(_BACKENDS)}"
        )
    match description.kind:
        case SourceKind.PATTERN:
            from capture_node.sources.pattern_source import PatternSource

            return PatternSource(description)
        case SourceKind.GYM:
            from capture_node.sources.gym_source import GymSource

            return GymSource(description)
        case SourceKind.MONITOR | SourceKind.WINDOW:
            return _open_screen(description, backend, fps, with_pointer=with_pointer)


def _open_screen(description: SourceDescription, backend: str | None, fps: int, *, with_pointer: bool) -> FrameSource:
    if sys.platform == "win32":
        if with_pointer:
            raise CaptureError(
                "The mouse pointer",
                "it cannot be recorded on Windows: dxcam's pictures are without it",
                remedy="Leave 'cursor' out of the capture profile",
            )
        from capture_node.windows.dxcam_source import open_dxcam

        return open_dxcam(description, backend, fps=fps)
    if description.kind is SourceKind.MONITOR:
        from capture_node.sources.x11_monitor import X11MonitorSource

        return X11MonitorSource(description, with_pointer=with_pointer)
    from capture_node.sources.x11_window import X11WindowSource

    return X11WindowSource(description, with_pointer=with_pointer)


def _find_monitor(number: int, sources: Sequence[SourceDescription]) -> SourceDescription:
    monitors = [source for source in sources if source.kind is SourceKind.MONITOR]
    for monitor in monitors:
        if monitor.key == str(number):
            return monitor
    there_are = ", ".join(f"{source.key} ({source.title}, {source.width}x{source.height})" for source in monitors)
    raise CaptureError(f"The monitor {number}", "there is no such monitor", remedy=f"There are: {there_are or 'none'}")


def _find_window(words: str, sources: Sequence[SourceDescription]) -> SourceDescription:
    windows = [source for source in sources if source.kind is SourceKind.WINDOW]
    if not words.strip():  # a variable of a script that holds nothing, and no wish to record whatever is there
        remedy = f"Give a part of the title of one of: {_titles(windows)}"
        raise CaptureError("The window", "no part of a title is given", remedy=remedy)
    found = [source for source in windows if words.casefold() in source.title.casefold()]
    exact = [source for source in found if source.title.casefold() == words.casefold()]
    if len(found) > 1 and len(exact) == 1:
        return exact[0]
    if len(found) == 1:
        return found[0]
    what = f"The window '{words}'"
    if found:
        remedy = f"Give more of the title of one of: {_titles(found)}"
        raise CaptureError(what, f"{len(found)} windows have that in their titles", remedy=remedy)
    remedy = f"There are: {_titles(windows)}" if windows else "There are no windows: start the game first"
    raise CaptureError(what, "no window has that in its title", remedy=remedy)


def _titles(windows: Sequence[SourceDescription]) -> str:
    shown = [
        f"'{window.title}'" + (f" ({window.process})" if window.process else "") for window in windows[:_MAX_LISTED]
    ]
    more = len(windows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
