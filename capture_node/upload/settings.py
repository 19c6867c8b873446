"""`upload` in node.yaml: when, how fast and for how long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from playloom.yaml_files import YamlValue, did_you_mean

GIGABYTE = 1_000_000_000

DEFAULT_PARTS_AT_ONCE = 4
MAX_PARTS_AT_ONCE = 16
MIN_BYTES_PER_S = 10_000
"""Below this a part takes longer than its permission lasts."""

KEYS = ("enabled", "bytes_per_s", "quiet_hours", "while_recording", "growing", "parts_at_once", "keep", "orders")

_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """A span of every day, local time, over midnight too. Attributes: begin; end: no longer quiet."""

    begin: time
    end: time

    def __contains__(self, moment: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class KeepPolicy:
    """How long a session stays on this machine once the server has confirmed it.

    Attributes:
        days: since it was confirmed; None: no matter how long.
        free_bytes: the oldest go while the disk has less than this free; None: never for want of space.
    """

    days: float | None = None
    free_bytes: int | None = None

    @property
    def is_always(self) -> bool:
        return self.days is None and self.free_bytes is None


@dataclass(frozen=True, kw_only=True)
class UploadSettings:
    """How a node sends its sessions.

    Attributes:
        enabled: whether it does so by itself, once it is enrolled.
        bytes_per_s: at most; None: as fast as the line is.
        quiet_hours: in which nothing is sent.
        while_recording: whether sending goes on while something is recorded.
        growing: whether the session that is being recorded is sent too, but for its last minutes.
        parts_at_once: how many parts are on their way together.
        keep: how long sessions stay here.
        orders: whether the server may start, stop and mark recordings.
    """

    enabled: bool = True
    bytes_per_s: int | None = None
    quiet_hours: tuple[QuietHours, ...] = ()
    while_recording: bool = True
    growing: bool = True
    parts_at_once: int = DEFAULT_PARTS_AT_ONCE
    keep: KeepPolicy = field(default_factory=KeepPolicy)
    orders: bool = True

    def quiet_until(self, now: datetime) -> time | None:
        """When the quiet hours of this moment end; None: it is in none."""
        return next((span.end for span in self.quiet_hours if now.time() in span), None)


def parse_upload(value: YamlValue | None) -> UploadSettings:
    """The settings under ``upload``; None: those that hold without it.

    Raises:
        DefinitionError: names the place and what is wrong.
    """
    if value is None:
        return UploadSettings()
    _check_keys(value, KEYS)
    rate, parts = value.get("bytes_per_s"), value.get("parts_at_once")
    while_recording = value.get_flag("while_recording", True)
    return UploadSettings(
        enabled=value.get_flag("enabled", True),
        bytes_per_s=None if rate is None else _bytes_per_s(rate),
        quiet_hours=tuple(parse_quiet_hours(item) for item in value.get_items("quiet_hours")),
        while_recording=while_recording,
        growing=value.get_flag("growing", while_recording),
        parts_at_once=DEFAULT_PARTS_AT_ONCE if parts is None else int(_between(parts, 1, MAX_PARTS_AT_ONCE)),
        keep=_keep(value.get("keep")),
        orders=value.get_flag("orders", True),
    )


def parse_quiet_hours(value: YamlValue) -> QuietHours:
    """A span such as "18:00-23:30".

    Raises:
        DefinitionError: it is none.
    """
    match = _SPAN.fullmatch(value.text().strip())
    if match is None:
        raise value.error(f"'{value.text()}' is no span of the day", remedy='Write HH:MM-HH:MM, such as "18:00-23:30"')
    hour, minute, end_hour, end_minute = map(int, match.groups())
    return QuietHours(begin=time(hour, minute), end=time(end_hour, end_minute))


def _keep(value: YamlValue | None) -> KeepPolicy:
    if value is None or value.value == "always":
        return KeepPolicy()
    if not isinstance(value.value, Mapping):
        raise value.error("says neither always nor what else", remedy="Write always, {days: 30} or {free_gb: 50}")
    _check_keys(value, ("days", "free_gb"))
    days, free = value.get("days"), value.get("free_gb")
    if days is None and free is None:
        raise value.error("is empty", remedy="Write always, {days: 30} or {free_gb: 50}")
    return KeepPolicy(
        days=None if days is None else _between(days, 0, 36_500),
        free_bytes=None if free is None else round(_between(free, 0, 1e6) * GIGABYTE),
    )


def _bytes_per_s(value: YamlValue) -> int | None:
    """0 means no limit."""
    if value.number() == 0:
        return None
    return int(_between(value, MIN_BYTES_PER_S, 1e12))


def _between(value: YamlValue, least: float, most: float) -> float:
    if not least <= value.number() <= most:
        raise value.error(f"{value.number():g} is out of range", remedy=f"Write a number from {least:g} to {most:g}")
    return value.number()


def _check_keys(value: YamlValue, known: tuple[str, ...]) -> None:
    for key, child in value.mapping().items():
        if key not in known:
            raise child.error(f"the key '{key}' is not known", remedy=did_you_mean(key, known))
