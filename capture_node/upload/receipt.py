"""`.uploaded.json` beside a session's files: that the server has confirmed it, and with which sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from playloom.errors import RecordingError
from playloom.recording.json_sections import JsonSection
from playloom.recording.session_info import INFO_FILE, FileRecord, write_json

RECEIPT_FILE = ".uploaded.json"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the server has confirmed.

    Attributes:
        server: its address at that time, HOST:PORT.
        server_id: which it is, wherever it listens.
        session_id: the session's id there.
        confirmed_unix_ns: when, on this machine's calendar.
        info_sha256: of the session.json that was sent: one that has another now was cut since, and is sent anew.
        files: size and SHA-256 of each, as the server has read them.
    """

    server: str
    server_id: str
    session_id: str
    confirmed_unix_ns: int
    info_sha256: str
    files: Mapping[str, FileRecord]

    @property
    def has_other_info(self) -> bool:
        """Whether the server had the same recording already, with another session.json."""
        there = self.files.get(INFO_FILE)
        return there is None or there.sha256 != self.info_sha256


def write_receipt(session: Path, receipt: Receipt) -> None:
    """Raises: OutputError: it cannot be written."""
    write_json(session / RECEIPT_FILE, asdict(receipt))


def read_receipt(session: Path) -> Receipt | None:
    """The receipt of a session; None where it has none that can be read: then it is sent again, which costs little."""
    try:
        root = JsonSection.read(session / RECEIPT_FILE)
        files = root.section("files")
        return Receipt(
            server=root.text("server"),
            server_id=root.text("server_id"),
            session_id=root.text("session_id"),
            confirmed_unix_ns=root.integer("confirmed_unix_ns"),
            info_sha256=root.text("info_sha256"),
            files={
                name: FileRecord(bytes=files.section(name).integer("bytes"), sha256=files.section(name).text("sha256"))
                for name in files.values
            },
        )
    except RecordingError:
        return None
