"""Who a model has to beat: somebody who says nothing, and two who never look at the picture.

- *no-op* says that nothing is held, ever.
- *persistence* says what was truly held some frames ago.
- *actions-only* is trained on what was truly held up to some frames ago, and knows the habits of hands
  (`actions_only`).

The last two are told the truth, which a model that sees only pictures is not: up to the frame before for all figures
of single rows. For events they are told one frame less for every frame of tolerance (`EVENT_LEAD_FRAMES`): repeating
the frame before moves every event by one frame, which the tolerance forgives, so that persistence would reach F1 = 1
without knowing anything.
"""

from __future__ import annotations

from training.metrics.events import TOLERANCE_FRAMES
from training.metrics.rows import Rows, earlier

ROW_LEAD_FRAMES = 1
EVENT_LEAD_FRAMES = 1 + TOLERANCE_FRAMES


def no_op(rows: Rows) -> Rows:
    """Nothing is held, every axis rests."""
    return rows.saying(rows.truth * 0)


def persistence(rows: Rows, lead_frames: int = ROW_LEAD_FRAMES) -> Rows:
    """What was held ``lead_frames`` before; nothing, where that is before the begin of a run."""
    return rows.saying(earlier(rows.truth, rows.runs, lead_frames))
