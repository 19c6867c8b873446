"""The policy: what is seen, the task and perhaps what is held, to the rows that come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.action_space import ActionSpace, HeadKind
from training.errors import TrainingError
from training.idm.balance import ClassBalance
from training.policy.coding import ActionCoding
from training.policy.config import Buttons, EncoderKind, HeadChoice, PolicyConfig
from training.policy.encoder import ConvEncoder, Encoder, Overall, Tokens
from training.policy.flow import FlowHead, walk
from training.policy.reading import BUTTONS, ChunkReader, read_heads

UNTOLD = 0
"""The number of no task; the tasks of a model count from 1."""

_KEYS = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True)
class PolicyOutput:
    """What a policy says of a batch of clips.

    Attributes:
        way: float32[B, K, C, F] of the flow head: from noise to the chunk, over the model's `flowing` values.
        read: float32[B, C, n] of what is read without noise (`reading.ReadHead` says what stands where).
    """

    way: Tensor | None
    read: Tensor


class PolicyModel(nn.Module):
    """The model of a config and an action space.

    Args:
        config: its shape.
        space: what it presses.
        tasks: how many it knows.
        balance: how often things are done, from which first guesses come; None for one whose weights are loaded.
        vision: the shape of a SigLIP encoder whose weights are loaded.

    Raises:
        TrainingError: the config is not one of a policy for this action space.
    """

    def __init__(
        self,
        config: PolicyConfig,
        space: ActionSpace,
        *,
        tasks: int,
        balance: ClassBalance | None = None,
        vision: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        config.check()
        self.config, self.space = config, space
        self.flowing = _flowing(config, space)
        self.reads = read_heads(space)
        self.pressed_as_read = tuple(one for one in self.reads if not set(one.head.places) <= set(self.flowing))
        self.coding = ActionCoding(space, balance)
        self.encoder: Encoder = _encoder(config, vision)
        self.overall = Overall(self.encoder, config)
        self.tasks = nn.Embedding(tasks + 1, config.width)
        nn.init.normal_(self.tasks.weight, std=0.02)
        self.held = nn.Linear(space.width + 1, config.width) if config.held_dropout < 1 else None
        self.tokens = Tokens(self.encoder, config) if self.flowing else None
        self.flow = FlowHead(config, len(self.flowing)) if self.flowing else None
        self.reader = ChunkReader(config, self.reads, balance)

    @property
    def vision_document(self) -> dict[str, Any] | None:
        """The shape of its SigLIP encoder, JSON; None where it has another."""
        return getattr(self.encoder, "document", None)

    @property
    def looks_at_held(self) -> bool:
        """Whether it wants to know what is held at the last picture."""
        return self.held is not None

    def forward(
        self, seen: Tensor, task: Tensor, held: Tensor, noisy: Tensor | None = None, time: Tensor | None = None
    ) -> PolicyOutput:
        """What training needs.

        Args:
            seen: uint8[B, history, H, W, 3], or what the encoder made of them: float[B, history, cells, channels].
            task: int64[B], `UNTOLD` or a task's number.
            held: float32[B, A + 1], coded, and whether it is told (1) or not (0, and all else 0).
            noisy: float32[B, K, C, F], where the flow head looks for the way.
            time: float32[B, K].
        """
        tokens, whole = self.look(seen, task, held)
        way = None
        if self.flow is not None and tokens is not None and noisy is not None and time is not None:
            way = self.flow(noisy, time, tokens, whole)
        return PolicyOutput(way=way, read=self.reader(whole))

    def look(self, seen: Tensor, task: Tensor, held: Tensor) -> tuple[Tensor | None, Tensor]:
        """The scene: tokens [B, N, width] for the flow head, and all that is known in one [B, width]."""
        features = self.encoder(seen) if seen.dtype == torch.uint8 else seen.float()
        whole = self.overall(features) + self.tasks(task)
        whole = whole if self.held is None else whole + self.held(held)
        return None if self.tokens is None else self.tokens(features), self.reader.think(whole)

    def tell_held(self, rows: Tensor, told: Tensor) -> Tensor:
        """What is held as `forward` takes it. Args: rows: float32[B, A], of the dataset; told: bool[B]."""
        coded = torch.cat((self.coding.encode(rows), torch.ones_like(rows[:, :1])), -1)
        return torch.where(told.unsqueeze(-1), coded, torch.zeros_like(coded))

    def chunk(self, pictures: Tensor, task: Tensor, held: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Act.

        Args:
            pictures, task, held: as `forward` has them.
            noise: float32[B, C, A].

        Returns:
            The rows [B, C, A] in the dataset's units, and the confidence [B, C, H] of each head.
        """
        tokens, whole = self.look(pictures, task, held)
        coded = torch.zeros(*noise.shape, device=noise.device)
        sure = torch.ones_like(coded)
        if self.flow is not None and tokens is not None:
            places = list(self.flowing)
            found, halfway = walk(self.flow, noise[..., places], tokens, whole, self.config.steps)
            coded[..., places] = found
            sure[..., places] = 1 - (found - halfway).abs()
            for place in self.space.places_of(*BUTTONS):  # and far from where a button is cut
                sure[..., place] *= coded[..., place].abs().clamp(max=1)
        confidence = torch.stack([sure[..., list(head.places)].amin(-1) for head in self.space.heads], -1)
        if self.pressed_as_read:
            self._take_read(self.reader(whole), coded, confidence)
        return self.coding.decode(coded), confidence.clamp(0, 1)

    def _take_read(self, read: Tensor, coded: Tensor, confidence: Tensor) -> None:
        """Put what was read into its places."""
        numbers = {head.name: number for number, head in enumerate(self.space.heads)}
        for one in self.pressed_as_read:
            logits, places = read[..., one.span], list(one.head.places)
            if one.head.kind is HeadKind.CATEGORICAL:
                shares = logits.softmax(-1)
                sure, chosen = shares.max(-1)
                held = nn.functional.one_hot(chosen, len(places) + 1)[..., :-1].float() * 2 - 1
                coded[..., places] = torch.where(logits.isnan().any(-1, keepdim=True), torch.nan, held)
                confidence[..., numbers[one.head.name]] = sure
            elif one.head.kind is HeadKind.DIGITAL:
                shares = logits.sigmoid()
                coded[..., places] = shares * 2 - 1
                confidence[..., numbers[one.head.name]] = torch.maximum(shares, 1 - shares).amin(-1)
            else:
                coded[..., places] = logits


