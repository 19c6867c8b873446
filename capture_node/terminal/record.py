"""`playloom record`: parse, build, record, close."""

from __future__ import annotations

import json
import os
import queue
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from capture_node.assembly import ThisMachine
from capture_node.calibration.calibration import read_calibration
from capture_node.hotkeys.hotkey import HotkeyAction, make_hotkeys
from capture_node.node.wish import RecordingWish
from capture_node.node_settings import NodeSettings, load_settings
from capture_node.notifications import DesktopNotifications
from capture_node.recorder.capture_profile import DEFAULT_PROFILE, load_profile
from capture_node.recorder.settings import InputScope
from capture_node.recorder.status import Notice, NoticeKind, RecorderStatus
from capture_node.sources.catalogue import SourceRequest
from capture_node.sources.frame_source import SourceKind
from capture_node.terminal.display import DisplayThread, LineDisplay, LiveDisplay
from capture_node.terminal.folder import folder_usage, made_folder, recover_folder
from capture_node.terminal.foreground import Foreground
from capture_node.terminal.input_lines import InputTail
from capture_node.terminal.key_reader import KEYS, KeyReader
from capture_node.terminal.output import lasting
from capture_node.terminal.player_requests import Request, Requests, signals_as_requests
from capture_node.terminal.status_cells import Surroundings
from capture_node.terminal.summary import next_steps, session_line, session_row
from playloom.errors import PlayloomError, ProcessError
from playloom.figures import one_line, rough_duration_in_words
from playloom.recording.session import Session, is_session
from playloom.recording.session_info import INFO_FILE, read_session_info

type _KeyWords = tuple[tuple[str, str], ...]

INTERRUPTED = 130
"""The exit status of what a player did not want to wait for, by the custom of shells."""

NO_ROOM = 3
"""The exit status of a recording that ended in good order, but by itself: there was no more room."""

_HOTKEY_REQUESTS: Mapping[HotkeyAction, Request] = {
    HotkeyAction.TOGGLE: Request.STOP,
    HotkeyAction.PAUSE: Request.PAUSE,
    HotkeyAction.MARK: Request.MARK,
    HotkeyAction.DISCARD: Request.DISCARD,
}

_HOTKEY_WORDS = {
    HotkeyAction.TOGGLE: "stop",
    HotkeyAction.PAUSE: "pause",
    HotkeyAction.MARK: "mark",
    HotkeyAction.DISCARD: "throw away",
}


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """What the command line says.

    Attributes:
        root: where sessions lie.
        wish: what shall be recorded, and how.
        seconds: of recorded time; None: until somebody asks.
        config: another settings file.
        hotkeys: whether any are registered.
        verbose: lines instead of the panel, with each input.
        json: whether standard output gets JSON alone.
    """

    root: Path
    wish: RecordingWish = field(default_factory=RecordingWish)
    seconds: float | None = None
    config: Path | None = None
    hotkeys: bool = True
    verbose: bool = False
    json: bool = False


def record_in_foreground(options: RecordOptions) -> int:
    """Record until somebody asks to stop; gives the exit status.

    Raises:
        PlayloomError: nothing can be recorded, or the recording did not end in good order.
    """
    console = Console(
        emoji=False, file=lasting(sys.stderr if options.json else sys.stdout), highlight=False, soft_wrap=True
    )
    settings = replace(load_settings(options.config), spool=options.root, spool_quota_bytes=None)
    if not options.hotkeys:
        settings = replace(settings, hotkeys={})
    wish = replace(settings.complete(options.wish), source=options.wish.source)
    load_profile(wish.profile or DEFAULT_PROFILE)  # says that there is none before anything is chosen
    with made_folder(options.root, wish.name):
        for line in recover_folder(options.root):
            console.print(line, markup=False)
        source = wish.source if not wish.source.is_empty else _choose(wish.source)
        if source is None:
            console.print("Nothing was chosen, so nothing is recorded.")
            return 1
        wish = replace(wish, source=source)
        sessions, last = _record(options, wish, settings, console)
        _tell(options, sessions, last, console)
    if last.failure is not None:
        raise PlayloomError(last.failure)
    no_room = [notice for notice in last.notices if notice.kind in (NoticeKind.DISK_LOW, NoticeKind.SPOOL_FULL)]
    if no_room:
        console.print(f"{no_room[0].text}.", markup=False)
        return NO_ROOM
    return 0 if sessions else 1


def _choose(request: SourceRequest) -> SourceRequest | None:
    """What the player chooses from the list; None: nothing."""
    from capture_node.sources.catalogue import list_sources
    from capture_node.terminal.source_selector import SourceSelector

    sources = list_sources()
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        titles = ", ".join(f"'{one_line(source.title)}'" for source in sources if source.kind is SourceKind.WINDOW)
        raise PlayloomError(
            "there is no terminal here to choose a window in",
            remedy=f"Name one with --window, or a monitor with --monitor. There are: {titles or 'no windows'}",
        )
    chosen = SourceSelector(list_sources, sources).run()
    return None if chosen is None else replace(request, chosen=chosen)


