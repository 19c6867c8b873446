"""What one may choose about an environment; what is left None is the game's own default."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playloom.environments.spec import EnvironmentSpec
from playloom.errors import PlayloomError

LONGEST_FRAME_SKIP = 60
LARGEST_SIDE_PIXELS = 4096


class EnvironmentChoiceError(PlayloomError):
    """The environment asked for does not exist, cannot run here, or does not have the setting asked for."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings:
    """How to set an environment up.

    Attributes:
        seed: 0 to 2**31 - 1.
        frame_skip: emulated frames a step.
        sticky_action_probability: the chance that a frame repeats the last action (Atari).
        mode: the game's mode (Atari, Courier).
        difficulty: the game's difficulty (Atari) or the skill, 1 to 5 (VizDoom).
        state: the saved state to start from (retro).
        size: width and height of the picture in pixels (VizDoom, Courier).
    """

    seed: int
    frame_skip: int = 1
    sticky_action_probability: float | None = None
    mode: int | None = None
    difficulty: int | None = None
    state: str | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**31:
            raise EnvironmentChoiceError(
                f"the seed {self.seed} is out of range", remedy="Choose one from 0 to 2**31 - 1"
            )
        if not 1 <= self.frame_skip <= LONGEST_FRAME_SKIP:
            raise EnvironmentChoiceError(
                f"a frame skip of {self.frame_skip} is out of range",
                remedy=f"Choose one from 1 to {LONGEST_FRAME_SKIP}",
            )
        sticky = self.sticky_action_probability
        if sticky is not None and not 0.0 <= sticky < 1.0:
            raise EnvironmentChoiceError(
                f"a sticky action probability of {sticky:g} is out of range", remedy="Choose one from 0 to below 1"
            )
        if self.size is not None and not all(1 <= side <= LARGEST_SIDE_PIXELS for side in self.size):
            raise EnvironmentChoiceError(
                f"a picture of {self.size[0]}x{self.size[1]} is out of range",
                remedy=f"Choose sides from 1 to {LARGEST_SIDE_PIXELS} pixels",
            )

    @classmethod
    def of(cls, spec: EnvironmentSpec) -> EnvironmentSettings:
        """The settings that make the environment of ``spec`` again."""
        return cls(
            seed=spec.seed,
            frame_skip=spec.frame_skip,
            sticky_action_probability=spec.sticky_action_probability or None,
            mode=spec.mode,
            difficulty=spec.difficulty,
            state=spec.state,
            size=(spec.width, spec.height) if spec.platform in ("vizdoom", "courier") else None,
        )

    def refuse(self, platform: str, **settings: str) -> None:
        """Raise if any of the named settings was chosen: ``platform`` does not have it.

        Args:
            platform: as a person writes it.
            settings: by attribute name, who has it instead, as a person writes it.
        """
        for name, owner in settings.items():
            if getattr(self, name) is not None:
                raise EnvironmentChoiceError(
                    f"{platform} has no setting '{name.replace('_', ' ')}'", remedy=f"Leave it out; it is {owner}"
                )


def parse_size(text: str) -> tuple[int, int]:
    """Width and height from ``WIDTHxHEIGHT``.

    Raises:
        EnvironmentChoiceError: it is not written so, or out of range.
    """
    match = re.fullmatch(r"(\d{1,5})\s*[xX×]\s*(\d{1,5})", text.strip())
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(1 <= side <= LARGEST_SIDE_PIXELS for side in size):
        raise EnvironmentChoiceError(f"'{text}' is not a picture size", remedy="Write it as in 640x480")
    return size
