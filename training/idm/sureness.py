"""How often sticks, triggers and the mouse are told rightly where the model is so sure: fitted on held-out play.

A temperature makes a distribution over bins as sharp as it may be, but what counts for these heads is whether the value
is near, and a share of bins that a two-hot target has spread over two neighbours says too little of that. So their
confidence goes through a logistic curve whose two numbers are fitted to whether the values were near: Platt,
"Probabilistic outputs for support vector machines" (1999), with his targets, which are never quite 0 or 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.idm.heads import BINNED
from training.metrics.calibration import is_right
from training.metrics.rows import Rows

type Sureness = Mapping[str, tuple[float, float]]
"""By head, slope and offset of the curve over the confidence's log-odds."""

UNSURE = 1e-4
"""Log-odds are taken of nothing less probable, and of nothing more probable than its opposite."""

STEPS = 50
HELD_BACK = 1e-3
"""How much a slope is drawn to 1: where all confidences are alike, nothing else says what it is."""


def fit_sureness(rows: Rows, mouse_scales: Mapping[str, float] | None = None) -> dict[str, tuple[float, float]]:
    """The curves under which it is most probable what was near and what was not.

    Args:
        rows: held-out ones, with confidence.
        mouse_scales: as `training.metrics.calibration.is_right` takes them.

    Returns:
        By head of sticks, analog actions, triggers and mice; nothing where there are no rows.
    """
    assert rows.confidence is not None
    found: dict[str, tuple[float, float]] = {}
    for number, head in enumerate(rows.space.heads):
        if head.kind in BINNED and len(rows):
            right = is_right(rows, head, (mouse_scales or {}).get(head.name, 0.0))
            found[head.name] = _fit(rows.confidence[:, number].astype(np.float64), right)
    return found


def sure(confidence: Tensor, slope: float, offset: float) -> Tensor:
    """A confidence as its curve has it."""
    return torch.sigmoid(slope * torch.logit(confidence, UNSURE) + offset)


def _fit(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """By Newton's method; the likelihood has one peak."""
    near, far = int(right.sum()), int((~right).sum())
    wanted = np.where(right, (near + 1) / (near + 2), 1 / (far + 2))
    clipped = np.clip(confidence, UNSURE, 1 - UNSURE)
    odds = np.stack([np.log(clipped / (1 - clipped)), np.ones(len(right))], axis=1)
    held, aim = np.diag([HELD_BACK * len(right), 1e-9]), np.array([1.0, 0.0])
    curve = aim.copy()
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(odds @ curve, -30, 30)))
        uphill = odds.T @ (wanted - said) - held @ (curve - aim)
        bend = (odds * (said * (1 - said))[:, None]).T @ odds + held
        step = np.linalg.solve(bend, uphill)
        curve = curve + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    # More confidence must not mean less: then it says nothing, and the share that was near is all that is known.
    if curve[0] < 0:
        share = (near + 1) / (near + far + 2)
        return 0.0, float(np.log(share / (1 - share)))
    return float(curve[0]), float(curve[1])
