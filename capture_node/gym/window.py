"""The window that people play in, and in which recordings are shown again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from playloom.errors import PlayloomError

BAR_HEIGHT = 30
MARGIN = 24
LARGEST_PART_OF_SCREEN = 0.85
BACKGROUND, INK, DIM_INK, ACCENT = (18, 20, 26), (235, 238, 244), (150, 156, 170), (255, 196, 64)
UNSEEN_DRIVERS = ("dummy", "offscreen")
"""Where SDL finds no screen it may take one of these and draw for nobody; that is meant only where it was asked for."""
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "SDL_VIDEODRIVER")
"""One of these says where windows go, or that they go nowhere."""

RECORDING_RED = (232, 62, 62)


class GameWindow:
    """A window with the game's picture and a line below it; a context manager.

    Args:
        title: of the window.
        width, height: of the game's picture, in pixels.
        aspect: its shape on the screen, width over height (a console's pixels are not square); None for the picture's.

    Raises:
        PlayloomError: there is no screen to open it on.
    """

    def __init__(self, title: str, width: int, height: int, *, aspect: float | None = None) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
        if sys.platform == "linux" and not any(os.environ.get(name) for name in _SCREENS):
            raise self._no_window("there is no screen")  # a library that SDL asks would print as much beside it
        import pygame

        try:
            pygame.display.init()
            if pygame.display.get_driver() in UNSEEN_DRIVERS and not os.environ.get("SDL_VIDEODRIVER"):
                raise self._no_window("there is no screen")
            size = self._size(width, height, aspect or width / height)
            pygame.display.set_caption(title)
            self._screen = pygame.display.set_mode((size[0], size[1] + BAR_HEIGHT), pygame.RESIZABLE)
        except pygame.error as error:
            raise self._no_window(str(error)) from error
        self._aspect = size[0] / size[1]
        pygame.font.init()
        pygame.key.set_repeat()
        self._fonts: dict[tuple[int, bool], Any] = {}
        self._next_ns = 0

    @staticmethod
    def _no_window(problem: str) -> PlayloomError:
        return PlayloomError(
            f"no window can be opened: {problem}",
            remedy="Run this on a desktop, or play without a window: --headless --agent random",
        )

    @staticmethod
    def _size(width: int, height: int, aspect: float) -> tuple[int, int]:
        import pygame

        desktop = pygame.display.get_desktop_sizes()[0]
        room = (desktop[0] * LARGEST_PART_OF_SCREEN, desktop[1] * LARGEST_PART_OF_SCREEN - BAR_HEIGHT)
        wished = max(480, height)
        if wished > height:
            wished = max(height, height * round(600 / height))
        scale = min(1.0, room[0] / (wished * aspect), room[1] / wished)
        return max(160, round(wished * aspect * scale)), max(120, round(wished * scale))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        import pygame

        pygame.quit()

    def events(self) -> Sequence[Any]:
        """What has happened since the last call."""
        import pygame

        return pygame.event.get()

    def wait_for_tick(self, fps: float) -> None:
        """Sleep until the next picture is due; after a stall the beat starts anew and nothing is hurried."""
        period_ns = round(1e9 / fps)
        now_ns = time.monotonic_ns()
        self._next_ns += period_ns
        if now_ns - self._next_ns > 3 * period_ns or self._next_ns - now_ns > 3 * period_ns:
            self._next_ns = now_ns + period_ns
        if self._next_ns > now_ns:
            time.sleep((self._next_ns - now_ns) / 1e9)

    def show(self, image: NDArray[np.uint8], line: str, *, recording: bool = False) -> None:
        """Draw a picture, uint8[h, w, 3], and the line of text below it."""
        import pygame

        self._screen.fill(BACKGROUND)
        self._draw_picture(image)
        bar = self._screen.get_rect()
        bar.top, bar.height = bar.bottom - BAR_HEIGHT, BAR_HEIGHT
        left = 12
        if recording:
            pygame.draw.circle(self._screen, RECORDING_RED, (18, bar.centery), 6)
            left = 34
        text = self._text(line, 17, INK)
        self._screen.blit(text, (left, bar.centery - text.get_height() // 2))
        pygame.display.flip()

    def show_page(
        self, image: NDArray[np.uint8], title: str, subtitle: str, table: Sequence[tuple[str, str]], call: str
    ) -> None:
        """Draw a page over the darkened picture: a title, a table of two columns, and what to press."""
        import pygame

        self._screen.fill(BACKGROUND)
        self._draw_picture(image)
        width, height = self._screen.get_size()
        veil = pygame.Surface((width, height), pygame.SRCALPHA)
        veil.fill((*BACKGROUND, 225))
        self._screen.blit(veil, (0, 0))
        unit = max(13, min(22, width // 36, (height - 140) // max(4, len(table) + 4)))
        top = MARGIN
        for text, size, ink, bold in ((title, unit * 2, INK, True), (subtitle, unit, DIM_INK, False)):
            drawn = self._text(text, size, ink, bold=bold)
            self._screen.blit(drawn, (MARGIN, top))
            top += drawn.get_height() + 6
        top += unit // 2
        names = [self._text(name, unit, ACCENT) for name, _ in table]
        indent = MARGIN + max((name.get_width() for name in names), default=0) + 2 * unit
        for name, (_, meaning) in zip(names, table, strict=True):
            self._screen.blit(name, (MARGIN, top))
            self._screen.blit(self._text(meaning, unit, INK), (indent, top))
            top += name.get_height() + 4
        drawn = self._text(call, round(unit * 1.25), ACCENT, bold=True)
        self._screen.blit(drawn, (MARGIN, height - MARGIN - drawn.get_height()))
        pygame.display.flip()

    def _draw_picture(self, image: NDArray[np.uint8]) -> None:
        import pygame

        room_width, room_height = self._screen.get_width(), self._screen.get_height() - BAR_HEIGHT
        width = min(room_width, round(room_height * self._aspect))
        height = min(room_height, round(width / self._aspect))
        picture = np.ascontiguousarray(image)
        surface = pygame.image.frombuffer(picture, (picture.shape[1], picture.shape[0]), "RGB")
        scaled = pygame.transform.scale(surface, (max(1, width), max(1, height)))
        self._screen.blit(scaled, ((room_width - width) // 2, (room_height - height) // 2))

    def _text(self, text: str, size: int, ink: tuple[int, int, int], *, bold: bool = False) -> Any:
        import pygame

        font = self._fonts.get((size, bold))
        if font is None:
            font = pygame.font.Font(None, round(size * 1.35))
            font.set_bold(bold)
            self._fonts[size, bold] = font
        return font.render(text, True, ink)
