"""One session sent to the server: begun or gone on with, part by part, until the server confirms every file's sum.

Whatever interrupts it (this program killed, the line cut, the server restarted), doing it again goes on where it was:
only parts that were on their way are sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.local_files import LocalFiles
from capture_node.upload.part_sender import UploadLostError, UploadStoppedError
from capture_node.upload.parts_sending import PartsSending
from capture_node.upload.receipt import Receipt, read_receipt, write_receipt
from playloom.client.connection import Connection
from playloom.client.errors import NotNowError, NotThereError, RequestRefusedError, ServerError
from playloom.errors import PlayloomError, RecordingError
from playloom.file_lock import lock_for_this_program
from playloom.recording.content_sum import content_sha256
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_info import INFO_FILE, FileRecord
from protos import coordinator_pb2 as pb

FINISH_S = 3600.0
"""The server reads every file once more."""

ROUNDS = 4
"""So often an upload is begun or gone on with: the server may have thrown away what cannot be used, and say so."""

LOCK_FILE = ".upload.lock"


class BeingSentError(PlayloomError):
    """Another program is sending this session."""

    def __init__(self, session: Path) -> None:
        super().__init__(f"{session} is being sent by another program", remedy="See how far: playloom node status")


def upload_session(
    path: Path, line: UploadLine, progress: Callable[[UploadProgress], None] = lambda progress: None
) -> Receipt:
    """Send a session; when this returns, the server has confirmed it, and the receipt lies beside it.

    Args:
        path: its directory.
        line: to the server.
        progress: told how far it is, from several threads.

    Raises:
        RecordingError: it is not finished, cannot be read, or is not what it was when it was recorded.
        BeingSentError: another program is sending it.
        UploadStoppedError: by the line's stop.
        ServerError, PlayloomError: the server refuses or is away.
    """
    with _claimed(path):
        files = LocalFiles(path)
        records = files.records()
        try:
            session = _sent(files, records, line, progress)
        finally:
            files.keep_sums()
        receipt = Receipt(
            server=line.connection.access.address,
            server_id=line.server_id,
            session_id=session.id,
            confirmed_unix_ns=time.time_ns(),
            info_sha256=records[INFO_FILE].sha256,
            files=confirmed_records(session),
        )
        before = read_receipt(path)
        write_receipt(path, receipt)
        if before is not None and before.server_id == receipt.server_id and before.session_id != receipt.session_id:
            _withdraw(line.connection, before.session_id)
        return receipt


def _withdraw(connection: Connection, session_id: str) -> None:
    """Delete what was sent before the player threw a part of it away."""
    try:
        connection.call(connection.sessions.DeleteSession, pb.DeleteSessionRequest(session_id=session_id))
    except (NotThereError, NotNowError):
        return  # it is gone already


def confirmed_records(session: pb.Session) -> dict[str, FileRecord]:
    """Sizes and sums as the server has them."""
    return {file.name: FileRecord(bytes=file.size_bytes, sha256=file.sha256) for file in session.files}


def _sent(
    files: LocalFiles,
    records: dict[str, FileRecord],
    line: UploadLine,
    progress: Callable[[UploadProgress], None],
) -> pb.Session:
    connection = line.connection
    begin = pb.BeginUploadRequest(
        recording_id=files.info.session_id,
        name=files.path.resolve().name,
        files=sorted(records),
        expected_bytes=files.size_bytes,
        content_sha256=content_sha256({name: record.sha256 for name, record in records.items()}),
    )
    manifest = [
        pb.SessionFile(name=name, size_bytes=record.bytes, sha256=record.sha256)
        for name, record in sorted(records.items())
    ]
    last: PlayloomError | None = None
    for _ in range(ROUNDS):
        if line.stop.is_set():
            raise UploadStoppedError
        upload = connection.call(connection.uploads.BeginUpload, begin)
        if upload.state == "finished":
            session = _there_already(line, upload, files, progress)
            _see_same(line, session, files, records)
            return session
        try:
            PartsSending(files, upload, line, progress).send()
            finish = pb.FinishUploadRequest(upload_id=upload.id, files=manifest)
            session = connection.call(connection.uploads.FinishUpload, finish, timeout_s=FINISH_S)
        except (NotNowError, NotThereError, RequestRefusedError, UploadLostError) as error:
            last = error
            _see_unchanged(files, error)
            continue
        _see_same(line, session, files, records)
        return session
    assert last is not None
    raise last


def _there_already(
    line: UploadLine, upload: pb.Upload, files: LocalFiles, progress: Callable[[UploadProgress], None]
) -> pb.Session:
    """This very content was sent before."""
    connection = line.connection
    session = connection.call(connection.sessions.GetSession, pb.GetSessionRequest(session_id=upload.session_id))
    progress(UploadProgress(sent_bytes=files.size_bytes, size_bytes=files.size_bytes))
    return session


def _see_same(line: UploadLine, session: pb.Session, files: LocalFiles, records: dict[str, FileRecord]) -> None:
    """See that the server has what was sent.

    A recording that was there already counts as the same by the files that every session has; its session.json is the
    one that came first, and with another one here the copy here is never removed.
    """
    confirmed = confirmed_records(session)
    if confirmed == records:
        return
    if all(confirmed.get(name) == records[name] for name in SESSION_FILES):
        return
    raise ServerError(
        line.connection.access.address,
        f"the server has other sums of {files.path.name} than this machine",
        remedy="Nothing is lost here: tell the server's operator",
    )


def _see_unchanged(files: LocalFiles, error: PlayloomError) -> None:
    """Raise where the server is right to refuse: a file here is not what was recorded."""
    if changed := files.changed_files():
        raise RecordingError(
            files.path / changed[0],
            "is not what it was when it was recorded",
            remedy=f"See what is left of it: playloom validate {files.path}",
        ) from error


@contextmanager
def _claimed(path: Path) -> Iterator[None]:
    """Within the block no other program of this machine sends the session."""
    try:
        file = (path / LOCK_FILE).open("ab")
    except OSError as error:
        raise RecordingError(path, f"cannot be written to: {error.strerror}") from error
    with file:
        if not lock_for_this_program(file):
            raise BeingSentError(path)
        yield
