"""A session's objects in, its staged objects out: one call of plain values, in a process of its own.

Nothing of it is in the dataset yet. What it leaves in the store has names made of the content, so that a second
attempt finds the same names and writes nothing that is there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from playloom.errors import OutputError, PlayloomError
from playloom.game_definition import GameDefinition, parse_game_definition
from playloom.manifest.config import DatasetConfig
from playloom.manifest.keys import file_key, staged_prefix
from playloom.manifest.staged import StagedObject, StagedPiece, StagedSession
from playloom.mapping_profile import MappingProfile, parse_mapping_profile
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError, ObjectStoreError
from playloom.objects.object_store import ObjectStore
from playloom.objects.open_store import open_store
from playloom.recording.session import open_session
from workers.action_delay import AUTO
from workers.convert_session import Columns, SessionJob, convert_pieces
from workers.converted import ConvertedPiece, ConvertedSession
from workers.dataset.objects import DatasetObjects, patiently
from workers.dataset.shape import shape_of
from workers.dataset.staged_rows import write_staged_rows
from workers.dataset_shape import DatasetShape
from workers.jobs.fetching import SessionFile, bring_session
from workers.jobs.gates import check_gates, told
from workers.jobs.scratch import attempt_directory
from workers.options import ConvertOptions, VideoPath
from workers.session_choice import said_of
from workers.stats import stats_to_json

UPLOADS = 2
WAITING_UPLOADS = 4
"""Pieces that are converted and not yet in the store: a slow store holds up the conversion, not the disk."""

TELL_S = 1.0
"""Each word on the way costs processor time in four processes, and who asks hears of it every other second."""

BROUGHT, JUDGED, CONVERTED = 0.05, 0.1, 0.95
"""How far a job is, as shares of it, when that is done."""

type Tell = Callable[[tuple[float, str]], None]
"""Told how far it is, as a share and in words."""


@dataclass(frozen=True, kw_only=True)
class StoredProfile:
    """A mapping profile of the session's player. Attributes: content: its YAML."""

    profile_name: str
    content: str


