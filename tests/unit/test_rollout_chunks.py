"""Which row of which chunk is held at a frame, and what a policy is shown."""

from __future__ import annotations

import numpy as np
import pytest

from training.rollouts.chunks import ChunkSchedule
from training.rollouts.history import PictureHistory


def play(schedule: ChunkSchedule, frames: int, chunk: int) -> list[float]:
    """What is held at each frame, where the row of frame f in the chunk that was made for frame t is t + f / 100."""
    held: list[float] = []
    for frame in range(frames):
        held.append(round(float(schedule.row(frame)[0]), 2))
        if schedule.wants_chunk(frame):
            rows = np.array([[frame + (frame + 1 + place) / 100] for place in range(chunk)], np.float32)
            schedule.add(frame, rows)
    return held


def test_what_was_seen_at_a_frame_is_held_from_the_next_one_on() -> None:
    assert play(ChunkSchedule(chunk=3, width=1, execute=1), 5, 3) == [0.0, 0.01, 1.02, 2.03, 3.04]


def test_so_many_rows_of_each_chunk_are_played() -> None:
    assert play(ChunkSchedule(chunk=4, width=1, execute=3), 8, 4) == [0.0, 0.01, 0.02, 0.03, 3.04, 3.05, 3.06, 6.07]


def test_with_a_delay_the_chunk_before_is_played_until_the_new_one_is_there_and_its_first_rows_are_past() -> None:
    held = play(ChunkSchedule(chunk=4, width=1, execute=2, delay=2), 9, 4)
    assert held == [0.0, 0.0, 0.0, 0.03, 0.04, 2.05, 2.06, 4.07, 4.08]


def test_behind_the_last_row_of_the_last_chunk_nothing_is_held() -> None:
    schedule = ChunkSchedule(chunk=2, width=1, execute=2)
    schedule.add(0, np.ones((2, 1), np.float32))
    assert [float(schedule.row(frame)[0]) for frame in range(5)] == [0.0, 1.0, 1.0, 0.0, 0.0]


def picture(value: int) -> np.ndarray:
    return np.full((16, 16, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("history", "frame_step", "shown"),
    [
        (1, 1, [[50], [90], [130], [170]]),
        (2, 1, [[50, 50], [50, 90], [90, 130], [130, 170]]),
        (2, 3, [[50, 50], [50, 90], [50, 130], [50, 170]]),
        (3, 1, [[50, 50, 50], [50, 50, 90], [50, 90, 130], [90, 130, 170]]),
    ],
)
def test_the_history_ends_with_the_newest_picture_and_begins_with_the_first_one_again_and_again(
    history: int, frame_step: int, shown: list[list[int]]
) -> None:
    pictures = PictureHistory((8, 8), history=history, frame_step=frame_step)
    found = []
    for value in (50, 90, 130, 170):
        pictures.add(picture(value))
        assert pictures.pictures().shape == (history, 8, 8, 3)
        found.append([int(round(float(one.mean()), -1)) for one in pictures.pictures()])
    assert found == shown
