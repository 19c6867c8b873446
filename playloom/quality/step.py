"""Stepping through a recording frame by frame: time, what is held, and what it does in the game.

At a terminal a person walks; into a pipe every frame is a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from playloom.errors import PlayloomError, RecordingError
from playloom.quality.readout import actions_in_words, controls_in_words
from playloom.quality.words import clock
from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.session import open_session
from playloom.recording.sync_table import SyncTable, read_sync

if TYPE_CHECKING:
    from playloom.actions.layout import ActionLayout

_HELP = "Enter next · b back · n next change of inputs · +N/-N frames · NUMBER that frame · q quit"


@dataclass(frozen=True, kw_only=True)
class SteppedSession:
    """A session's frames with the snapshot in force at each.

    Attributes:
        sync: the frames' times.
        inputs: all snapshots.
        rows: int64[f], each frame's snapshot (the last at or before it), -1 before the first.
        layout: the actions; None without a mapping profile.
        actions: float32[f, width]; None without one.
    """

    sync: SyncTable
    inputs: InputTable
    rows: NDArray[np.int64]
    layout: ActionLayout | None
    actions: NDArray[np.float32] | None

    def __len__(self) -> int:
        return len(self.rows)

    def line(self, frame: int) -> str:
        """``frame 12   0:00.400  pts 400.0 ms  age 16.7 ms  [south, left_stick (+1.00, +0.00)]  jump, move (…)``."""
        time_ns, row = int(self.sync.monotonic_ns[frame]), int(self.rows[frame])
        offset_s = (time_ns - int(self.sync.monotonic_ns[0])) / 1e9
        if row < 0:
            age, controls = "no input yet", ""
        else:
            age = f"age {(time_ns - int(self.inputs.monotonic_ns[row])) / 1e6:.1f} ms"
            controls = ", ".join(controls_in_words(self.inputs, row))
        pts_ms = int(self.sync.pts_ns[frame]) / 1e6
        words = f"frame {frame:<6} {clock(offset_s):>8}  pts {pts_ms:.1f} ms  {age:<14} [{controls}]"
        if self.layout is None or self.actions is None:
            return words
        return f"{words}  {', '.join(actions_in_words(self.layout, self.actions[frame])) or '–'}"


def step_session(path: Path, *, game_definition: Path | None, action_mapping: Path | None) -> SteppedSession:
    """Read a session for stepping through it.

    Raises:
        RecordingError: a file is missing or cannot be used.
        DefinitionError: a YAML file is not valid.
    """
    session = open_session(path)
    sync, _ = read_sync(session.sync_path)
    inputs, _ = read_inputs(session.inputs_path)
    if not len(sync.monotonic_ns):
        raise RecordingError(session.sync_path, "has no frames", remedy="Record the session again")
    layout, actions = None, None
    if game_definition is not None and action_mapping is not None:
        from playloom.actions.align import align_inputs
        from playloom.actions.layout import layout_of
        from playloom.game_definition import load_game_definition
        from playloom.mapping_profile import load_mapping_profile

        game = load_game_definition(game_definition)
        profile = load_mapping_profile(action_mapping, game)
        layout = layout_of(game, profile.class_ids)
        actions = align_inputs([inputs], sync.monotonic_ns, layout, profile).action
    rows = np.searchsorted(inputs.monotonic_ns, sync.monotonic_ns, side="right").astype(np.int64) - 1
    return SteppedSession(sync=sync, inputs=inputs, rows=rows, layout=layout, actions=actions)


def print_steps(session: SteppedSession, frames: Sequence[int], console: Console) -> None:
    """One line a frame."""
    for frame in frames:
        console.print(session.line(frame), markup=False, highlight=False, soft_wrap=True)


def walk(session: SteppedSession, start: int, console: Console) -> None:
    """Show frames as a person asks for them, until they quit or the input ends."""
    console.print(_HELP, style="dim")
    frame: int | None = min(start, len(session) - 1)
    while frame is not None:
        print_steps(session, [frame], console)
        try:
            answer = console.input("[dim]> [/]")
        except EOFError:
            return
        try:
            frame = next_frame(session, frame, answer.strip())
        except PlayloomError as error:
            console.print(str(error), style="yellow", markup=False)


def next_frame(session: SteppedSession, frame: int, answer: str) -> int | None:
    """The frame that ``answer`` asks for, kept within the session; None to quit."""
    if answer in ("q", "quit"):
        return None
    if answer == "n":
        later = np.flatnonzero(session.rows[frame:] != session.rows[frame])
        wanted = frame + int(later[0]) if len(later) else len(session) - 1
    elif answer in ("", "b"):
        wanted = frame + (1 if answer == "" else -1)
    else:
        try:
            number = int(answer)
        except ValueError:
            raise PlayloomError(f"'{answer}' is not understood", remedy=_HELP) from None
        wanted = frame + number if answer[0] in "+-" else number
    return min(max(wanted, 0), len(session) - 1)
