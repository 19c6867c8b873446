"""Opening a dataset that was pulled: a directory that `LeRobotDataset` reads, and the episodes that were asked for."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from playloom.client.access import HOME_VARIABLE
from playloom.datasets.local_copy import LocalCopy, LocalVersion
from playloom.datasets.selection import Selection, select_episodes
from playloom.errors import PlayloomError


@dataclass(frozen=True, kw_only=True)
class OpenedDataset:
    """A version on this machine.

    Attributes:
        path: a LeRobot dataset: ``LeRobotDataset(repo_id, root=path, episodes=list(episodes))``.
        repo_id: what to call it.
        local: its manifest and its shards.
        episodes: the numbers of the wanted ones, in order; all where no choice was made.
    """

    path: Path
    repo_id: str
    local: LocalVersion
    episodes: tuple[int, ...]


def default_root(name: str) -> Path:
    """Where a dataset's copy lies unless another place is named."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "data/datasets" / name
    from platformdirs import user_data_path

    return user_data_path("playloom", appauthor=False, roaming=False) / "datasets" / name


def open_dataset(
    name: str,
    version: int | None = None,
    *,
    root: Path | None = None,
    players: Collection[str] = (),
    sessions: Collection[str] = (),
    since_unix_ns: int | None = None,
    before_unix_ns: int | None = None,
    label_sources: Collection[str] = (),
) -> OpenedDataset:
    """Open a version that was pulled to this machine; nothing is fetched.

    Args:
        name: of the dataset.
        version: its number; None: the newest that is here.
        root: where the copy lies; None: where `playloom datasets pull` puts it.
        players, sessions, since_unix_ns, before_unix_ns, label_sources: which episodes, see `Selection`.

    Raises:
        PlayloomError: no version is here, or nothing is left by the choice.
        ManifestError: this version is not here.
    """
    copy = LocalCopy(default_root(name) if root is None else root)
    numbers = copy.numbers()
    if not numbers:
        raise PlayloomError(
            f"no version of the dataset '{name}' is in {copy.root}", remedy=f"Bring it: playloom datasets pull {name}"
        )
    local = copy.load(numbers[-1] if version is None else version)
    selection = Selection(
        players=players,
        sessions=sessions,
        since_unix_ns=since_unix_ns,
        before_unix_ns=before_unix_ns,
        label_sources=label_sources,
    )
    if selection == Selection():
        episodes = tuple(range(local.version.episodes))
    else:
        episodes = tuple(select_episodes(local.shards, selection))
    return OpenedDataset(path=local.path, repo_id=f"playloom/{local.version.dataset}", local=local, episodes=episodes)
