"""VPT's contractor recordings of Minecraft: a video at 20 frames a second and a file of JSON lines, one a frame.

What is odd about them, and what becomes of it:

- In some recordings the attack button seems held from the first frame until it is really pressed: it is let go.
- The wheel was not recorded, only the slot of the hotbar that was chosen. Where it changes, the slot's number key is
  pressed in that frame, as the action space of the models that learnt from these recordings has it.
- The cursor is not in the picture. It can be drawn where a menu is open, by `VptOptions.draw_cursor`.
- A tap that began and ended within a frame stands in ``newKeys`` and ``newButtons`` only: it counts as held in it.
- The cursor's place and its motion are in pixels of a window 720 lines high, whatever the video's size.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import PlayloomError, RecordingError
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.session import VIDEO_FILE
from playloom.recording.session_info import Clock, ClockKind
from workers.importing.batch import ImportJob
from workers.importing.drawing import draw_cursor
from workers.importing.json_values import CutOffError, JsonPlace, json_lines
from workers.importing.keys import MINECRAFT_BUTTONS, MINECRAFT_KEYS
from workers.importing.options import ImportOptions
from workers.importing.report import Imported
from workers.importing.session_output import SessionOutput, Source
from workers.importing.signature import session_name, signature_of
from workers.importing.video import Draw, index_source, make_video, why_not_copied

FORMAT = "vpt"
GAME_ID, PROFILE_NAME = "minecraft", "vpt"
"""Of examples/games/minecraft.yaml and examples/profiles/minecraft-vpt.yaml."""

FPS = 20
WINDOW_LINES = 720
"""The height of the window that cursors were recorded in."""

MAX_GAP_MS = 1000
"""A longer time between two frames, by the PC's clock, was no hitch: the game stood, or nobody recorded."""

MAX_APART = 0.1
"""The part by which the numbers of frames and of lines may differ: beyond it they do not belong together."""

_ATTACK = 0
_HOTBAR_KEYS = tuple(MINECRAFT_KEYS[f"key.keyboard.{slot}"] for slot in range(1, 10))
_START_NS = 1_000_000_000
_TICK_NS = 1_000_000_000 // FPS
_VIDEO_SUFFIXES = (".mp4", ".mkv")


class FrameTimes(StrEnum):
    """What tells when a frame was seen."""

    TICKS = "ticks"  # the game's clock: 20 a second, with the gaps that the PC's clock shows
    CLOCK = "clock"  # the PC's clock, to the millisecond


@dataclass(frozen=True, kw_only=True)
class VptOptions:
    """What is particular to VPT's recordings.

    Attributes:
        draw_cursor: draw the cursor where a menu is open, which means encoding the video anew.
        times: what tells when a frame was seen.
    """

    draw_cursor: bool = False
    times: FrameTimes = FrameTimes.TICKS


def vpt_jobs(root: Path, options: ImportOptions, vpt: VptOptions) -> Iterator[ImportJob]:
    """A job for each .jsonl file in ``root``, or for the one that it is.

    Raises:
        PlayloomError: there is none.
    """
    try:
        found = [root] if root.is_file() else sorted(path for path in root.rglob("*.jsonl") if path.is_file())
    except OSError as error:
        raise PlayloomError(f"{root} cannot be listed: {error.strerror}") from error
    if not found:
        raise PlayloomError(
            f"There are no .jsonl files in '{root}'", remedy="Give the directory of the recordings' .mp4 and .jsonl"
        )
    for path in found:
        yield ImportJob(source=str(path), run=lambda progress, path=path: _import(path, options, vpt, progress))


