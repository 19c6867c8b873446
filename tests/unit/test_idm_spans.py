from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.balance import ClassBalance, class_balance
from training.idm.spans import SUREST, SpanRates, held_spans, say_spans, span_rates

SPACE = ActionSpace(
    game_id="test",
    layout_version=1,
    names=("jump", "dash"),
    heads=tuple(Head(name=name, kind=HeadKind.DIGITAL, places=(place,)) for place, name in enumerate(("jump", "dash"))),
)
ONE = SpanRates(places=(0,), share=np.array([0.3]), press=np.array([0.02]), release=np.array([0.04]))


def course(probabilities: list[float], rates: SpanRates = ONE) -> list[int]:
    rows = np.array(probabilities)[:, None]
    return held_spans(rows, [(0, len(rows))], rates)[:, 0].astype(int).tolist()


def test_a_probability_that_wavers_is_one_press() -> None:
    wavering = [0.05, 0.1, 0.9, 0.95, 0.45, 0.9, 0.4, 0.9, 0.95, 0.05, 0.1, 0.02]
    assert course(wavering) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_one_row_that_is_sure_is_a_press_and_one_that_doubts_is_none() -> None:
    assert course([0.01] * 4 + [0.9999] + [0.01] * 4) == [0] * 4 + [1] + [0] * 4
    assert course([0.01] * 4 + [0.6] + [0.01] * 4) == [0] * 9


def test_nothing_is_known_across_the_end_of_a_run() -> None:
    rows = np.array([0.99, 0.99, 0.45, 0.45, 0.01])[:, None]
    assert held_spans(rows, [(0, 5)], ONE)[:, 0].tolist() == [True, True, True, True, False]
    assert held_spans(rows, [(0, 2), (4, 5)], ONE)[:, 0].tolist() == [True, True, False, False, False]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_no_other_course_is_more_probable(probabilities: list[float]) -> None:
    share, press, release = 0.3, 0.02, 0.04

    def worth(held: tuple[int, ...]) -> float:
        said = np.clip(np.array(probabilities), SUREST, 1 - SUREST)
        evidence = np.log(said / (1 - said)) - np.log(share / (1 - share))
        found = np.log(share if held[0] else 1 - share) + float(evidence @ np.array(held))
        for before, now in itertools.pairwise(held):
            stay = (1 - release if now else release) if before else (press if now else 1 - press)
            found += np.log(stay)
        return float(found)

    best = max(itertools.product((0, 1), repeat=len(probabilities)), key=worth)
    assert worth(tuple(course(probabilities))) == pytest.approx(worth(best))


def rows_of(jump: list[int]) -> NDArray[np.float32]:
    return np.stack([np.array(jump), np.zeros(len(jump))], 1).astype(np.float32)


def test_rates_come_from_the_play_that_was_learned_from_and_not_from_across_episodes() -> None:
    balance = class_balance([rows_of([0, 1, 1, 0, 1]), rows_of([1, 1, 0, 0, 0])], SPACE)
    assert balance.presses == {"jump": (2,), "dash": (0,)}
    assert ClassBalance.from_document(balance.to_document()) == balance
    rates = span_rates(balance, SPACE)
    assert rates is not None
    assert rates.places == (0,)  # nobody dashed: a press of it cannot be dear
    assert (rates.share[0], rates.press[0], rates.release[0]) == (0.5, 2 / 5, 2 / 5)


def test_a_checkpoint_that_counted_no_presses_is_read_row_by_row() -> None:
    document = class_balance([rows_of([0, 1, 0])], SPACE).to_document()
    del document["presses"]
    assert span_rates(ClassBalance.from_document(document), SPACE) is None


def test_what_is_said_comes_with_the_confidence_that_its_row_has_in_it() -> None:
    probabilities = np.array([[0.95, 0.2], [0.45, 0.2], [0.95, 0.2], [0.1, 0.7]], np.float32)
    values = (probabilities >= 0.5).astype(np.float32)
    confidence = np.maximum(probabilities, 1 - probabilities)
    say_spans(values, probabilities, confidence, [(0, 3)], SPACE, ONE)
    assert values.tolist() == [[1, 0], [1, 0], [1, 0], [0, 1]]
    assert confidence[:, 0].tolist() == pytest.approx([0.95, 0.45, 0.95, 0.9])
    assert confidence[:, 1].tolist() == pytest.approx([0.8, 0.8, 0.8, 0.7])
