"""Bars for analog values, drawn with a terminal's characters."""

from __future__ import annotations

from rich.text import Text

EMPTY, FULL, MIDDLE, MARK = "─", "█", "│", "┃"


def bar(value: float, *, width: int, signed: bool, threshold: float | None = None, style: str = "green") -> Text:
    """A bar of ``width`` characters.

    Args:
        value: -1 to 1 where ``signed``, else 0 to 1; what lies beyond fills the bar.
        width: in characters.
        signed: whether it grows from the middle, both ways.
        threshold: where to draw a mark, for bars that are not signed. Below it the bar is dim.
        style: of the filled part.
    """
    cells = [EMPTY] * width
    value = min(max(value, -1.0 if signed else 0.0), 1.0)
    if signed:
        middle = width // 2
        reach = round(abs(value) * middle)
        filled = range(middle + 1, middle + 1 + reach) if value > 0 else range(middle - reach, middle)
        cells[middle] = MIDDLE
    else:
        filled = range(round(value * width))
    for place in filled:
        if 0 <= place < width:
            cells[place] = FULL
    counts = threshold is None or value >= threshold
    text = Text()
    mark = None if threshold is None or signed else min(round(threshold * width), width - 1)
    for place, cell in enumerate(cells):
        if place == mark:
            text.append(MARK, "bold yellow")
        elif cell == FULL:
            text.append(cell, style if counts else "dim " + style)
        else:
            text.append(cell, "dim")
    return text


def signed_number(value: float) -> str:
    """Five characters: "+0.31", "−1.00"."""
    return f"{'−' if value <= -0.005 else '+'}{abs(value):.2f}"
