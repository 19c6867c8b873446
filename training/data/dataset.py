"""A dataset as training reads it: its episodes, their action rows, and where their pictures are.

What stands here is LeRobot v3.0's layout and no more, read with pyarrow alone: `playloom convert` wrote it, a pull
brought it, or somebody else made it. What only our converter notes (session, player, profile, seed) is filled in where
it is missing, so that a foreign dataset splits by episode instead of not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.data.content import file_sha256, tree_sha256
from training.errors import DatasetMismatchError

CODEBASE_VERSION = "v3.0"
INFO_PATH = "meta/info.json"
MAIN_VIDEO = "observation.images.main"
ACTION = "action"
RECORDED = "recorded"
"""The label source of play whose inputs a recorder has seen."""

_MAX_INFO_BYTES = 64 << 20
_FIELD = re.compile(r"\{(\w+)(?::0?(\d)d)?\}")
_SEED = re.compile(r"(?!\d{8}T\d{6}Z-).*-(\d{1,10})")
"""`playloom gym record` ends a session's name with its seed; a recorder's own names are times."""
_CONVERT_AGAIN = "Convert the recordings again with 'playloom convert', or bring it in with 'playloom import lerobot'"


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One episode.

    Attributes:
        index: its number in the dataset.
        length: in frames.
        session: the session it was cut from; "episode-N" where that is not known.
        player: whose play; "" where that is not known.
        profile_name: of the player's mapping; "" where that is not known.
        session_id: as recorded; "" where that is not known.
        game_id: the game; "" where that is not known.
        seed: of the game, where `playloom gym record` named the session by it.
        video: the file that holds its pictures.
        from_timestamp: where they begin in it, in seconds.
        label_source: "recorded", or who labelled it.
    """

    index: int
    length: int
    session: str
    player: str
    profile_name: str
    session_id: str
    game_id: str
    seed: int | None
    video: Path
    from_timestamp: float
    label_source: str


class GameDataset:
    """A dataset that lies on this machine; `open_training_dataset` makes one.

    Attributes:
        path: its directory.
        repo_id: what it is called.
        info: meta/info.json.
        fps: frames a second.
        video_key: the feature whose pictures are read.
        picture_size: (width, height) of the pictures as they are stored.
        episodes: the chosen ones, in order.
    """

    def __init__(
        self,
        path: Path,
        *,
        repo_id: str,
        info: Mapping[str, Any],
        video_key: str,
        rows: Sequence[Mapping[str, Any]],
        sums: Mapping[str, str] | None = None,
    ) -> None:
        """Take what was read; ``sums``: the SHA-256 of its files by path, where a manifest tells them."""
        self.path = path
        self.repo_id = repo_id
        self.info = info
        self.fps = int(info["fps"])
        self.video_key = video_key
        height, width = info["features"][video_key]["shape"][:2]
        self.picture_size: tuple[int, int] = (int(width), int(height))
        self._rows = {int(row["episode_index"]): row for row in rows}
        self._sums = sums
        self.episodes: tuple[Episode, ...] = tuple(self._episode(row) for row in rows)
        self._by_index = {episode.index: episode for episode in self.episodes}

    def episode(self, index: int) -> Episode:
        """An episode by its number.

        Raises:
            DatasetMismatchError: it is not among the chosen ones.
        """
        if index not in self._by_index:
            raise DatasetMismatchError(
                f"{self.path}: there is no episode {index} among the {len(self.episodes)} chosen ones"
            )
        return self._by_index[index]

    @property
    def frames(self) -> int:
        """Of all chosen episodes."""
        return sum(episode.length for episode in self.episodes)

    @property
    def action_names(self) -> tuple[str, ...]:
        """One a value of the action vector; numbers where the dataset does not name them."""
        feature = self.info["features"][ACTION]
        names = feature.get("names")
        if isinstance(names, Mapping):
            names = next(iter(names.values()), None)
        width = int(np.prod(feature["shape"]))
        return tuple(map(str, names)) if names and len(names) == width else tuple(map(str, range(width)))

    def actions(self, episode: int) -> NDArray[np.float32]:
        """The action rows of an episode, float32[length, actions]."""
        rows = self.column(episode, ACTION)
        return np.asarray(rows, np.float32).reshape(len(rows), -1)

    def column(self, episode: int, name: str) -> NDArray[Any]:
        """A column of an episode's rows, [length] or [length, width], read-only.

        Raises:
            DatasetMismatchError: there is no such column, or its rows are not those of the episode.
        """
        chosen = self.episode(episode)
        row = self._rows[episode]
        path = self.path / _filled(
            self.info["data_path"], chunk_index=row["data/chunk_index"], file_index=row["data/file_index"]
        )
        if name not in self.info["features"]:
            raise DatasetMismatchError(
                f"{self.path}: the dataset has no column '{name}'",
                remedy=f"There are {', '.join(sorted(self.info['features']))}",
            )
        first_index, values = _column_of_file(path, name)
        first = int(row["dataset_from_index"]) - first_index
        if first < 0 or first + chosen.length > len(values):
            raise DatasetMismatchError(f"{path}: does not hold the rows of episode {episode}", remedy=_CONVERT_AGAIN)
        return values[first : first + chosen.length]

    @cached_property
    def content_hash(self) -> str:
        """The SHA-256 of all that training reads: videos, rows, episodes and info.json; files are summed up once."""
        return tree_sha256({path: self.file_sum(path) for path in self._files()})

    def video_sha256(self, video: Path) -> str:
        """The SHA-256 of one of the dataset's videos."""
        return self.file_sum(video.relative_to(self.path).as_posix())

    def file_sum(self, path: str) -> str:
        """The SHA-256 of a file of the dataset, by its path in it."""
        if self._sums is not None and path in self._sums:
            return self._sums[path]
        return file_sha256(self.path / path)

    def _files(self) -> list[str]:
        named = {INFO_PATH}
        for row in self._rows.values():
            data = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
            named.add(_filled(self.info["data_path"], **data))
            named.add(_video_path(self.info, self.video_key, row))
        meta = (self.path / "meta/episodes").rglob("*.parquet")
        named.update(path.relative_to(self.path).as_posix() for path in meta)
        return sorted(named)

    def _episode(self, row: Mapping[str, Any]) -> Episode:
        index = int(row["episode_index"])
        session = str(row.get("session") or f"episode-{index}")
        converter = self.info.get("extensions", {}).get("game_converter", {})
        seed = _SEED.fullmatch(session) if row.get("session") else None
        return Episode(
            index=index,
            length=int(row["length"]),
            session=session,
            player=str(row.get("player") or ""),
            profile_name=str(row.get("profile_name") or ""),
            session_id=str(row.get("session_id") or ""),
            game_id=str(row.get("game_id") or converter.get("game_id") or ""),
            seed=None if seed is None else int(seed[1]),
            video=self.path / _video_path(self.info, self.video_key, row),
            from_timestamp=float(row[f"videos/{self.video_key}/from_timestamp"]),
            label_source=str(row.get("label_source") or converter.get("label_source") or RECORDED),
        )