def _import(path: Path, options: ImportOptions, vpt: VptOptions, progress: Callable[[int], None]) -> Imported:
    video = next((beside for suffix in _VIDEO_SUFFIXES if (beside := path.with_suffix(suffix)).is_file()), None)
    if video is None:
        raise RecordingError(path, "has no video beside it", remedy=f"Download {path.stem}.mp4 into its directory")
    signature = signature_of((path, video))
    source = Source(
        format=FORMAT,
        place=str(path),
        name=session_name(path.stem, signature),
        signature=signature,
        choices={"draw_cursor": vpt.draw_cursor, "times": str(vpt.times)},
    )
    output = SessionOutput(options, source)
    if (made := output.made_already()) is not None:
        return made
    index = index_source(video)
    with output:
        for lost in index.damage:
            output.fault(str(lost))
        play = _Play(path, index.frames, vpt.times)
        output.write_inputs(play.snapshots())
        frames = _paired(output, play, index.frames)
        draw = _cursor_drawing(play, index.height) if vpt.draw_cursor and play.menus_open else None
        made_video = make_video(
            output.path / VIDEO_FILE,
            index,
            frames=np.arange(frames),
            fps=FPS,
            crf=options.crf,
            draw=draw,
            progress=progress,
        )
        if made_video.missing:
            output.fault(
                f"{video}: {len(made_video.missing)} frames do not decode, the first is number "
                f"{made_video.missing[0]}; they repeat the one before"
            )
        output.notes += play.notes()
        if made_video.encoder is not None:
            reason = "the cursor is drawn into it" if draw is not None else why_not_copied(index)
            output.notes.append(f"the video is encoded anew: {reason}")
        output.write_times(play.times_ns[:frames], FPS)
        return output.finish(
            clock=Clock(
                kind=ClockKind.MONOTONIC,
                started_unix_ns=max(0, play.started_unix_ms) * 1_000_000,
                started_monotonic_ns=play.times_ns[0],
            ),
            profile=made_video.profile,
            encoder=made_video.encoder,
            repeated=len(made_video.missing),
            extra={"hotbar_presses": play.hotbar_presses},
        )


def _paired(output: SessionOutput, play: _Play, video_frames: int) -> int:
    """How many frames have both a picture and a line."""
    frames = min(len(play.times_ns), video_frames)
    if not frames:
        raise RecordingError(play.path, "has no lines", remedy="Nothing was recorded: leave it out")
    if play.cut_off is not None:
        output.fault(play.cut_off)
    if play.lines != video_frames:
        if abs(play.lines - video_frames) > max(2, MAX_APART * video_frames):
            raise RecordingError(
                play.path,
                f"has {play.lines} lines, and its video {video_frames} frames: they do not belong together",
                remedy="Download both again",
            )
        output.fault(f"{play.path} has {play.lines} lines and its video {video_frames} frames; the last are left out")
    return frames


def _cursor_drawing(play: _Play, video_lines: int) -> Draw:
    scale = video_lines / WINDOW_LINES

    def draw(place: int, picture: NDArray[np.uint8]) -> None:
        if play.menu_open[place]:
            draw_cursor(picture, play.cursor_x[place] * scale, play.cursor_y[place] * scale)

    return draw


