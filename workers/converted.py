"""What the conversion of one session leaves: values, and the file that keeps them until the session is in a shard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from workers.provenance import RECORDED
from workers.stats import FeatureStats, stats_from_json, stats_to_json

RESULT_FILE = "session.json"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A session that does not enter the dataset, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class OutputFault:
    """The output cannot be written: no session's fault, so the whole conversion stops."""

    file: Path
    problem: str


@dataclass(frozen=True, kw_only=True)
class ConvertedPiece:
    """One episode of a session, as it lies in the session's output directory.

    Attributes:
        video: the name of its video file.
        rows: the name of its file of columns.
        length: in frames.
        first_frame: the place of its first frame in its video file; those before are only there to decode it.
        video_frames: frames of the video file.
        video_bytes: its size.
        codec, pixel_format: of the video.
        source_frame: the first frame's place in the recording.
        start_ns: the first frame's time on the recording's clock.
        stats: of the recorded columns and of the pictures.
    """

    video: str
    rows: str
    length: int
    first_frame: int
    video_frames: int
    video_bytes: int
    codec: str
    pixel_format: str
    source_frame: int
    start_ns: int
    stats: Mapping[str, FeatureStats]


@dataclass(frozen=True, kw_only=True)
class ConvertedSession:
    """What one session gives to the dataset.

    Attributes:
        session_id, player, profile_name: as recorded; empty where unknown.
        task: what the player does.
        action_delay_ms: its frames took the inputs of so many milliseconds before them.
        copied: whether its video was copied and not transcoded.
        pieces: its episodes.
        warnings: what was lost, repaired or decided, a sentence each.
        signature: of its files when it was converted.
        label_source: who says what was pressed, see `provenance`.
        terms: under which it may be used, a sentence each.
        agent: the policy that played a part in it; empty: none.
    """

    session_id: str
    player: str
    profile_name: str
    task: str
    action_delay_ms: float
    copied: bool
    pieces: tuple[ConvertedPiece, ...]
    warnings: tuple[str, ...]
    signature: str
    label_source: str = RECORDED
    terms: tuple[str, ...] = ()
    agent: str = ""


def save_session(directory: Path, converted: ConvertedSession) -> None:
    """Write what `load_session` reads."""
    content = asdict(converted)
    for piece, saved in zip(converted.pieces, content["pieces"], strict=True):
        saved["stats"] = {name: stats_to_json(stats) for name, stats in piece.stats.items()}
    (directory / RESULT_FILE).write_text(json.dumps(content))


def load_session(directory: Path) -> ConvertedSession | None:
    """What a converted session's directory holds, None where there is none."""
    try:
        content = json.loads((directory / RESULT_FILE).read_text())
    except FileNotFoundError:
        return None
    pieces = [
        ConvertedPiece(**piece | {"stats": {name: stats_from_json(stats) for name, stats in piece["stats"].items()}})
        for piece in content["pieces"]
    ]
    told = {name: tuple(content.get(name, ())) for name in ("warnings", "terms")}
    return ConvertedSession(**content | {"pieces": tuple(pieces), **told})
