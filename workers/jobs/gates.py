"""Quality gates: what keeps a session out of a dataset, each with a reason for the player who recorded it.

A gate has a name and one threshold. A dataset's config sets it (``gates: {too_short: 5, frozen: false}``; false opens
the gate, true is its default), and a player's appeal lets one session pass it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.errors import PlayloomError
from playloom.game_definition import GameDefinition
from playloom.quality.session_quality import SessionQuality, validate_session
from playloom.quality.thresholds import QualityThresholds

_LOOK_FROM_S = 5.0
"""Black and still stretches that are shorter are part of play: loading screens, fades."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate.

    Attributes:
        default: its threshold; None: open unless the dataset says otherwise.
        when_true: its threshold where the dataset just wants it.
        meaning: of the threshold.
        shut: what is wrong with a session of a game under a threshold, a clause; None: nothing.
    """

    default: float | None
    when_true: float
    meaning: str
    shut: Callable[[SessionQuality, float, GameDefinition], str | None]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A gate that a session does not pass. Attributes: gate: its name; reason: for the player."""

    gate: str
    reason: str


def check_gates(
    path: Path, game: GameDefinition, wanted: Mapping[str, Any], accept: frozenset[str]
) -> tuple[list[Refusal], list[str]]:
    """See whether a session may enter a dataset.

    Args:
        path: the session's directory.
        game: the dataset's.
        wanted: the dataset's thresholds, by the gates' names.
        accept: the gates that this session passes whatever they find.

    Returns:
        The gates that it does not pass, and a sentence for each that it passes by an appeal only.

    Raises:
        PlayloomError: the dataset names a gate that does not exist, or gives it a threshold that is none.
    """
    thresholds = thresholds_of(wanted)
    looks = any(thresholds[gate] is not None for gate in ("black", "frozen"))
    quality = validate_session(
        path, QualityThresholds(max_black_s=_LOOK_FROM_S, max_frozen_s=_LOOK_FROM_S), look_at_picture=looks
    )
    refusals, accepted = [], []
    for name, gate in GATES.items():
        threshold = thresholds[name]
        problem = None if threshold is None else gate.shut(quality, threshold, game)
        if problem is None:
            continue
        if name in accept:
            accepted.append(f"accepted although {problem}")
        else:
            refusals.append(Refusal(gate=name, reason=problem))
    return refusals, accepted


def thresholds_of(wanted: Mapping[str, Any]) -> dict[str, float | None]:
    """Every gate's threshold, the defaults where ``wanted`` has none; None: the gate is open.

    Raises:
        PlayloomError: a gate does not exist, or its threshold is none.
    """
    thresholds = {name: gate.default for name, gate in GATES.items()}
    for name, value in wanted.items():
        if name not in GATES:
            raise PlayloomError(f"there is no quality gate '{name}'", remedy=f"There are {', '.join(GATES)}")
        match value:
            case True:
                thresholds[name] = GATES[name].when_true
            case False | None:
                thresholds[name] = None
            case int() | float() if math.isfinite(value) and value >= 0:
                thresholds[name] = float(value)
            case _:
                raise PlayloomError(
                    f"{value!r} is no threshold of the quality gate '{name}'",
                    remedy=f"Give {GATES[name].meaning}, or false for none",
                )
    return thresholds


def told(refusals: list[Refusal]) -> str:
    """Why a session stays out, in one text for its player."""
    reasons = "; ".join(f"{refusal.reason} ({refusal.gate})" for refusal in refusals)
    options = " ".join(f"--accept {refusal.gate}" for refusal in refusals)
    appeal = f"If it is good all the same: playloom jobs retry JOB {options}"
    return f"the session does not enter the dataset: {reasons}. {appeal}"


def _too_short(quality: SessionQuality, least_s: float, _: GameDefinition) -> str | None:
    if quality.timing is None or quality.timing.duration_s >= least_s:
        return None
    return f"it lasts {quality.timing.duration_s:.1f} s, and {least_s:g} s is the least"


def _drops(quality: SessionQuality, most: float, _: GameDefinition) -> str | None:
    counts = None if quality.info is None else quality.info.counts
    total = 0 if counts is None else counts.frames + counts.dropped
    if counts is None or not total or counts.dropped <= most * total:
        return None
    share = f"{counts.dropped / total:.0%}, at most {most:.0%}"
    return f"the recorder dropped {counts.dropped:,} of {total:,} frames ({share})"


