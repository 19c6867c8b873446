"""The status as lines, for logs, pipes and terminals that cannot be drawn over."""

from __future__ import annotations

from collections.abc import Iterator

from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from playloom.figures import bytes_in_words, count_in_words, duration_in_words, one_line


def status_line(status: RecorderStatus) -> str:
    """One moment of a recorder in one line."""
    parts = [
        f"{status.state} {duration_in_words(status.elapsed_s)}",
        f"{status.measured_fps:.1f} of {status.fps} fps",
        count_in_words(status.frames, "frame"),
        f"{status.dropped:,} dropped",
        f"{status.late:,} late",
        f"queue {status.queue_frames}/{status.queue_capacity}",
        count_in_words(status.input_events, "input"),
        f"{bytes_in_words(status.written_bytes)} written",
        f"{bytes_in_words(status.disk_free_bytes)} free",
    ]
    if status.encoder is not None:
        parts.insert(5, status.encoder.name)
    return ", ".join(parts)


class Changes:
    """What has changed from one moment of a recorder to the next, each change said once."""

    def __init__(self) -> None:
        self._state: RecorderState | None = None
        self._notices: dict[NoticeKind, Notice] = {}
        self._pads: dict[int, str] = {}

    def since_last(self, status: RecorderStatus) -> Iterator[tuple[str, bool]]:
        """Sentences, each with whether it is a warning."""
        if status.state is not self._state:
            if self._state is not None and status.state in (RecorderState.PAUSED, RecorderState.RECORDING):
                yield ("paused: nothing is recorded" if status.state is RecorderState.PAUSED else "recording"), False
            self._state = status.state
        pads = {pad.pad: one_line(pad.name) for pad in status.pads}
        for number in pads.keys() - self._pads.keys():  # of one that is unplugged a notice tells
            yield f"plugged in: {pads[number]}", False
        self._pads = pads
        current = {notice.kind: notice for notice in status.notices}
        for kind, notice in current.items():
            if kind not in self._notices or self._notices[kind].text != notice.text:
                yield one_line(notice.text), notice.warning
        for kind in (self._notices.keys() - current.keys()) & _OVER.keys():
            yield _OVER[kind], False
        self._notices = current


_OVER = {
    NoticeKind.BLACK: "there is a picture again",
    NoticeKind.FROZEN: "the picture moves again",
    NoticeKind.UNFOCUSED: "the game's window has the focus again: inputs are recorded",
    NoticeKind.NO_PICTURE: "there is a picture again",
    NoticeKind.DROPPING: "the machine keeps up again",
    NoticeKind.DISK_LOW: "there is room on the disk again",
    NoticeKind.SPOOL_FULL: "there is room for sessions again",
}
"""What is said when a trouble has ended."""
