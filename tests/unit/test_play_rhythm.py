"""How often who plays by chunks looks anew."""

from __future__ import annotations

import pytest

from playloom.play.rhythm import rows_between_looks


@pytest.mark.parametrize(
    ("chunk", "fps", "rows"),
    [(8, 30, 2), (8, 60, 4), (4, 60, 2), (8, 15, 1), (8, 8.75, 1), (1, 60, 1), (16, 120, 8)],
)
def test_who_plays_is_blind_for_a_fifteenth_of_a_second_and_for_half_a_chunk_at_most(
    chunk: int, fps: float, rows: int
) -> None:
    assert rows_between_looks(chunk, fps) == rows
