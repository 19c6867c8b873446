"""The play for the Rerun viewer: video, actions and controls on one timeline, to scrub and zoom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from playloom.controls import AXES, BUTTONS, KEY_NAMES, MOUSE_BUTTONS
from playloom.errors import MissingExtraError
from playloom.output_files import output_file
from playloom.preview.lanes import ACTIVE
from playloom.preview.source import PreviewSource
from playloom.recording.video_frames import VideoFrames

if TYPE_CHECKING:
    import rerun as rr

VIDEO, ACTIONS, CONTROLS = "video", "actions", "controls"
_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_PACKETS_AT_ONCE = 128


def require_rerun() -> None:
    """Raise `MissingExtraError` where rerun is not installed."""
    try:
        import rerun  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("playloom preview --rerun", "viz") from error


def write_rerun(source: PreviewSource, path: Path, *, force: bool = False) -> None:
    """Write the source as a Rerun recording.

    Its timelines are ``time`` (seconds since the session or episode began) and ``frame``.

    Raises:
        MissingExtraError: rerun is not installed.
        OutputError: the file exists, or cannot be written.
    """
    require_rerun()
    import rerun as rr
    import rerun.blueprint as rrb

    views = [
        rrb.Spatial2DView(origin=VIDEO, name=source.title),
        *([rrb.TimeSeriesView(origin=ACTIONS, name="actions")] if source.slots else []),
        rrb.TimeSeriesView(origin=CONTROLS, name="controls"),
    ]
    blueprint = rrb.Blueprint(rrb.Vertical(*views, row_shares=[3, *[1] * (len(views) - 1)]), collapse_panels=True)
    with output_file(path, force=force) as partial:
        recording = rr.RecordingStream("playloom")
        recording.save(partial, default_blueprint=blueprint)
        recording.send_recording_name(f"{source.title}: {source.subtitle}")
        streamed = source.index.codec in _TO_ANNEX_B and not source.index.has_b_frames
        (_log_packets if streamed else _log_asset)(recording, source)
        _log_series(recording, source)
        recording.flush()
        recording.disconnect()


def _times(source: PreviewSource, frames: NDArray[np.int64]) -> list[rr.TimeColumn]:
    import rerun as rr

    # Frames before the stretch (decoding has to begin at a keyframe) lie before its first by the frame rate.
    inside = np.clip(frames, 0, len(source) - 1)
    seconds = source.times_s[inside] + (frames - inside) / source.fps
    return [rr.TimeColumn("time", duration=seconds), rr.TimeColumn("frame", sequence=frames + source.first_frame)]


def _log_packets(recording: rr.RecordingStream, source: PreviewSource) -> None:
    """The encoded frames as they are, a batch at a time, whatever the recording's length."""
    import rerun as rr

    codec = rr.VideoCodec.H264 if source.index.codec == "h264" else rr.VideoCodec.H265
    recording.log(VIDEO, rr.VideoStream(codec=codec), static=True)
    with VideoFrames(source.video_path, source.index) as video:
        first = source.first_frame
        packets = _annex_b(source, video.packets(first, first + len(source)))
        while batch := list(islice(packets, _PACKETS_AT_ONCE)):
            frames = np.array([number for number, _ in batch], np.int64) - first
            samples = [content for _, content in batch]
            recording.send_columns(VIDEO, _times(source, frames), rr.VideoStream.columns(sample=samples))


def _annex_b(source: PreviewSource, packets: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The packets as Rerun takes them: start codes in place of lengths, parameter sets before each keyframe."""
    with av.open(str(source.video_path)) as container:
        convert = BitStreamFilterContext(_TO_ANNEX_B[source.index.codec], container.streams.video[0])
        for number, content in packets:
            for packet in convert.filter(av.Packet(content)):
                yield number, bytes(packet)


def _log_asset(recording: rr.RecordingStream, source: PreviewSource) -> None:
    """The whole video file, and which of its frames is shown when: for codecs and orders that cannot be streamed."""
    import rerun as rr

    recording.log(VIDEO, rr.AssetVideo(path=source.video_path), static=True)
    frames = np.arange(len(source), dtype=np.int64)
    shown_ns = source.index.presentation_ns[source.first_frame : source.first_frame + len(source)]
    shown_ns = shown_ns - source.index.presentation_ns[0]
    recording.send_columns(VIDEO, _times(source, frames), rr.VideoFrameReference.columns_nanos(shown_ns))


def _log_series(recording: rr.RecordingStream, source: PreviewSource) -> None:
    import rerun as rr

    times = _times(source, np.arange(len(source), dtype=np.int64))
    for name, values in _series(source):
        path = "/".join([name[0], *(rr.escape_entity_path_part(part) for part in name[1:])])
        recording.log(path, rr.SeriesLines(names=".".join(name[1:])), static=True)
        recording.send_columns(path, times, rr.Scalars.columns(scalars=values.astype(np.float64)))


def _series(source: PreviewSource) -> Iterator[tuple[tuple[str, ...], NDArray[np.float32]]]:
    """Every action, and every control that the play uses, as (path, float[f])."""
    for slot in source.slots:
        for part, suffix in enumerate((".x", ".y") if slot.size == 2 else ("",)):
            yield (ACTIONS, slot.action_id + suffix), source.actions[:, slot.start + part]
    held = source.held
    for button, name in enumerate(BUTTONS):
        pressed = held.button_held(button)
        if pressed.any():
            yield (CONTROLS, "buttons", name), pressed.astype(np.float32)
    for axis, name in enumerate(AXES):
        if np.any(np.abs(held.axes[:, axis]) > ACTIVE):
            yield (CONTROLS, "axes", name), held.axes[:, axis]
    for code in sorted(source.keys_used):
        yield (CONTROLS, "keys", str(KEY_NAMES.get(code, code))), held.key_held(code).astype(np.float32)
    for button, name in enumerate(MOUSE_BUTTONS):
        if name and held.mouse_button_held(button).any():
            yield (CONTROLS, "mouse", name), held.mouse_button_held(button).astype(np.float32)
    for what, motion in (("motion", held.mouse_motion), ("wheel", held.wheel)):
        for axis, suffix in enumerate("xy"):
            if np.any(motion[:, axis]):
                yield (CONTROLS, "mouse", f"{what}.{suffix}"), motion[:, axis]
