"""What runs between a recording's start and its stop, put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from capture_node.clock import now_ns
from capture_node.inputs.hub import InputHub
from capture_node.recorder.encoder_thread import EncoderThread
from capture_node.recorder.frame_queue import FrameQueue
from capture_node.recorder.grid_thread import GridThread
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.keeper import Keeper
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.picture_fit import PictureFit
from capture_node.recorder.session_series import SessionSeries
from capture_node.recorder.settings import QUEUE_BYTES, QUEUE_S, RecorderSettings
from capture_node.recorder.status import NoticeKind
from capture_node.sources.frame_source import FrameSource
from playloom.errors import PlayloomError, ProcessError
from playloom.recording.video_encoder import VideoSettings

STALLED_S = 30.0
"""At the end an encoder that takes nothing for so long is given up; what it had is recovered later."""

_LOOK_S = 0.05


class EndsRecording(Protocol):
    def __call__(self, kind: NoticeKind, reason: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Who is told what happens in a recording's threads.

    Attributes:
        dropping: a tick was dropped, and why.
        lost: the source has no more pictures, and why.
        end: the recording must end in good order, with the kind of notice and a sentence.
        fail: it cannot go on, and why.
    """

    dropping: Callable[[str], None]
    lost: Callable[[str], None]
    end: EndsRecording
    fail: Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class RecordingParts:
    """The parts, all of them running."""

    grid: GridThread
    queue: FrameQueue
    series: SessionSeries
    encoder: EncoderThread
    keeper: Keeper
    video: VideoSettings

    def wait_for_encoder(self) -> None:
        """Wait until the last frame of the closed queue is encoded.

        Raises:
            ProcessError: the encoder stands still.
        """
        taken, since_s = self.queue.taken, time.monotonic()
        while self.encoder.is_alive():
            self.encoder.join(_LOOK_S)
            if self.queue.taken != taken:
                taken, since_s = self.queue.taken, time.monotonic()
            elif time.monotonic() - since_s >= STALLED_S:
                raise ProcessError(
                    f"the encoder has taken nothing for {STALLED_S:.0f} s",
                    remedy="What it had before is on the disk: end this program, then run playloom recover",
                )


def start_parts(
    source: FrameSource,
    settings: RecorderSettings,
    *,
    hub: InputHub,
    gate: InputGate,
    board: NoticeBoard,
    other_bytes: int,
    told: Listeners,
) -> RecordingParts:
    """Wait for the first picture, open the first session and begin to record.

    Raises:
        PlayloomError: there is no picture, no encoder works, or nothing can be written.
    """
    profile, queue = settings.profile, FrameQueue()
    grid = GridThread(source, profile.fps, queue, dropping=told.dropping, lost=told.lost, failed=told.fail)
    video = profile.video_settings(*grid.open())
    frame_bytes = video.width * video.height * 3 // 2
    queue.capacity = settings.queue_frames or max(2, min(round(profile.fps * QUEUE_S), QUEUE_BYTES // frame_bytes))
    series = SessionSeries(settings, video, lambda: source.description, hub, queue)
    try:
        first = series.open()
    except PlayloomError:
        grid.stop()
        grid.join()
        raise
    encoder = EncoderThread(queue, close=series.close_later, fail=told.fail, in_second_place=settings.yields_to_game)
    keeper = Keeper(
        settings,
        hub=hub,
        gate=gate,
        grid=grid,
        queue=queue,
        series=series,
        board=board,
        other_bytes=other_bytes,
        end=told.end,
        fail=told.fail,
    )
    series.switch(first, now_ns())
    encoder.start()
    grid.begin(PictureFit(video.width, video.height, settings.masks), series)
    keeper.start()
    return RecordingParts(grid=grid, queue=queue, series=series, encoder=encoder, keeper=keeper, video=video)