@dataclass(frozen=True, kw_only=True)
class IngestOrder:
    """The conversion of one session for one dataset.

    Attributes:
        store: the object store's address.
        scratch: a directory of this machine.
        dataset_id, config: of the dataset.
        session_id, session, player_id, player, recorded_unix_ns: of the session, as the coordinator knows it.
        game_id, profile_name, task: likewise; empty where unknown.
        files: its files.
        profiles: of its player, for its game.
        accept: quality gates that it passes whatever they find.
    """

    store: str
    scratch: Path
    dataset_id: str
    config: DatasetConfig
    session_id: str
    session: str
    player_id: str
    player: str
    recorded_unix_ns: int
    game_id: str
    profile_name: str
    task: str
    files: tuple[SessionFile, ...]
    profiles: tuple[StoredProfile, ...]
    accept: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A session is in the store. Attributes: key, sha256: of its `StagedSession`; warnings: a sentence each."""

    key: str
    sha256: str
    episodes: int
    frames: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NotStaged:
    """It is not. Attributes: reason: for its player; retry: whether another try may help."""

    reason: str
    retry: bool


def ingest(order: IngestOrder, tell: Tell) -> Staged | NotStaged:
    """Convert a session and put what it gives into the store."""
    path: Path | None = None
    try:
        store = _store(order.store)
        with attempt_directory(order.scratch) as scratch:
            path = scratch / "session"
            path.mkdir()
            return _ingest(order, store, scratch, path, tell)
    except (ObjectMissingError, ObjectDamagedError) as error:
        return NotStaged(reason=str(error), retry=isinstance(error, ObjectDamagedError))
    except (ObjectStoreError, OutputError) as error:
        return NotStaged(reason=str(error), retry=True)
    except PlayloomError as error:
        return NotStaged(reason=str(error) if path is None else said_of(str(path), error), retry=False)
    except OSError as error:
        return NotStaged(reason=f"{error.filename or order.scratch}: {error.strerror or error}", retry=True)


@lru_cache(maxsize=4)
def _store(address: str) -> ObjectStore:
    return open_store(address)


def _ingest(order: IngestOrder, store: ObjectStore, scratch: Path, path: Path, tell: Tell) -> Staged | NotStaged:
    config = order.config
    game = parse_game_definition(config.game_definition, Path("the dataset's game definition"))
    shape = shape_of(config)
    profile = choose_stored_profile(order, game)
    tell((0.0, "reading the recording from the store"))
    bring_session(store, order.files, path, lambda share: tell((BROUGHT * share, "reading the recording")))
    tell((BROUGHT, "looking at the recording"))
    refusals, accepted = check_gates(path, game, config.gates, order.accept)
    if refusals:
        return NotStaged(reason=told(refusals), retry=False)
    job = SessionJob(path=path, output=scratch, options=options_of(order, game, profile), shape=shape)
    frames = open_session(path).info
    total = 0 if frames is None else frames.counts.frames
    staging = _Staging(DatasetObjects(store, order.dataset_id), order, shape, scratch)
    done, told_s = 0, -TELL_S

    def progress(more: int) -> None:
        nonlocal done, told_s
        done += more
        if time.monotonic() - told_s < TELL_S:
            return
        told_s = time.monotonic()
        share = min(1.0, done / total) if total else 0.5
        of = f" of {total:,}" if total else ""
        tell((JUDGED + (CONVERTED - JUDGED) * share, f"converting, {done:,}{of} frames"))

    tell((JUDGED, "converting"))
    with staging:
        converted = convert_pieces(job, scratch, progress, staging.keep)
        tell((CONVERTED, "sending the last episodes to the store"))
        pieces = staging.pieces()
    return _finish(staging.objects, order, converted, pieces, accepted)


def choose_stored_profile(order: IngestOrder, game: GameDefinition) -> MappingProfile:
    """The profile that the session was played with, of those that its player has stored.

    Raises:
        PlayloomError: it is not among them, is of no use, or the session is of another game.
    """
    if order.game_id and order.game_id != game.game_id:
        raise PlayloomError(
            f"the session is of the game '{order.game_id}', the dataset of '{game.game_id}'",
            remedy="Choose a dataset of its game",
        )
    names = [profile.profile_name for profile in order.profiles]
    push = f"On {order.player}'s PC: playloom profile push PROFILE.yaml; then: playloom jobs retry JOB"
    if not names:
        raise PlayloomError(f"{order.player} has stored no mapping profile for '{game.game_id}'", remedy=push)
    if order.profile_name:
        wanted = order.profile_name
        if wanted not in names:
            raise PlayloomError(
                f"the session was played with the mapping profile '{wanted}', and {order.player} has stored only "
                f"{', '.join(map(repr, names))}",
                remedy=push,
            )
    elif len(names) == 1:
        wanted = names[0]
    elif order.player in names:
        wanted = order.player
    else:
        raise PlayloomError(
            f"the session names no mapping profile, and {order.player} has stored several: "
            f"{', '.join(map(repr, names))}",
            remedy="Delete those that are not right: playloom profile list, playloom profile delete",
        )
    stored = order.profiles[names.index(wanted)]
    profile = parse_mapping_profile(stored.content, Path(f"mapping profile '{wanted}'"), game)
    missing = [one for one in order.config.class_ids if one not in profile.class_ids]
    if missing:
        raise PlayloomError(
            f"the mapping profile '{wanted}' does not map the class '{missing[0]}', which the dataset has",
            remedy=push,
        )
    return profile


def options_of(order: IngestOrder, game: GameDefinition, profile: MappingProfile) -> ConvertOptions:
    """What `playloom convert` would be asked to do for such a dataset."""
    config = order.config
    return ConvertOptions(
        session_root=order.scratch,
        game=game,
        profiles=(profile,),
        output_root=order.scratch,
        repo_id="shared/dataset",
        task=config.task or order.task or None,
        max_pre_action_s=config.max_pre_action_s,
        video=VideoPath(config.video),
        size=(config.width, config.height),
        fps=config.fps,
        codec=config.codec,
        crf=config.crf,
        preset=config.preset,
        keyframe_interval=config.keyframe_interval,
        short_taps=config.short_taps,
        action_delay_ms=AUTO if config.action_delay_ms == AUTO else float(config.action_delay_ms),
        max_gap_s=config.max_gap_s,
        max_file_mb=config.max_shard_mb,
    )


class _Staging:
    """Sends pieces to the store while later ones are made."""

    def __init__(self, objects: DatasetObjects, order: IngestOrder, shape: DatasetShape, scratch: Path) -> None:
        self.objects = objects
        self._order, self._shape, self._scratch = order, shape, scratch
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._sent: list[Future[StagedPiece]] = []

    def __enter__(self) -> _Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def keep(self, piece: ConvertedPiece, columns: Columns) -> None:
        """Take a piece over. Its files are gone once they are in the store."""
        rows = self._scratch / f"{piece.video}.parquet"
        write_staged_rows(rows, self._shape.features, columns)
        if len(self._sent) >= WAITING_UPLOADS:
            self._sent[-WAITING_UPLOADS].result()
        self._sent.append(self._pool.submit(self._send, piece, self._scratch / piece.video, rows))

    def pieces(self) -> tuple[StagedPiece, ...]:
        """All that were taken, when they are in the store."""
        return tuple(sent.result() for sent in self._sent)

    def _send(self, piece: ConvertedPiece, video: Path, rows: Path) -> StagedPiece:
        stored = self.objects.put_file(video, piece.video)
        key = file_key(self._order.dataset_id, stored.sha256, piece.video)
        staged = StagedPiece(
            video=StagedObject(key=key, sha256=stored.sha256, size_bytes=stored.size_bytes),
            rows=self._put_rows(rows.read_bytes()),
            length=piece.length,
            first_frame=piece.first_frame,
            codec=piece.codec,
            pixel_format=piece.pixel_format,
            source_frame=piece.source_frame,
            start_ns=piece.start_ns,
            stats=_plain_stats(piece.stats),
        )
        video.unlink()
        rows.unlink()
        return staged

    def _put_rows(self, content: bytes) -> StagedObject:
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"{staged_prefix(self._order.dataset_id, self._order.session_id)}{sha256}.parquet"
        _put(self.objects, key, content, sha256)
        return StagedObject(key=key, sha256=sha256, size_bytes=len(content))


def _finish(
    objects: DatasetObjects,
    order: IngestOrder,
    converted: ConvertedSession,
    pieces: tuple[StagedPiece, ...],
    accepted: Sequence[str],
) -> Staged:
    staged = StagedSession(
        session_id=order.session_id,
        session=order.session,
        player_id=order.player_id,
        player=order.player,
        profile_name=converted.profile_name,
        task=converted.task,
        recorded_unix_ns=order.recorded_unix_ns,
        label_source=converted.label_source,
        copied=converted.copied,
        action_delay_ms=converted.action_delay_ms,
        converter_version=version("playloom"),
        warnings=(*converted.warnings, *accepted),
        pieces=pieces,
        terms=converted.terms,
    )
    content = staged.to_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"{staged_prefix(order.dataset_id, order.session_id)}{sha256}.json"
    _put(objects, key, content, sha256)
    return Staged(key=key, sha256=sha256, episodes=len(pieces), frames=staged.frames, warnings=staged.warnings)


def _put(objects: DatasetObjects, key: str, content: bytes, sha256: str) -> None:
    """Written again where it is there already: what it replaces is the same, and is then young for who collects."""
    patiently(lambda: objects.store.put(key, content, size_bytes=len(content), sha256=sha256))


def _plain_stats(stats: Mapping[str, Mapping]) -> dict[str, dict[str, list]]:
    return {feature: stats_to_json(values) for feature, values in stats.items()}
