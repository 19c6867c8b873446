"""How far a conversion is, as a value for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ConvertProgress:
    """How far a conversion is.

    Attributes:
        frames_done: frames converted, those of skipped sessions included.
        frames_total: of all sessions.
        sessions_done, sessions_total: likewise.
    """

    frames_done: int
    frames_total: int
    sessions_done: int
    sessions_total: int


class FrameCount:
    """Adds up what sessions report. A session that is over counts whole, whatever it reported."""

    def __init__(self, frames: dict[int, int]) -> None:
        self._expected = frames
        self._done = dict.fromkeys(frames, 0)
        self._over: set[int] = set()

    def add(self, session: int, frames: int) -> ConvertProgress:
        self._done[session] = min(self._done[session] + frames, self._expected[session])
        return self.now

    def finish(self, session: int) -> ConvertProgress:
        self._done[session] = self._expected[session]
        self._over.add(session)
        return self.now

    @property
    def now(self) -> ConvertProgress:
        return ConvertProgress(
            frames_done=sum(self._done.values()),
            frames_total=sum(self._expected.values()),
            sessions_done=len(self._over),
            sessions_total=len(self._expected),
        )
