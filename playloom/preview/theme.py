"""Colours and fonts of everything that Playloom draws."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

BACKGROUND = "#0e1117"
PANEL = "#161b22"
BODY = "#1b212a"
RAISED = "#262c36"
LINE = "#3a424d"
TEXT = "#e6edf3"
MUTED = "#8b949e"
FAINT = "#545d68"
ACCENT = "#58c4ff"
ACCENT_DIM = "#1d4a66"
ON_ACCENT = "#04121c"
WARM = "#ffb454"
GREEN = "#57d38c"
RED = "#ff6b6b"
PURPLE = "#c49bff"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> Font:
    """DejaVu Sans where this machine has it (players' names need its letters), else Pillow's own."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    for candidate in (name, *_beside_matplotlib(name)):
        try:
            return ImageFont.truetype(candidate, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _beside_matplotlib(name: str) -> list[str]:
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return []
    return [str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name)]


def fitted(text: str, face: Font, width: float) -> str:
    """``text``, cut with an ellipsis where it is wider than ``width`` pixels."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
