"""Labels beside the truth: what all of them are worth, what the kept ones are, and what each filter took away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.game import Mode
from playloom.environments.courier.truth import MODES, courier_truth
from playloom.errors import PlayloomError
from playloom.labels.labels_file import SUFFIX, Labels, read_labels
from playloom.labels.reasons import Reason
from playloom.recording.session import VIDEO_FILE
from training.action_space import ActionSpace, action_space_of
from training.data.dataset import GameDataset, open_training_dataset
from training.experiments.spliced import spliced_figures
from training.labelling.filters import idle
from training.labelling.settings import FilterOptions
from training.metrics.axes import axis_figures
from training.metrics.events import event_figures
from training.metrics.filters import FilterFigures, filter_figures
from training.metrics.intervals import Figure
from training.metrics.rows import Rows

TECHNICAL = Reason.END | Reason.GAP | Reason.SHORT | Reason.DAMAGED
"""Taken away because there is nothing to tell, whatever the label is like."""

SCREENS: Mapping[Reason, Mode] = {Reason.MENU: Mode.MENU, Reason.LOADING: Mode.LOADING}
DOUBTS = (Reason.LOW_CONFIDENCE, Reason.DISAGREEMENT)
WRONG_STICK = 0.25
"""A stick or trigger told so far from where it was is a wrong label."""


@dataclass(frozen=True, kw_only=True)
class LabelFigures:
    """What labels are worth.

    Attributes:
        event_f1: of presses and releases.
        axes_r2: of sticks, triggers and the like, by kind.
        wrong_share: of frames whose label is wrong: a button, or a stick by more than `WRONG_STICK`.
        frames: that were judged.
    """

    event_f1: Figure
    axes_r2: Mapping[str, Figure]
    wrong_share: float
    frames: int


@dataclass(frozen=True, kw_only=True)
class LabelReport:
    """Attributes: everything: all labels; kept: those that no filter took away; filters: each against its truth."""

    everything: LabelFigures
    kept: LabelFigures
    filters: tuple[FilterFigures, ...]


@dataclass(frozen=True, kw_only=True)
class _Video:
    """One video's labels beside its truth; rows in the video's order."""

    labels: Labels
    truth: NDArray[np.float32]
    session: Path


def label_report(labelled: Path, truth: Path) -> LabelReport:
    """Hold the labels of recorded sessions against what was really held.

    Args:
        labelled: what `playloom label` made.
        truth: the dataset of the same sessions, converted from their own inputs.

    Raises:
        PlayloomError: a label belongs to no session of the dataset.
    """
    dataset = open_training_dataset(truth)
    space = action_space_of(dataset.info)
    videos = list(_videos(labelled, dataset))
    rows = _rows(videos, space)
    reasons = np.concatenate([video.labels.reasons for video in videos])
    told = (reasons & TECHNICAL) == 0
    wrong = _wrong(rows)
    filters = [
        filter_figures(reason.words, (reasons[told] & reason) != 0, wrong[told], rows.group[told]) for reason in DOUBTS
    ]
    resting = [idle(video.truth, space, FilterOptions(), dataset.fps) for video in videos]
    filters.append(
        filter_figures(
            Reason.IDLE.words, (reasons[told] & Reason.IDLE) != 0, np.concatenate(resting)[told], rows.group[told]
        )
    )
    modes = _modes(videos)
    if modes is not None:
        filters += [
            filter_figures(reason.words, (reasons & reason) != 0, modes == MODES.index(mode), rows.group)
            for reason, mode in SCREENS.items()
        ]
    return LabelReport(
        everything=_figures(rows.only(told), wrong[told]),
        kept=_figures(rows.only(reasons == 0), wrong[reasons == 0]),
        filters=(*filters, *spliced_figures([video.session / VIDEO_FILE for video in videos], dataset.fps)),
    )


def _videos(labelled: Path, dataset: GameDataset) -> Iterator[_Video]:
    of_session: dict[str, list[int]] = {}
    for episode in dataset.episodes:
        of_session.setdefault(episode.session_id, []).append(episode.index)
    for path in sorted(labelled.rglob(f"*{SUFFIX}")):
        labels = read_labels(path)
        session = Path(labels.header.video).parent
        episodes = of_session.get(labels.header.session_id, ())
        if not episodes:
            raise PlayloomError(f"{path}: belongs to no session of {dataset.path}", remedy="Label the same sessions")
        truth = np.concatenate([dataset.actions(episode) for episode in episodes])
        if len(truth) != len(labels):
            raise PlayloomError(f"{path}: has {len(labels)} labels for {len(truth)} frames", remedy="Label it again")
        yield _Video(labels=labels, truth=truth, session=session)


def _rows(videos: Sequence[_Video], space: ActionSpace) -> Rows:
    numbers = [np.full(len(video.labels), number, np.int64) for number, video in enumerate(videos)]
    return Rows(
        space=space,
        truth=np.concatenate([video.truth for video in videos]),
        values=np.concatenate([video.labels.action for video in videos]),
        probabilities=np.concatenate([video.labels.probability for video in videos]),
        confidence=np.concatenate([video.labels.confidence for video in videos]),
        episode=np.concatenate(numbers),
        frame=np.concatenate([np.arange(len(video.labels), dtype=np.int64) for video in videos]),
        group=np.concatenate(numbers),
    )


def _wrong(rows: Rows) -> NDArray[np.bool_]:
    """bool[N], whether anything in a row's label is wrong."""
    buttons = list(rows.button_places)
    wrong = (rows.truth_held[:, buttons] != rows.said_held[:, buttons]).any(axis=1)
    axes = [place for head in rows.axis_heads for place in head.places]
    if axes:
        wrong |= (np.abs(rows.truth[:, axes] - rows.values[:, axes]) > WRONG_STICK).any(axis=1)
    return wrong


def _modes(videos: Sequence[_Video]) -> NDArray[np.int8] | None:
    """int8[N] of `MODES`, where the game tells it."""
    found = []
    for video in videos:
        try:
            found.append(courier_truth(video.session).mode[: len(video.labels)])
        except PlayloomError:
            return None
    return np.concatenate(found)


def _figures(rows: Rows, wrong: NDArray[np.bool_]) -> LabelFigures:
    return LabelFigures(
        event_f1=event_figures(rows).micro.both.f1,
        axes_r2={kind.value: score.r2 for kind, score in axis_figures(rows).pooled.items()},
        wrong_share=float(wrong.mean()) if len(wrong) else 0.0,
        frames=len(rows),
    )
