"""What a recording has lost, or what had to be repaired to read it: said beside the result, never swallowed.

A value and not an error, because a session that lost its last message is still a session: the reader hands back what
is whole, and its caller decides whether that is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One fault of one file.

    Attributes:
        file: the file.
        place: where in it ("byte 4096", "row 17", "frame 300"), or "" for the file as a whole.
        problem: what is wrong there and what it costs, a sentence without its full stop.
    """

    file: Path
    place: str
    problem: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.place}" if self.place else str(self.file)
        return f"{where}: {self.problem}"
