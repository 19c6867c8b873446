"""A session made of something else: it appears under its name when it is whole, or not at all.

It is built in a hidden directory beside its place, which no search for sessions looks into, and renamed when
session.json is written. session.json names the source by its signature and the options, so that a second run knows
what it has made already.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playloom.errors import OutputError, RecordingError
from playloom.file_lock import lock_for_this_program
from playloom.recording.append_file import cannot_write
from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.recording.mp4_index import index_video
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, SYNC_FILE, VIDEO_FILE
from playloom.recording.session_info import (
    INFO_FILE,
    CaptureProfile,
    Clock,
    EncoderInfo,
    FrameCounts,
    Mark,
    SessionInfo,
    file_record,
    read_session_info,
    sync_directory,
    write_session_info,
)
from playloom.recording.session_name import check_session_name
from playloom.recording.sync_table import SYNC_HEADER, encode_sync_row
from playloom.recording.video_encoder import frame_time_ns
from workers.importing.options import ImportOptions
from workers.importing.report import Imported

IMPORTED = "imported"
"""The key of session.json that says what a session was made of."""

MAX_TOLD = 100
"""So many faults are told one by one."""

_LOCK_FILE = ".import.lock"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one session is made of.

    Attributes:
        format: the name of its kind.
        place: what the user knows it by.
        name: of the session.
        signature: of its files.
        choices: further options that decide what the session holds.
    """

    format: str
    place: str
    name: str
    signature: str
    choices: Mapping[str, object] = field(default_factory=dict)


@contextmanager
def locked_output(output: Path) -> Iterator[None]:
    """Make the directory for sessions, and keep other imports out of it meanwhile.

    Raises:
        OutputError: another import is writing into it, or it cannot be written.
    """
    lock = output / _LOCK_FILE
    busy = OutputError(output, "another import is writing into it", remedy="Wait for it")
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = lock.open("ab")
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(output, "is a file, not a directory", remedy="Name a directory: --output DIR") from error
    except OSError as error:
        raise cannot_write(output, error) from error
    with file:
        if not lock_for_this_program(file):
            raise busy
        # Whoever held the lock before may have removed the file in between.
        if not lock.exists() or lock.stat().st_ino != os.fstat(file.fileno()).st_ino:
            raise busy
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


class SessionOutput:
    """One session on its way.

    Attributes:
        path: the hidden directory in which it is built.
        faults: what was lost or repaired; see `fault`.
        notes: what was decided.
    """

    def __init__(self, options: ImportOptions, source: Source) -> None:
        self._options, self._source = options, source
        check_session_name(options.output, source.name)
        self.place = options.output / source.name
        self.path = options.output / f".{source.name}.importing"
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._faults = 0
        self._told = {
            "format": source.format,
            "source": os.fsencode(source.place).decode("utf-8", "backslashreplace"),
            "signature": source.signature,
            "options": {**options.told(), **source.choices},
        }

    def __enter__(self) -> SessionOutput:
        try:
            shutil.rmtree(self.path, ignore_errors=True)  # of a run that was cut off
            self.path.mkdir()
        except OSError as error:
            raise cannot_write(self.path, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def made_already(self) -> Imported | None:
        """The session, if an earlier run has made it.

        Raises:
            OutputError: something else stands in its place.
        """
        if not self.place.exists():
            return None
        info = read_session_info(self.place / INFO_FILE) if (self.place / INFO_FILE).is_file() else None
        told = None if info is None else info.extra.get(IMPORTED)
        if info is None or not isinstance(told, dict) or told.get("signature") != self._source.signature:
            raise OutputError(self.place, "exists already and is something else", remedy="Choose another --output")
        if told.get("options") != self._told["options"]:
            raise OutputError(
                self.place,
                "was imported with other options",
                remedy="Remove it to import it again, or choose another --output",
            )
        for name, record in info.files.items():
            file = self.place / name
            if not file.is_file() or file.stat().st_size != record.bytes:
                raise OutputError(file, "is not as it was imported", remedy=f"Remove {self.place} to import it again")
        return Imported(source=self._source.place, path=self.place, frames=info.counts.frames, kept=True)

    def fault(self, sentence: str) -> None:
        """Something is lost or was repaired.

        Raises:
            RecordingError: the import is strict.
        """
        if self._options.strict:
            raise RecordingError(Path(self._source.place), f"has faults, which --strict does not accept: {sentence}")
        self._faults += 1
        if self._faults <= MAX_TOLD:
            self.faults.append(sentence)

    def write_inputs(self, snapshots: Iterable[InputSnapshot]) -> int:
        """Write actions.bin, leaving out snapshots that say nothing new; how many are in it."""
        last: InputSnapshot | None = None
        written = 0
        with self._created(INPUTS_FILE) as file:
            for snapshot in snapshots:
                assert last is None or snapshot.monotonic_ns >= last.monotonic_ns
                if last is not None and snapshot.same_state(last):
                    continue
                last = snapshot
                file.write(encode_snapshot(snapshot))
                written += 1
        return written

    def write_times(self, times_ns: Iterable[int], fps: int, repeated: Sequence[bool] | None = None) -> None:
        """Write sync.csv: frame k was seen at ``times_ns[k]`` and stands at k/fps in the video."""
        with self._created(SYNC_FILE) as file:
            file.write(f"{SYNC_HEADER}\n".encode())
            for number, time_ns in enumerate(times_ns):
                again = repeated is not None and repeated[number]
                file.write(encode_sync_row(number, time_ns, frame_time_ns(fps, number), repeated=again).encode())

    def finish(
        self,
        *,
        clock: Clock,
        profile: CaptureProfile | None,
        encoder: EncoderInfo | None = None,
        repeated: int = 0,
        window: str | None = None,
        marks: Sequence[Mark] = (),
        extra: Mapping[str, object] | None = None,
        more_files: Sequence[str] = (),
    ) -> Imported:
        """Check what was written, seal it and give it its place.

        Raises:
            RecordingError: the video cannot be read back.
            OutputError: it cannot be written.
        """
        frames = index_video(self.path / VIDEO_FILE).frames
        if self._faults > MAX_TOLD:
            self.faults.append(f"and {self._faults - MAX_TOLD} more of these")
        info = SessionInfo(
            session_id=self._source.name,
            source=f"import:{self._source.format}",
            clock=clock,
            counts=FrameCounts(frames=frames, repeated=repeated),
            player=self._options.player,
            game_id=self._options.game_id,
            profile_name=self._options.profile_name,
            task=self._options.task,
            window=window,
            marks=tuple(marks),
            capture_profile=profile,
            encoder=encoder,
            files={name: file_record(self.path / name) for name in (*SESSION_FILES, *more_files)},
            extra={IMPORTED: {**self._told, "faults": self.faults, "notes": self.notes}, **(extra or {})},
        )
        write_session_info(self.path / INFO_FILE, info)
        try:
            self.path.rename(self.place)
            sync_directory(self.place.parent)
        except OSError as error:
            raise cannot_write(self.place, error) from error
        return Imported(
            source=self._source.place,
            path=self.place,
            frames=frames,
            faults=tuple(self.faults),
            notes=tuple(self.notes),
        )

    @contextmanager
    def _created(self, name: str) -> Iterator:
        try:
            with (self.path / name).open("xb", buffering=1 << 20) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(self.path / name, error) from error