def chunk_noise(seeds: Sequence[int], chunk: int, width: int) -> Tensor:
    """The noise that chunks are made of, float32[B, C, A]: each by its seed alone, on every device alike.

    Row k of a seed's chunk is drawn by seed + k. Who counts the seed on with the frames so has the same noise for the
    same frame in all chunks that are about it, and at a fork is not of another mind with every chunk.
    """
    rows = [[_noise_of_row(seed + row, width) for row in range(chunk)] for seed in seeds]
    return torch.from_numpy(np.array(rows, np.float32))


def _noise_of_row(seed: int, width: int) -> NDArray[np.float32]:
    return np.random.Generator(np.random.Philox(key=seed & _KEYS)).standard_normal(width, np.float32)


def _encoder(config: PolicyConfig, vision: Mapping[str, Any] | None) -> Any:
    if config.encoder.kind is EncoderKind.conv:
        return ConvEncoder(config)
    from training.policy.siglip import SiglipEncoder  # the transformers library takes seconds to import

    return SiglipEncoder(config, vision)


def _flowing(config: PolicyConfig, space: ActionSpace) -> tuple[int, ...]:
    """The values of a row that the flow head makes."""
    if config.head is HeadChoice.bc:
        return ()
    if config.buttons is Buttons.flow:
        return tuple(range(space.width))
    buttons = space.places_of(*BUTTONS)
    rest = tuple(place for place in range(space.width) if place not in buttons)
    if not rest or not buttons:
        what = "has buttons only, and none is left for the flow" if not rest else "has no buttons"
        raise TrainingError(
            f"model.buttons=bce: this game {what}", remedy="Take model.buttons=flow, or the baseline: head=bc"
        )
    return rest
