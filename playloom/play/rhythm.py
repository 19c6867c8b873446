"""How often who plays by chunks looks at the screen anew."""

from __future__ import annotations

LOOKS_A_SECOND = 15
"""Between two looks a policy plays blindly. The scripted players of Pong and Doom lose most of their score where they
are a tenth of a second late; they bear a fifteenth."""


def rows_between_looks(chunk: int, fps: float) -> int:
    """How many rows of a chunk are played before the next one takes over, unless somebody says otherwise.

    Args:
        chunk: rows of a chunk. At most half are played: the rest is for a next one that comes late.
        fps: rows a second.
    """
    return max(1, min(chunk // 2, round(fps / LOOKS_A_SECOND)))
