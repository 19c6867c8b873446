"""Capture profiles: how pictures are recorded, as YAML that a player, or a dataset's owner, may write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from capture_node.node_paths import node_paths
from playloom.errors import PlayloomError
from playloom.game_definition import read_name
from playloom.recording.session_info import MAX_SIDE
from playloom.recording.video_encoder import VideoSettings
from playloom.yaml_files import YamlValue, did_you_mean, load_yaml

BUILT_IN = Path(__file__).resolve().parent.parent / "profiles"
"""Where the profiles lie that come with Playloom."""

DEFAULT_PROFILE = "training"

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""x264's balances of speed and size."""

MAX_FPS = 240
MAX_CRF = 51

ROLL_OVER_MINUTES = 30.0
ROLL_OVER_GB = 4.0

_ENCODERS = {
    "win32": ("h264_nvenc", "h264_amf", "h264_qsv", "h264_mf", "libx264"),
    "linux": ("h264_nvenc", "libx264"),
}


class NoSuchProfileError(PlayloomError):
    """A capture profile is named that there is not."""


@dataclass(frozen=True, kw_only=True)
class RecordingProfile:
    """How pictures are recorded.

    Attributes:
        name: what it is called.
        description: what it is for.
        fps: frames a second.
        width, height: of the video; both None: the picture's own, as it is when recording begins. The picture keeps
            its shape, with black bars where the video's is another.
        crf: quality as x264 counts it, 0 (lossless) to 51.
        preset: x264's balance of speed and size.
        keyframe_interval: frames from one keyframe to the next at most.
        encoders: FFmpeg's names, the first that opens is used; None: this system's, hardware first.
        threads: of the encoder; 0: its own choice.
        roll_over_minutes, roll_over_gb: a longer or larger session goes on in a new one.
        cursor: whether the mouse pointer is in the picture.
    """

    name: str
    description: str = ""
    fps: int = 60
    width: int | None = None
    height: int | None = None
    crf: int = 23
    preset: str = "veryfast"
    keyframe_interval: int = 60
    encoders: tuple[str, ...] | None = None
    threads: int = 0
    roll_over_minutes: float = ROLL_OVER_MINUTES
    roll_over_gb: float = ROLL_OVER_GB
    cursor: bool = False

    def video_settings(self, source_width: int, source_height: int) -> VideoSettings:
        """For pictures of this size; the video's sides are even."""
        width, height = (self.width, self.height) if self.width and self.height else (source_width, source_height)
        return VideoSettings(
            width=max(2, width - width % 2),
            height=max(2, height - height % 2),
            fps=self.fps,
            crf=self.crf,
            preset=self.preset,
            keyframe_interval=self.keyframe_interval,
            encoders=self.encoders or default_encoders(),
            threads=self.threads,
        )


def default_encoders() -> tuple[str, ...]:
    """The encoders worth a try on this system, the cheapest for the game first."""
    return _ENCODERS.get(sys.platform, ("libx264",))


def load_profile(name: str | Path) -> RecordingProfile:
    """A profile by its name (the player's own before those that come with Playloom) or its file.

    Raises:
        DefinitionError: the file is not valid.
        NoSuchProfileError: there is none of that name.
    """
    if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
        return read_profile(Path(name))
    files = _profile_files()
    if name not in files:
        where = f"Give a path that ends in .yaml, or a name; your own lie in {node_paths().profiles}"
        problem = f"There is no capture profile '{name}'"
        raise NoSuchProfileError(problem, remedy=f"{where}. {did_you_mean(name, files)}")
    return read_profile(files[name])


def list_profiles() -> list[RecordingProfile]:
    """The player's own and those that come with Playloom, by name.

    Raises:
        DefinitionError: one of the player's own is not valid.
    """
    return [read_profile(path) for _, path in sorted(_profile_files().items())]


def read_profile(path: Path) -> RecordingProfile:
    """The profile in a file.

    Raises:
        DefinitionError: it is not valid; names the line.
    """
    root = load_yaml(path)
    width, height = (_integer(root, side, None, 16, MAX_SIDE) for side in ("width", "height"))
    if (width is None) != (height is None):
        raise root.error("width and height go together", remedy="Give both, or neither for the picture's own size")
    for side, value in (("width", width), ("height", height)):
        if value is not None and value % 2:
            raise root.require(side).error(f"{value} is odd, which H.264 cannot store", remedy="Give an even number")
    fps = _integer(root, "fps", 60, 1, MAX_FPS)
    assert fps is not None
    profile = RecordingProfile(
        name=read_name(root.require("name")),
        description=root.get_text("description") or "",
        fps=fps,
        width=width,
        height=height,
        crf=_integer(root, "crf", 23, 0, MAX_CRF) or 0,
        preset="veryfast" if (preset := root.get("preset")) is None else preset.choice(PRESETS, "preset"),
        keyframe_interval=_integer(root, "keyframe_interval", fps, 1, 100_000) or fps,
        encoders=_encoders(root),
        threads=_integer(root, "threads", 0, 0, 64) or 0,
        roll_over_minutes=_number(root, "roll_over_minutes", ROLL_OVER_MINUTES, 0.01, 24 * 60),
        roll_over_gb=_number(root, "roll_over_gb", ROLL_OVER_GB, 0.001, 1000),
        cursor=root.get_flag("cursor", False),
    )
    for key, value in root.mapping().items():
        if key not in root.asked:
            raise value.error(f"the key '{key}' is not known", remedy=did_you_mean(key, sorted(root.asked)))
    return profile


def _profile_files() -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in (BUILT_IN, node_paths().profiles):
        if folder.is_dir():
            files |= {path.stem: path for path in folder.glob("*.yaml")}
    return files


def _encoders(root: YamlValue) -> tuple[str, ...] | None:
    value = root.get("encoders")
    if value is None or value.value == "auto":
        return None
    if not value.items():
        raise value.error("is an empty list", remedy="Write 'auto', or name encoders such as libx264")
    return tuple(name.text() for name in value.items())


def _integer(root: YamlValue, key: str, default: int | None, least: int, most: int) -> int | None:
    value = root.get(key)
    if value is None:
        return default
    number = value.integer()
    if not least <= number <= most:
        raise value.error(f"is {number}, not from {least} to {most}")
    return number


def _number(root: YamlValue, key: str, default: float, least: float, most: float) -> float:
    value = root.get(key)
    if value is None:
        return default
    number = value.number()
    if not least <= number <= most:
        raise value.error(f"is {number:g}, not from {least:g} to {most:g}")
    return number
