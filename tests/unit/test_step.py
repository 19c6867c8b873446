"""Walking through a recording."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from playloom.controls import BUTTON_IDS
from playloom.errors import PlayloomError
from playloom.quality.step import SteppedSession, next_frame, walk
from playloom.recording.input_table import InputTable
from playloom.recording.sync_table import SyncTable


@pytest.fixture
def session() -> SteppedSession:
    """Ten frames, a tenth of a second apart; south goes down just before frame 4."""
    frames = np.arange(10, dtype=np.int64)
    sync = SyncTable(frame_index=frames, monotonic_ns=frames * 100_000_000, pts_ns=frames * 100_000_000, repeated=None)
    inputs = InputTable.zeros(1)
    inputs.monotonic_ns[0] = 390_000_000
    inputs.buttons[0] = 1 << BUTTON_IDS["south"]
    rows = np.array([-1] * 4 + [0] * 6)
    return SteppedSession(sync=sync, inputs=inputs, rows=rows, layout=None, actions=None)


@pytest.mark.parametrize(
    ("answer", "frame"),
    [("", 3), ("b", 1), ("n", 4), ("7", 7), ("+5", 7), ("-1", 1), ("-9", 0), ("99", 9), ("q", None)],
)
def test_an_answer_leads_to_a_frame(session: SteppedSession, answer: str, frame: int | None) -> None:
    assert next_frame(session, 2, answer) == frame


def test_next_change_at_the_last_change_goes_to_the_end(session: SteppedSession) -> None:
    assert next_frame(session, 5, "n") == 9


def test_an_answer_that_is_none_is_an_error(session: SteppedSession) -> None:
    with pytest.raises(PlayloomError, match="'jump' is not understood"):
        next_frame(session, 0, "jump")


def test_a_walk_shows_what_is_asked_for_and_goes_on_after_a_mistake(
    session: SteppedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["n", "what", "q"])
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    monkeypatch.setattr(console, "input", lambda prompt: next(answers))
    walk(session, 0, console)
    lines = shown.getvalue().splitlines()
    assert lines[1].split()[:2] == ["frame", "0"]
    assert lines[2].endswith("age 10.0 ms    [south]")
    assert "'what' is not understood" in lines[3]
    assert len(lines) == 5


def test_a_walk_ends_with_its_input(session: SteppedSession, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO())

    def end(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(console, "input", end)
    walk(session, 0, console)
