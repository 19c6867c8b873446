"""How large a policy is, what it looks at, and how it says what to press."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from training.errors import TrainingError

LONGEST_HISTORY = 32
LONGEST_CHUNK = 128
"""Rows. Seconds of play: who looks no oftener than that no longer plays, but recites."""


class EncoderKind(Enum):
    """What looks at the pictures."""

    conv = "conv"
    """A small convolutional network that sees all of them at once and learns with the rest."""
    siglip2 = "siglip2"
    """SigLIP 2's vision transformer, which sees each alone: of published weights, or small and unlearned."""


class HeadChoice(Enum):
    """What says what to press."""

    flow = "flow"
    """A diffusion transformer that makes whole chunks out of noise, by flow matching."""
    bc = "bc"
    """Plain behaviour cloning: the mean of sticks, the probability of buttons. The baseline."""
    act = "act"
    """LeRobot's ACT, for comparison."""
    diffusion = "diffusion"
    """LeRobot's diffusion policy, for comparison."""


LEROBOT_HEADS = (HeadChoice.act, HeadChoice.diffusion)


class Buttons(Enum):
    """How the flow head presses buttons."""

    flow = "flow"
    """With the sticks, as values that are cut in the middle: what is done together stays together."""
    bce = "bce"
    """Apart from them, each as a probability."""


@dataclass(kw_only=True)
class EncoderConfig:
    """The part that sees. Not frozen: Hydra refuses overrides of frozen ones.

    Attributes:
        kind: which.
        frozen: whether it stays as it is; then what it makes of each picture is computed once and kept on disk.
        weights: of siglip2: a directory or a name on the Hugging Face hub; none: a small one that has learned nothing.
        channels: of conv's stages; each has half the size of the one before.
        blocks: of conv: residual blocks a stage, from the third on.
        patch, width, layers, heads: of a siglip2 without weights: pixels of a patch's side, and its size.
        grid: of siglip2: its patches are averaged to so many a side.
    """

    kind: EncoderKind = EncoderKind.conv
    frozen: bool = False
    weights: str | None = None
    channels: list[int] = field(default_factory=lambda: [32, 64, 128])
    blocks: int = 1
    patch: int = 16
    width: int = 192
    layers: int = 4
    heads: int = 3
    grid: int = 4


