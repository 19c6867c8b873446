"""In which order clips come: shuffled so that pictures are decoded in long runs, once each, in bounded memory.

Clips are cut into *chunks*, runs of neighbours in one episode. An epoch is a permutation of the chunks; the clips of
the chunk at place c of the endless row of chunks get random keys between c and c + spread, and clips come by their
keys. So at any time the clips of about ``spread`` chunks are mixed, a chunk can be forgotten ``spread`` places after it
came, and the order is a pure function of the seed: it depends on no worker and no clock, and can be entered anywhere.
Where pictures can be read at random, ``spread`` is None, and an epoch is a permutation of its clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.clips import ClipPlan
from training.errors import DatasetMismatchError

FIRST_CHUNKS = 8
"""The first clips come mixed out of so many chunks: more would make the first batch late."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of the order: as many clips as an epoch has.

    Attributes:
        clips: their numbers in the plan, int64[n], in order.
        chunks: of each its chunk's place in the endless row of chunks, int64[n]; it tells the epoch, too.
    """

    clips: NDArray[np.int64]
    chunks: NDArray[np.int64]


class ClipOrder:
    """The order in which the clips of a plan come to one of several ranks.

    Args:
        plan: the clips.
        seed: another one gives another order.
        chunk_frames: about how many frames a chunk has.
        spread: over how many chunks clips are mixed; None: over all.
        epochs: how many there are; None: without end.
        rank, world: which of how many; each gets other chunks.
        shuffle: whether at all.

    Raises:
        DatasetMismatchError: there are fewer clips than ranks.
    """

    def __init__(
        self,
        plan: ClipPlan,
        *,
        seed: int,
        chunk_frames: int,
        spread: int | None,
        epochs: int | None = None,
        rank: int = 0,
        world: int = 1,
        shuffle: bool = True,
    ) -> None:
        assert 0 <= rank < world
        if len(plan) < world:
            raise DatasetMismatchError(
                f"{len(plan)} clips cannot be divided among {world} ranks", remedy="Train on fewer devices"
            )
        self.plan, self.seed, self.epochs, self.shuffle = plan, seed, epochs, shuffle
        self.rank, self.world = rank, world
        # On little data each rank still has some chunks to mix.
        clips = max(1, min((chunk_frames - plan.span) // plan.stride + 1, len(plan) // (4 * world)))
        self.first, self.count = _cut(plan, clips)
        self.chunks_of_epoch = len(range(rank, len(self.first), world))
        self.spread = None if spread is None else max(1, min(spread, self.chunks_of_epoch))
        self._rows: dict[int, NDArray[np.int64]] = {}

    @property
    def largest_chunk(self) -> int:
        """The most frames that a chunk needs."""
        clips = int(self.count.max())
        return min(clips * self.plan.window, (clips - 1) * self.plan.stride + self.plan.span)

    @property
    def segments(self) -> int | None:
        """How many segments there are; None: without end."""
        return None if self.epochs is None else self.epochs + 1

    def chunk(self, place: int) -> tuple[int, int]:
        """The first clip of the chunk at a place of the endless row, and how many clips it has."""
        epoch, within = divmod(place, self.chunks_of_epoch)
        chunk = self._row(epoch)[within]
        return int(self.first[chunk]), int(self.count[chunk])

    def segment(self, number: int) -> Segment:
        """The ``number``-th segment: the clips of that epoch, but for those of its last chunks which come with the
        next, and those of the epoch before that were left. After the last epoch one more has what was left."""
        parts = []
        if number and self.spread is not None and self.shuffle and (self.epochs is None or number <= self.epochs):
            parts.append(self._epoch(number - 1))
        if self.epochs is None or number < self.epochs:
            parts.append(self._epoch(number))
        begin, end = number * self.chunks_of_epoch, (number + 1) * self.chunks_of_epoch
        clips, chunks, keys = (np.concatenate(each) for each in zip(*parts, strict=True)) if parts else _NONE
        here = (keys >= begin) & (keys < end)
        place = np.argsort(keys[here], kind="stable")
        return Segment(clips=clips[here][place], chunks=chunks[here][place])

    def _epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The clips of an epoch, the places of their chunks, and their keys."""
        row = self._row(epoch)
        first, count = self.first[row], self.count[row]
        begin = epoch * self.chunks_of_epoch
        chunks = np.repeat(np.arange(begin, begin + len(row), dtype=np.int64), count)
        clips = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count) + np.arange(count.sum())
        chance = np.random.default_rng([self.seed, epoch, self.rank, 1])
        end = begin + self.chunks_of_epoch
        if not self.shuffle:
            keys = chunks.astype(np.float64)
        elif self.spread is None:
            keys = begin + chance.random(len(clips)) * self.chunks_of_epoch
        else:
            keys = chunks + chance.random(len(clips)) * self.spread
            # The first chunks, and what is left at the very end, are mixed among themselves.
            mixed = np.where(keys < min(FIRST_CHUNKS, self.spread), chance.random(len(clips)) * 1e-3, keys)
            keys = mixed if epoch == 0 else keys
            if self.epochs is not None and epoch == self.epochs - 1:
                keys = np.where(keys >= end, end + chance.random(len(clips)) * 0.5, keys)
        keys = np.minimum(keys, np.nextafter(end + (0 if self.spread is None else self.chunks_of_epoch), 0))
        return clips, chunks, keys

    def _row(self, epoch: int) -> NDArray[np.int64]:
        """The chunks of an epoch in their order, this rank's part."""
        if epoch not in self._rows:
            chunks = np.arange(len(self.first), dtype=np.int64)
            if self.shuffle:
                chunks = np.random.default_rng([self.seed, epoch, 0]).permutation(chunks)
            self._rows = {old: row for old, row in self._rows.items() if abs(old - epoch) <= 1}
            self._rows[epoch] = chunks[self.rank :: self.world]
        return self._rows[epoch]


_NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float64))


def _cut(plan: ClipPlan, clips: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The chunks of a plan, each of at most so many clips of one episode: their first clips and how many they have."""
    chunks = -(-plan.counts // clips)
    begin = np.concatenate(([0], np.cumsum(plan.counts)[:-1]))
    within = np.arange(chunks.sum()) - np.repeat(np.cumsum(chunks) - chunks, chunks)
    first = np.repeat(begin, chunks) + within * clips
    count = np.minimum(clips, np.repeat(begin + plan.counts, chunks) - first)
    return first.astype(np.int64), count.astype(np.int64)
