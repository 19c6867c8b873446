"""An inverse dynamics model against play that it has not seen: all its figures, with the baselines beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playloom.environments.courier.environment import GAME_ID
from playloom.figures import count_in_words
from training.evaluation.branching import ceiling_on
from training.evaluation.hidden import hidden_events
from training.evaluation.parts import choose_part, learned_rows, open_fitting, true_rows
from training.evaluation.said import said_rows
from training.idm.loading import LoadedIdm
from training.metrics.calibration import calibration_figures
from training.metrics.events import event_figures
from training.metrics.lag import lag_sweep
from training.metrics.report import EvaluationReport, baseline_figures, figures_of


def evaluate_idm(
    loaded: LoadedIdm,
    where: str | Path,
    *,
    version: int | None = None,
    part: str | None = None,
    recordings: Path | None = None,
    workers: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationReport:
    """Measure a model.

    Args:
        loaded: the model.
        where: a dataset's directory or name.
        version: of a pulled dataset.
        part: which episodes (`choose_part`).
        recordings: what `playloom gym record` wrote of these episodes. Atari and Doom are played again for the pixel
            ceiling, Courier for the events that no picture shows.
        workers: processes that decode.
        progress: is told clips done, and all of them.

    Raises:
        DatasetMismatchError: the dataset does not fit the model, or the part is empty.
        TrainingError: the recordings cannot be branched.
    """
    dataset, chosen = open_fitting(loaded, where, version)
    test = choose_part(loaded, dataset, chosen, part)
    rows, plain, corrupt = said_rows(loaded, dataset, test.tested, workers=workers, progress=progress)
    notes = [*test.notes, *(f"{video} could not be read and is left out: {why}" for video, why in corrupt.items())]
    train = true_rows(dataset, test.learned, loaded.space) if test.learned else learned_rows(loaded)
    if train is None:
        train = true_rows(dataset, test.tested, loaded.space)
        notes.append(
            "What the model was trained on does not lie here any more as it was: actions only learns from the sessions "
            "that are tested, and is better than it could be."
        )
    about = {
        "title": f"Inverse dynamics, {loaded.game_id}",
        "model": f"{loaded.path}, step {loaded.step:,}, window {loaded.config.window}",
        "tested on": f"{dataset.repo_id}, {test.name}: {count_in_words(len(test.tested), 'episode')}, "
        f"{count_in_words(len(rows), 'frame')} at {dataset.fps} a second",
        "trained on": ", ".join(one.name for one in loaded.lineage.datasets),
    }
    ceiling = shown_events = None
    if recordings is not None and loaded.game_id == GAME_ID:
        shown_events = event_figures(rows, unseen=hidden_events(recordings, rows, dataset))
    elif recordings is not None:
        ceiling = ceiling_on(recordings, rows, dataset, window=loaded.config.window)
    return EvaluationReport(
        about=about,
        model=figures_of(rows),
        baselines=baseline_figures(rows, train),
        calibration=calibration_figures(rows, loaded.balance.mouse_scales),
        uncalibrated=calibration_figures(plain, loaded.balance.mouse_scales) if loaded.temperatures else None,
        lag=lag_sweep(rows),
        ceiling=ceiling,
        shown_events=shown_events,
        single_row_events=event_figures(plain) if loaded.spans is not None else None,
        notes=tuple(notes),
    )
