"""What a recorder is told before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from capture_node.hotkeys.hotkey import Hotkey
from capture_node.recorder.capture_profile import RecordingProfile
from playloom.recording.acting_log import ActingLog

DISK_RESERVE_BYTES = 1 << 30
"""Recording ends before the disk has less than this: a full system disk stops more than a recorder."""

QUEUE_S = 1.0
"""The queue holds so much, if no number of frames is given: a disk's or a driver's hiccup, and no more memory."""

QUEUE_BYTES = 256 << 20
"""Nor does it take more memory than this, however large the pictures are."""


class InputScope(StrEnum):
    """When inputs are recorded."""

    FOCUS = "focus"  # all of them while the window has focus; of a monitor, pads alone
    ALWAYS = "always"  # all of them
    PADS = "pads"  # pads, always; never keyboard and mouse


@dataclass(frozen=True, kw_only=True)
class Mask:
    """A rectangle of the picture that is blacked out before anything is encoded.

    Attributes:
        x, y, width, height: as parts of the picture's width and height, from its upper left corner.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        assert all(0 <= value <= 1 for value in (self.x, self.y, self.width, self.height)), self


@dataclass(frozen=True, kw_only=True)
class RecorderSettings:
    """How to record, and as whose session.

    Attributes:
        root: where sessions lie.
        profile: how pictures are recorded.
        name: of the first session's directory, the following ones are numbered; None: each session's id.
        player, game_id, profile_name, task: as in `SessionInfo`.
        masks: what nobody is to see.
        input_scope: when inputs are recorded.
        disk_reserve_bytes: recording ends in good order before the disk has less.
        quota_bytes: of all sessions in ``root``; None: as much as the disk holds.
        queue_frames: how many pictures may wait for the encoder; None: a second's, within `QUEUE_BYTES`.
        hotkeys: combinations that order something of Playloom: their keys are not recorded.
        yields_to_game: whether what may wait (encoding, writing) gets less of a busy machine than the game.
        calibration: figures of this machine for session.json's ``sync``, as `input_to_picture_ms_p50`.
        acting: who acts in each frame, where an agent plays a part.
    """

    root: Path
    profile: RecordingProfile
    name: str | None = None
    player: str | None = None
    game_id: str | None = None
    profile_name: str | None = None
    task: str | None = None
    masks: tuple[Mask, ...] = ()
    input_scope: InputScope = InputScope.FOCUS
    disk_reserve_bytes: int = DISK_RESERVE_BYTES
    quota_bytes: int | None = None
    queue_frames: int | None = None
    hotkeys: tuple[Hotkey, ...] = ()
    yields_to_game: bool = True
    calibration: Mapping[str, float] = field(default_factory=dict)
    acting: ActingLog | None = None
