"""Looks now and then at what is being recorded, as a player cannot: an hour of black pictures is noticed at once."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.picture_fit import plane_pixels
from capture_node.recorder.status import NoticeKind

BLACK_S = 3.0
FROZEN_S = 5.0
NO_PICTURE_S = 1.0
UNFOCUSED_S = 2.0
"""How long something is so before the player is told: games fade to black and load, players look elsewhere."""

_DARKEST = 28  # of luma: black is 16, and encoders and gamma bring it up a little
_STEP = 8  # every eighth pixel of every eighth row tells enough

_SECOND_NS = 1_000_000_000


class PictureWatch:
    """Posts notices of what is wrong with the picture, and takes them down. Use it from one thread.

    Args:
        board: where they go.
    """

    def __init__(self, board: NoticeBoard) -> None:
        self._board = board
        self._posted: set[NoticeKind] = set()
        self._last: av.VideoFrame | None = None
        self._sample: NDArray[np.uint8] | None = None
        self._black_since_ns: int | None = None
        self._frozen_since_ns: int | None = None
        self._unfocused_since_ns: int | None = None
        self._events_then = 0

    def look(
        self,
        picture: av.VideoFrame | None,
        now_ns: int,
        *,
        no_picture_since_ns: int | None,
        misses_focus: bool,
        events: int,
    ) -> None:
        """Look once.

        Args:
            picture: the last one recorded.
            now_ns: when.
            no_picture_since_ns: since when the source has had none.
            misses_focus: whether inputs are held back because the window has no focus.
            events: how many input events there have been.
        """
        self._look_for_focus(misses_focus, now_ns)
        if no_picture_since_ns is not None:
            if now_ns - no_picture_since_ns >= NO_PICTURE_S * _SECOND_NS:
                self._post(
                    NoticeKind.NO_PICTURE,
                    "There is no picture: the last one is recorded again and again. Show the window",
                )
            return
        self._clear(NoticeKind.NO_PICTURE)
        if picture is None:
            return
        is_same = self._look_at(picture)
        self._look_for_black(now_ns)
        self._look_for_frozen(is_same, now_ns, events)

    def rest(self) -> None:
        """Forget what was seen: nothing is recorded for now."""
        self._last = self._sample = None
        self._black_since_ns = self._frozen_since_ns = self._unfocused_since_ns = None
        for kind in tuple(self._posted):
            self._clear(kind)

    def _post(self, kind: NoticeKind, text: str) -> None:
        self._posted.add(kind)
        self._board.post(kind, text)

    def _clear(self, kind: NoticeKind) -> None:
        """Take down what this has put up; others' notices of the kind stay."""
        if kind in self._posted:
            self._posted.remove(kind)
            self._board.clear(kind)

    def _look_at(self, picture: av.VideoFrame) -> bool:
        """Take a sample; whether it is the last one's."""
        if picture is self._last:
            return True
        sample = plane_pixels(picture, 0)[::_STEP, ::_STEP].copy()
        is_same = self._sample is not None and np.array_equal(sample, self._sample)
        self._last, self._sample = picture, sample
        return is_same

    def _look_for_black(self, now_ns: int) -> None:
        assert self._sample is not None
        if int(self._sample.max()) > _DARKEST:
            self._black_since_ns = None
            self._clear(NoticeKind.BLACK)
            return
        self._black_since_ns = self._black_since_ns or now_ns
        if now_ns - self._black_since_ns >= BLACK_S * _SECOND_NS:
            self._post(
                NoticeKind.BLACK,
                "The picture is black. Choose the game's window again, or let the game run in a borderless window",
            )

    def _look_for_frozen(self, is_same: bool, now_ns: int, events: int) -> None:
        if not is_same or self._frozen_since_ns is None:
            self._frozen_since_ns, self._events_then = now_ns, events
            self._clear(NoticeKind.FROZEN)
        elif now_ns - self._frozen_since_ns >= FROZEN_S * _SECOND_NS and events > self._events_then:
            self._post(
                NoticeKind.FROZEN,
                "The picture stands still while you play. Choose the game's window again, or its monitor",
            )

    def _look_for_focus(self, misses_focus: bool, now_ns: int) -> None:
        if not misses_focus:
            self._unfocused_since_ns = None
            self._clear(NoticeKind.UNFOCUSED)
            return
        self._unfocused_since_ns = self._unfocused_since_ns or now_ns
        if now_ns - self._unfocused_since_ns >= UNFOCUSED_S * _SECOND_NS:
            self._post(
                NoticeKind.UNFOCUSED,
                "The game's window has no focus: what you press is not recorded. Click into it, or record with"
                " --input always",
            )
