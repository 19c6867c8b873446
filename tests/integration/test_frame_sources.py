"""What holds for every source of pictures, whatever it looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from capture_node.sources.catalogue import SourceRequest, find_source, open_source
from capture_node.sources.frame_source import FrameSource, Grab, PixelFormat
from tests.support.x_screen import x_screen
from tests.support.x_windows import pattern_window

CHANNELS = {PixelFormat.BGRA: 4, PixelFormat.BGR24: 3, PixelFormat.RGB24: 3}
PATIENCE_S = 20.0

REQUESTS = {
    "pattern": SourceRequest(pattern=True),
    "window": SourceRequest(window="pattern"),
    "monitor": SourceRequest(monitor=0),
    "game": SourceRequest(gym="breakout"),
}


@pytest.fixture(scope="module")
def desktop() -> Iterator[str]:
    with x_screen() as screen, pattern_window(screen):
        yield screen.display


@pytest.fixture(params=REQUESTS)
def make_source(
    request: pytest.FixtureRequest, desktop: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], FrameSource]]:
    monkeypatch.setenv("DISPLAY", desktop)
    with ExitStack() as stack:

        def make() -> FrameSource:
            source = open_source(find_source(REQUESTS[request.param]))
            stack.callback(source.close)
            return source

        yield make


def first_grab(source: FrameSource) -> Grab:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if grab := source.grab():
            return grab
        time.sleep(0.01)
    raise AssertionError("no picture came")


def test_it_knows_its_size_before_it_is_opened(make_source: Callable[[], FrameSource]) -> None:
    source = make_source()
    described = source.description
    source.open()

    assert first_grab(source).image.shape[:2] == (described.height, described.width)


def test_pictures_are_bytes_in_the_order_that_they_say(make_source: Callable[[], FrameSource]) -> None:
    source = make_source()
    source.open()
    grab = first_grab(source)

    assert grab.image.dtype == np.uint8
    assert grab.image.shape[2] == CHANNELS[grab.pixel_format]
    assert grab.image.strides[1:] == (grab.image.shape[2], 1)


def test_times_grow_and_lie_between_asking_and_answering(make_source: Callable[[], FrameSource]) -> None:
    source = make_source()
    source.open()
    first_grab(source)
    for _ in range(20):
        asked_ns = time.monotonic_ns()
        grab = source.grab()
        answered_ns = time.monotonic_ns()
        assert grab is not None
        assert asked_ns <= grab.monotonic_ns <= answered_ns


def test_a_grab_that_did_not_change_shows_the_picture_before(make_source: Callable[[], FrameSource]) -> None:
    source = make_source()
    source.open()
    before = first_grab(source).image.copy()
    for _ in range(60):
        grab = first_grab(source)
        if not grab.changed:
            assert np.array_equal(grab.image, before)
        before = grab.image.copy()


def test_it_is_closed_twice_and_opened_again(make_source: Callable[[], FrameSource]) -> None:
    source = make_source()
    for _ in range(3):
        source.open()
        assert first_grab(source).changed
        source.close()
        source.close()


def test_two_of_it_do_not_share_their_pictures(make_source: Callable[[], FrameSource]) -> None:
    first, second = make_source(), make_source()
    first.open()
    second.open()

    assert not np.shares_memory(first_grab(first).image, first_grab(second).image)