def _record(
    options: RecordOptions, wish: RecordingWish, settings: NodeSettings, console: Console
) -> tuple[list[Session], RecorderStatus]:
    """The finished sessions, and how it stood at the end."""
    requests: Requests = queue.SimpleQueue()
    with ExitStack() as stack:
        stack.enter_context(signals_as_requests(requests))
        notifications = DesktopNotifications() if settings.notifications else None
        if notifications is not None:
            stack.callback(notifications.close)
        recorder = ThisMachine(settings.sdl).make_recorder(wish, settings, _notify_by(notifications))
        # All that takes time comes before the first frame, which would be late for it.
        is_panel = console.is_terminal and not console.is_dumb_terminal and not options.verbose
        make_display = LiveDisplay if is_panel else LineDisplay
        display = stack.enter_context(DisplayThread(lambda: make_display(console)))
        hotkeys = _start_hotkeys(settings, requests, display, stack) if options.hotkeys else ()
        keys = KeyReader(sys.stdin, requests) if is_panel else None
        if keys is not None:
            stack.callback(keys.close)
        recorder.start()
        stack.callback(recorder.stop)  # where something fails before `finish`; a second stop does nothing
        status = recorder.status()
        title = one_line(status.source.title) if status.source else "the picture"
        display.say(f"recording {title} into {status.session_path}{'' if is_panel else '; Ctrl-C stops'}")
        foreground = Foreground(
            recorder,
            display,
            requests,
            discard_s=settings.discard_s,
            around=_surroundings(options, wish, settings, hotkeys, keys),
            more_lines=InputTail().new_lines if options.verbose else None,
        )
        foreground.watch(options.seconds)
        try:
            sessions = foreground.finish()
        except ProcessError as error:
            stack.pop_all()  # which would wait, as the player does not want to
            _leave(error, console, display, keys)
        last = recorder.status()
        return [*sessions, *_mended(last.session_path, sessions)], last


def _mended(path: Path | None, sessions: list[Session]) -> list[Session]:
    """The last session, if it could not be finished and what there is of it has been recovered."""
    if path is None or path in [session.path for session in sessions] or not (path / INFO_FILE).exists():
        return []
    info = read_session_info(path / INFO_FILE)
    return [Session(path=path, session_id=info.session_id, info=info)]


def _notify_by(notifications: DesktopNotifications | None) -> Callable[[Notice], None]:
    return (lambda notice: None) if notifications is None else notifications.show


def _start_hotkeys(settings: NodeSettings, requests: Requests, display: DisplayThread, stack: ExitStack) -> _KeyWords:
    """Register the hotkeys, and say which do not work; gives those that do, with what they do."""
    hotkeys = make_hotkeys()
    failures = hotkeys.start(settings.hotkeys, lambda action, _pressed_ns: requests.put(_HOTKEY_REQUESTS[action]))
    stack.callback(hotkeys.stop)
    for reason, alike in groupby(sorted(failures, key=lambda failure: failure.reason), key=lambda one: one.reason):
        names = ", ".join(f"{failure.hotkey} ({_HOTKEY_WORDS[failure.action]})" for failure in alike)
        display.say(f"hotkeys that do not work: {names}: {reason}", warning=True)
    failed = {failure.action for failure in failures}
    words = dict(_HOTKEY_WORDS)
    words[HotkeyAction.DISCARD] += f" {rough_duration_in_words(settings.discard_s)}"
    return tuple((str(hotkey), words[action]) for action, hotkey in settings.hotkeys.items() if action not in failed)


def _surroundings(
    options: RecordOptions, wish: RecordingWish, settings: NodeSettings, hotkeys: _KeyWords, keys: KeyReader | None
) -> Callable[[Path | None], Surroundings]:
    in_terminal: _KeyWords = (("Ctrl-C", "stop"),)
    if keys is not None and keys.is_reading:
        in_terminal += tuple((key, words) for key, (request, words) in KEYS.items() if request is not Request.STOP)
    calibration = read_calibration(settings.paths.calibration_file)
    around = Surroundings(
        hotkeys=hotkeys,
        terminal_keys=in_terminal,
        needs_focus=wish.input_scope is InputScope.FOCUS,
        calibrated_ms=None if calibration is None else calibration.p50_ms,
    )

    def of(session: Path | None) -> Surroundings:
        sessions, size_bytes = folder_usage(options.root, session)
        return replace(around, sessions=sessions, sessions_bytes=size_bytes)

    return of


def _leave(error: ProcessError, console: Console, display: DisplayThread, keys: KeyReader | None) -> NoReturn:
    """End at once, whatever threads still do."""
    display.close()
    if keys is not None:
        keys.close()
    console.print(f"error: {error}", markup=False)
    os._exit(INTERRUPTED)


def _tell(options: RecordOptions, sessions: list[Session], last: RecorderStatus, console: Console) -> None:
    if options.json:
        print(json.dumps([session_row(session) for session in sessions], indent=2), file=lasting(sys.stdout))
    for session in sessions:
        console.print(session_line(session), markup=False)
    cut_off = last.session_path
    if cut_off is not None and is_session(cut_off) and not (cut_off / INFO_FILE).exists():
        console.print(f"{cut_off} was cut off. Next, when that is mended:", markup=False)
        console.print(f"  playloom recover {shlex.quote(str(cut_off))}     makes it readable", markup=False)
    elif not sessions:
        console.print("Nothing was recorded.")
    if sessions:
        console.print("Next:")
        for step in next_steps(options.root, sessions):
            console.print(step, markup=False)
