"""What a conversion is asked to do: one frozen value, checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from playloom.errors import PlayloomError
from playloom.game_definition import GameDefinition
from playloom.mapping_profile import MappingProfile
from workers.action_delay import ActionDelay, check_action_delay

MAX_FILE_S = 900
"""The longest video file, in seconds.

LeRobot looks a frame up by a float32 timestamp and accepts an error of 1e-4 s. Between 512 s and 1024 s neighbouring
float32 values are 6.1e-5 s apart, so the asked and the found time together are off by at most 6.1e-5 s; beyond 1024 s
that doubles, and reading fails. A quarter of an hour keeps clear of the edge.
"""

MAX_RATE_DEVIATION = 0.02
"""How far a session's average rate may be from the dataset's for its frames to be taken one for one.

Two per cent covers 59.94 for 60, a clock that drifts, and the rounding of every rate from 25 fps on; the picture and
the action of a frame belong together exactly all the same. Beyond it a session is resampled.
"""

DEFAULT_MAX_GAP_S = 1.0
"""The longest time between two frames within one episode, in seconds.

Recorders that capture on change deliver nothing while a menu stands still, and hitches of some tenths of a second are
ordinary. After more than a second the game has gone on unseen for longer than an action chunk: two frames across such
a gap would teach a transition that never was.
"""

DEFAULT_MAX_FILE_MB = 200
"""Sessions share a video file up to this size in MiB (LeRobot's own default)."""

CODECS = ("h264", "hevc", "av1")

PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
"""x264's names, from the fastest; every codec knows them."""

MAX_AV1_PRESET = 13
"""AV1's presets have numbers, too: 0, the slowest, to this."""

MAX_SIDE = 8192
"""The largest width or height that can be asked for, in pixels."""


class VideoPath(StrEnum):
    """How the pictures get into the dataset."""

    COPY = "copy"  # packets as recorded; a session that does not fit is skipped
    TRANSCODE = "transcode"  # decoded, scaled, encoded
    AUTO = "auto"  # copied where that is exact, transcoded otherwise


def parse_size(text: str) -> tuple[int, int]:
    """The (width, height) of ``WIDTHxHEIGHT``."""
    match = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", text.strip(), re.ASCII)
    if match is None:
        raise PlayloomError(f"--size {text} is not a size", remedy="Give WIDTHxHEIGHT in pixels, for example 256x256")
    return int(match[1]), int(match[2])


def parse_video_path(text: str) -> VideoPath:
    try:
        return VideoPath(text)
    except ValueError:
        raise PlayloomError(f"--video {text} is not known", remedy=f"Choose one of {', '.join(VideoPath)}") from None


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """One conversion of a batch of sessions into one dataset.

    Attributes:
        session_root: a directory of session directories, or one session directory.
        game: the game's actions.
        profiles: how each player does them; all for ``game`` and with the same classes. With one profile every
            session uses it, with several each session uses the one that its session.json names, or that is called as
            its player is.
        output_root: the dataset's directory. It must not exist yet, or be empty, unless ``overwrite``.
        repo_id: the dataset's name, ``owner/name``.
        task: what the player does, as the dataset's task; None takes each session's own.
        max_pre_action_s: leading frames more than this before the first recorded input are dropped; None keeps all.
        strict: stop at the first session with any fault instead of skipping or repairing it.
        video: copy, transcode or auto.
        size: (width, height) of the pictures in pixels, or None for the first session's that is not skipped.
        fps: frames a second of the dataset, or None for that session's rounded average rate.
        codec: of the dataset's videos: h264, hevc or av1.
        crf: the encoder's quality; smaller is better and larger in bytes.
        preset: the encoder's speed, one of `PRESETS`, or a number for AV1.
        keyframe_interval: frames between keyframes of transcoded videos.
        threads: of one encoder. Part of the result (encoders split their work by it), so never chosen from ``jobs``.
        jobs: sessions converted at the same time, each in a process; None for the number of cores.
        who_acted: tell of each action whether an agent decided on it, also where no session says so.
        short_taps: mark a digital action active if it was active at any time since the previous frame.
        action_delay_ms: a frame takes the inputs of so many milliseconds before it; auto: as many as were measured on
            the machine that recorded the session.
        max_gap_s: a longer time between two frames splits the episode.
        max_file_mb: sessions share a video file up to this size, in MiB.
        resume: go on with an interrupted conversion into the same output.
        overwrite: replace a dataset that stands at ``output_root``.

    Raises:
        PlayloomError: from the constructor, for a value out of range, naming the option.
    """

    session_root: Path
    game: GameDefinition
    profiles: tuple[MappingProfile, ...]
    output_root: Path
    repo_id: str
    task: str | None
    max_pre_action_s: float | None = None
    strict: bool = False
    video: VideoPath = VideoPath.AUTO
    size: tuple[int, int] | None = None
    fps: int | None = None
    codec: str = "h264"
    crf: int = 23
    preset: str = "veryfast"
    keyframe_interval: int = 30
    threads: int = 2
    jobs: int | None = None
    who_acted: bool = False
    short_taps: bool = False
    action_delay_ms: ActionDelay = 0.0
    max_gap_s: float = DEFAULT_MAX_GAP_S
    max_file_mb: int = DEFAULT_MAX_FILE_MB
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w][\w.-]*/[\w][\w.-]*", self.repo_id, re.ASCII) or ".." in self.repo_id:
            raise PlayloomError(
                f"{self.repo_id!r} is not a dataset name",
                remedy="Give --repo-id as owner/name, of letters, digits, '-', '_' and '.', for example local/pong",
            )
        if self.task is not None and not self.task.strip():
            raise PlayloomError("The task is empty", remedy="Say in a few words what the player does: --task TEXT")
        if not self.profiles:
            raise PlayloomError("No mapping profile is given", remedy="Give at least one: --action-mapping FILE")
        if self.codec not in CODECS:
            raise PlayloomError(f"--codec {self.codec} is not known", remedy=f"Choose one of {', '.join(CODECS)}")
        numbered = self.codec == "av1" and self.preset.isascii() and self.preset.isdigit()
        if self.preset not in PRESETS and not (numbered and int(self.preset) <= MAX_AV1_PRESET):
            raise PlayloomError(f"--preset {self.preset} is not known", remedy=f"Choose one of {', '.join(PRESETS)}")
        if self.size is not None and any(side < 2 or side > MAX_SIDE or side % 2 for side in self.size):
            raise PlayloomError(
                f"--size {self.size[0]}x{self.size[1]} cannot be encoded",
                remedy=f"Give two even numbers from 2 to {MAX_SIDE}, for example 256x256",
            )
        self._check("--fps", self.fps, 1, 1000)
        self._check("--crf", self.crf, 0, 63)
        self._check("--keyframe-interval", self.keyframe_interval, 1, 100_000)
        self._check("--threads", self.threads, 1, 64)
        self._check("--jobs", self.jobs, 1, 1024)
        self._check("--max-file-mb", self.max_file_mb, 1, 1_000_000)
        self._check("--max-pre-action-seconds", self.max_pre_action_s, 0, 1e6)
        self._check("--max-gap-seconds", self.max_gap_s, 1e-3, 1e6)
        check_action_delay(self.action_delay_ms)
        self._check_profiles()

    @staticmethod
    def _check(option: str, value: float | None, least: float, most: float) -> None:
        if value is not None and not least <= value <= most:  # also false for NaN
            raise PlayloomError(f"{option} {value:g} is out of range", remedy=f"Give {least:g} to {most:g}")

    def _check_profiles(self) -> None:
        names = [profile.profile_name for profile in self.profiles]
        for profile in self.profiles:
            if profile.game_id != self.game.game_id:
                raise PlayloomError(
                    f"The mapping profile '{profile.profile_name}' is for the game '{profile.game_id}', "
                    f"the game definition for '{self.game.game_id}'",
                    remedy="Give a definition and profiles of one game",
                )
            if profile.class_ids != self.profiles[0].class_ids:
                raise PlayloomError(
                    f"The mapping profiles '{names[0]}' and '{profile.profile_name}' have different classes "
                    f"({', '.join(self.profiles[0].class_ids)}; {', '.join(profile.class_ids)}), "
                    "so their action vectors would not mean the same",
                    remedy="Give all profiles of one dataset the same class_ids, or convert into two datasets",
                )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PlayloomError(
                f"Two mapping profiles are called '{twice}'",
                remedy="Sessions choose their profile by profile_name: give each its own",
            )

    @property
    def max_pre_action_ns(self) -> int | None:
        """`max_pre_action_s` in nanoseconds."""
        return None if self.max_pre_action_s is None else round(self.max_pre_action_s * 1e9)

    @property
    def max_gap_ns(self) -> int:
        """`max_gap_s` in nanoseconds."""
        return round(self.max_gap_s * 1e9)

    @property
    def max_file_bytes(self) -> int:
        """`max_file_mb` in bytes."""
        return self.max_file_mb << 20