def open_training_dataset(
    where: str | Path,
    *,
    version: int | None = None,
    root: Path | None = None,
    players: Collection[str] = (),
    sessions: Collection[str] = (),
    label_sources: Collection[str] = (),
    episodes: Collection[int] | None = None,
    fps: int | None = None,
    features: Iterable[str] = (ACTION,),
    video_key: str | None = None,
) -> GameDataset:
    """Open a dataset: a directory in LeRobot's v3.0 layout, or by name a version that was pulled.

    Args:
        where: the directory, or the name of a dataset that `playloom datasets pull` brought.
        version: of a pulled dataset; None: the newest that is here.
        root: where the pulled copy lies; None: where `playloom datasets pull` puts it.
        players, sessions, label_sources: which episodes; empty wants all. A session by its name or its id.
        episodes: their numbers; None wants all.
        fps: what the rate must be; None takes any.
        features: columns that must be there.
        video_key: the pictures' feature; None: "observation.images.main", or the only one there is.

    Raises:
        DatasetMismatchError: another layout version, rate or feature set than is wanted; or no episode is left.
        PlayloomError: there is no such dataset.
    """
    directory = Path(where)
    sums, repo_id = None, directory.name or str(where)
    if (directory / INFO_PATH).is_file():
        if version is not None:
            raise DatasetMismatchError(
                f"{directory} is a directory and has no versions", remedy="Leave the version out, or name the dataset"
            )
        path = directory
    elif directory.is_dir() or "/" in str(where):
        raise DatasetMismatchError(
            f"{directory} is no LeRobot dataset: there is no {INFO_PATH}",
            remedy="Name the directory that 'playloom convert' made, or a dataset that was pulled",
        )
    else:
        from playloom.datasets.opening import open_dataset

        opened = open_dataset(str(where), version, root=root)
        path, repo_id = opened.path, opened.repo_id
        sums = {file.path: file.sha256 for file in opened.local.files()}
    info = _read_info(path, fps, features)
    key = _video_key(path, info, video_key)
    rows = _read_episodes(path)
    dataset = GameDataset(path, repo_id=_repo_id(info, repo_id), info=info, video_key=key, rows=rows, sums=sums)
    chosen = [
        episode.index
        for episode in dataset.episodes
        if (not players or episode.player in players)
        and (not sessions or episode.session in sessions or episode.session_id in sessions)
        and (not label_sources or episode.label_source in label_sources)
        and (episodes is None or episode.index in episodes)
    ]
    if not chosen:
        raise DatasetMismatchError(f"{path}: no episode is left by this choice", remedy="Ask for less at once")
    if len(chosen) == len(dataset.episodes):
        return dataset
    wanted = set(chosen)
    kept = [row for row in rows if row["episode_index"] in wanted]
    return GameDataset(path, repo_id=dataset.repo_id, info=info, video_key=key, rows=kept, sums=sums)


