"""Which clips a dataset has: every window of frames that lies within one episode."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import GameDataset
from training.errors import DatasetMismatchError


class ClipPlan:
    """Every clip of some episodes, in order: ``plan[k]`` is (episode, first frame).

    Attributes:
        dataset: whose.
        window: frames of a clip.
        stride: frames from one clip's first frame to the next one's.
        frame_step: frames from one frame of a clip to the next one.
        episodes: their numbers, int64[e]; those that are too short for a clip are left out.
        counts: clips of each, int64[e].
        too_short: the numbers of the episodes that are left out.
    """

    def __init__(
        self, dataset: GameDataset, episodes: Iterable[int], *, window: int, stride: int = 1, frame_step: int = 1
    ) -> None:
        """Count the clips.

        Raises:
            DatasetMismatchError: no episode is as long as a clip, or is not in the dataset.
        """
        if window < 1 or stride < 1 or frame_step < 1:
            raise DatasetMismatchError(
                f"no clips can be cut with window {window}, stride {stride} and frame step {frame_step}",
                remedy="Each of them is at least 1",
            )
        self.dataset, self.window, self.stride, self.frame_step = dataset, window, stride, frame_step
        numbers = np.array(list(episodes), np.int64)
        lengths = np.array([dataset.episode(int(number)).length for number in numbers], np.int64)
        counts = np.maximum(0, (lengths - self.span) // stride + 1)
        self.too_short: tuple[int, ...] = tuple(numbers[counts == 0].tolist())
        self.episodes: NDArray[np.int64] = numbers[counts > 0]
        self.counts: NDArray[np.int64] = counts[counts > 0]
        self._ends = np.cumsum(self.counts)
        if not len(self.episodes):
            longest = int(lengths.max(initial=0))
            raise DatasetMismatchError(
                f"none of {len(numbers)} episodes has the {self.span} frames of a clip; the longest has {longest}",
                remedy="Take a smaller window, or put more into this part",
            )

    @property
    def span(self) -> int:
        """Frames from a clip's first to its last, both counted."""
        return (self.window - 1) * self.frame_step + 1

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, clip: int) -> tuple[int, int]:
        if not 0 <= clip < len(self):
            raise IndexError(clip)
        episode, start = self.locate(np.array([clip], np.int64))
        return int(episode[0]), int(start[0])

    def locate(self, clips: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The episodes and the first frames of clips, int64[n] each."""
        rows = np.searchsorted(self._ends, clips, side="right")
        return self.episodes[rows], (clips - (self._ends - self.counts)[rows]) * self.stride

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Frames of a clip counted from its first, int64[window]."""
        return np.arange(self.window, dtype=np.int64) * self.frame_step

    @property
    def fingerprint(self) -> str:
        """A sum of all that decides which clips there are and in which order."""
        digest = hashlib.sha256(f"{self.window} {self.stride} {self.frame_step}".encode())
        digest.update(self.episodes.tobytes())
        digest.update(self.counts.tobytes())
        return digest.hexdigest()[:32]


class ChosenClips(ClipPlan):
    """Some of a plan's clips: as runs of neighbours, so that what is read is still read in one go.

    Args:
        plan: of all clips.
        chosen: bool[clips], which of them; at least one.
    """

    def __init__(self, plan: ClipPlan, chosen: NDArray[np.bool_]) -> None:
        assert len(chosen) == len(plan)
        assert chosen.any()
        self.dataset, self.window, self.stride, self.frame_step = (
            plan.dataset,
            plan.window,
            plan.stride,
            plan.frame_step,
        )
        self.too_short = plan.too_short
        clips = np.flatnonzero(chosen)
        episode, first = plan.locate(clips)
        begins = np.flatnonzero(np.concatenate([[True], (np.diff(clips) > 1) | (np.diff(episode) != 0)]))
        self.episodes = episode[begins]
        self.counts = np.diff(np.append(begins, len(clips)))
        self._starts = first[begins]
        self._ends = np.cumsum(self.counts)

    def locate(self, clips: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.searchsorted(self._ends, clips, side="right")
        return self.episodes[rows], self._starts[rows] + (clips - (self._ends - self.counts)[rows]) * self.stride

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(super().fingerprint.encode())
        digest.update(self._starts.tobytes())
        return digest.hexdigest()[:32]
