from __future__ import annotations

import numpy as np

from capture_node.sources.frame_source import Grab, PixelFormat
from capture_node.sources.x11_pointer import Pointer, PointerPainter, PointerShape

# Two pixels: an opaque green one, and one of white that lets half of what lies below through.
SHAPE = PointerShape(
    serial=7, image=np.array([[[0, 255, 0, 255], [128, 128, 128, 128]]], dtype=np.uint8), hot_x=1, hot_y=0
)
GREY = 100


def grey(*, changed: bool = True) -> Grab:
    image = np.full((2, 4, 4), GREY, dtype=np.uint8)
    return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=1, changed=changed)


def green(grab: Grab) -> list[list[int]]:
    return grab.image[:, :, 1].tolist()


def test_the_pointer_lies_over_the_picture_as_opaque_as_it_is() -> None:
    before = grey()
    painted = PointerPainter().paint(before, Pointer(x=12, y=21, shape=SHAPE), 10, 20)
    assert green(painted) == [[100, 100, 100, 100], [100, 255, 177, 100]]
    assert green(before) == [[100] * 4] * 2


def test_what_of_the_pointer_lies_beyond_the_edge_is_cut_off() -> None:
    assert green(PointerPainter().paint(grey(), Pointer(x=0, y=0, shape=SHAPE), 0, 0))[0] == [177, 100, 100, 100]
    assert green(PointerPainter().paint(grey(), Pointer(x=3, y=0, shape=SHAPE), 0, 0))[0] == [100, 100, 255, 177]


def test_a_pointer_elsewhere_is_not_drawn() -> None:
    for x, y in ((-1, 0), (4, 0), (0, 2)):
        assert green(PointerPainter().paint(grey(), Pointer(x=x, y=y, shape=SHAPE), 0, 0)) == [[100] * 4] * 2
    assert green(PointerPainter().paint(grey(), None, 0, 0)) == [[100] * 4] * 2


def test_a_pointer_that_moves_changes_a_picture_that_stands_still() -> None:
    painter = PointerPainter()
    painter.paint(grey(), Pointer(x=1, y=0, shape=SHAPE), 0, 0)
    same = painter.paint(grey(changed=False), Pointer(x=1, y=0, shape=SHAPE), 0, 0)
    assert (same.changed, green(same)[0]) == (False, [255, 177, 100, 100])
    moved = painter.paint(grey(changed=False), Pointer(x=2, y=0, shape=SHAPE), 0, 0)
    assert (moved.changed, green(moved)[0]) == (True, [100, 255, 177, 100])
    gone = painter.paint(grey(changed=False), None, 0, 0)
    assert (gone.changed, green(gone)[0]) == (True, [100] * 4)
