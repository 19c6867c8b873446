from __future__ import annotations

from typing import Any

import numpy as np

from playloom.labels.reasons import Reason
from tests.support.idm_checkpoints import SPACE
from training.labelling.filters import filter_rows
from training.labelling.rows import plan_rows
from training.labelling.settings import FilterOptions, ScreenOptions
from training.labelling.signals import Signals
from training.labelling.windows import MergedLabels

FPS = 10


def played(rows: int) -> tuple[MergedLabels, Signals]:
    """Labels of play of which the model is sure."""
    values = np.zeros((rows, 6), np.float32)
    values[:, 0] = 0.9
    labels = MergedLabels(
        seen=np.append(np.ones(rows - 1, np.bool_), False),
        values=values,
        probabilities=np.zeros((rows, 6), np.float32),
        confidence=np.full((rows, 4), 0.99, np.float32),
        disagreement=np.zeros((rows, 4), np.float32),
    )
    signals = Signals.empty(rows)
    signals.change[:] = 5
    return labels, signals


def reasons(labels: MergedLabels, signals: Signals, gap_at: int | None = None, **options: Any) -> list[int]:
    times = np.arange(len(labels.seen), dtype=np.int64) * 100_000_000
    if gap_at is not None:
        times[gap_at:] += 5_000_000_000
    plan = plan_rows(times, FPS, 1_000_000_000)
    return filter_rows(labels, signals, plan, SPACE, FilterOptions(**options), FPS).tolist()


def test_play_is_kept_but_for_its_last_frame() -> None:
    assert reasons(*played(30)) == [0] * 29 + [Reason.END]


def test_the_frame_before_a_gap_and_the_one_before_a_cut_go() -> None:
    labels, signals = played(60)
    signals.cut[20] = True
    told = reasons(labels, signals, gap_at=40)
    assert {row: one for row, one in enumerate(told) if one} == {19: Reason.CUT, 39: Reason.GAP, 59: Reason.END}


def test_doubt_in_one_frame_alone_splits_no_episode() -> None:
    labels, signals = played(60)
    labels.confidence[20, 1] = 0.1
    labels.confidence[40:44, 1] = 0.1
    told = reasons(labels, signals)
    assert told[20] == 0
    assert told[41] == told[42] == Reason.LOW_CONFIDENCE


def test_nothing_done_is_idle_only_where_it_lasts() -> None:
    labels, signals = played(100)
    labels.values[10:30] = 0
    labels.values[40:85] = 0
    labels.values[60, 2] = 1  # one wrong frame does not end it
    told = reasons(labels, signals)
    assert told[10:30] == [0] * 20
    assert told[40:85] == [Reason.IDLE] * 45


def test_single_repeated_pictures_belong_to_play_and_long_runs_go() -> None:
    labels, signals = played(60)
    signals.change[[10, 12, 14]] = 0
    signals.change[30:40] = 0
    told = reasons(labels, signals)
    assert told[:29] == [0] * 29
    assert told[30:40] == [Reason.DUPLICATE] * 10


def test_menus_go_where_examples_were_given_and_a_flicker_does_not_count() -> None:
    labels, signals = played(60)
    signals.menu[:] = 0.01
    signals.menu[20:30] = 0.9
    signals.menu[45] = 0.9
    told = reasons(labels, signals, screens=ScreenOptions(over_s=0.3))
    assert told[20:30] == [Reason.MENU] * 10
    assert told[45] == 0


def test_plain_pictures_are_loading_screens_as_long_as_nobody_has_shown_one() -> None:
    labels, signals = played(60)
    signals.plain[20:30] = 0.95
    assert reasons(labels, signals)[20:30] == [Reason.LOADING] * 10
    signals.loading[:] = 0.0
    assert reasons(labels, signals)[20:30] == [0] * 10


def test_what_is_left_between_and_too_short_goes_too() -> None:
    labels, signals = played(60)
    signals.menu[:] = 0
    signals.menu[20:25] = signals.menu[30:35] = 1
    assert reasons(labels, signals, min_episode_s=1.0)[25:30] == [Reason.SHORT] * 5


def test_frames_that_do_not_decode_take_the_one_before_with_them() -> None:
    labels, signals = played(60)
    signals.damaged[30] = True
    assert reasons(labels, signals)[28:32] == [0, Reason.DAMAGED, Reason.DAMAGED, 0]
