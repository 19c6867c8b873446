"""The README.md of what is uploaded: what it is, how it was made, how much there is, whose terms apply."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.environments.spec import ENVIRONMENT_FILE, EnvironmentSpec, EpisodeOutcome, Platform, read_environment
from playloom.errors import RecordingError
from playloom.recording.session import Session, open_session

LICENSE_PLACEHOLDER = "other"
LONGEST_TABLE = 100

PLATFORM_TERMS = {
    Platform.ATARI: "Atari games ran in ale-py (GPL-2.0), which ships their ROMs. The games are their publishers'.",
    Platform.VIZDOOM: "Doom scenarios ran in ViZDoom (MIT, engine under the ZDoom licences) with Freedoom's WADs "
    "(BSD-3-Clause).",
    Platform.RETRO: "Console games ran in stable-retro (MIT; each emulator core under its own licence). ROMs belong to "
    "their publishers and are not part of this repository.",
    Platform.COURIER: "Courier is Playloom's own game (Apache-2.0).",
}


@dataclass(frozen=True, kw_only=True)
class CardEntry:
    """One session, as the card counts it."""

    session: Session
    spec: EnvironmentSpec | None
    outcome: EpisodeOutcome | None

    @classmethod
    def of(cls, path: Path) -> CardEntry:
        """
        Raises:
            RecordingError: it is not a whole session.
        """
        session = open_session(path)
        spec, outcome = read_environment(path) if (path / ENVIRONMENT_FILE).is_file() else (None, None)
        return cls(session=session, spec=spec, outcome=outcome)

    @property
    def game_id(self) -> str:
        return (self.session.info.game_id if self.session.info else None) or "unknown game"

    @property
    def frames(self) -> int:
        return self.session.info.counts.frames if self.session.info else 0

    @property
    def duration_s(self) -> float:
        info = self.session.info
        return info.counts.frames / info.capture_profile.fps if info and info.capture_profile else 0.0


def session_card(title: str, paths: Sequence[Path], license_id: str | None) -> str:
    """The card of recorded sessions.

    Raises:
        RecordingError: one of them is not a whole session.
    """
    entries = [CardEntry.of(path) for path in paths]
    platforms = [platform for platform in Platform if any(e.spec and e.spec.platform is platform for e in entries)]
    games = Counter(entry.game_id for entry in entries)
    tags = ["playloom", "gameplay", "gymnasium", *platforms, *sorted(games)]
    hours = sum(entry.duration_s for entry in entries) / 3600
    lines = [
        *_front_matter(title, license_id, tags, None),
        f"# {title}",
        "",
        "Recorded gameplay: video, everything the player pressed, and for each step the environment's action, its "
        "reward and a hash of the picture. Recorded with Playloom.",
        "",
        f"{len(entries)} sessions, {sum(entry.frames for entry in entries)} frames, {hours:.2f} hours.",
        "",
        "| session | game | player | frames | score | seed |",
        "|---|---|---|---:|---:|---:|",
    ]
    for entry in entries[:LONGEST_TABLE]:
        player = (entry.session.info.player if entry.session.info else None) or ""
        score = "" if entry.outcome is None else f"{entry.outcome.score:g}"
        seed = "" if entry.spec is None else str(entry.spec.seed)
        cells = (entry.session.path.name, entry.game_id, player, str(entry.frames), score, seed)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    if len(entries) > LONGEST_TABLE:
        lines.append(f"\nand {len(entries) - LONGEST_TABLE} more.")
    lines += [
        "",
        "## Files",
        "",
        "Each session is a folder: `capture.mp4` (H.264), `sync.csv` (the time of each frame), `actions.bin` (what "
        "was held, after every change), `steps.csv` (environment actions, rewards, ends, hashes), `environment.json` "
        "(all that a replay needs) and `session.json`.",
        "",
        "## Use",
        "",
        "```bash",
        "playloom gym verify FOLDER      # replays every session and compares each picture",
        "playloom convert --help         # makes a LeRobot dataset of them",
        "```",
        "",
        *_terms(license_id, platforms),
    ]
    return "\n".join(lines) + "\n"


def lerobot_card(title: str, path: Path, license_id: str | None) -> str:
    """The card of a LeRobot dataset.

    Raises:
        RecordingError: its meta/info.json cannot be read.
    """
    info = _dataset_info(path)
    features = info.get("features", {})
    features = features if isinstance(features, dict) else {}
    converter = info.get("extensions", {})
    converter = converter.get("game_converter", {}) if isinstance(converter, dict) else {}
    game_id = str(converter.get("game_id", "")) if isinstance(converter, dict) else ""
    fps = info.get("fps", 0)
    frames = info.get("total_frames", 0)
    hours = frames / fps / 3600 if fps else 0.0
    platforms = [platform for platform in Platform if game_id.startswith(f"{platform}-")]
    lines = [
        *_front_matter(title, license_id, ["LeRobot", "playloom", "gameplay", *([game_id] if game_id else [])], True),
        f"# {title}",
        "",
        f"Gameplay{' of ' + game_id if game_id else ''} as a LeRobot {info.get('codebase_version', '')} dataset, made "
        "with Playloom.",
        "",
        f"{info.get('total_episodes', 0)} episodes, {frames} frames at {fps} fps, {hours:.2f} hours.",
        "",
        "| feature | type | shape |",
        "|---|---|---|",
    ]
    for name, feature in features.items():
        if isinstance(feature, dict):
            cells = (str(name), str(feature.get("dtype", "")), str(feature.get("shape", "")))
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += [
        "",
        "## Use",
        "",
        "```python",
        "from lerobot.datasets.lerobot_dataset import LeRobotDataset",
        "",
        f'dataset = LeRobotDataset("{title}")',
        "```",
        "",
        *_terms(license_id, platforms),
    ]
    return "\n".join(lines) + "\n"


def _dataset_info(path: Path) -> dict[str, Any]:
    file = path / "meta" / "info.json"
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(file, f"cannot be read: {error}") from error
    if not isinstance(info, dict):
        raise RecordingError(file, "is not a table")
    return info


def _front_matter(title: str, license_id: str | None, tags: Iterable[str], is_lerobot: bool | None) -> list[str]:
    lines = ["---", f"pretty_name: {json.dumps(title)}", f"license: {json.dumps(license_id or LICENSE_PLACEHOLDER)}"]
    lines += ["task_categories:", "- robotics" if is_lerobot else "- reinforcement-learning", "tags:"]
    lines += [f"- {json.dumps(str(tag))}" for tag in dict.fromkeys(tags)]
    if is_lerobot:
        lines += ["configs:", "- config_name: default", "  data_files: data/*/*.parquet"]
    return [*lines, "---", ""]


def _terms(license_id: str | None, platforms: Iterable[Platform]) -> list[str]:
    own = (
        f"The recordings are published under {license_id}."
        if license_id
        else "The publisher of this repository has not chosen a licence yet: state it here before others use it."
    )
    return ["## Licence and notice", "", own, "", *(f"- {PLATFORM_TERMS[platform]}" for platform in platforms)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
