"""What a dataset is to be is seen to when it is created: no session could be converted by what makes no sense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coordinator.errors import InvalidError
from coordinator.jobs.submit import check_document
from playloom.game_definition import GameDefinition, parse_game_definition
from playloom.manifest.config import DatasetConfig
from playloom.manifest.errors import ManifestError
from playloom.yaml_files import DefinitionError

MAX_SIDE = 8192
MAX_FPS = 240
MAX_TASK = 1000
MAX_TERMS = 20_000
MAX_GAP_S = 3600.0
MAX_DELAY_MS = 2000.0
MAX_SHARD_MB = 4096
CODECS: Mapping[str, int] = {"h264": 51, "hevc": 51, "av1": 63}
"""The codecs of a dataset's videos, with the largest crf of each."""

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
GATES = ("too_short", "drops", "gaps", "sync_error", "black", "frozen", "no_input", "wrong_window")
"""The quality gates that workers know."""

VIDEO_PATHS = ("auto", "copy", "transcode")

_DEFINITION = Path("the game definition")
"""What errors in its YAML name."""


def check_config(document: Mapping[str, Any]) -> DatasetConfig:
    """The config in a document.

    Raises:
        InvalidError: it makes no sense; names the field.
    """
    check_document("config", document)
    try:
        config = DatasetConfig.from_json(document, "config")
    except ManifestError as error:
        raise InvalidError("config", str(error).removeprefix("config: ")) from error
    game = _game(config)
    _check_classes(config, game)
    _whole("fps", config.fps, 1, MAX_FPS)
    for name in ("width", "height"):
        side = _whole(name, getattr(config, name), 16, MAX_SIDE)
        _see(name, side % 2 == 0, f"{side} is odd", "Pictures have even sides")
    _check_video(config)
    _check_rules(config)
    return config


def _game(config: DatasetConfig) -> GameDefinition:
    _see("game_definition", isinstance(config.game_definition, str), "it is no text")
    try:
        return parse_game_definition(config.game_definition, _DEFINITION)
    except DefinitionError as error:
        raise InvalidError("config.game_definition", str(error)) from error


def _check_classes(config: DatasetConfig, game: GameDefinition) -> None:
    known = [one.id for one in game.classes]
    _see("class_ids", len(config.class_ids) > 0, "no class is named", f"The game has {', '.join(known)}")
    for class_id in config.class_ids:
        _see("class_ids", class_id in known, f"the game has no class '{class_id}'", f"It has {', '.join(known)}")
    twice = len(set(config.class_ids)) != len(config.class_ids)
    _see("class_ids", not twice, "a class is named twice")


def _check_video(config: DatasetConfig) -> None:
    _choice("codec", config.codec, tuple(CODECS))
    _whole("crf", config.crf, 0, CODECS[config.codec])
    _choice("preset", config.preset, PRESETS)
    _whole("keyframe_interval", config.keyframe_interval, 1, 1000)
    _choice("video", config.video, VIDEO_PATHS)
    _whole("max_shard_mb", config.max_shard_mb, 1, MAX_SHARD_MB)


def _check_rules(config: DatasetConfig) -> None:
    if config.task is not None:
        task = config.task
        shown = isinstance(task, str) and task.strip() == task != "" and task.isprintable() and len(task) <= MAX_TASK
        _see("task", shown, f"it is no sentence of at most {MAX_TASK} characters")
    for name in ("keyboard", "mouse", "rewards", "who_acted", "short_taps"):
        _see(name, isinstance(getattr(config, name), bool), "it is neither true nor false")
    _number("max_gap_s", config.max_gap_s, 0.0, MAX_GAP_S)
    if config.max_pre_action_s is not None:
        _number("max_pre_action_s", config.max_pre_action_s, 0.0, MAX_GAP_S)
    if config.action_delay_ms != "auto":
        _number("action_delay_ms", config.action_delay_ms, 0.0, MAX_DELAY_MS)
    for gate, threshold in config.gates.items():
        _see(f"gates.{gate[:64]}", gate in GATES, "no quality gate is called so", f"There are {', '.join(GATES)}")
        if threshold is not None and not isinstance(threshold, bool):
            _number(f"gates.{gate}", threshold, 0.0, math.inf)
    terms = isinstance(config.terms, str) and len(config.terms) <= MAX_TERMS
    _see("terms", terms, f"it is no text of at most {MAX_TERMS} characters")


def _whole(field: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidError(f"config.{field}", f"{value!r:.80} is no whole number from {least} to {most}")
    return value


def _number(field: str, value: object, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:  # pyright: ignore[reportOperatorIssue]
        span = f"of at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
        raise InvalidError(f"config.{field}", f"{value!r:.80} is no number {span}")


def _choice(field: str, value: object, known: tuple[str, ...]) -> None:
    _see(field, value in known, f"'{value!s:.80}' is not known", f"Choose one of {', '.join(known)}")


def _see(field: str, holds: bool, problem: str, remedy: str | None = None) -> None:
    if not holds:
        raise InvalidError(f"config.{field}", problem, remedy=remedy)
