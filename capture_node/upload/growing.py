"""The session that is being recorded, sent while it grows: whole parts of what is too old to be thrown away soon.

Files of a session only grow, so a part of them is what it will stay, unless the player throws the last minutes away.
What is younger than the hold-back therefore stays here, counted in recorded time: in a pause nothing grows old. Whoever
throws away more than that, or the whole session, has what was sent of it removed from the server: which uploads were
begun so stands in a file of the spool, so that a killed node finds them again.

Once the session is finished it is sent as any other one, and the server tells which parts it has.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.local_files import FilePart, read_part
from capture_node.upload.part_sender import UploadLostError
from capture_node.upload.parts_sending import PartsSending
from capture_node.upload.receipt import read_receipt
from playloom.client.connection import Connection
from playloom.client.errors import LimitReachedError, NotNowError, NotThereError, RequestRefusedError
from playloom.errors import OutputError, RecordingError
from playloom.objects.part_sum import PartSum
from playloom.recording.json_sections import JsonSection
from playloom.recording.session import SESSION_FILES, START_FILE, VIDEO_FILE
from playloom.recording.session_info import INFO_FILE, session_info_from, write_json
from protos import coordinator_pb2 as pb

NOTE_FILE = ".growing-uploads.json"

BEGIN_BYTES = 8 << 20
"""Below this no upload is begun: a part is not smaller."""

LOOKS_KEPT = 10_000


class GrowingSession:
    """What is old enough of a session that is being recorded.

    Args:
        path: its directory.
        hold_back_s: so much recorded time stays here.
    """

    def __init__(self, path: Path, hold_back_s: float) -> None:
        self.path, self._hold_back_s = path, hold_back_s
        self._looks: deque[tuple[float, dict[str, int]]] = deque(maxlen=LOOKS_KEPT)
        self._video_bytes = 0
        self._old: dict[str, int] = {}

    def look(self, now_s: float, written_ago_s: float | None = None) -> None:
        """See how large the files are now.

        Args:
            now_s: on any clock that does not jump.
            written_ago_s: since the video grew; None: as the system says.
        """
        sizes, ago_s = file_sizes(self.path), written_ago_s
        if sizes.get(VIDEO_FILE, 0) <= self._video_bytes:
            return  # nothing grows, and nothing grows old: the player has paused
        self._video_bytes = sizes[VIDEO_FILE]
        if ago_s is None:
            ago_s = _written_ago_s(self.path / VIDEO_FILE)
        grew_s = now_s - ago_s
        self._looks.append((grew_s, sizes))
        while self._looks and self._looks[0][0] <= grew_s - self._hold_back_s:
            self._old = self._looks.popleft()[1]

    def old_sizes(self) -> Mapping[str, int]:
        """Of each file so many bytes are older than the hold-back."""
        return self._old


class GrowingFiles:
    """The whole parts among the first bytes of a session's files; as `PartsSending` takes them."""

    def __init__(self, path: Path, sizes: Mapping[str, int], part_bytes: int, sums: dict[tuple[str, int], str]) -> None:
        self._path, self._sums = path, sums
        self.sizes = {name: size // part_bytes * part_bytes for name, size in sizes.items()}

    @property
    def size_bytes(self) -> int:
        return sum(self.sizes.values())

    def parts(self, part_bytes: int) -> list[FilePart]:
        return [
            FilePart(file=name, number=begin // part_bytes + 1, begin=begin, size_bytes=part_bytes)
            for name, size in sorted(self.sizes.items())
            for begin in range(0, size, part_bytes)
        ]

    def read(self, part: FilePart, kind: PartSum, room: bytearray) -> memoryview:
        content = read_part(self._path, part, room)
        self._sums[part.file, part.number] = kind.of(content)
        return content

    def part_sum(self, part: FilePart, kind: PartSum) -> str:
        if (part.file, part.number) not in self._sums:
            self.read(part, kind, bytearray(part.size_bytes))
        return self._sums[part.file, part.number]

    def keep_sums(self) -> None:
        """They are kept in memory."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An upload of a session that was not finished.

    Attributes:
        session: its directory in the spool.
        server_id: which server has it.
        upload_id: there.
        sent: bytes of each file that are or will be there.
    """

    session: str
    server_id: str
    upload_id: str
    sent: Mapping[str, int]


class GrowingUploads:
    """Sends growing sessions, one at a time, and takes back what was thrown away.

    Args:
        spool: where sessions lie.
        hold_back_s: so much recorded time stays here.
    """

    def __init__(self, spool: Path, hold_back_s: float) -> None:
        self._spool, self._hold_back_s = spool, hold_back_s
        self._current: GrowingSession | None = None
        self._upload: pb.Upload | None = None
        self._given_up: Path | None = None
        self._sums: dict[tuple[str, int], str] = {}
        self._begun = _read_note(spool / NOTE_FILE)

    def look(self, recording: Path | None, now_s: float) -> None:
        """See how far the session in this directory has grown; None: nothing is recorded."""
        if recording is None or recording.parent != self._spool:
            self._current = None
            return
        if self._current is None or self._current.path != recording:
            self._current, self._upload, self._sums = GrowingSession(recording, self._hold_back_s), None, {}
        self._current.look(now_s)

    @property
    def due(self) -> Path | None:
        """The session of which something can be sent now."""
        current = self._current
        if current is None or current.path == self._given_up:
            return None
        if self._upload is None:
            return current.path if max(current.old_sizes().values(), default=0) >= BEGIN_BYTES else None
        part_bytes = self._upload.part_bytes
        sent = next((one.sent for one in self._begun if one.upload_id == self._upload.id), {})
        more = any(size // part_bytes * part_bytes > sent.get(name, 0) for name, size in current.old_sizes().items())
        return current.path if more else None

    def send(self, line: UploadLine, progress: Callable[[UploadProgress], None]) -> None:
        """Send what is due.

        Raises:
            UploadStoppedError: by the line's stop.
            ServerError: the server is away, or refuses this machine altogether.
        """
        current = self._current
        assert current is not None
        try:
            upload = self._upload = self._upload or self._begin(current, line.connection)
            files = GrowingFiles(current.path, current.old_sizes(), upload.part_bytes, self._sums)
            begun = Begun(
                session=current.path.name, server_id=line.server_id, upload_id=upload.id, sent=dict(files.sizes)
            )
            # Before it is sent: what is on the server and not in the note would stay there.
            self._keep([*(one for one in self._begun if one.upload_id != upload.id), begun])
            PartsSending(files, upload, line, progress).send()
        except (NotThereError, NotNowError, UploadLostError):
            self._upload = None  # it was closed; begun anew the next time
            self._given_up = current.path
        except (LimitReachedError, RequestRefusedError, RecordingError, OutputError):
            self._given_up = current.path  # what is wrong is told when the session is finished

    def take_back(self, connection: Connection, server_id: str) -> list[str]:
        """Give up the uploads of sessions of which something was thrown away that was sent; returns their names.

        Raises:
            ServerError: the server is away.
        """
        taken = []
        for one in list(self._begun):
            path = self._spool / one.session
            if one.server_id == server_id and not _is_done(path):
                if not _is_shorter(path, one.sent):
                    continue
                with suppress(NotThereError, NotNowError):  # it was finished, or given up before
                    connection.call(connection.uploads.AbandonUpload, pb.AbandonUploadRequest(upload_id=one.upload_id))
                    taken.append(one.session)
                if self._upload is not None and self._upload.id == one.upload_id:
                    self._upload, self._given_up = None, path
            self._keep([other for other in self._begun if other.upload_id != one.upload_id])
        return taken

    def _begin(self, current: GrowingSession, connection: Connection) -> pb.Upload:
        info = session_info_from(JsonSection.read(current.path / START_FILE))
        request = pb.BeginUploadRequest(
            recording_id=info.session_id,
            name=current.path.name,
            files=sorted(SESSION_FILES),
            expected_bytes=sum(current.old_sizes().values()),
        )
        return connection.call(connection.uploads.BeginUpload, request)

    def _keep(self, begun: list[Begun]) -> None:
        values = [
            {"session": one.session, "server_id": one.server_id, "upload_id": one.upload_id, "sent": dict(one.sent)}
            for one in begun
        ]
        write_json(self._spool / NOTE_FILE, {"uploads": values})
        self._begun = begun


def file_sizes(path: Path) -> dict[str, int]:
    """Bytes of a session's files; a file that is not there has none."""
    sizes: dict[str, int] = {}
    for name in SESSION_FILES:
        with suppress(OSError):
            sizes[name] = (path / name).stat().st_size
    return sizes


def _written_ago_s(path: Path) -> float:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0


def _is_done(path: Path) -> bool:
    """Whether the server has confirmed the finished session."""
    return (path / INFO_FILE).exists() and read_receipt(path) is not None


def _is_shorter(path: Path, sent: Mapping[str, int]) -> bool:
    sizes = file_sizes(path)
    return any(sizes.get(name, 0) < size for name, size in sent.items())


def _read_note(path: Path) -> list[Begun]:
    """What a node before this one has begun; nothing where the note cannot be read."""
    try:
        return list(_begun_in(JsonSection.read(path)))
    except RecordingError:
        return []


def _begun_in(root: JsonSection) -> Iterator[Begun]:
    for section in root.sections("uploads"):
        sent = section.section("sent")
        yield Begun(
            session=section.text("session"),
            server_id=section.text("server_id"),
            upload_id=section.text("upload_id"),
            sent={name: sent.integer(name) for name in sent.values},
        )
