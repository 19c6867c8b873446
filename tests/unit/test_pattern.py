from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from capture_node.sources.pattern import PatternReading, draw_pattern, read_pattern


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


@pytest.mark.parametrize("size", [(48, 28), (256, 256), (641, 359), (1280, 720), (720, 1280)])
def test_a_picture_of_any_size_says_its_number_clock_and_buttons(size: tuple[int, int]) -> None:
    image = draw_pattern(4711, 123_456_789_012_345, size, pressed=0b1000_0000_0000_0101)

    assert image.shape == (size[1], size[0], 3)
    assert read_pattern(image) == PatternReading(number=4711, clock_ns=123_456_789_012_345, pressed=0x8005)


def test_it_is_read_after_being_squashed_into_a_square() -> None:
    image = resized(draw_pattern(7, 8, (1280, 720)), (256, 256))

    assert read_pattern(image) == PatternReading(number=7, clock_ns=8)


def test_it_is_read_between_black_bars() -> None:
    image = np.zeros((256, 256, 3), dtype=np.uint8)
    image[56:200] = resized(draw_pattern(7, 8, (1280, 720)), (256, 144))

    assert read_pattern(image) == PatternReading(number=7, clock_ns=8)


def test_it_is_read_anywhere_on_a_black_screen() -> None:
    image = np.zeros((720, 1280, 4), dtype=np.uint8)
    draw_pattern(9, 10, (401, 302), out=image[37:339, 83:484])

    assert read_pattern(image) == PatternReading(number=9, clock_ns=10)


def test_it_is_read_from_luminance_of_limited_range() -> None:
    luminance = (16 + draw_pattern(9, 10, (640, 360))[:, :, 0].astype(np.float32) * 219 / 255).astype(np.uint8)

    assert read_pattern(luminance) == PatternReading(number=9, clock_ns=10)


def test_two_halves_of_different_pictures_are_not_believed() -> None:
    torn = draw_pattern(1, 1_000_000, (640, 360))
    torn[100:] = draw_pattern(2, 17_000_000, (640, 360))[100:]

    assert read_pattern(torn) is None


def test_a_covered_block_is_not_misread() -> None:
    image = draw_pattern(1, 1_000_000, (640, 360))
    image[40:150, 200:400] = 90

    assert read_pattern(image) is None


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_plain_picture_says_nothing(level: int) -> None:
    assert read_pattern(np.full((256, 256, 3), level, dtype=np.uint8)) is None


def test_noise_says_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)

    assert read_pattern(noise) is None


def test_the_texture_moves_from_number_to_number() -> None:
    first, second = draw_pattern(1, 0, (640, 360)), draw_pattern(2, 0, (640, 360))

    assert (first[250:320] != second[250:320]).any()


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="48x28"):
        draw_pattern(1, 1, (47, 28))
