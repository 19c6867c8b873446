"""What a recorder says of itself: for the terminal, the service and the tests alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from capture_node.inputs.input_source import PadDescription
from capture_node.sources.frame_source import SourceDescription
from playloom.recording.session_info import EncoderInfo


class RecorderState(StrEnum):
    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPING = "stopping"
    FAILED = "failed"


class NoticeKind(StrEnum):
    """What a player should know at once."""

    BLACK = "black"  # the picture is black
    FROZEN = "frozen"  # the picture has not changed while inputs came
    UNFOCUSED = "unfocused"  # the game's window has no focus: inputs are not recorded
    NO_PICTURE = "no_picture"  # the source gives none (minimized)
    DROPPING = "dropping"  # the machine cannot keep up
    DISK_LOW = "disk_low"
    SPOOL_FULL = "spool_full"
    INPUT = "input"  # a pad was unplugged, a source cannot be listened to
    HOTKEY = "hotkey"  # a hotkey cannot be registered
    ENCODER = "encoder"  # an encoder that was asked for does not work here
    SESSION = "session"  # a session ended, rolled over, was thrown away or recovered
    UPLOAD = "upload"  # sessions cannot be sent to the server


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that a player should know.

    Attributes:
        kind: what it is about; a new notice of a kind takes the old one's place.
        text: a sentence with what to do.
        since_monotonic_ns: when it began.
        warning: whether something is wrong.
    """

    kind: NoticeKind
    text: str
    since_monotonic_ns: int
    warning: bool = True


@dataclass(frozen=True, kw_only=True)
class RecorderStatus:
    """One moment of a recorder.

    Attributes:
        state: what it does.
        session_id, session_path: of the session that is being recorded.
        source: what is captured, as last seen.
        elapsed_s: recorded time of this session, without pauses.
        fps: the grid's rate.
        measured_fps: new frames a second over the last seconds, repeats included.
        frames, repeated, dropped, late: of this session, as in `FrameCounts`.
        encoder: what encodes, and what was tried before it.
        queue_frames, queue_capacity: frames that wait for the encoder.
        written_bytes: size of the session so far.
        disk_free_bytes: where sessions lie.
        input_events: of this session.
        last_input_monotonic_ns: the latest event's time.
        input_delay_ms: from an event to its record in the file, median of the last events; None without events.
        focused: whether the window has focus; None where nobody asks.
        pads: that are plugged in.
        notices: what holds now, worst first.
        session_number: 1 for the first session since start, 2 after a roll-over, …
        failure: why recording ended, in state FAILED.
    """

    state: RecorderState
    session_id: str | None = None
    session_path: Path | None = None
    source: SourceDescription | None = None
    elapsed_s: float = 0.0
    fps: int = 0
    measured_fps: float = 0.0
    frames: int = 0
    repeated: int = 0
    dropped: int = 0
    late: int = 0
    encoder: EncoderInfo | None = None
    queue_frames: int = 0
    queue_capacity: int = 0
    written_bytes: int = 0
    disk_free_bytes: int = 0
    input_events: int = 0
    last_input_monotonic_ns: int | None = None
    input_delay_ms: float | None = None
    focused: bool | None = None
    pads: tuple[PadDescription, ...] = ()
    notices: tuple[Notice, ...] = ()
    session_number: int = 0
    failure: str | None = None
