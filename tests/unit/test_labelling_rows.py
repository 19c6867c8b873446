from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playloom.errors import PlayloomError
from training.labelling.masks import black_out, check_boxes, read_masks
from training.labelling.rows import plan_rows

SECOND = 1_000_000_000


def test_frames_at_the_models_rate_are_taken_one_for_one_also_with_jitter() -> None:
    times = np.arange(90) * SECOND // 30 + np.arange(90) % 3 * 2_000_000
    plan = plan_rows(times, 30, SECOND)
    assert plan.frames.tolist() == list(range(90))
    assert (plan.resampled, plan.stretches) == (False, ((0, 90),))


def test_another_rate_is_laid_onto_a_grid() -> None:
    plan = plan_rows(np.arange(60) * SECOND // 60, 20, SECOND)
    assert (plan.resampled, round(plan.rate)) == (True, 60)
    assert plan.frames.tolist() == list(range(0, 60, 3))


def test_gaps_and_what_was_discarded_end_a_stretch() -> None:
    times = np.arange(60) * SECOND // 30
    times[40:] += 3 * SECOND
    usable = np.ones(60, np.bool_)
    usable[10:20] = False
    plan = plan_rows(times, 30, SECOND, usable)
    assert plan.stretches == ((0, 10), (10, 30), (30, 50))
    assert 15 not in plan.frames.tolist()


def test_a_mask_takes_every_pixel_that_it_touches_and_one_more_all_round() -> None:
    pictures = np.full((2, 10, 10, 3), 9, np.uint8)
    black_out(pictures, [(0.45, 0.5, 0.6, 0.7)])
    assert np.argwhere(pictures[1, :, :, 0] == 0).min(axis=0).tolist() == [4, 3]
    assert np.argwhere(pictures[1, :, :, 0] == 0).max(axis=0).tolist() == [7, 6]


@pytest.mark.parametrize("box", [[0, 0, 2, 1], [0.5, 0, 0.5, 1], ["a", 0, 1, 1], 3, [0, 0, 1]])
def test_what_is_no_rectangle_of_the_picture_is_refused(box: object) -> None:
    with pytest.raises(PlayloomError, match="is no rectangle of the picture"):
        check_boxes([box], "video.masks")


def test_masks_go_by_the_videos_name(tmp_path: Path) -> None:
    (tmp_path / "masks.yaml").write_text("a.mp4: [[0, 0, 0.5, 0.5]]\n")
    masks = read_masks(tmp_path / "masks.yaml")
    assert masks.of(Path("/x/a.mp4"), 640, 360) == ((0, 0, 0.5, 0.5),)
    assert masks.of(Path("/x/b.mp4"), 640, 360) == ()


def test_nitrogens_drawn_controller_is_masked_with_a_margin(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(
        '{"bbox_controller_overlay": [100, 200, 100, 50], "original_video": {"resolution": [500, 1000]}}'
    )
    [box] = read_masks(tmp_path / "metadata.json").of(Path("a.mp4"), 1920, 960)
    assert np.allclose(box, (0.09, 0.39, 0.21, 0.51))
