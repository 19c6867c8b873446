"""A node's uploads in one line."""

from __future__ import annotations

from capture_node.upload.status import UploadState, UploadStatus
from playloom.figures import bytes_in_words, count_in_words, one_line, percent_in_words


def uploads_in_words(status: UploadStatus) -> str:
    """What goes on, and what waits; empty where the node sends nothing by itself."""
    match status.state:
        case UploadState.OFF:
            return ""
        case UploadState.SENDING if status.session is not None:
            words = f"sends {one_line(status.session)}"
            if status.size_bytes:
                done = percent_in_words(status.sent_bytes, status.size_bytes)
                words += f", {done} of {bytes_in_words(status.size_bytes)}"
            if status.bytes_per_s:
                words += f", {bytes_in_words(round(status.bytes_per_s))}/s"
            others = status.waiting_sessions - 1
            return words + (f"; {count_in_words(others, 'more waits', 'more wait')}" if others > 0 else "")
        case UploadState.QUIET:
            return f"{_waiting(status)}: {status.problem or 'quiet hours'}"
        case UploadState.RECORDING:
            return f"{_waiting(status)} until nothing is recorded"
        case UploadState.WAITING | UploadState.REFUSED:
            return f"{_waiting(status)}: {one_line(status.problem or 'the server is away')}"
        case _ if status.problem is not None:
            return f"{_waiting(status)}: {one_line(status.problem)}"
        case _ if status.waiting_sessions:
            return _waiting(status)
        case _:
            return f"all is sent to {status.server}"


def _waiting(status: UploadStatus) -> str:
    if not status.waiting_sessions:
        return "nothing waits"
    sessions = count_in_words(status.waiting_sessions, "session waits", "sessions wait")
    return f"{sessions}, {bytes_in_words(status.waiting_bytes)}"