@dataclass
class _Play:
    """What the lines say, read once.

    Attributes:
        path: the file.
        most: how many frames there are to tell of.
        times: what tells their times.
        lines: how many there are; complete, as all others, when `snapshots` is exhausted.
        times_ns: of each frame, increasing.
        menu_open, cursor_x, cursor_y: of each frame.
        cut_off: that the last line is not whole.
    """

    path: Path
    most: int
    times: FrameTimes
    lines: int = 0
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    menu_open: array[int] = field(default_factory=lambda: array("b"))
    cursor_x: array[float] = field(default_factory=lambda: array("f"))
    cursor_y: array[float] = field(default_factory=lambda: array("f"))
    cut_off: str | None = None
    started_unix_ms: int = 0
    hotbar_presses: int = 0
    _stuck_frames: int = 0
    _gaps: int = 0
    _steps_back: int = 0
    _unknown_keys: dict[str, int] = field(default_factory=dict)
    _last_ms: int | None = None

    @property
    def menus_open(self) -> bool:
        return any(self.menu_open)

    def snapshots(self) -> Iterator[InputSnapshot]:
        """What was held in each frame.

        Raises:
            RecordingError: a line is not as it should be; names it.
        """
        attack_is_stuck = False
        slot: int | None = None
        try:
            for line in json_lines(self.path):
                self.lines += 1
                if self.lines > self.most:
                    continue
                mouse, keyboard = line.section("mouse"), line.section("keyboard")
                pressed = _whole(mouse, "newButtons")
                if self.lines == 1:
                    attack_is_stuck = pressed == {_ATTACK}
                elif _ATTACK in pressed:
                    attack_is_stuck = False
                buttons = _whole(mouse, "buttons") | pressed
                if attack_is_stuck and _ATTACK in buttons:
                    self._stuck_frames += 1
                    buttons.discard(_ATTACK)
                keys = self._keys(keyboard)
                slot = self._choose(line, slot, keys)
                self._note_frame(line, mouse)
                yield InputSnapshot(
                    monotonic_ns=self.times_ns[-1],
                    keys=frozenset(keys),
                    mouse_buttons=frozenset(MINECRAFT_BUTTONS[button] for button in buttons & MINECRAFT_BUTTONS.keys()),
                    mouse_motion=(mouse.number("dx", 0.0), mouse.number("dy", 0.0)),
                    wheel=(0.0, mouse.number("dwheel", 0.0)),
                )
        except CutOffError as error:
            self.cut_off = f"{error}; left out"

    def notes(self) -> list[str]:
        notes = []
        if self._stuck_frames:
            notes.append(f"attack was stuck from the first frame on and is let go in {self._stuck_frames} frames")
        if self.hotbar_presses:
            notes.append(f"{self.hotbar_presses} presses of number keys are derived from changes of the hotbar")
        if self._gaps:
            notes.append(f"{self._gaps} gaps of more than a second are kept as gaps")
        if self._steps_back:
            notes.append(f"the PC's clock stepped back or stood {self._steps_back} times")
        if self._unknown_keys:
            names = ", ".join(sorted(self._unknown_keys)[:5])
            notes.append(f"keys that SDL has no number for are left out: {names}")
        return notes

    def _keys(self, keyboard: JsonPlace) -> set[int]:
        keys = set()
        for name in (*keyboard.listed("keys"), *keyboard.listed("newKeys")):
            code = MINECRAFT_KEYS.get(name) if isinstance(name, str) else None
            if code is not None:
                keys.add(code)
            elif len(self._unknown_keys) < 100:
                self._unknown_keys[str(name)[:40]] = self._unknown_keys.get(str(name)[:40], 0) + 1
        return keys

    def _choose(self, line: JsonPlace, slot: int | None, keys: set[int]) -> int | None:
        """The slot of the hotbar in this frame; presses its key where it is another than before."""
        if line.values.get("hotbar") is None:
            return slot
        now = line.integer("hotbar", least=0, most=len(_HOTBAR_KEYS) - 1)
        if slot is not None and now != slot and _HOTBAR_KEYS[now] not in keys:
            keys.add(_HOTBAR_KEYS[now])
            self.hotbar_presses += 1
        return now

    def _note_frame(self, line: JsonPlace, mouse: JsonPlace) -> None:
        self.times_ns.append(self._time(line))
        self.menu_open.append(line.values.get("isGuiOpen") is True)
        self.cursor_x.append(min(max(mouse.number("x", 0.0), -1e6), 1e6))
        self.cursor_y.append(min(max(mouse.number("y", 0.0), -1e6), 1e6))

    def _time(self, line: JsonPlace) -> int:
        """When this frame was seen, later than the frame before."""
        known = line.values.get("milli") is not None
        now_ms = line.integer("milli", least=0, most=1 << 43) if known else None
        last_ms, self._last_ms = self._last_ms, now_ms
        if not self.times_ns:
            self.started_unix_ms = now_ms or 0
            return self.started_unix_ms * 1_000_000 or _START_NS
        since_ms = None if now_ms is None or last_ms is None else now_ms - last_ms
        if since_ms is not None and since_ms > MAX_GAP_MS:
            self._gaps += 1
            return self.times_ns[-1] + since_ms * 1_000_000
        if self.times is FrameTimes.CLOCK and since_ms is not None:
            if since_ms > 0:
                return self.times_ns[-1] + since_ms * 1_000_000
            self._steps_back += 1
            return self.times_ns[-1] + 1
        return self.times_ns[-1] + _TICK_NS


def _whole(section: JsonPlace, key: str) -> set[int]:
    """A list of numbers of buttons; what is no number is passed over."""
    return {value for value in section.listed(key) if isinstance(value, int) and not isinstance(value, bool)}
