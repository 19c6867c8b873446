from __future__ import annotations

import numpy as np

from workers.importing.drawing import BLACK, GREY, WHITE, draw_cursor, fill_box, planes_of


def picture(width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height * 3 // 2, width), 200, np.uint8)


def test_a_box_is_black_and_nothing_else_is_touched() -> None:
    drawn = picture()
    fill_box(drawn, 10, 20, 31, 40)
    luma, blue, red = planes_of(drawn)
    assert (luma == BLACK).sum() == 21 * 20
    assert (luma[20:40, 10:31] == BLACK).all()
    assert (blue == GREY).sum() == (red == GREY).sum() == 11 * 10  # a column shares its colour with the next
    assert ((luma == BLACK) | (luma == 200)).all()


def test_a_box_may_lie_partly_or_wholly_out_of_the_picture() -> None:
    drawn = picture()
    fill_box(drawn, -5, 40, 10, 90)
    assert (planes_of(drawn)[0] == BLACK).sum() == 10 * 8
    untouched = picture()
    fill_box(untouched, 100, 100, 120, 120)
    assert (untouched == 200).all()


def test_a_cursor_has_its_tip_where_it_points_and_a_white_inside() -> None:
    drawn = picture(640, 360)
    draw_cursor(drawn, 100.7, 50.2)
    luma = planes_of(drawn)[0]
    rows, columns = np.nonzero(luma != 200)
    assert (rows.min(), columns.min()) == (50, 100)
    assert rows.max() < 50 + 17
    assert columns.max() < 100 + 17
    assert set(np.unique(luma)) == {BLACK, 200, WHITE}


def test_a_cursor_at_the_edge_is_cut_off_and_one_outside_is_not_drawn() -> None:
    drawn = picture()
    draw_cursor(drawn, 63, 47)
    assert planes_of(drawn)[0][47, 63] == BLACK
    outside = picture()
    draw_cursor(outside, -1, 10)
    draw_cursor(outside, 64, 10)
    assert (outside == 200).all()
