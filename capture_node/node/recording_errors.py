"""What cannot be done because something is being recorded, or nothing is."""

from __future__ import annotations

from capture_node.sources.frame_source import SourceDescription
from playloom.errors import PlayloomError


class NotRecordingError(PlayloomError):
    """Something was asked of a recording, and there is none."""

    def __init__(self) -> None:
        super().__init__("nothing is being recorded", remedy="Begin with: playloom node start --window TITLE")


class AlreadyRecordingError(PlayloomError):
    """A recording shall begin, and one is going on.

    Attributes:
        source: what is being recorded, where known.
    """

    def __init__(self, source: SourceDescription | None) -> None:
        self.source = source
        what = "" if source is None else f" '{source.title}'"
        super().__init__(f"this node is recording{what} already", remedy="Stop it first: playloom node stop")
