"""What can be captured on Windows: monitors, and the windows that have a place in the task bar."""

from __future__ import annotations

from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.windows.desktop import Desktop, Monitor

_UNSCALED_DPI = 96


def list_monitors(desktop: Desktop | None = None) -> list[SourceDescription]:
    """The monitors, the main one first; their numbers count from 0.

    Raises:
        CaptureError: this is no Windows.
    """
    desktop = _prepared(desktop)
    return [
        SourceDescription(
            kind=SourceKind.MONITOR,
            key=str(number),
            title=_monitor_title(desktop, monitor),
            width=monitor.area.width,
            height=monitor.area.height,
            primary=monitor.primary,
        )
        for number, monitor in enumerate(monitors_in_order(desktop))
    ]


def list_windows(desktop: Desktop | None = None) -> list[SourceDescription]:
    """The windows with a title but that of our own terminal, the one in front first.

    A minimized one has the size that it comes back with.

    Raises:
        CaptureError: this is no Windows.
    """
    desktop = _prepared(desktop)
    starters, console = desktop.own_terminal()
    return [
        describe_window(desktop, window)
        for window in desktop.windows()
        # A terminal shows the command that runs in it: any title asked for would be found there too.
        if window != console and desktop.process_id(window) not in starters and is_players_window(desktop, window)
    ]


def describe_window(desktop: Desktop, window: int) -> SourceDescription:
    """What is known of a window now."""
    area = None if desktop.is_minimized(window) else desktop.content_area(window)
    width, height = desktop.restored_size(window) if area is None else area.size
    return SourceDescription(
        kind=SourceKind.WINDOW,
        key=str(window),
        title=desktop.title(window),
        width=width,
        height=height,
        process=desktop.process_name(desktop.process_id(window)),
    )


def monitors_in_order(desktop: Desktop) -> list[Monitor]:
    """The main one first, the others by their lasting names: a monitor's number is its place here."""
    return sorted(desktop.monitors(), key=lambda monitor: (not monitor.primary, len(monitor.device), monitor.device))


def is_players_window(desktop: Desktop, window: int) -> bool:
    """Whether a player would name it: it is shown, has a title and is no overlay or helper."""
    return desktop.is_visible(window) and not desktop.is_tool(window) and bool(desktop.title(window).strip())


def is_covered(desktop: Desktop, window: int) -> bool:
    """Whether another program's window lies over it, so that a picture of that place would show the other.

    The window that the player works with is never covered: small overlays and messages over a game are left in.
    """
    own = desktop.process_id(window)
    in_front = desktop.foreground()
    if in_front and desktop.process_id(in_front) == own:
        return False
    area = desktop.content_area(window)
    if area is None:
        return False
    for above in desktop.windows():
        if above == window:
            return False
        if not is_players_window(desktop, above) or desktop.is_minimized(above) or desktop.process_id(above) == own:
            continue
        frame = desktop.frame_area(above)
        if frame is not None and frame.overlap(area) is not None:
            return True
    return False


def _monitor_title(desktop: Desktop, monitor: Monitor) -> str:
    output = monitor.device.removeprefix("\\\\.\\")
    scale = round(100 * desktop.monitor_dpi(monitor.handle) / _UNSCALED_DPI)
    name = desktop.monitor_name(monitor.device) or "Monitor"
    return f"{name} ({output})" if scale == 100 else f"{name} ({output}, {scale} %)"


def _prepared(desktop: Desktop | None) -> Desktop:
    if desktop is None:
        from capture_node.windows.user32_desktop import User32Desktop

        desktop = User32Desktop()
    desktop.prepare()
    return desktop
