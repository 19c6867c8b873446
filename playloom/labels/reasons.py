"""Why a labelled frame is left out of a dataset."""

from __future__ import annotations

from enum import IntFlag


class Reason(IntFlag):
    """A frame's reasons, together; 0 where it is kept. The numbers stand in files: new ones are added at the end."""

    LOW_CONFIDENCE = 1
    """The model was not sure."""
    DISAGREEMENT = 2
    """Windows that overlap said different things of it."""
    LOADING = 4
    """A loading screen."""
    MENU = 8
    """A menu."""
    IDLE = 16
    """Nothing was done for long."""
    CUT = 32
    """The next frame belongs to another scene: what the input did cannot be seen."""
    DUPLICATE = 64
    """One of many pictures in a row that are the same."""
    DAMAGED = 128
    """It does not decode, or the next one does not."""
    END = 256
    """The last frame of its video: there is no next picture to read its input from."""
    GAP = 512
    """The video's next frame is much later."""
    SHORT = 1024
    """What is left between frames that go is too short for an episode."""

    @property
    def words(self) -> str:
        """As people read it."""
        return " and ".join(str(one.name).lower().replace("_", " ") for one in Reason if one in self)
