"""What a preview shows, wherever it comes from: frames of a video, the inputs and the actions in force at each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.controls import SCANCODES
from playloom.errors import PlayloomError, RecordingError
from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync

if TYPE_CHECKING:
    from playloom.actions.layout import ActionLayout

AXIS_AT_REST = 0.05


@dataclass(frozen=True, kw_only=True)
class ActionSlot:
    """One action's place in the vector; `kind` is a game definition's ("digital", "vector2", …)."""

    action_id: str
    start: int
    size: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class PreviewSource:
    """A stretch of play to draw.

    Attributes:
        title: the game.
        subtitle: who played, and from where the stretch is.
        video_path: the video.
        index: its index.
        first_frame: the video's frame that is the stretch's first.
        fps: frames a second, as drawn.
        times_s: float64[f], each frame's time since the beginning of the session or episode.
        held: f rows, the inputs in force at each frame; motion is what came since the frame before.
        slots: the actions; empty where none are known.
        all_actions: float32[n, width] in the order of `slots`: those of the whole session or episode, to show what
            comes before and after.
        first_row: the row of `all_actions` that belongs to the stretch's first frame.
    """

    title: str
    subtitle: str
    video_path: Path
    index: VideoIndex
    first_frame: int
    fps: float
    times_s: NDArray[np.float64]
    held: InputTable
    slots: tuple[ActionSlot, ...]
    all_actions: NDArray[np.float32]
    first_row: int = 0

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def actions(self) -> NDArray[np.float32]:
        """float32[f, width]: the actions at each frame."""
        return self.all_actions[self.first_row : self.first_row + len(self)]

    def cut(self, start_s: float, duration_s: float | None) -> PreviewSource:
        """The part from ``start_s`` that lasts ``duration_s``, or to the end.

        Raises:
            PlayloomError: nothing lies there.
        """
        end_s = np.inf if duration_s is None else start_s + duration_s
        first, last = np.searchsorted(self.times_s, [start_s - 1e-9, end_s - 1e-9])
        if first >= last:
            asked = f"after {start_s:g} s" if duration_s is None else f"between {start_s:g} s and {end_s:g} s"
            raise PlayloomError(
                f"nothing lies {asked}: the play lasts {self.times_s[-1]:.1f} s",
                remedy="Choose --start and --duration within it",
            )
        rows = slice(int(first), int(last))
        return replace(
            self,
            first_frame=self.first_frame + int(first),
            times_s=self.times_s[rows],
            held=self.held[rows],
            first_row=self.first_row + int(first),
        )

    @cached_property
    def keys_used(self) -> frozenset[int]:
        words = [int(word) for word in np.bitwise_or.reduce(self.held.keys, axis=0, initial=0)]
        return frozenset(code for code in range(SCANCODES) if words[code // 64] >> (code % 64) & 1)

    @cached_property
    def pad_used(self) -> bool:
        return bool(np.any(self.held.buttons) or np.any(np.abs(self.held.axes) > AXIS_AT_REST))

    @cached_property
    def mouse_used(self) -> bool:
        return bool(np.any(self.held.mouse_buttons) or np.any(self.held.mouse_motion) or np.any(self.held.wheel))


def session_source(
    path: Path, *, game_definition: Path | None = None, action_mapping: Path | None = None
) -> PreviewSource:
    """A session as a preview's source; with both YAML files its actions too.

    Raises:
        RecordingError: a file is missing or cannot be used.
        DefinitionError: a YAML file is not valid.
    """
    session = open_session(path)
    index = index_video(session.video_path)
    sync, _ = read_sync(session.sync_path)
    inputs, _ = read_inputs(session.inputs_path)
    frames = min(len(sync.monotonic_ns), index.frames)
    if not frames:
        raise RecordingError(session.video_path, "has no frames", remedy="Record the session again")
    times_ns = sync.monotonic_ns[:frames]
    slots, actions, display_name = (), np.zeros((frames, 0), np.float32), None
    if game_definition is not None and action_mapping is not None:
        from playloom.actions.align import align_inputs
        from playloom.actions.layout import layout_of
        from playloom.game_definition import load_game_definition
        from playloom.mapping_profile import load_mapping_profile

        game = load_game_definition(game_definition)
        profile = load_mapping_profile(action_mapping, game)
        layout = layout_of(game, profile.class_ids)
        slots, display_name = _slots(layout), game.display_name
        actions = align_inputs([inputs], times_ns, layout, profile).action
    info = session.info
    game_id = None if info is None else info.game_id
    player = None if info is None else info.player
    return PreviewSource(
        title=display_name or game_id or session.session_id,
        subtitle=" · ".join(part for part in (player, path.resolve().name) if part),
        video_path=session.video_path,
        index=index,
        first_frame=0,
        fps=_rate(times_ns),
        times_s=(times_ns - times_ns[0]) / 1e9,
        held=inputs_at(inputs, times_ns),
        slots=slots,
        all_actions=actions,
    )


def _slots(layout: ActionLayout) -> tuple[ActionSlot, ...]:
    return tuple(
        ActionSlot(action_id=slot.action_id, start=slot.start, size=slot.size, kind=str(slot.kind))
        for slot in layout.slots
    )


def _rate(times_ns: NDArray[np.int64]) -> float:
    steps_ns = np.diff(times_ns)
    steps_ns = steps_ns[steps_ns > 0]
    if not len(steps_ns):
        return 30.0
    fps = 1e9 / float(np.median(steps_ns))
    return float(round(fps)) if abs(fps - round(fps)) < 0.02 * fps and round(fps) else fps


def inputs_at(inputs: InputTable, times_ns: NDArray[np.int64]) -> InputTable:
    """One row a time: the last snapshot at or before it, nothing held before the first; motion summed up since.

    Args:
        inputs: sorted by time.
        times_ns: int64[f], not falling.
    """
    padded = InputTable.concatenate([InputTable.zeros(1), inputs])
    rows = np.searchsorted(inputs.monotonic_ns, times_ns, side="right")  # 0: before the first
    held = padded[rows]
    for name in ("mouse_motion", "wheel"):
        total = np.cumsum(getattr(padded, name), axis=0, dtype=np.float64)[rows]
        getattr(held, name)[:] = np.diff(total, axis=0, prepend=np.zeros((1, 2)))
    return held
