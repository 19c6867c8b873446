"""What is noticed about a picture, by the clock of the test."""

from __future__ import annotations

import av
import numpy as np

from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.picture_fit import PictureFit
from capture_node.recorder.picture_watch import PictureWatch
from capture_node.recorder.status import Notice, NoticeKind
from capture_node.sources.frame_source import Grab, PixelFormat

SECOND_NS = 1_000_000_000
FIT = PictureFit(64, 48)


def frame(value: int) -> av.VideoFrame:
    image = np.full((48, 64, 4), value, np.uint8)
    return FIT.fit(Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=1))


class Watching:
    """A watch that is given a look each second."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.board = NoticeBoard(self.told.append)
        self.watch = PictureWatch(self.board)
        self.second = 0

    def look(
        self, picture: av.VideoFrame | None, *, events: int = 0, focus: bool = True, no_picture_since: int | None = None
    ) -> set[NoticeKind]:
        self.second += 1
        self.watch.look(
            picture,
            self.second * SECOND_NS,
            no_picture_since_ns=None if no_picture_since is None else no_picture_since * SECOND_NS,
            misses_focus=not focus,
            events=events,
        )
        return {notice.kind for notice in self.board.all()}


def test_black_is_noticed_after_three_seconds_and_forgotten_with_the_first_light() -> None:
    watching = Watching()
    assert [watching.look(frame(0)) for _ in range(4)] == [set(), set(), set(), {NoticeKind.BLACK}]
    assert watching.look(frame(0)) == {NoticeKind.BLACK}
    assert len(watching.told) == 1
    assert watching.look(frame(90)) == set()


def test_a_still_picture_is_frozen_only_while_the_player_does_something() -> None:
    watching = Watching()
    assert [watching.look(frame(90)) for _ in range(8)] == [set()] * 8
    assert watching.look(frame(90), events=1) == {NoticeKind.FROZEN}
    assert watching.look(frame(91), events=2) == set()
    assert [watching.look(frame(value), events=value) for value in range(91, 99)] == [set()] * 8


def test_a_repeated_frame_counts_as_still() -> None:
    watching = Watching()
    picture = frame(90)
    kinds = [watching.look(picture, events=second) for second in range(6)]
    assert kinds == [set(), set(), set(), set(), set(), {NoticeKind.FROZEN}]


def test_lost_focus_and_a_missing_picture_are_noticed() -> None:
    watching = Watching()
    assert [watching.look(frame(90), focus=False) for _ in range(3)] == [set(), set(), {NoticeKind.UNFOCUSED}]
    assert watching.look(frame(90)) == set()
    assert watching.look(frame(90), no_picture_since=4) == {NoticeKind.NO_PICTURE}
    watching.watch.rest()
    assert watching.board.all() == ()