def _gaps(quality: SessionQuality, most: float, _: GameDefinition) -> str | None:
    timing = quality.timing
    if timing is None:
        return None
    total = timing.frames + timing.missing_frames
    if not timing.missing_frames or timing.missing_frames <= most * total:
        return None
    longest = timing.longest_gap
    where = (
        "" if longest is None else f", the longest gap {longest.duration_ns / 1e9:.1f} s after frame {longest.frame}"
    )
    share = f"{timing.missing_frames / total:.0%}, at most {most:.0%}"
    return f"{timing.missing_frames:,} of {total:,} frames are missing ({share}){where}"


def _sync_error(quality: SessionQuality, most_ms: float, _: GameDefinition) -> str | None:
    for finding in quality.findings:
        if finding.code in ("clocks-apart", "frame-count") and finding.level == "failed":
            return finding.sentence
        if finding.code == "pts-mismatch" and float(finding.figures["largest_ms"]) > most_ms:
            return f"{finding.sentence} (at most {most_ms:g} ms)"
    return None


def _black(quality: SessionQuality, most: float, _: GameDefinition) -> str | None:
    return _picture_share(quality, "black", "is black", most)


def _frozen(quality: SessionQuality, most: float, _: GameDefinition) -> str | None:
    return _picture_share(quality, "frozen", "stands still while inputs change", most)


def _picture_share(quality: SessionQuality, code: str, what: str, most: float) -> str | None:
    picture, timing = quality.picture, quality.timing
    if picture is None or timing is None or not timing.duration_s:
        return None
    if code == "black" and any(one.code == "black" and one.level == "failed" for one in quality.findings):
        return "the picture is black throughout"
    spans = picture.black if code == "black" else picture.frozen
    share = sum(span.duration_s for span in spans) / timing.duration_s
    if share <= most:
        return None
    longest = max(spans, key=lambda span: span.duration_s)
    begin_s = (longest.start_ns - timing.start_ns) / 1e9
    return f"the picture {what} for {share:.0%} of the time, most from {begin_s:.0f} s on (at most {most:.0%})"


def _no_input(quality: SessionQuality, least_per_s: float, _: GameDefinition) -> str | None:
    inputs = quality.inputs
    if inputs is None:
        return None
    if inputs.first_ns is None:
        return "no button, key or stick was ever touched"
    if inputs.changes_per_s < least_per_s:
        return f"the inputs change {inputs.changes_per_s:.3f} times a second, and {least_per_s:g} is the least"
    return None


def _wrong_window(quality: SessionQuality, _: float, game: GameDefinition) -> str | None:
    window = None if quality.info is None else quality.info.window
    if window is None or any(name.casefold() in window.casefold() for name in (game.display_name, game.game_id)):
        return None
    return f"the window '{window}' was recorded, and '{game.display_name}' is not in its title"


GATES: Mapping[str, Gate] = {
    "too_short": Gate(default=1.0, when_true=1.0, meaning="seconds that a session lasts at least", shut=_too_short),
    "drops": Gate(
        default=0.2, when_true=0.2, meaning="the share of frames that the recorder may have dropped", shut=_drops
    ),
    "gaps": Gate(default=0.2, when_true=0.2, meaning="the share of frames that may be missing", shut=_gaps),
    "sync_error": Gate(
        default=250.0,
        when_true=250.0,
        meaning="milliseconds by which sync.csv and the video may disagree",
        shut=_sync_error,
    ),
    "black": Gate(
        default=0.5, when_true=0.5, meaning="the share of the time that the picture may be black", shut=_black
    ),
    "frozen": Gate(
        default=0.5,
        when_true=0.5,
        meaning="the share of the time that the picture may stand still while inputs change",
        shut=_frozen,
    ),
    "no_input": Gate(default=0.0, when_true=0.0, meaning="changes of the inputs a second, at least", shut=_no_input),
    "wrong_window": Gate(
        default=None,
        when_true=1.0,
        meaning="true to see that the game's name is in the window's title",
        shut=_wrong_window,
    ),
}
"""By name, in the order in which they are told. Windows' titles are as the game likes, so that one is asked for."""
