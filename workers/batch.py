"""One batch of sessions on its way into one dataset: scan all, convert each, pack them into shards in their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from playloom.actions.layout import ActionLayout
from playloom.errors import OutputError, ProcessError
from workers.convert_session import SessionJob, convert_session
from workers.converted import ConvertedSession, OutputFault, Skipped, load_session
from workers.dataset_shape import DatasetShape, decide_shape, video_profile
from workers.errors import NothingConvertedError
from workers.options import ConvertOptions
from workers.processes import ProcessPool
from workers.progress import ConvertProgress, FrameCount
from workers.session_scan import SessionScan, scan_session
from workers.shards import Shard, ShardPiece, finish_shard, fits, load_shard, write_shard
from workers.working_directory import WorkingDirectory

_SKIPPED_FILE = "skipped.json"


class Batch:
    """A conversion under way.

    Attributes:
        names: the sessions' directory names, in their order.
        converted: what each session gave, by its number.
        skipped: why each session is left out, by its number.
        shards: those finished.
        tasks: in the order of their numbers.
    """

    def __init__(
        self,
        options: ConvertOptions,
        sessions: Sequence[Path],
        names: Sequence[str],
        working: WorkingDirectory,
        on_progress: Callable[[ConvertProgress], None] | None,
        converter_version: str,
    ) -> None:
        self.names = names
        self.converted: dict[int, ConvertedSession] = {}
        self.skipped: dict[int, str] = {}
        self.shards: list[Shard] = []
        self.tasks: list[str] = []
        self._options = options
        self._sessions = sessions
        self._working = working
        self._on_progress = on_progress
        self._version = converter_version
        self._open: list[ShardPiece] = []
        self._scans: dict[int, SessionScan] = {}

    def run(self, pool: ProcessPool, layout: ActionLayout) -> DatasetShape:
        """Convert everything that is not done yet.

        Raises:
            NothingConvertedError: no session can be used, or, if strict, the first that has a fault.
            OutputError: the output cannot be written, or the sessions are not those of the interrupted conversion.
        """
        self._scan(pool)
        if not self._scans:
            raise self._no_session()
        shape = decide_shape(self._options, layout, [self._scans[number] for number in sorted(self._scans)])
        self._working.keep_shape(
            {
                "fps": shape.fps,
                "size": [shape.width, shape.height],
                "rewards": shape.features.rewards,
                "who acted": bool(shape.features.agent_names),
            }
        )
        self._load_shards()
        self._convert(pool, shape)
        if self._open:
            self._close_shard(shape)
        if not self.shards:
            raise self._no_session()
        return shape

    def _scan(self, pool: ProcessPool) -> None:
        tasks = [partial(scan_session, path, self._options) for path in self._sessions]
        results = dict(pool.run(tasks, lambda *_: None))
        first_of: dict[str, int] = {}
        for number, result in sorted(results.items()):
            if isinstance(result, SessionScan):
                first = number if result.recording is None else first_of.setdefault(result.recording, number)
                if first == number:
                    self._scans[number] = result
                else:
                    self._skip(number, f"is the same recording as {self.names[first]} (session id {result.recording})")
            else:
                self._skip(number, result.reason if isinstance(result, Skipped) else str(result))

    def _load_shards(self) -> None:
        """Take over what an interrupted conversion has finished."""
        while (path := self._working.shard(len(self.shards))).exists():
            shard = load_shard(path)
            for name, size_bytes in shard.sizes.items():
                file = self._working.dataset / name
                if not file.exists() or file.stat().st_size != size_bytes:
                    raise OutputError(
                        file, "is not as the interrupted conversion left it", remedy="Start again with --overwrite"
                    )
            self.shards.append(shard)
        # What was begun and not finished must not stay: LeRobot reads every file that it finds.
        finished = {name for shard in self.shards for name in shard.sizes}
        for file in self._working.dataset.rglob("*"):
            if file.is_file() and file.relative_to(self._working.dataset).as_posix() not in finished:
                file.unlink()

    def _convert(self, pool: ProcessPool, shape: DatasetShape) -> None:
        packed = {piece for shard in self.shards for piece in shard.pieces}
        last_packed = max((session for session, _ in packed), default=-1)
        outcomes: dict[int, ConvertedSession | Skipped | OutputFault | ProcessError] = {}
        # A session that is in a finished shard already need not be there any more.
        for number in sorted({*self._scans, *(session for session, _ in packed)}):
            earlier = self._earlier(number, packed, in_a_shard=number <= last_packed)
            if earlier is not None:
                outcomes[number] = earlier
        count = FrameCount({number: scan.frames for number, scan in self._scans.items() if number not in outcomes})
        numbers = [number for number in self._scans if number not in outcomes]
        jobs = [
            partial(
                convert_session,
                SessionJob(
                    path=self._sessions[number],
                    output=self._working.session(number),
                    options=self._options,
                    shape=shape,
                ),
            )
            for number in numbers
        ]
        order = iter(sorted({*self._scans, *outcomes}))
        due = next(order, None)
        results = pool.run(jobs, lambda job, frames: self._tell(count.add(numbers[job], frames)))
        while due is not None:
            while due not in outcomes:
                job, outcome = next(results)
                outcomes[numbers[job]] = outcome
                self._tell(count.finish(numbers[job]))
            self._take(due, outcomes.pop(due), packed, shape)
            due = next(order, None)

    def _earlier(
        self, number: int, packed: set[tuple[int, int]], *, in_a_shard: bool
    ) -> ConvertedSession | Skipped | None:
        """What an interrupted conversion made of a session, if it can be taken over."""
        directory = self._working.session(number)
        skipped = directory / _SKIPPED_FILE
        converted = load_session(directory)
        if converted is None:
            earlier = in_a_shard and skipped.exists()
            return Skipped(reason=json.loads(skipped.read_text())["reason"]) if earlier else None
        waiting = [piece for place, piece in enumerate(converted.pieces) if (number, place) not in packed]
        if not waiting:
            return converted
        if number not in self._scans or converted.signature != self._scans[number].signature:
            return None
        whole = all(
            (file := directory / piece.video).exists()
            and file.stat().st_size == piece.video_bytes
            and (directory / piece.rows).exists()
            for piece in waiting
        )
        return converted if whole else None

    def _take(
        self,
        number: int,
        outcome: ConvertedSession | Skipped | OutputFault | ProcessError,
        packed: set[tuple[int, int]],
        shape: DatasetShape,
    ) -> None:
        """Put the next session's episodes into shards, or note why there are none."""
        if isinstance(outcome, OutputFault):
            raise OutputError(
                outcome.file, outcome.problem, remedy="Make room or choose another place, then add --resume to go on"
            )
        if isinstance(outcome, (Skipped, ProcessError)):
            self._skip(number, outcome.reason if isinstance(outcome, Skipped) else str(outcome))
            return
        self.converted[number] = outcome
        self.skipped.pop(number, None)
        if outcome.task not in self.tasks:
            self.tasks.append(outcome.task)
        for place, piece in enumerate(outcome.pieces):
            if (number, place) in packed:
                continue
            next_piece = ShardPiece(
                session=self.names[number],
                session_number=number,
                piece_number=place,
                directory=self._working.session(number),
                of=outcome,
                piece=piece,
                task_index=self.tasks.index(outcome.task),
            )
            if not fits(self._open, next_piece, shape.fps, self._options.max_file_bytes):
                self._close_shard(shape)
            self._open.append(next_piece)

    def _close_shard(self, shape: DatasetShape) -> None:
        shard = write_shard(
            self._working.dataset,
            self._open,
            number=len(self.shards),
            first_episode=sum(shard.episodes for shard in self.shards),
            first_index=sum(shard.frames for shard in self.shards),
            features=shape.features,
            profile=video_profile(self._options, shape),
            converter_version=self._version,
        )
        finish_shard(self._working.shard(shard.number), shard, self._open)
        self.shards.append(shard)
        self._open = []

    def _skip(self, number: int, reason: str) -> None:
        if self._options.strict:
            raise NothingConvertedError(
                f"The session {self.names[number]} cannot be converted: {reason}",
                remedy="Repair or remove it, or leave out --strict to convert the others; no dataset was written",
            )
        self.skipped[number] = reason
        directory = self._working.session(number)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _SKIPPED_FILE).write_text(json.dumps({"reason": reason}))

    def _no_session(self) -> NothingConvertedError:
        reasons = "; ".join(f"{self.names[number]}: {reason}" for number, reason in sorted(self.skipped.items()))
        return NothingConvertedError(
            f"None of the {len(self.names)} sessions can be converted: {reasons}",
            remedy="'playloom validate' says more about each",
        )

    def _tell(self, progress: ConvertProgress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)
