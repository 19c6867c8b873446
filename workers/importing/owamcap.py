"""OWAMcap, the desktop recordings of Open World Agents: events in an MCAP file, pictures in a video beside it.

A message about the screen names a moment of the video and when it was seen; the video's frames in between get their
times from their neighbours. Everything is timed by the calendar's clock in nanoseconds, which becomes the session's.
The recorder listens to the whole desktop. `OwamcapOptions.window` keeps what was done in one window: elsewhere nothing
is taken over of what was pressed, and the frames are marked so that no dataset gets them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from playloom.errors import PlayloomError, RecordingError
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.session import VIDEO_FILE
from playloom.recording.session_info import Clock, ClockKind, Mark
from workers.importing.batch import ImportJob
from workers.importing.json_values import JsonPlace, parse_object
from workers.importing.mcap_messages import McapMessages, ReadMessage
from workers.importing.media_files import media_beside
from workers.importing.options import ImportOptions
from workers.importing.owamcap_inputs import INPUT_KINDS, HeldInputs
from workers.importing.report import Imported
from workers.importing.screen_times import frame_rate, frame_times
from workers.importing.session_output import SessionOutput, Source
from workers.importing.signature import session_name, signature_of
from workers.importing.video import index_source, make_video, why_not_copied

FORMAT = "owamcap"
SCREEN_KINDS = ("ScreenCaptured", "ScreenEmitted")
"""The second is what versions before 0.5 called it."""

WINDOW_KIND = "WindowInfo"
MAX_SPAN_NS = 100 * 3600 * 1_000_000_000
_MAX_WINDOWS = 10_000


@dataclass(frozen=True, kw_only=True)
class OwamcapOptions:
    """What is particular to OWAMcap.

    Attributes:
        window: a part of the title of the game's window; None: whatever was done on the desktop counts.
    """

    window: str | None = None

    def __post_init__(self) -> None:
        if self.window is not None and not self.window.strip():
            raise PlayloomError("--window is empty", remedy="Give a part of the title of the game's window")


def owamcap_jobs(root: Path, options: ImportOptions, owamcap: OwamcapOptions) -> Iterator[ImportJob]:
    """A job for each .mcap file in ``root``, or for the one that it is.

    Raises:
        PlayloomError: there is none.
    """
    try:
        found = [root] if root.is_file() else sorted(path for path in root.rglob("*.mcap") if path.is_file())
    except OSError as error:
        raise PlayloomError(f"{root} cannot be listed: {error.strerror}") from error
    if not found:
        raise PlayloomError(f"There are no .mcap files in '{root}'", remedy="Give the directory of the recordings")
    for path in found:
        yield ImportJob(source=str(path), run=lambda progress, path=path: _import(path, options, owamcap, progress))


def _import(path: Path, options: ImportOptions, owamcap: OwamcapOptions, progress: Callable[[int], None]) -> Imported:
    told = _read_screen(path, owamcap.window)
    video = media_beside(path, told.media)
    signature = signature_of((path, video))
    source = Source(
        format=FORMAT,
        place=str(path),
        name=session_name(path.stem, signature),
        signature=signature,
        choices={"window": owamcap.window},
    )
    output = SessionOutput(options, source)
    if (made := output.made_already()) is not None:
        return made
    index = index_source(video)
    with output:
        for lost in (*index.damage, *([told.cut_off] if told.cut_off is not None else [])):
            output.fault(str(lost))
        frames = frame_times(index.presentation_ns, np.array(told.pts_ns), np.array(told.time_ns))
        if frames is None:
            raise RecordingError(
                path,
                f"names moments that its video {video.name} does not have",
                remedy="Look whether it is the video that was recorded with it",
            )
        if frames.unmatched:
            output.fault(
                f"{frames.unmatched} of {len(told.pts_ns)} messages of the screen name no frame of {video.name}"
            )
        held = HeldInputs(raw_mouse=told.raw_mouse)
        output.write_inputs(_snapshots(path, held, owamcap.window))
        if told.late:
            output.fault(f"{told.late} messages came late and were moved behind others")
        fps = frame_rate(index.presentation_ns)
        made_video = make_video(
            output.path / VIDEO_FILE,
            index,
            frames=np.arange(index.frames),
            fps=fps,
            crf=options.crf,
            progress=progress,
        )
        if made_video.missing:
            output.fault(f"{video}: {len(made_video.missing)} frames do not decode; they repeat the one before")
        if made_video.encoder is not None:
            output.notes.append(f"the video is encoded anew: {why_not_copied(index)}")
        output.notes += _notes(held, told)
        output.write_times(frames.times_ns.tolist(), fps)
        first_ns, last_ns = int(frames.times_ns[0]), int(frames.times_ns[-1])
        return output.finish(
            clock=Clock(kind=ClockKind.MONOTONIC, started_unix_ns=first_ns, started_monotonic_ns=first_ns),
            profile=made_video.profile,
            encoder=made_video.encoder,
            repeated=len(made_video.missing),
            window=told.window,
            marks=[
                Mark(kind="pause", begin_ns=begin_ns, end_ns=end_ns, text=text)
                for begin_ns, end_ns, text in (
                    *((begin, end, "no message tells of it") for begin, end in frames.untold),
                    *((begin, end, "another window") for begin, end in told.away_spans(first_ns, last_ns)),
                )
            ],
        )


@dataclass
class _Told:
    """What a file tells of the screen and the windows."""

    media: str = ""
    time_ns: array[int] = field(default_factory=lambda: array("q"))
    pts_ns: array[int] = field(default_factory=lambda: array("q"))
    raw_mouse: bool = False
    events: int = 0
    titles: Counter[str] = field(default_factory=Counter)
    focus: list[tuple[int, bool]] = field(default_factory=list)
    cut_off: str | None = None
    late: int = 0

    @property
    def window(self) -> str | None:
        """The title that was seen most."""
        return self.titles.most_common(1)[0][0] if self.titles else None

    def away_spans(self, first_ns: int, last_ns: int) -> Iterator[tuple[int, int]]:
        """When another window was in front, from the first frame to after the last."""
        for place, (begin_ns, there) in enumerate(self.focus):
            end_ns = self.focus[place + 1][0] if place + 1 < len(self.focus) else last_ns + 1
            if not there and max(begin_ns, first_ns) < end_ns:
                yield max(begin_ns, first_ns), end_ns


def _read_screen(path: Path, window: str | None) -> _Told:
    """Read a file once for all but its inputs.

    Raises:
        RecordingError: it tells of no screen, or of several videos.
    """
    told = _Told()
    reader = McapMessages(path)
    for message in reader.messages(*SCREEN_KINDS, WINDOW_KIND, *INPUT_KINDS):
        if message.kind in INPUT_KINDS:
            told.events += 1
            told.raw_mouse |= message.kind == "RawMouseEvent"
        elif message.kind == WINDOW_KIND:
            title = _object(path, message).text("title", most=1 << 16)
            if len(told.titles) < _MAX_WINDOWS or title in told.titles:
                told.titles["".join(sign if sign.isprintable() else " " for sign in title[:200])] += 1
            if window is not None:
                there = window.casefold() in title.casefold()
                if not told.focus or told.focus[-1][1] != there:
                    told.focus.append((message.time_ns, there))
        else:
            _note_screen(told, path, message)
    if reader.cut_off is not None:
        told.cut_off = reader.cut_off
    told.late = reader.late
    if not told.pts_ns:
        raise RecordingError(
            path, "tells of no picture of the screen", remedy="It needs messages of desktop/ScreenCaptured"
        )
    if max(told.time_ns) - min(told.time_ns) > MAX_SPAN_NS:
        raise RecordingError(path, "claims to last for more than 100 hours", remedy="Its times cannot be trusted")
    if window is not None and not any(there for _, there in told.focus):
        raise RecordingError(
            path, f"no window was called '{window}'", remedy=f"It has {', '.join(sorted(told.titles)[:5]) or 'none'}"
        )
    return told


def _note_screen(told: _Told, path: Path, message: ReadMessage) -> None:
    screen = _object(path, message)
    if "media_ref" in screen.values:
        reference = screen.section("media_ref")
        media, pts_ns = reference.text("uri", most=1 << 24), reference.values.get("pts_ns")
        name = "pts_ns"
    else:  # before 0.5
        reference = screen
        media, pts_ns, name = reference.text("path"), reference.values.get("pts"), "pts"
    if pts_ns is None:
        raise screen.wrong(
            "media_ref", "is a still picture", remedy="Only recordings whose pictures are in a video can be imported"
        )
    if told.media and media != told.media:
        raise screen.wrong(
            "media_ref", f"names a second video, {media[:80]!r}", remedy="Only recordings of one video can be imported"
        )
    told.media = media
    told.pts_ns.append(reference.integer(name, least=0))
    seen_ns = screen.values.get("utc_ns")
    told.time_ns.append(message.time_ns if seen_ns is None else screen.integer("utc_ns", least=0))


def _object(path: Path, message: ReadMessage) -> JsonPlace:
    place = f"message of {message.topic[:40]} at {message.time_ns}"
    if message.encoding != "json":
        raise RecordingError(path, f"is encoded as {message.encoding[:40]!r}, not as json", place=place)
    return parse_object(message.data, path, place)


def _snapshots(path: Path, held: HeldInputs, window: str | None) -> Iterator[InputSnapshot]:
    """What was held, after each event."""
    there = window is None
    last_ns = 0
    for message in McapMessages(path).messages(*INPUT_KINDS, *(() if window is None else (WINDOW_KIND,))):
        last_ns = max(last_ns, message.time_ns)
        if message.kind == WINDOW_KIND:
            assert window is not None
            now = window.casefold() in _object(path, message).text("title", most=1 << 16).casefold()
            if there and not now:
                held.let_go()
                yield InputSnapshot(monotonic_ns=last_ns)
            there = now
        elif there:
            yield held.after(message.kind, _object(path, message), last_ns)


def _notes(held: HeldInputs, told: _Told) -> list[str]:
    notes = []
    if not told.events:
        notes.append("nothing was pressed or moved")
    if told.events and not told.raw_mouse:
        notes.append("mouse motion is the cursor's, in pixels: the mouse's own counts were not recorded")
    if held.absolute:
        notes.append(f"{held.absolute} motions of a tablet or remote desktop cannot be told in counts and are left out")
    if held.released:
        notes.append(f"{held.released} keys were let go where the recorder's states lack them")
    if held.unknown_keys:
        codes = ", ".join(hex(code) for code in sorted(held.unknown_keys)[:5])
        notes.append(f"keys that SDL has no number for are left out: {codes}")
    return notes
