"""A recorder put together for the machine it runs on: the one place that knows which part stands for which platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from capture_node.calibration.calibration import read_calibration
from capture_node.inputs.gamepads import Gamepads, list_pads
from capture_node.inputs.input_source import FocusWatch, InputSource, PadDescription
from capture_node.inputs.keyboard_mouse import keyboard_and_mouse
from capture_node.inputs.sdl_library import LIBRARY_VARIABLE
from capture_node.node.wish import RecordingWish
from capture_node.node_settings import NodeSettings
from capture_node.recorder.capture_profile import load_profile
from capture_node.recorder.recorder import Recorder
from capture_node.recorder.settings import InputScope, RecorderSettings
from capture_node.recorder.status import Notice
from capture_node.sources.catalogue import SourceRequest, find_source, list_sources, open_source
from capture_node.sources.frame_source import FrameSource, SourceDescription, SourceKind
from playloom.errors import CaptureError


class ThisMachine:
    """The `Machine` of a node: its real screens, gamepads and recorder."""

    def __init__(self, sdl: Path | None = None) -> None:
        """Args: sdl: SDL's library or its directory, from the settings; the environment goes first."""
        use_sdl(sdl)

    def sources(self) -> list[SourceDescription]:
        return list_sources()

    def pads(self) -> list[PadDescription]:
        return list_pads()

    def make_recorder(self, wish: RecordingWish, settings: NodeSettings, notify: Callable[[Notice], None]) -> Recorder:
        description = _described(wish.source)
        return make_recorder(description, recorder_settings(wish, settings), backend=wish.source.backend, notify=notify)


def use_sdl(path: Path | None) -> None:
    """Take SDL's library from here, unless the environment names another."""
    if path is not None:
        os.environ.setdefault(LIBRARY_VARIABLE, str(path))


def recorder_settings(wish: RecordingWish, settings: NodeSettings, *, root: Path | None = None) -> RecorderSettings:
    """What a recorder is told, from what is wanted and what holds on this machine.

    Args:
        wish: complete, see `NodeSettings.complete`.
        settings: of this machine.
        root: where sessions shall lie; None: in the spool, with its quota.

    Raises:
        PlayloomError: there is no such capture profile.
        DefinitionError: the capture profile or the calibration is not valid.
    """
    profile = load_profile(wish.profile or settings.profile)
    if settings.encoders is not None:
        profile = replace(profile, encoders=settings.encoders)
    return RecorderSettings(
        root=settings.spool if root is None else root,
        profile=profile,
        name=wish.name,
        player=wish.player,
        game_id=wish.game_id,
        profile_name=wish.mapping_profile,
        task=wish.task,
        masks=wish.masks,
        input_scope=wish.input_scope or settings.input_scope,
        disk_reserve_bytes=settings.disk_reserve_bytes,
        quota_bytes=settings.spool_quota_bytes if root is None else None,
        hotkeys=tuple(settings.hotkeys.values()),
        yields_to_game=settings.yield_to_game,
        calibration=_calibration(wish.source, settings),
    )


def make_recorder(
    description: SourceDescription,
    settings: RecorderSettings,
    *,
    backend: str | None = None,
    notify: Callable[[Notice], None] | None = None,
) -> Recorder:
    """A recorder of one source with the inputs that belong to it; it has not begun.

    Args:
        description: what to record.
        settings: how.
        backend: how screens are read, see `SourceRequest`.
        notify: takes what the player should know; called on any thread.

    Raises:
        CaptureError: the source cannot be recorded here.
    """
    profile = settings.profile
    source = open_source(description, backend=backend, fps=profile.fps, with_pointer=profile.cursor)
    if description.kind is SourceKind.GYM:
        # Nobody plays but the script: what is typed here is not for the game, and the game needs no focus.
        settings = replace(settings, input_scope=InputScope.ALWAYS)
    return Recorder(
        source=source,
        inputs=_inputs(source, settings.input_scope),
        focus=focus_watch(description),
        settings=settings,
        notify=notify,
    )


def _calibration(request: SourceRequest, settings: NodeSettings) -> Mapping[str, float]:
    """The figures of `playloom node calibrate`, which hold for the screen alone."""
    chosen = request.chosen
    screen = request.gym is None and not request.pattern
    if chosen is not None:
        screen = chosen.kind in (SourceKind.MONITOR, SourceKind.WINDOW)
    calibration = read_calibration(settings.paths.calibration_file) if screen else None
    return {} if calibration is None else calibration.session_figures


def _described(request: SourceRequest) -> SourceDescription:
    """What is asked for, as it is now: one that was chosen from a list may be gone since."""
    if request.is_empty:
        raise CaptureError(
            "The source",
            "nothing says what to record",
            remedy="Name a window or a monitor, or set 'source' in node.yaml",
        )
    chosen = request.chosen
    if chosen is None or chosen.kind not in (SourceKind.MONITOR, SourceKind.WINDOW):
        return find_source(request)
    for source in list_sources():
        if (source.kind, source.key) == (chosen.kind, chosen.key):
            return source
    raise CaptureError(f"The {chosen.kind} '{chosen.title}'", "is gone", remedy="See what there is, and choose again")


def _inputs(source: FrameSource, scope: InputScope) -> list[InputSource]:
    kind = source.description.kind
    if kind is SourceKind.GYM:
        from capture_node.sources.gym_source import GymSource

        assert isinstance(source, GymSource)
        return [source.hands]
    inputs: list[InputSource] = [Gamepads()]
    if scope is InputScope.ALWAYS or (scope is InputScope.FOCUS and kind is SourceKind.WINDOW):
        inputs.append(keyboard_and_mouse())
    return inputs


def focus_watch(description: SourceDescription) -> FocusWatch | None:
    """Who knows whether a window has focus; None for what is no window."""
    if description.kind is not SourceKind.WINDOW:
        return None
    if sys.platform == "win32":
        from capture_node.windows.focus import WindowsFocus

        return WindowsFocus(description.key)
    from capture_node.inputs.x11_focus import X11FocusWatch

    return X11FocusWatch(description.key)