@dataclass(kw_only=True)
class PolicyConfig:
    """The shape of a policy; a checkpoint's weights fit one of these. Not frozen: Hydra refuses overrides of those.

    Attributes:
        history: pictures that are looked at, the last one among them.
        picture_width, picture_height: in pixels.
        chunk: rows that are said at once, from the frame after the last picture on.
        head: what says them.
        buttons: how the flow head presses buttons.
        encoder: what sees.
        width: of a token of the head.
        depth: layers of the flow head, or of the baseline's network.
        heads: of its attention.
        dropout: share of what its layers add that is left out in training.
        steps: from noise to a chunk, when the flow head acts.
        draws: chunks of noise that are learned from for each clip: seeing costs most, and is done once for all.
        task_dropout: share of clips in training of which the task is not told, so that none needs to be at play.
        held_dropout: share of clips in training of which it is not told what is held at the last picture. At 1 it is
            never told, which is best unless the game cannot be played so: the row before is nearly always right, and
            a policy that sees it learns to repeat it instead of looking (de Haan et al., "Causal confusion", 2019).
        still_dropout: share of clips in training whose earlier pictures are replaced by the last one, as at the
            beginning of play, when there are none.
        balance: how much rare buttons count where buttons are probabilities: 0 as often as they are seen, 1 as much as
            common ones.
    """

    history: int = 3
    picture_width: int = 64
    picture_height: int = 64
    chunk: int = 8
    head: HeadChoice = HeadChoice.flow
    buttons: Buttons = Buttons.flow
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    width: int = 128
    depth: int = 2
    heads: int = 4
    dropout: float = 0.0
    steps: int = 8
    draws: int = 4
    task_dropout: float = 0.1
    held_dropout: float = 1.0
    still_dropout: float = 0.05
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
        for holds, problem, remedy in (*self._rules(), *self._encoder_rules()):
            if not holds:
                raise TrainingError(f"the policy's {problem}", remedy=remedy)

    def _rules(self) -> Iterator[tuple[bool, str, str]]:
        shares = {"dropout": self.dropout, "balance": self.balance, "task_dropout": self.task_dropout}
        shares |= {"held_dropout": self.held_dropout, "still_dropout": self.still_dropout}
        yield 1 <= self.history <= LONGEST_HISTORY, f"history is {self.history}", f"Choose 1 to {LONGEST_HISTORY}"
        yield 1 <= self.chunk <= LONGEST_CHUNK, f"chunk is {self.chunk}", f"Choose 1 to {LONGEST_CHUNK} rows"
        yield 1 <= self.steps <= 1000, f"steps is {self.steps}", "Choose 1 to 1000"
        yield 1 <= self.draws <= 64, f"draws is {self.draws}", "Choose 1 to 64"
        yield 1 <= self.depth <= 64, f"depth is {self.depth}", "Choose 1 to 64"
        yield (
            self.heads >= 1 and self.width >= 1 and self.width % (2 * self.heads) == 0,
            f"width of {self.width} cannot be shared by {self.heads} heads",
            "Choose a width that is a multiple of twice the heads",
        )
        yield self.dropout < 1, f"dropout is {self.dropout}", "Choose 0 to below 1"
        for name, share in shares.items():
            yield 0 <= share <= 1, f"{name} is {share}", "Choose 0 to 1"
        yield (
            all(8 <= side <= 1024 for side in self.picture_size),
            f"pictures are {self.picture_width}x{self.picture_height}",
            "Choose 8 to 1024 pixels a side",
        )

    def _encoder_rules(self) -> Iterator[tuple[bool, str, str]]:
        encoder = self.encoder
        if self.head in LEROBOT_HEADS:
            yield (
                encoder.kind is EncoderKind.conv and not encoder.frozen,
                "head is LeRobot's, which sees by a network of its own",
                "Leave out model.encoder.*, but for weights",
            )
            yield (
                self.head is HeadChoice.act or self.width % 8 == 0,
                f"width is {self.width}, and the diffusion policy divides it by 8",
                "Choose a multiple of 8",
            )
            return
        if encoder.kind is EncoderKind.conv:
            shrunk = 2 ** len(encoder.channels)
            yield (
                bool(encoder.channels) and min(encoder.channels, default=0) > 0,
                f"channels are {list(encoder.channels)}",
                "Give at least one stage, such as [32, 64, 128]",
            )
            yield (
                all(side % shrunk == 0 for side in self.picture_size),
                f"pictures of {self.picture_width}x{self.picture_height} cannot be halved so often",
                f"Choose multiples of {shrunk}, or fewer than {len(encoder.channels)} stages",
            )
            yield encoder.blocks >= 0, f"blocks is {encoder.blocks}", "Choose 0 or more"
            yield (
                not encoder.frozen,
                "encoder is conv and frozen: it has learned nothing yet",
                "Take model.encoder.kind=siglip2 with model.encoder.weights=…, or let it learn",
            )
            yield (
                encoder.weights is None,
                "encoder is conv, of which there are no published weights",
                "Take model.encoder.kind=siglip2, or leave model.encoder.weights out",
            )
            return
        yield 1 <= encoder.grid <= 64, f"encoder.grid is {encoder.grid}", "Choose 1 to 64"
        if encoder.weights is None:
            yield (
                encoder.patch >= 1 and all(side % encoder.patch == 0 for side in self.picture_size),
                f"pictures of {self.picture_width}x{self.picture_height} have no whole patches of {encoder.patch}",
                "Choose multiples of model.encoder.patch",
            )
            yield (
                encoder.heads >= 1 and encoder.width >= 1 and encoder.width % encoder.heads == 0,
                f"encoder.width of {encoder.width} cannot be shared by {encoder.heads} heads",
                "Choose a multiple",
            )
            yield encoder.layers >= 1, f"encoder.layers is {encoder.layers}", "Choose 1 or more"


PRESETS = {
    "debug": PolicyConfig(
        history=2, picture_width=32, picture_height=32, chunk=4, width=32, depth=1, heads=2, steps=4, draws=2,
        encoder=EncoderConfig(channels=[8, 16], width=32, layers=1, heads=2, grid=2),
    ),
    "cpu": PolicyConfig(),
    "h100": PolicyConfig(
        history=2, picture_width=256, picture_height=256, chunk=16, width=1024, depth=12, heads=16, dropout=0.1,
        steps=16,
        encoder=EncoderConfig(
            channels=[64, 128, 256, 512, 512], blocks=2, width=768, layers=12, heads=12, grid=8,
        ),
    ),
}  # fmt: skip
"""Sizes by the machine that they are for: a test, two CPU cores within half an hour, a data centre's GPU."""