def _read_info(path: Path, fps: int | None, features: Iterable[str]) -> Mapping[str, Any]:
    file = path / INFO_PATH
    try:
        if file.stat().st_size > _MAX_INFO_BYTES:
            raise DatasetMismatchError(f"{file}: is larger than any info.json")
        info = json.loads(file.read_bytes())
        layout, rate, known = str(info["codebase_version"]), info["fps"], info["features"]
        paths = [info["data_path"], info["video_path"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetMismatchError(f"{file}: cannot be read: {error!r}", remedy=_CONVERT_AGAIN) from error
    if layout != CODEBASE_VERSION:
        raise DatasetMismatchError(
            f"{file}: the dataset is of LeRobot's layout {layout}, training reads {CODEBASE_VERSION}",
            remedy="Bring it in: playloom import lerobot",
        )
    if not isinstance(rate, int) or rate < 1 or not isinstance(known, Mapping) or not all(map(_is_plain, paths)):
        raise DatasetMismatchError(f"{file}: its fps, features or paths are not LeRobot's", remedy=_CONVERT_AGAIN)
    if fps is not None and rate != fps:
        raise DatasetMismatchError(
            f"{path}: the dataset has {rate} frames a second, {fps} are wanted",
            remedy=f"Train on it alone, or convert its recordings with --fps {fps}",
        )
    for name in features:
        if name not in known:
            raise DatasetMismatchError(
                f"{path}: the dataset has no feature '{name}'", remedy=f"There are {', '.join(sorted(known))}"
            )
    return info


def _video_key(path: Path, info: Mapping[str, Any], wanted: str | None) -> str:
    keys = [name for name, feature in info["features"].items() if feature.get("dtype") == "video"]
    if wanted is None and MAIN_VIDEO in keys:
        return MAIN_VIDEO
    if wanted in keys or (wanted is None and len(keys) == 1):
        return wanted or keys[0]
    if not keys:
        raise DatasetMismatchError(f"{path}: the dataset has no video", remedy=_CONVERT_AGAIN)
    problem = f"it has no video '{wanted}'" if wanted else "it has several videos"
    raise DatasetMismatchError(f"{path}: {problem}", remedy=f"Name one of {', '.join(keys)}")


_EPISODE_COLUMNS = (
    "episode_index", "length", "data/chunk_index", "data/file_index", "dataset_from_index",
    "session", "session_id", "player", "profile_name", "game_id", "label_source",
)  # fmt: skip


def _read_episodes(path: Path) -> list[dict[str, Any]]:
    """The rows of meta/episodes in order, without their statistics."""
    rows: list[dict[str, Any]] = []
    for file in sorted((path / "meta/episodes").rglob("*.parquet")):
        try:
            with pq.ParquetFile(file) as opened:
                names = opened.schema_arrow.names
                wanted = [name for name in names if name in _EPISODE_COLUMNS or name.startswith("videos/")]
                rows += opened.read(columns=wanted, use_threads=False).to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise DatasetMismatchError(f"{file}: cannot be read: {error}", remedy="Pull or convert again") from error
    if not rows:
        raise DatasetMismatchError(f"{path}: the dataset has no episodes", remedy="Record and convert some play")
    return sorted(rows, key=lambda row: row["episode_index"])


@lru_cache(maxsize=64)
def _column_of_file(path: Path, name: str) -> tuple[int, NDArray[Any]]:
    """The first row's number in the dataset, and a column of all rows of a data file."""
    try:
        with pq.ParquetFile(path) as opened:
            table = opened.read(columns=[name, "index"], use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise DatasetMismatchError(f"{path}: cannot be read: {error}", remedy="Pull or convert again") from error
    column = table[name].combine_chunks()
    kind = column.type
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    else:
        values = column.to_numpy(zero_copy_only=False)
    values.flags.writeable = False
    return (table["index"][0].as_py() if len(column) else 0), values


def _repo_id(info: Mapping[str, Any], otherwise: str) -> str:
    return str(info.get("extensions", {}).get("game_converter", {}).get("repo_id") or otherwise)


def _video_path(info: Mapping[str, Any], key: str, row: Mapping[str, Any]) -> str:
    try:
        chunk, file = row[f"videos/{key}/chunk_index"], row[f"videos/{key}/file_index"]
    except KeyError as error:
        raise DatasetMismatchError(
            f"meta/episodes does not say where the videos of '{key}' are", remedy=_CONVERT_AGAIN
        ) from error
    return _filled(info["video_path"], video_key=key, chunk_index=chunk, file_index=file)


def _filled(pattern: str, **fields: Any) -> str:
    """A path pattern with its fields filled in; unlike `str.format` it reaches nothing else."""

    def fill(match: re.Match[str]) -> str:
        value = fields.get(match[1], match[0])
        return f"{value:0{match[2]}d}" if match[2] and isinstance(value, int) else str(value)

    return _FIELD.sub(fill, pattern)


def _is_plain(path: object) -> bool:
    """Whether a path leads nowhere out of the dataset."""
    return isinstance(path, str) and not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts
