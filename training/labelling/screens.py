"""What menus and loading screens look like, learned from a few pictures or spans that a person has marked.

Nobody writes down in general what a menu is, but whoever labels videos of a game can show one. A small network sees
pictures at 32 by 32 and keeps where things are, because what menus have in common is their layout. Marked play is
welcome and not asked for: pictures taken at random from the videos stand in for it, and those among them that turn out
to look like what was marked are taken out again before it learns for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from playloom.errors import DefinitionError, PlayloomError
from playloom.yaml_files import did_you_mean, load_yaml
from training.data.picture import PictureScaler
from training.errors import TrainingError
from training.labelling.frames import decoded_frames
from training.labelling.masks import Box, black_out
from training.labelling.sources import VIDEO_SUFFIXES, index_source

KINDS = ("play", "menu", "loading")
SIDE = 32
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
MOST_OF_A_SPAN = 240
"""Pictures taken of one span or clip, evenly."""

ENOUGH_PLAY = 100
"""With so much play marked no pictures are taken at random."""

RANDOM_PICTURES = 300
_BATCH, _RATE, _DECAY = 64, 2e-3, 1e-2
_LOOKS_MARKED = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Marked pictures: uint8[n, 32, 32, 3] and int64[n], places in `KINDS`; and pictures that nobody has marked."""

    pictures: NDArray[np.uint8]
    kinds: NDArray[np.int64]
    unmarked: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Part of a video, or a picture, that shows one kind of screen.

    Attributes:
        path: the file.
        kind: a place in `KINDS`.
        from_s, to_s: of a video; None: all of it.
    """

    path: Path
    kind: int
    from_s: float | None = None
    to_s: float | None = None


def find_spans(where: Path) -> list[Span]:
    """What a person has marked: directories called after `KINDS`, or YAML with a list of spans under each.

    Raises:
        PlayloomError: nothing is marked, or it is not clear what.
    """
    spans = _in_directories(where) if where.is_dir() else _in_yaml(where)
    marked = {span.kind for span in spans}
    if not marked - {0}:
        raise PlayloomError(
            f"'{where}' shows neither menus nor loading screens",
            remedy="Put pictures or clips into its directories 'menu' and 'loading', and of play into 'play'",
        )
    return spans


def _in_directories(where: Path) -> list[Span]:
    spans: list[Span] = []
    for directory in sorted(path for path in where.iterdir() if path.is_dir() and not path.name.startswith(".")):
        kind = _kind(directory.name, where)
        for path in sorted(directory.rglob("*")):
            if path.suffix.lower() in (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES):
                spans.append(Span(path=path, kind=kind))
    return spans


def _in_yaml(where: Path) -> list[Span]:
    spans: list[Span] = []
    for name, listed in load_yaml(where).mapping().items():
        kind = _kind(name, where)
        for said in listed.items():
            begin, end = (None if (value := said.get(key)) is None else value.number() for key in ("from_s", "to_s"))
            if (begin or 0) < 0 or (end is not None and end <= (begin or 0)):
                raise said.error(f"ends at {end or 0:g} s and begins at {begin or 0:g} s")
            spans.append(Span(path=where.parent / said.require("path").text(), kind=kind, from_s=begin, to_s=end))
    return spans


def _kind(name: str, where: Path) -> int:
    if name not in KINDS:
        raise PlayloomError(f"'{where}' marks '{name}', which is no kind of screen", remedy=did_you_mean(name, KINDS))
    return KINDS.index(name)


def read_examples(
    spans: Sequence[Span], videos: Sequence[Path], size: tuple[int, int], masks: Sequence[Box], seed: int = 0
) -> Examples:
    """The marked pictures, scaled and masked as those that the model sees.

    Args:
        spans: what is marked.
        videos: what is to be labelled: pictures nobody has marked are taken of them.
        size: (width, height) of the model's pictures.
        masks: what is made black.
        seed: of the random choice.

    Raises:
        PlayloomError: a file cannot be read.
    """
    pictures: list[NDArray[np.uint8]] = []
    kinds: list[int] = []
    for span in spans:
        for picture in _pictures(span, size):
            pictures.append(picture)
            kinds.append(span.kind)
    if not pictures:
        raise PlayloomError("What is marked as menus or loading screens holds no pictures")
    unmarked: list[NDArray[np.uint8]] = []
    if kinds.count(0) < ENOUGH_PLAY and videos:
        unmarked += _random_pictures(videos, size, np.random.default_rng(seed))
    return Examples(
        pictures=_small(np.stack(pictures), masks),
        kinds=np.array(kinds, np.int64),
        unmarked=_small(np.stack(unmarked), masks) if unmarked else np.zeros((0, SIDE, SIDE, 3), np.uint8),
    )


def _pictures(span: Span, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    scaler = PictureScaler(size)
    if span.path.suffix.lower() in PICTURE_SUFFIXES:
        from PIL import Image

        try:
            with Image.open(span.path) as image:
                yield scaler(np.asarray(image.convert("RGB")))
        except (OSError, ValueError) as error:
            raise DefinitionError(span.path, f"cannot be read as a picture: {error}") from error
        return
    index = index_source(span.path)
    times_s = (index.presentation_ns - index.presentation_ns[0]) / 1e9
    first = int(np.searchsorted(times_s, span.from_s or 0.0))
    stop = len(times_s) if span.to_s is None else int(np.searchsorted(times_s, span.to_s))
    if first >= stop:
        raise DefinitionError(span.path, f"has no frames from {span.from_s or 0:g} s to {span.to_s or 0:g} s")
    wanted = set(np.linspace(first, stop - 1, min(MOST_OF_A_SPAN, stop - first)).round().astype(int).tolist())
    for number, frame in decoded_frames(index, first, stop - 1):
        if number in wanted:
            yield scaler(frame)


def _random_pictures(
    videos: Sequence[Path], size: tuple[int, int], random: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """Pictures from all over the videos, evenly, by seeking."""
    scaler = PictureScaler(size)
    chosen = [videos[place] for place in random.permutation(len(videos))[:8].tolist()]
    for path in chosen:
        try:
            index = index_source(path)
            runs = max(1, RANDOM_PICTURES // len(chosen) // 10)
            for start in random.integers(0, max(1, index.frames - 60), runs).tolist():
                for number, frame in decoded_frames(index, start, min(start + 59, index.frames - 1)):
                    if (number - start) % 6 == 0:
                        yield scaler(frame)
        except PlayloomError:
            continue  # a video that cannot be read is told of where it is labelled


def _small(pictures: NDArray[np.uint8], masks: Sequence[Box]) -> NDArray[np.uint8]:
    black_out(pictures, masks)
    return _pooled(torch.from_numpy(pictures)).mul(255).round().byte().permute(0, 2, 3, 1).numpy()


def _pooled(pictures: Tensor) -> Tensor:
    """float32[n, 3, 32, 32] from 0 to 1, of uint8[n, height, width, 3]."""
    return functional.interpolate(pictures.permute(0, 3, 1, 2).float() / 255, (SIDE, SIDE), mode="area")


class ScreenNet(nn.Module):
    """Tells play, menus and loading screens from one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 12, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * (SIDE // 8) ** 2, len(KINDS)),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits float32[n, 3] of pictures float32[n, 3, 32, 32] from 0 to 1."""
        return self.layers(pictures - 0.5)

    @torch.no_grad()
    def probabilities(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(menu, loading), float32[n] each, of uint8[n, height, width, 3]."""
        shares = self(_pooled(torch.from_numpy(pictures))).softmax(-1).numpy()
        return shares[:, 1], shares[:, 2]


def train_screens(examples: Examples, steps: int, seed: int = 0) -> ScreenNet:
    """Learn what the examples show; the same examples and seed give the same network."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pictures, kinds = examples.pictures, examples.kinds
        unmarked = examples.unmarked
        if len(unmarked):
            first = _fit(pictures, kinds, unmarked, steps // 2)
            menu, loading = first.probabilities(unmarked)
            unmarked = unmarked[np.maximum(menu, loading) < _LOOKS_MARKED]
        return _fit(pictures, kinds, unmarked, steps)


def _fit(pictures: NDArray[np.uint8], kinds: NDArray[np.int64], unmarked: NDArray[np.uint8], steps: int) -> ScreenNet:
    everything = torch.from_numpy(np.concatenate([pictures, unmarked])).permute(0, 3, 1, 2).float() / 255
    targets = torch.from_numpy(np.concatenate([kinds, np.zeros(len(unmarked), np.int64)]))
    counts = torch.bincount(targets, minlength=len(KINDS)).clamp_min(1)
    weights = (1 / counts.float())[targets]
    weights[len(kinds) :] *= 0.5  # nobody has looked at these
    net = ScreenNet().train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    for _ in range(steps):
        chosen = torch.multinomial(weights, _BATCH, replacement=True)
        loss = functional.cross_entropy(net(_varied(everything[chosen])), targets[chosen], label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


def _varied(pictures: Tensor) -> Tensor:
    """Pictures as other scenes, screens and encoders would show them."""
    count = len(pictures)
    gain = 1 + 0.15 * torch.randn(count, 1, 1, 1)
    lift = 0.05 * torch.randn(count, 3, 1, 1)
    varied = pictures * gain + lift + 0.02 * torch.randn_like(pictures)
    across, down = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(varied, (down, across), (2, 3)).clamp(0, 1)


def save_screens(path: Path, net: ScreenNet) -> str:
    """Write a network as safetensors; returns the SHA-256 of the file."""
    from safetensors.torch import save

    content = save(net.state_dict(), {"playloom": json.dumps({"kind": "screens", "classes": KINDS})})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return hashlib.sha256(content).hexdigest()


def load_screens(path: Path) -> ScreenNet:
    """Read what `save_screens` wrote.

    Raises:
        TrainingError: it is not whole.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    net = ScreenNet()
    try:
        net.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise TrainingError(f"{path}: what screens look like cannot be read: {error}", remedy="Delete it") from error
    return net.eval()
