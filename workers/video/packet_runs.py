"""Which packets of a source to copy so that the wanted frames decode, and where its frames come to stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_index import VideoIndex
from workers.video.segment import VideoSegment
from workers.video.source_frames import decode_start, decode_stop


@dataclass(frozen=True, kw_only=True)
class PacketRun:
    """Packets of one source, one after another in decode order.

    It begins with a keyframe, so nothing before it in the output matters to it. Frames that only the decoder needs
    come along: those before the first wanted one, and any that the last wanted one leans on.

    Attributes:
        index: the source's index.
        start, stop: the first decode place, and the one after the last.
        segments: which of the output's segments are in it.
    """

    index: VideoIndex
    start: int
    stop: int
    segments: tuple[int, ...]

    def __len__(self) -> int:
        return self.stop - self.start

    def shown_order(self) -> NDArray[np.int64]:
        """The place of each packet among the run's packets in the order of showing, int64[packets]."""
        places = np.empty(len(self), np.int64)
        places[np.argsort(self.index.pts[self.start : self.stop], kind="stable")] = np.arange(len(self))
        return places


def plan_runs(segments: Sequence[VideoSegment]) -> list[PacketRun]:
    """The runs that hold all segments, in their order.

    Segments that follow one another in one source, and so would share packets, become one run: a recording that is
    split where its player paused is copied once.

    Raises:
        RecordingError: if no keyframe comes before a segment's first frame.
    """
    runs: list[PacketRun] = []
    for place, segment in enumerate(segments):
        assert np.all(np.diff(segment.frames) == 1), "only a contiguous run of frames can be copied"
        run = PacketRun(index=segment.index, start=decode_start(segment), stop=decode_stop(segment), segments=(place,))
        last = runs[-1] if runs else None
        if last is not None and last.index.path == run.index.path and last.start <= run.start <= last.stop:
            runs[-1] = PacketRun(
                index=run.index,
                start=last.start,
                stop=max(last.stop, run.stop),
                segments=(*last.segments, place),
            )
        else:
            runs.append(run)
    return runs
