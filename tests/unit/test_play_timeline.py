from __future__ import annotations

import numpy as np

from playloom.play.policy_facts import ActionHead, ActionRows
from playloom.play.timeline import ActionTimeline

STICK = ActionHead(name="move", kind="stick", places=(0, 1))
JUMP = ActionHead(name="jump", kind="digital", places=(2,))


def rows(first: int, *moves: float, jump: float = 0.0) -> ActionRows:
    values = np.array([[move, -move, jump] for move in moves], np.float32)
    return ActionRows(first=first, values=values, confidence=np.full((len(moves), 2), 0.5, np.float32))


def moves_of(timeline: ActionTimeline, *frames: int) -> list[float | None]:
    found = [timeline.row(frame) for frame in frames]
    return [None if row is None else round(float(row.values[0]), 3) for row in found]


def test_a_chunk_covers_the_frames_after_the_picture_it_was_asked_by() -> None:
    timeline = ActionTimeline([STICK, JUMP])
    assert timeline.add(rows(11, 0.1, 0.2, 0.3), now=11)
    assert moves_of(timeline, 10, 11, 12, 13, 14) == [None, 0.1, 0.2, 0.3, None]
    assert (timeline.left(11), timeline.left(13), timeline.left(14)) == (3, 1, 0)


def test_what_a_chunk_says_of_frames_that_are_past_is_dropped() -> None:
    timeline = ActionTimeline([STICK, JUMP])
    timeline.add(rows(1, 0.1, 0.1, 0.1, 0.1), now=1)
    timeline.add(rows(2, 0.5, 0.6, 0.7, 0.8), now=4)
    assert moves_of(timeline, 4, 5, 6) == [0.7, 0.8, None]


def test_a_chunk_that_comes_when_all_of_it_is_past_is_counted_and_not_played() -> None:
    timeline = ActionTimeline([STICK, JUMP])
    assert not timeline.add(rows(1, 0.1, 0.2), now=3)
    assert timeline.late == 1
    assert moves_of(timeline, 3) == [None]


def test_an_older_chunk_never_takes_the_place_of_a_newer_one() -> None:
    timeline = ActionTimeline([STICK, JUMP])
    timeline.add(rows(5, 0.5, 0.5), now=5)
    assert not timeline.add(rows(4, 0.1, 0.1, 0.1), now=5)
    assert moves_of(timeline, 5) == [0.5]


def test_sticks_go_over_to_the_new_chunk_in_some_frames_and_buttons_at_once() -> None:
    timeline = ActionTimeline([STICK, JUMP], blend=3)
    timeline.add(rows(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), now=1)
    timeline.add(rows(3, 0.8, 0.8, 0.8, 0.8, 0.8, jump=1.0), now=3)
    assert moves_of(timeline, 3, 4, 5, 6, 7) == [0.2, 0.4, 0.6, 0.8, 0.8]
    first = timeline.row(3)
    assert first is not None
    assert first.values.tolist()[2] == 1.0


def test_a_cleared_timeline_has_no_row() -> None:
    timeline = ActionTimeline([STICK, JUMP])
    timeline.add(rows(1, 0.1, 0.2), now=1)
    timeline.clear()
    assert moves_of(timeline, 1, 2) == [None, None]
