from __future__ import annotations

import numpy as np
import pytest

from workers.importing.label_frames import place_frames
from workers.importing.nitrogen_labels import Chunk, overlay_box

S = 1_000_000_000


def chunk(
    start_s: float = 0.0,
    end_s: float = 1.0,
    rows: int = 60,
    size: tuple[int, int] = (1920, 1080),
    overlay: tuple[float, float, float, float] = (0, 540, 480, 540),
) -> Chunk:
    return Chunk(
        start_s=start_s,
        end_s=end_s,
        buttons=np.zeros(rows, np.uint32),
        axes=np.zeros((rows, 6), np.float32),
        overlay=overlay,
        size=size,
        game="",
        source="",
        url="",
    )


@pytest.mark.parametrize(
    ("fps", "rows"), [(60, list(range(60))), (30, list(range(0, 60, 2))), (120, [row // 2 for row in range(120)])]
)
def test_rows_are_spread_evenly_over_a_chunk_whatever_the_copys_rate(fps: int, rows: list[int]) -> None:
    placed = place_frames([chunk()], np.arange(fps) * S // fps)
    assert placed.rows.tolist() == rows
    assert placed.frames.tolist() == list(range(fps))


def test_frames_between_chunks_are_in_no_session_and_times_are_the_videos() -> None:
    placed = place_frames([chunk(2.0, 3.0), chunk(0.5, 1.0)], 7 * S + np.arange(40) * S // 10)
    assert placed.frames.tolist() == [*range(5, 10), *range(20, 30)]
    assert placed.chunks.tolist() == [1] * 5 + [0] * 10
    assert placed.times_ns[[0, 5]].tolist() == [S + S // 2, S + 2 * S]


def test_of_overlapping_chunks_the_earlier_has_the_frames() -> None:
    placed = place_frames([chunk(0.5, 1.5), chunk(0.0, 1.0)], np.arange(20) * S // 10)
    assert placed.chunks.tolist() == [1] * 10 + [0] * 5


def test_chunks_behind_the_videos_end_are_counted() -> None:
    placed = place_frames([chunk(0.0, 1.0), chunk(10.0, 11.0)], np.arange(10) * S // 10)
    assert (placed.beyond, len(placed.frames)) == (1, 10)


def test_times_that_are_rounded_to_milliseconds_lose_no_frame_at_the_border() -> None:
    shown = np.round(np.arange(60) * 1000 / 30).astype(np.int64) * 1_000_000
    placed = place_frames([chunk(0.0, 0.667), chunk(0.667, 2.0)], shown)
    assert placed.frames.tolist() == list(range(60))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_the_overlay_is_found_in_a_copy_of_another_size_whichever_side_was_written_first(size: tuple[int, int]) -> None:
    assert overlay_box(chunk(size=size), 640, 360, 0.0) == (0, 180, 160, 360)


def test_the_margin_is_a_part_of_the_overlay_and_stays_in_the_picture() -> None:
    assert overlay_box(chunk(overlay=(960, 540, 200, 100)), 1920, 1080, 0.1) == (940, 530, 1180, 650)
    assert overlay_box(chunk(), 1920, 1080, 0.5) == (0, 270, 720, 1080)


def test_a_copy_of_another_shape_has_no_overlay_that_could_be_found() -> None:
    assert overlay_box(chunk(), 1440, 1080, 0.0) is None
