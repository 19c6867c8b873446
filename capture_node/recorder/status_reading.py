"""A recorder's status, gathered from its parts."""

from __future__ import annotations

from dataclasses import replace

from capture_node.inputs.hub import InputHub
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.parts import RecordingParts
from capture_node.recorder.running_session import RunningSession
from capture_node.recorder.status import RecorderState, RecorderStatus
from capture_node.sources.frame_source import SourceDescription


def read_status(
    parts: RecordingParts,
    session: RunningSession,
    *,
    state: RecorderState,
    source: SourceDescription,
    hub: InputHub,
    gate: InputGate,
    board: NoticeBoard,
    failure: str | None,
) -> RecorderStatus:
    """How things stand while a session is recorded; at once."""
    writer = session.writer
    return RecorderStatus(
        state=state,
        session_id=writer.info.session_id,
        session_path=writer.path,
        source=source,
        elapsed_s=(session.taken + session.dropped) / parts.video.fps,
        fps=parts.video.fps,
        measured_fps=parts.keeper.measured_fps,
        frames=session.taken,
        repeated=writer.repeated,
        dropped=session.dropped,
        late=session.late,
        encoder=writer.info.encoder,
        queue_frames=len(parts.queue),
        queue_capacity=parts.queue.capacity,
        written_bytes=writer.written_bytes,
        disk_free_bytes=parts.keeper.disk_free_bytes,
        input_events=session.input_events,
        last_input_monotonic_ns=hub.last_event_ns,
        input_delay_ms=hub.delay_ms,
        focused=gate.focused,
        pads=hub.pads,
        notices=board.all(),
        session_number=session.number,
        failure=failure,
    )


def idle_status(
    last: RecorderStatus | None,
    parts: RecordingParts | None,
    *,
    fps: int,
    state: RecorderState,
    board: NoticeBoard,
    failure: str | None,
) -> RecorderStatus:
    """How things stand before the first session and behind the last one, whose status was ``last``."""
    return replace(
        last or RecorderStatus(state=state, fps=fps),
        state=state,
        queue_frames=0 if parts is None else len(parts.queue),
        notices=board.all(),
        failure=failure,
        measured_fps=0.0,
    )
