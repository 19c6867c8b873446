"""What is pressed stays pressed for a while: from each row's probability to the most probable course of a button.

Taken row by row, a probability that wavers about one half presses and releases a button many times that was held once.
How often the button is pressed and let go in the play that a model learned from says how dear a press is; the most
probable course under both is found by dynamic programming (Viterbi, "Error bounds for convolutional codes and an
asymptotically optimum decoding algorithm", 1967).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.action_space import ActionSpace, HeadKind
from training.idm.balance import ClassBalance

SUREST = 1e-4
"""No single row is believed more than this."""


@dataclass(frozen=True, kw_only=True)
class SpanRates:
    """How buttons are pressed and let go.

    Attributes:
        places: of the action vector: the digital ones that were pressed at all.
        share: float64[n], the share of rows in which each is held.
        press: float64[n], how probable it is that one that is not held is so in the next row.
        release: float64[n], likewise the other way round.
    """

    places: tuple[int, ...]
    share: NDArray[np.float64]
    press: NDArray[np.float64]
    release: NDArray[np.float64]


def span_rates(balance: ClassBalance, space: ActionSpace) -> SpanRates | None:
    """From what was counted; None where presses were not, or there were none."""
    places: list[int] = []
    counts: list[tuple[int, int]] = []
    for head in space.of_kind(HeadKind.DIGITAL):
        presses, held = balance.presses.get(head.name), balance.held[head.name]
        for place, pressed, rows in zip(head.places, presses or (), held, strict=False):
            if pressed and rows < balance.frames:
                places.append(place)
                counts.append((pressed, rows))
    if not places:
        return None
    pressed, held = np.array(counts, np.float64).T
    return SpanRates(
        places=tuple(places),
        share=held / balance.frames,
        press=np.minimum(pressed / (balance.frames - held), 0.5),
        release=np.minimum(pressed / held, 0.5),
    )


def held_spans(
    probabilities: NDArray[np.floating], runs: Sequence[tuple[int, int]], rates: SpanRates
) -> NDArray[np.bool_]:
    """The most probable course of each button.

    Args:
        probabilities: [rows, A]: that it is held, by itself; those of the ``rates``' places are read.
        runs: (first row, row after the last) of rows that follow one another in time.
        rates: of the buttons.

    Returns:
        bool[rows, n], in the order of the rates' places; False outside of the runs.
    """
    said = np.clip(probabilities[:, list(rates.places)].astype(np.float64), SUREST, 1 - SUREST)
    usual = np.log(rates.share / (1 - rates.share))
    evidence = np.log(said / (1 - said)) - usual
    press, release = np.log(rates.press), np.log(rates.release)
    still, stays = np.log(1 - rates.press), np.log(1 - rates.release)
    held = np.zeros(said.shape, np.bool_)
    for first, stop in runs:
        if stop <= first:
            continue
        # By how much the best course that ends held is better than the best one that ends not held.
        lead = usual + evidence[first]
        from_held = np.empty((stop - first, len(usual), 2), np.bool_)
        for row in range(first + 1, stop):
            from_held[row - first, :, 0] = lead + release > still
            from_held[row - first, :, 1] = lead + stays > press
            lead = evidence[row] + np.maximum(press, lead + stays) - np.maximum(still, lead + release)
        held[stop - 1] = lead > 0
        for row in range(stop - 1, first, -1):
            before = from_held[row - first]
            held[row - 1] = np.where(held[row], before[:, 1], before[:, 0])
    return held


def say_spans(
    values: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    confidence: NDArray[np.float32],
    runs: Sequence[tuple[int, int]],
    space: ActionSpace,
    rates: SpanRates,
) -> None:
    """Put the courses in the place of what was said row by row, with the confidence that each row by itself has in it.

    Args:
        values: float32[rows, A]; written.
        probabilities: float32[rows, A].
        confidence: float32[rows, H]; written.
        runs: as for `held_spans`; other rows stay as they are.
        space: says which place belongs to which head.
        rates: of the buttons.
    """
    held = held_spans(probabilities, runs, rates)
    inside = np.zeros(len(values), np.bool_)
    for first, stop in runs:
        inside[first:stop] = True
    values[np.ix_(inside, np.array(rates.places))] = held[inside]
    known = set(rates.places)
    for number, head in enumerate(space.heads):
        if head.kind is HeadKind.DIGITAL and known & set(head.places):
            places = list(head.places)
            chance = probabilities[inside][:, places]
            right = np.where(values[inside][:, places] >= 0.5, chance, 1 - chance)
            confidence[inside, number] = right.prod(axis=1)
