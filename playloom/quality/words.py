"""Times and counts as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """``83.4`` → ``1:23.4``: where in the recording."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def counted(count: int, what: str, many: str | None = None) -> str:
    """``1, "gap"`` → ``1 gap``; ``2, "gap"`` → ``2 gaps``."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"
