"""Which rows are left out of a dataset, and why: a function of what was found out about them, and of nothing else.

So filters can be set otherwise without the model's looking again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playloom.labels.reasons import Reason
from training.action_space import ActionSpace, HeadKind
from training.labelling.rows import RowPlan
from training.labelling.settings import FilterOptions
from training.labelling.signals import Signals
from training.labelling.windows import MergedLabels

type Flags = NDArray[np.bool_]

MOUSE_REST = 0.5
"""Counts of motion a frame below which a mouse is at rest."""

SINGLE_ROWS = 2
"""A stretch of nothing done, or of one plain picture, goes on over so many rows that look otherwise."""


def filter_rows(
    labels: MergedLabels, signals: Signals, plan: RowPlan, space: ActionSpace, options: FilterOptions, fps: int
) -> NDArray[np.int32]:
    """The `Reason`s of each row, int32[n]; 0: kept."""
    rows = len(plan)
    found: dict[Reason, Flags] = {
        Reason.END: np.zeros(rows, np.bool_),
        Reason.GAP: np.zeros(rows, np.bool_),
        Reason.DAMAGED: signals.damaged | _next(signals.damaged),
        Reason.CUT: _next(signals.cut) if options.cuts.on else np.zeros(rows, np.bool_),
        Reason.DUPLICATE: duplicates(signals, options, fps),
        Reason.LOADING: loading_screens(signals, options, fps),
        Reason.MENU: screens(signals.menu, options, fps),
        Reason.IDLE: idle(labels.values, space, options, fps),
        Reason.LOW_CONFIDENCE: unsure(labels, space, options, fps) & labels.seen,
        Reason.DISAGREEMENT: (labels.disagreement.max(axis=1, initial=0) > options.disagreement.most)
        & options.disagreement.on
        & labels.seen,
    }
    for number, (_, stop) in enumerate(plan.stretches):
        found[Reason.END if number == len(plan.stretches) - 1 else Reason.GAP][stop - 1] = True
    reasons = np.zeros(rows, np.int32)
    for reason, flags in found.items():
        reasons |= np.where(flags, int(reason), 0).astype(np.int32)
    reasons[(reasons == 0) & ~labels.seen] = int(Reason.SHORT)
    least = max(2, round(options.min_episode_s * fps))
    for start, stop in runs(reasons == 0):
        if stop - start < least:
            reasons[start:stop] = int(Reason.SHORT)
    return reasons


def unsure(labels: MergedLabels, space: ActionSpace, options: FilterOptions, fps: int) -> Flags:
    """Rows of which the model is not sure, averaged over some time: doubt of one frame alone splits no episode."""
    if not options.confidence.on:
        return np.zeros(len(labels.seen), np.bool_)
    buttons, sticks = confidence_of(labels.confidence, space)
    over = _odd_rows(options.confidence.over_s, fps)
    return (_mean(buttons, over) < options.confidence.buttons) | (_mean(sticks, over) < options.confidence.sticks)


def confidence_of(
    confidence: NDArray[np.float32], space: ActionSpace
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How probable it is that all buttons are right, and on average that another value is near; 1 where none is."""
    is_button = np.array([head.kind in (HeadKind.DIGITAL, HeadKind.CATEGORICAL) for head in space.heads])
    buttons = confidence[:, is_button].prod(axis=1)
    others = confidence[:, ~is_button]
    return buttons, others.mean(axis=1) if others.shape[1] else np.ones(len(confidence), np.float32)


def loading_screens(signals: Signals, options: FilterOptions, fps: int) -> Flags:
    """Loading screens that look like the examples; without examples, pictures that are plain for some time."""
    if not np.isnan(signals.loading).all() or not options.plain.on:
        return screens(signals.loading, options, fps)
    plain = _without_short_breaks(signals.plain >= options.plain.share, SINGLE_ROWS)
    return _lasting(plain, max(1, round(options.plain.for_s * fps)))


def screens(probability: NDArray[np.float32], options: FilterOptions, fps: int) -> Flags:
    """Screens that look like the examples; none where nobody has shown any."""
    if not len(probability) or np.isnan(probability).all():
        return np.zeros(len(probability), np.bool_)
    return _median(np.nan_to_num(probability), _odd_rows(options.screens.over_s, fps)) > options.screens.least


def idle(values: NDArray[np.float32], space: ActionSpace, options: FilterOptions, fps: int) -> Flags:
    """Stretches in which nothing is done for long. Args: values: float32[n, A], what is held."""
    if not options.idle.on:
        return np.zeros(len(values), np.bool_)
    limits = np.full(space.width, options.idle.rest)
    limits[list(space.places_of(HeadKind.MOUSE))] = MOUSE_REST
    buttons = list(space.places_of(HeadKind.DIGITAL, HeadKind.CATEGORICAL))
    limits[buttons] = 0.5
    rest: Flags = np.all(np.abs(values) < limits, axis=1)
    return _lasting(_without_short_breaks(rest, SINGLE_ROWS), max(1, round(options.idle.for_s * fps)))


def duplicates(signals: Signals, options: FilterOptions, fps: int) -> Flags:
    """Pictures that repeat the one before, many in a row."""
    if not options.duplicates.on:
        return np.zeros(len(signals.change), np.bool_)
    return _lasting(signals.change <= options.duplicates.change, max(1, round(options.duplicates.for_s * fps)))


def runs(flags: Flags) -> Sequence[tuple[int, int]]:
    """(first, after the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _lasting(flags: Flags, least: int) -> Flags:
    kept = flags.copy()
    for start, stop in runs(flags):
        if stop - start < least:
            kept[start:stop] = False
    return kept


def _without_short_breaks(flags: Flags, most: int) -> Flags:
    filled = flags.copy()
    for start, stop in runs(~flags):
        if stop - start <= most and start > 0 and stop < len(flags):
            filled[start:stop] = True
    return filled


def _next(flags: Flags) -> Flags:
    """What is true of the row after each."""
    return np.append(flags[1:], False)


def _odd_rows(seconds: float, fps: int) -> int:
    return 2 * round(seconds * fps / 2) + 1


def _around(values: NDArray[np.float32], over: int) -> NDArray[np.float32]:
    """float32[n, over]: each value with its neighbours; the ends repeat."""
    padded = np.pad(values, over // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, over)


def _mean(values: NDArray[np.float32], over: int) -> NDArray[np.float32]:
    return _around(values, over).mean(axis=1)


def _median(values: NDArray[np.float32], over: int) -> NDArray[np.float32]:
    return np.median(_around(values, over), axis=1)
