"""The last pictures of a game, as a policy sees them."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from playloom.environments.environment import Image
from training.data.picture import PictureScaler


class PictureHistory:
    """Keeps what a policy is shown; before there are enough pictures, the first one stands for those that are missing.

    Args:
        size: (width, height) of the policy's pictures.
        history: how many it sees at once.
        frame_step: frames from one of them to the next.
    """

    def __init__(self, size: tuple[int, int], *, history: int, frame_step: int) -> None:
        self._scaler = PictureScaler(size)
        self._step = frame_step
        self._pictures: deque[NDArray[np.uint8]] = deque(maxlen=(history - 1) * frame_step + 1)

    def add(self, image: Image) -> None:
        """Take what is on the screen."""
        picture = self._scaler(image)
        assert self._pictures.maxlen is not None
        while len(self._pictures) < self._pictures.maxlen - 1:
            self._pictures.append(picture)
        self._pictures.append(picture)

    def pictures(self) -> NDArray[np.uint8]:
        """uint8[history, height, width, 3], the newest last."""
        newest_first = list(self._pictures)[:: -self._step]
        return np.stack(newest_first[::-1])
