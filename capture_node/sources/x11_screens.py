"""Which monitors and windows an X11 desktop has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psutil

from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.sources.x11_display import X11Display

_INPUT_OUTPUT = 1
_VIEWABLE = 2
_PROCESS_ID = 2  # X-Resource's mask for the process behind a connection
_IGNORED_WINDOW_TYPES = ("_NET_WM_WINDOW_TYPE_DESKTOP", "_NET_WM_WINDOW_TYPE_DOCK")


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """A monitor's part of the X screen.

    Attributes:
        number: from 0, in the server's order.
        name: of its connector, such as "DP-1".
        x, y, width, height: its rectangle of the screen, in pixels.
        primary: whether it is the main one.
    """

    number: int
    name: str
    x: int
    y: int
    width: int
    height: int
    primary: bool


def list_monitors(display: X11Display) -> list[Monitor]:
    """The monitors; a server that knows of none has one, its whole screen."""
    import xcffib.randr

    if display.has_extension("RANDR"):
        randr: Any = display.connection(xcffib.randr.key)
        version = randr.QueryVersion(1, 5).reply()
        if (version.major_version, version.minor_version) >= (1, 5):
            monitors = randr.GetMonitors(display.screen.root, True).reply().monitors
            found = [
                Monitor(
                    number=number,
                    name=display.atom_name(monitor.name),
                    x=monitor.x,
                    y=monitor.y,
                    width=monitor.width,
                    height=monitor.height,
                    primary=bool(monitor.primary) or len(monitors) == 1,
                )
                for number, monitor in enumerate(monitors)
            ]
            if found:
                return found
    # Asked anew: what the server said when we connected may be another resolution by now.
    size = display.connection.core.GetGeometry(display.screen.root).reply()
    return [Monitor(number=0, name="screen", x=0, y=0, width=size.width, height=size.height, primary=True)]


def list_x11_sources(display_name: str | None = None) -> list[SourceDescription]:
    """The monitors, then the windows but that of our own terminal, of an X11 desktop.

    Args:
        display_name: the X server; None takes ``DISPLAY``.

    Raises:
        CaptureError: there is no X server to ask.
    """
    display = X11Display(display_name)
    try:
        monitors = [_describe_monitor(monitor) for monitor in list_monitors(display)]
        return monitors + _list_windows(display)
    finally:
        display.close()


def _describe_monitor(monitor: Monitor) -> SourceDescription:
    return SourceDescription(
        kind=SourceKind.MONITOR,
        key=str(monitor.number),
        title=monitor.name,
        width=monitor.width,
        height=monitor.height,
        primary=monitor.primary,
    )


def _list_windows(display: X11Display) -> list[SourceDescription]:
    import xcffib

    root = display.screen.root
    managed = display.property_numbers(root, "_NET_CLIENT_LIST")
    windows = managed or tuple(display.connection.core.QueryTree(root).reply().children)
    own_terminal = {process.pid for process in psutil.Process().parents()}
    found: list[SourceDescription] = []
    for window in windows:
        try:
            process_id = _process_id(display, window)
            # A terminal shows the command that runs in it: any title asked for would be found there too.
            if process_id in own_terminal:
                continue
            description = _describe_window(display, window, process_id, managed=bool(managed))
        except xcffib.Error:
            continue  # closed since the list was made
        if description is not None:
            found.append(description)
    return found


def _describe_window(
    display: X11Display, window: int, process_id: int | None, *, managed: bool
) -> SourceDescription | None:
    """What a player would choose it by; None for what no player sees as a window."""
    core = display.connection.core
    attributes = core.GetWindowAttributes(window).reply()
    title = display.window_title(window)
    if attributes._class != _INPUT_OUTPUT or not title:
        return None
    # Without a window manager's list every helper window of a program is there too, but not shown.
    if not managed and attributes.map_state != _VIEWABLE:
        return None
    types = display.property_numbers(window, "_NET_WM_WINDOW_TYPE")
    if any(display.atom(name) in types for name in _IGNORED_WINDOW_TYPES):
        return None
    geometry = core.GetGeometry(window).reply()
    return SourceDescription(
        kind=SourceKind.WINDOW,
        key=hex(window),
        title=title,
        width=geometry.width,
        height=geometry.height,
        process=_process_name(process_id),
    )


def _process_name(process_id: int | None) -> str | None:
    if process_id is None:
        return None
    try:
        return psutil.Process(process_id).name()
    except psutil.Error:
        return None


def _process_id(display: X11Display, window: int) -> int | None:
    """By the server's word, or else the window's own."""
    import xcffib.res

    if display.is_local and display.has_extension("X-Resource"):
        resource: Any = display.connection(xcffib.res.key)
        version = resource.QueryVersion(1, 2).reply()
        if (version.server_major, version.server_minor) >= (1, 2):
            asked = xcffib.res.ClientIdSpec.synthetic(window, _PROCESS_ID)
            for answer in resource.QueryClientIds(1, [asked]).reply().ids:
                if answer.spec.mask == _PROCESS_ID and len(answer.value) == 1:
                    return answer.value[0]
    own_word = display.property_numbers(window, "_NET_WM_PID")
    return own_word[0] if own_word else None
