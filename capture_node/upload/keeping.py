"""Local copies go by the player's policy, and never on a receipt's word alone: the server is asked at that moment."""

from __future__ import annotations

from pathlib import Path

from capture_node.upload.receipt import Receipt, read_receipt
from capture_node.upload.session_upload import confirmed_records
from capture_node.upload.spooled_uploads import remove_session
from playloom.client.connection import Connection
from playloom.client.errors import NotThereError
from playloom.errors import RecordingError
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_info import INFO_FILE, file_record
from protos import coordinator_pb2 as pb


def remove_if_confirmed(path: Path, connection: Connection, server_id: str) -> bool:
    """Remove a local copy if the server has this very session now; whether it was removed.

    Every file here is read once more: what leaves is what the server has.

    Args:
        path: the session's directory.
        connection: with the server.
        server_id: the server's own name for itself.

    Raises:
        ServerError: it does not answer.
        RecordingError: a file cannot be read, or the directory not be removed.
    """
    receipt = read_receipt(path)
    if receipt is None or receipt.server_id != server_id or not _is_there(receipt, connection):
        return False
    for name in _sent_files(path):
        if file_record(path / name) != receipt.files.get(name):
            return False
    remove_session(path)
    return True


def _is_there(receipt: Receipt, connection: Connection) -> bool:
    """Whether the server has the session, not deleted, with the receipt's sums."""
    try:
        session = connection.call(connection.sessions.GetSession, pb.GetSessionRequest(session_id=receipt.session_id))
    except NotThereError:
        return False
    return not session.HasField("deleted_unix_ns") and confirmed_records(session) == dict(receipt.files)


def _sent_files(path: Path) -> list[str]:
    """All that a person could miss; our own notes are hidden files."""
    try:
        names = sorted(file.name for file in path.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise RecordingError(path, f"cannot be listed: {error.strerror}") from error
    return sorted({*names, *SESSION_FILES, INFO_FILE})
