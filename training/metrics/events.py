"""Presses and releases: found again, missed, invented.

A press is a row at which an action is held and in the row before it was not; a release the opposite, at the first row
without it. The first row of a run has no row before it and is never an event: who holds a button when an episode
begins pressed it at an unknown time.

Events of the truth and of what is said are matched one to one, a press with a press and a release with a release of
the same action, where they are at most `TOLERANCE_FRAMES` apart in the same run, so that as many pairs come about as
can. (All tolerances being equal, going through both in order does that.) From hits, misses and inventions come

    precision = hits / said events      recall = hits / true events      F1 = 2 hits / (said + true events)

Without a true event all three are None: no rest, however long, earns a figure. With true events and nothing said,
precision is None, recall and F1 are 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics.intervals import Figure, figure
from training.metrics.rows import Rows

TOLERANCE_FRAMES = 1

type Places = NDArray[np.int64]
"""Rows of events, ascending."""


@dataclass(frozen=True, kw_only=True)
class EventScore:
    """How well events were found.

    Attributes:
        precision, recall, f1: with intervals.
        hits: pairs.
        misses: true events without a pair.
        inventions: said events without a pair.
    """

    precision: Figure
    recall: Figure
    f1: Figure
    hits: int
    misses: int
    inventions: int

    @property
    def true_events(self) -> int:
        return self.hits + self.misses


@dataclass(frozen=True, kw_only=True)
class ActionEvents:
    """The events of one action, or of all."""

    press: EventScore
    release: EventScore
    both: EventScore


@dataclass(frozen=True, kw_only=True)
class EventFigures:
    """Presses and releases of every digital and categorical action.

    Attributes:
        actions: by the action's name.
        micro: all events of all actions in one count: what is pressed often weighs most.
        macro_f1: the mean F1 of the actions that have an event; None without one. Every action weighs the same.
    """

    actions: Mapping[str, ActionEvents]
    micro: ActionEvents
    macro_f1: float | None


def presses(held: NDArray[np.bool_], runs: NDArray[np.int64]) -> Places:
    """The rows at which something begins to be held."""
    return _edges(held & ~_before(held), runs)


def releases(held: NDArray[np.bool_], runs: NDArray[np.int64]) -> Places:
    """The rows from which on it is no longer held."""
    return _edges(~held & _before(held), runs)


def matches(
    true: Places, said: Places, tolerance: int = TOLERANCE_FRAMES
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which events have a pair: of the truth bool[T], of what is said bool[S]. As many pairs as there can be.

    Args:
        true, said: ascending positions on one axis of time.
        tolerance: how far apart the two of a pair may be.
    """
    in_true, in_said = np.zeros(len(true), np.bool_), np.zeros(len(said), np.bool_)
    at_true = at_said = 0
    while at_true < len(true) and at_said < len(said):
        apart = said[at_said] - true[at_true]
        if apart < -tolerance:
            at_said += 1
        elif apart > tolerance:
            at_true += 1
        else:
            in_true[at_true] = in_said[at_said] = True
            at_true += 1
            at_said += 1
    return in_true, in_said


def event_figures(
    rows: Rows, *, tolerance: int = TOLERANCE_FRAMES, unseen: NDArray[np.bool_] | None = None
) -> EventFigures:
    """Presses and releases of all digital and categorical actions.

    Args:
        rows: consecutive frames.
        tolerance: in frames.
        unseen: bool[N, A], true events that no picture shows (see `visibility`): whoever says nothing there has missed
            nothing, whoever says something there has invented nothing. None: every event counts.
    """
    names = [rows.space.names[place] for place in rows.button_places]
    count = rows.group_count
    press, release = np.zeros((len(names), count, 3)), np.zeros((len(names), count, 3))
    for number, place in enumerate(rows.button_places):
        hidden = None if unseen is None else unseen[:, place]
        for edges, parts in ((presses, press), (releases, release)):
            true = edges(rows.truth_held[:, place], rows.runs)
            said = edges(rows.said_held[:, place], rows.runs)
            parts[number] = _counts(true, said, rows, tolerance, hidden)
    actions = {name: _action(press[number], release[number]) for number, name in enumerate(names)}
    with_events = [one.both.f1.value for one in actions.values() if one.both.f1.value is not None]
    return EventFigures(
        actions=actions,
        micro=_action(press.sum(0), release.sum(0)),
        macro_f1=float(np.mean(with_events)) if with_events else None,
    )


def _counts(
    true: Places, said: Places, rows: Rows, tolerance: int, hidden: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """Hits, misses and inventions of each group, float64[G, 3]."""
    ignored = np.zeros(len(true), np.bool_) if hidden is None else hidden[true]
    counted = true[~ignored]
    # Runs are set apart, so that no pair reaches from one into the next.
    apart = rows.runs * (tolerance + 1)
    found, used = matches(counted + apart[counted], said + apart[said], tolerance)
    rest = said[~used]
    _, forgiven = matches(true[ignored] + apart[true[ignored]], rest + apart[rest], tolerance)
    parts = np.zeros((rows.group_count, 3))
    for column, places in enumerate((counted[found], counted[~found], rest[~forgiven])):
        np.add.at(parts[:, column], rows.groups[places], 1)
    return parts


def _action(press: NDArray[np.float64], release: NDArray[np.float64]) -> ActionEvents:
    return ActionEvents(press=score(press), release=score(release), both=score(press + release))


def score(parts: NDArray[np.float64]) -> EventScore:
    """Of hits, misses and inventions of each group, float64[G, 3]."""
    hits, misses, inventions = (int(value) for value in parts.sum(0))
    true = parts[:, 0] + parts[:, 1]
    return EventScore(
        precision=figure(parts, _precision, counts=parts[:, 0] + parts[:, 2]),
        recall=figure(parts, _recall, counts=true),
        f1=figure(parts, _f1, counts=true),
        hits=hits,
        misses=misses,
        inventions=inventions,
    )


def _precision(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    hits, misses, inventions = np.moveaxis(parts, -1, 0)
    return np.where(hits + misses > 0, hits / (hits + inventions), np.nan)


def _recall(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    hits, misses, _ = np.moveaxis(parts, -1, 0)
    return np.where(hits + misses > 0, hits / (hits + misses), np.nan)


def _f1(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    hits, misses, inventions = np.moveaxis(parts, -1, 0)
    return np.where(hits + misses > 0, 2 * hits / (2 * hits + misses + inventions), np.nan)


def _before(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    before = np.zeros_like(held)
    before[1:] = held[:-1]
    return before


def _edges(edge: NDArray[np.bool_], runs: NDArray[np.int64]) -> Places:
    inside = np.zeros(len(edge), np.bool_)
    inside[1:] = runs[1:] == runs[:-1]
    return np.flatnonzero(edge & inside)
