"""Pictures of any size in a video of one size, and what is under a mask gone."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capture_node.recorder.picture_fit import PictureFit, Rectangle, masked_pixels, place_inside
from capture_node.recorder.settings import Mask
from capture_node.sources.frame_source import Grab, PixelFormat


def grab(image: NDArray[np.uint8], pixel_format: PixelFormat = PixelFormat.BGRA) -> Grab:
    return Grab(image=image, pixel_format=pixel_format, monotonic_ns=1)


def flat(width: int, height: int, bgra: tuple[int, ...] = (40, 160, 200, 0)) -> NDArray[np.uint8]:
    return np.full((height, width, len(bgra)), bgra, np.uint8)


def rgb(frame: av.VideoFrame) -> NDArray[np.int64]:
    return frame.to_ndarray(format="rgb24").astype(np.int64)


@pytest.mark.parametrize(
    ("source", "video", "inner"),
    [
        ((1280, 720), (256, 256), Rectangle(x=0, y=56, width=256, height=144)),
        ((720, 1280), (256, 256), Rectangle(x=56, y=0, width=144, height=256)),
        ((800, 600), (1280, 720), Rectangle(x=160, y=0, width=960, height=720)),
        ((1280, 720), (1280, 720), Rectangle(x=0, y=0, width=1280, height=720)),
        ((4000, 2), (256, 256), Rectangle(x=0, y=126, width=256, height=2)),
    ],
)
def test_a_picture_keeps_its_shape_in_the_middle(
    source: tuple[int, int], video: tuple[int, int], inner: Rectangle
) -> None:
    assert place_inside(*source, *video) == inner


def test_bars_are_black_and_the_picture_has_its_colours() -> None:
    picture = rgb(PictureFit(64, 64).fit(grab(flat(128, 64))))
    assert picture.shape == (64, 64, 3)
    assert (np.abs(picture[:15] - 0).max(), np.abs(picture[49:] - 0).max()) == (0, 0)
    assert np.abs(picture[18:46] - (200, 160, 40)).max() <= 4


@pytest.mark.parametrize(
    ("pixel_format", "pixel"),
    [(PixelFormat.BGRA, (40, 160, 200, 0)), (PixelFormat.BGR24, (40, 160, 200)), (PixelFormat.RGB24, (200, 160, 40))],
)
def test_each_order_of_bytes_gives_the_same_colours(pixel_format: PixelFormat, pixel: tuple[int, ...]) -> None:
    picture = rgb(PictureFit(64, 48).fit(grab(flat(64, 48, pixel), pixel_format)))
    assert np.abs(picture - (200, 160, 40)).max() <= 4


def test_rows_may_be_padded_and_an_odd_side_loses_its_last_line() -> None:
    image = np.zeros((49, 80, 4), np.uint8)
    image[:48, :64] = (40, 160, 200, 0)
    picture = rgb(PictureFit(64, 48).fit(grab(image[:, :65])))
    assert np.abs(picture - (200, 160, 40)).max() <= 4


def test_nothing_under_a_mask_is_left_and_the_rest_is() -> None:
    image = flat(640, 360, (0, 0, 0, 0))
    image[90:180, 160:320] = 255
    mask = Mask(x=0.25, y=0.25, width=0.25, height=0.25)
    for size in ((640, 360), (256, 256), (128, 96)):
        assert int(rgb(PictureFit(*size).fit(grab(image))).max()) > 200
        assert int(rgb(PictureFit(*size, (mask,)).fit(grab(image))).max()) == 0
    image[:] = 255
    assert np.mean(rgb(PictureFit(640, 360, (mask,)).fit(grab(image))) > 250) == pytest.approx(15 / 16, abs=0.01)
    assert image.min() == 255  # the picture belongs to the source


def test_masks_at_the_edges_stay_inside_the_video() -> None:
    whole = Rectangle(x=0, y=0, width=64, height=48)
    assert masked_pixels(Mask(x=0, y=0, width=1, height=1), whole, (64, 48)) == whole
    assert masked_pixels(Mask(x=0.9, y=0.9, width=0.5, height=0.5), whole, (64, 48)) == Rectangle(
        x=54, y=40, width=10, height=8
    )


def test_a_window_that_changes_its_size_goes_on_in_the_same_video() -> None:
    fit = PictureFit(64, 48)
    for size in ((64, 48), (200, 31), (31, 200), (64, 48)):
        frame = fit.fit(grab(flat(*size)))
        assert (frame.width, frame.height, frame.format.name) == (64, 48, "yuv420p")
