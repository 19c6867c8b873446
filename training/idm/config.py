"""How large an inverse dynamics model is, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.errors import TrainingError

LONGEST_WINDOW = 32
"""Frames. A second of play: what a press does shows within it, or not at all."""


@dataclass(kw_only=True)
class IdmConfig:
    """The shape of a model; a checkpoint's weights fit one of these. Not frozen: Hydra refuses overrides of those.

    Attributes:
        window: frames of a clip, 2 to `LONGEST_WINDOW`. 2 is the plain pair.
        picture_width, picture_height: of the pictures that are looked at, in pixels.
        channels: of the encoder's stages; each has half the size of the one before.
        blocks: residual blocks a stage, from the third on.
        frame_differences: whether the encoder sees what changed since the frame before and until the next, and not
            just the next frame.
        shift_reach: how far the encoder compares neighbouring frames for things that moved, in pixels each way, and
            of pictures of half and quarter size, too; 0 compares nothing.
        width: of what is known of one frame when frames are put together.
        depth: layers of the transformer; 0 leaves each frame with what the encoder saw of its neighbours.
        heads: of its attention.
        dropout: share of what the transformer adds that is left out in training.
        bins: for a value between -1 and 1; odd, so that one of them is rest. A trigger has half as many.
        mouse_bins: for one direction of mouse motion; odd.
        balance: how much rare classes count: 0 as often as they are seen, 1 as much as common ones.
    """

    window: int = 8
    picture_width: int = 64
    picture_height: int = 64
    channels: list[int] = field(default_factory=lambda: [16, 32, 64, 96])
    blocks: int = 1
    frame_differences: bool = True
    shift_reach: int = 3
    width: int = 192
    depth: int = 2
    heads: int = 4
    dropout: float = 0.0
    bins: int = 21
    mouse_bins: int = 21
    balance: float = 0.5

    @property
    def picture_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.picture_width, self.picture_height

    def check(self) -> None:
        """Refuse what no model can be made of.

        Raises:
            TrainingError: a value is out of its range.
        """
        shrunk = 2 ** len(self.channels)
        sizes = (self.picture_width, self.picture_height)
        rules = (
            (2 <= self.window <= LONGEST_WINDOW, f"window is {self.window}", f"Choose 2 to {LONGEST_WINDOW} frames"),
            (
                bool(self.channels) and min(self.channels, default=0) > 0,
                f"channels are {list(self.channels)}",
                "Give at least one stage, such as [32, 64, 96, 128]",
            ),
            (
                all(0 < size <= 1024 and size % shrunk == 0 for size in sizes),
                f"pictures of {sizes[0]}x{sizes[1]} cannot be halved {len(self.channels)} times",
                f"Choose multiples of {shrunk} up to 1024",
            ),
            (self.blocks >= 1, f"blocks is {self.blocks}", "Choose 1 or more"),
            (0 <= self.shift_reach <= 8, f"shift_reach is {self.shift_reach}", "Choose 0 to 8"),
            (
                self.shift_reach == 0 or len(self.channels) >= 2,
                f"shift_reach is {self.shift_reach} and there is one stage",
                "Choose 0, or give two stages or more",
            ),
            (
                self.heads >= 1 and self.width >= 1 and self.width % self.heads == 0,
                f"a width of {self.width} cannot be shared by {self.heads} heads",
                "Choose a width that is a multiple of heads",
            ),
            (0 <= self.depth <= 48, f"depth is {self.depth}", "Choose 0 to 48"),
            (0 <= self.dropout < 1, f"dropout is {self.dropout}", "Choose 0 to below 1"),
            (0 <= self.balance <= 1, f"balance is {self.balance}", "Choose 0 to 1"),
            (self.bins >= 5 and self.bins % 4 == 1, f"bins is {self.bins}", "Choose 5, 9, 13, 17, 21, …"),
            (
                self.mouse_bins >= 5 and self.mouse_bins % 2 == 1,
                f"mouse_bins is {self.mouse_bins}",
                "Choose an odd number from 5",
            ),
        )
        for holds, problem, remedy in rules:
            if not holds:
                raise TrainingError(f"the model's {problem}" if "pictures" not in problem else problem, remedy=remedy)


PRESETS = {
    "debug": IdmConfig(
        window=4, picture_width=32, picture_height=32, channels=[8, 16], width=32, depth=1, heads=2,
        bins=9, mouse_bins=9,
    ),
    "cpu": IdmConfig(),
    "h100": IdmConfig(
        window=16, picture_width=128, picture_height=128, channels=[64, 128, 256, 512], blocks=3, shift_reach=4,
        width=768, depth=8, heads=12, dropout=0.1, bins=41, mouse_bins=41,
    ),
}  # fmt: skip
"""Sizes by the machine that they are for: a test, two CPU cores within half an hour, a data centre's GPU."""
