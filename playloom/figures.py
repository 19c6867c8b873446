"""Counts, sizes and spans in few words, for lines that are read at a glance; and back, as people write them."""

from __future__ import annotations

import re

from playloom.errors import PlayloomError

_SIZE_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SPAN_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_QUANTITY = re.compile(r"(?P<number>[0-9]{1,12}(\.[0-9]{1,6})?)\s?(?P<unit>[a-z]+)")


def one_line(text: str) -> str:
    """A title or a pad's name without what could move a terminal's cursor: other programs choose these."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def duration_in_words(duration_s: float) -> str:
    """Hours, minutes and seconds as on a clock: 0:04:07."""
    minutes, seconds = divmod(int(max(duration_s, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def rough_duration_in_words(duration_s: float) -> str:
    """A span that is only estimated: 3 h 20 min, 45 min, under a minute."""
    minutes = int(duration_s // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" if hours >= 10 or not minutes else f"{hours} h {minutes} min"


def bytes_in_words(size_bytes: int) -> str:
    """A size as disks are sold: 12.3 MB, 84 GB."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    size, unit = size_bytes / 1_000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1_000, larger
    return f"{size:.1f} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def count_in_words(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 frame, 2,310 frames."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent_in_words(part: int, whole: int) -> str:
    """How much of it, so that little is not shown as nothing: 12 %, 0.04 %, under 0.01 %."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.01:
        return "under 0.01 %"
    digits = 0 if share == 0 or share >= 9.95 else 1 if share >= 0.95 else 2
    return f"{share:.{digits}f} %"


def age_in_words(age_s: float) -> str:
    """How long ago, in one unit: 40 s, 12 min, 3 h, 5 d."""
    for unit, unit_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if age_s >= 2 * unit_s:
            return f"{int(age_s // unit_s)} {unit}"
    return f"{max(0, int(age_s))} s"


def parse_size(text: str) -> int:
    """The bytes of a size as a person writes it: 200GB, 1.5 TB, 500 MB.

    Raises:
        PlayloomError: it is none.
    """
    return _parsed(text, _SIZE_UNITS, "size", "200GB or 1.5TB")


def parse_span(text: str) -> int:
    """The seconds of a span as a person writes it: 30min, 24h, 7d.

    Raises:
        PlayloomError: it is none.
    """
    return _parsed(text, _SPAN_UNITS, "span of time", "30min, 24h or 7d")


def _parsed(text: str, units: dict[str, int], what: str, such_as: str) -> int:
    match = _QUANTITY.fullmatch(text.strip().lower())
    if match is None or match["unit"] not in units:
        raise PlayloomError(f"'{one_line(text)[:40]}' is no {what}", remedy=f"Write it like {such_as}")
    return round(float(match["number"]) * units[match["unit"]])
