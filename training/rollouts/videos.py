"""Rollouts to look at: an episode of a policy played again from its rows, with what it held drawn beside it.

Games give the same pictures for the same seed and the same controls, so no policy is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Image, action_of
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.row_hands import RowHands
from playloom.environments.spec import Platform
from playloom.output_files import output_file
from playloom.preview import theme
from playloom.preview.keyboard_drawing import draw_keyboard
from playloom.preview.pad_drawing import draw_pad
from training.rollouts.settings import GameSettings

HEIGHT, PANEL_WIDTH, MARGIN = 384, 300, 16
CRF = "24"
LONGEST_S = 60.0
HELD = 0.5
BAR_HEIGHT = 14


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """An episode that is drawn.

    Attributes:
        game: how it was set up.
        seed: of the game.
        names: of a row's values.
        rows: float32[steps, actions], what was held.
        title: who plays.
    """

    game: GameSettings
    seed: int
    names: tuple[str, ...]
    rows: NDArray[np.float32]
    title: str


def write_rollout(rollout: Rollout, path: Path, *, longest_s: float = LONGEST_S) -> float:
    """Draw an episode as an H.264 mp4 at the game's own speed.

    Args:
        rollout: what is drawn.
        path: of the video; one that is there is replaced.
        longest_s: what comes behind it is left out of the video.

    Returns:
        The score that the episode has come to, whole: what was kept of it says the same, or it was not played so.

    Raises:
        OutputError: it cannot be written.
    """
    environment = make_environment(find_game(rollout.game.environment), rollout.game.of_episode(rollout.seed))
    try:
        spec = environment.spec
        preset = load_preset(spec, rollout.game.preset_files)
        hands = RowHands(environment, preset, rollout.game.device, rollout.names)
        is_pad = spec.platform is Platform.COURIER or rollout.game.device is InputDevice.GAMEPAD
        keys = frozenset(key for controls in preset.actions.values() for key in controls.keys[:1])
        rate = Fraction(spec.steps_per_second).limit_denominator(1001)
        drawing = _Drawing(rollout, (spec.width, spec.height), frozenset() if is_pad else keys)
        score = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            output_file(path, force=True) as partial,
            av.open(str(partial), "w", options={"movflags": "+faststart"}) as container,
        ):
            stream = container.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "veryfast"})
            stream.width, stream.height = drawing.size
            stream.pix_fmt = "yuv420p"
            image: Image | None = environment.reset()
            for number, row in enumerate(rollout.rows):
                held = hands.hold(row)
                if number < longest_s * spec.steps_per_second and image is not None:
                    frame = av.VideoFrame.from_ndarray(drawing.draw(image, row, held, number / rate, score), "rgb24")
                    frame.pts, frame.time_base = number, 1 / rate
                    container.mux(stream.encode(frame))
                result = environment.step(action_of(environment, held, preset.actions_of(held)))
                score += result.reward
                image = result.image
            container.mux(stream.encode(None))
    finally:
        environment.close()
    return score


class _Drawing:
    """The game's picture, and beside it the controls and the actions."""

    def __init__(self, rollout: Rollout, game_size: tuple[int, int], keys: frozenset[int]) -> None:
        self._rollout, self._keys = rollout, keys
        factor = max(1, HEIGHT // game_size[1]) if game_size[1] <= HEIGHT else HEIGHT / game_size[1]
        self._game_size = (round(game_size[0] * factor), round(game_size[1] * factor))
        height = max(HEIGHT, self._game_size[1]) + 2 * MARGIN
        width = self._game_size[0] + PANEL_WIDTH + 3 * MARGIN
        self.size = (width + width % 2, height + height % 2)

    def draw(
        self, image: Image, row: NDArray[np.float32], held: HeldControls, time_s: Fraction, score: float
    ) -> NDArray[np.uint8]:
        """uint8[height, width, 3]."""
        canvas = Picture.new("RGB", self.size, theme.BACKGROUND)
        grown = self._game_size[1] >= image.shape[0]
        game = Picture.fromarray(image).resize(
            self._game_size, Picture.Resampling.NEAREST if grown else Picture.Resampling.BOX
        )
        canvas.paste(game, (MARGIN, (self.size[1] - self._game_size[1]) // 2))
        draw = ImageDraw.Draw(canvas)
        left = self._game_size[0] + 2 * MARGIN
        big, small = theme.font(15, bold=True), theme.font(12)
        draw.text((left, MARGIN), theme.fitted(self._rollout.title, big, PANEL_WIDTH), theme.TEXT, big)
        told = f"seed {self._rollout.seed}   {float(time_s):.1f} s   score {score:g}"
        draw.text((left, MARGIN + 22), theme.fitted(told, small, PANEL_WIDTH), theme.MUTED, small)
        controls = self._controls(held)
        canvas.paste(controls, (left, MARGIN + 46), controls)
        self._draw_actions(draw, row, left, MARGIN + 46 + controls.height + 10)
        return np.asarray(canvas)

    def _controls(self, held: HeldControls) -> Picture.Image:
        if self._keys:
            return draw_keyboard(self._keys, held.keys, PANEL_WIDTH, 130)
        mask = sum(1 << button for button in held.buttons)
        return draw_pad(mask, held.axes, PANEL_WIDTH * 2 // 3)

    def _draw_actions(self, draw: ImageDraw.ImageDraw, row: NDArray[np.float32], left: int, top: int) -> None:
        """A bar for each value of the row: from the middle for what has two sides."""
        face = theme.font(11)
        room = self.size[1] - MARGIN - top
        step = min(BAR_HEIGHT + 4, max(4, room // max(1, len(row))))
        name_width = 90
        for place, (name, value) in enumerate(zip(self._rollout.names, row.tolist(), strict=True)):
            y = top + place * step
            lit = abs(value) >= HELD
            if step >= BAR_HEIGHT:
                draw.text((left, y), theme.fitted(name, face, name_width), theme.TEXT if lit else theme.MUTED, face)
            begin, end = left + name_width + 8, left + PANEL_WIDTH
            draw.rectangle((begin, y + 2, end, y + step - 3), theme.RAISED)
            two_sided = name.endswith((".x", ".y"))
            zero = (begin + end) / 2 if two_sided else begin
            reach = (end - begin) / 2 if two_sided else end - begin
            to = zero + max(-1.0, min(1.0, value)) * reach
            if to != zero:
                draw.rectangle((min(zero, to), y + 2, max(zero, to), y + step - 3), theme.ACCENT)


def chosen_episodes(scores: dict[int, float]) -> Iterator[tuple[str, int]]:
    """Which episodes are drawn: the best, the one in the middle, the worst; each seed once."""
    by_score: Sequence[int] = sorted(scores, key=lambda seed: (scores[seed], -seed))
    chosen = {"best": by_score[-1], "median": by_score[(len(by_score) - 1) // 2], "worst": by_score[0]}
    taken: set[int] = set()
    for which, seed in chosen.items():
        if seed not in taken:
            taken.add(seed)
            yield which, seed
