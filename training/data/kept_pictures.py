"""The pictures of a dataset at a model's size, kept on disk before a run begins to learn from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from playloom.client.access import HOME_VARIABLE
from training.data.cache import FrameCache, build_cache
from training.data.dataset import GameDataset
from training.trainer.display import Display
from training.trainer.distributed import Distributed


def default_cache_root() -> Path:
    """Where pictures are kept unless another place is named."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "cache/pictures"
    from platformdirs import user_cache_path

    return user_cache_path("playloom", appauthor=False) / "pictures"


def keep_pictures(
    dataset: GameDataset,
    episodes: Sequence[int],
    size: tuple[int, int],
    directory: str | None,
    *,
    workers: int,
    distributed: Distributed,
    display: Display,
) -> FrameCache:
    """Make what is not there yet. Rank 0 does it, the others open it.

    Args:
        dataset, episodes: whose pictures.
        size: (width, height).
        directory: where; None: in Playloom's own cache folder.
        workers: processes that decode.
        distributed: the processes that train together.
        display: is told how far it is.
    """
    place = default_cache_root() if directory is None else Path(directory)
    if distributed.rank == 0:
        with display.counting("caching pictures", "pictures") as progress:
            build_cache(
                dataset, episodes, size, place, progress, workers=max(1, workers), waiting=display.waiting_for_cache
            )
    distributed.barrier()
    return FrameCache.open(dataset, episodes, size, place)
