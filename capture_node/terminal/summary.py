"""What a player reads when a recording has ended: what is there now, what it lacks, and what to do with it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playloom.figures import bytes_in_words, count_in_words, duration_in_words, percent_in_words
from playloom.recording.session import Session


def session_row(session: Session) -> dict[str, Any]:
    """A finished session's figures, for JSON."""
    info = session.info
    assert info is not None, "a finished session has its session.json"
    profile = info.capture_profile
    return {
        "session": str(session.path),
        "session_id": session.session_id,
        "duration_s": round(info.counts.frames / profile.fps, 3) if profile else None,
        "frames": info.counts.frames,
        "repeated": info.counts.repeated,
        "dropped": info.counts.dropped,
        "late": info.counts.late,
        "bytes": sum(record.bytes for record in info.files.values()),
        "encoder": info.encoder.name if info.encoder else None,
    }


def session_line(session: Session) -> str:
    """A finished session in one line."""
    row = session_row(session)
    dropped = row["dropped"]
    share = f" ({percent_in_words(dropped, dropped + row['frames'])})" if dropped else ""
    parts = [
        duration_in_words(row["duration_s"] or 0),
        count_in_words(row["frames"], "frame"),
        f"{dropped:,} dropped{share}",
        f"{row['late']:,} late",
        bytes_in_words(row["bytes"]),
    ]
    if session.info is not None and session.info.recovery is not None:
        parts.insert(0, "cut off and mended")
    return f"{session.path}: {', '.join(parts)}"


def next_steps(root: Path, sessions: Sequence[Session]) -> list[str]:
    """The commands that come next, each with what it does."""
    one = shlex.quote(str(sessions[0].path))
    named = one if len(sessions) == 1 else shlex.quote(str(root))
    return [
        f"  playloom validate {named}     says whether it is any good",
        f"  playloom preview {one} -o preview.png     draws the play with its controls",
        f"  playloom convert --session-root {shlex.quote(str(root))} …     makes a dataset of it",
    ]
