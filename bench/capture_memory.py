"""Memory of a recording over half an hour: it does not grow."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

import psutil

from bench.capture_inputs import SIZE, recording_of_window
from bench.capture_rivals import FPS, TITLE
from bench.harness import Row, Settings, figure, main
from tests.support.x_screen import x_screen
from tests.support.x_typing import FastHand
from tests.support.x_windows import pattern_window

MIB = 1 << 20
_LOOKS = 60
_MOTIONS_A_LOOK = 100


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    seconds = 5.0 if settings.quick else 1800.0
    sizes: list[float] = []
    with (
        x_screen((SIZE[0] + 20, SIZE[1] + 20)) as screen,
        pattern_window(screen, title=TITLE, size=SIZE, at=(0, 0), rate=FPS) as window,
    ):
        window.focus()
        hand = FastHand(screen)
        with recording_of_window(screen) as recording:
            begin_s = time.monotonic()
            for look in range(1, _LOOKS + 1):
                for _ in range(_MOTIONS_A_LOOK):
                    hand.move(random.randint(-5, 5), random.randint(-5, 5))
                hand.flush()
                time.sleep(max(0.0, begin_s + look * seconds / _LOOKS - time.monotonic()))
                sizes.append(psutil.Process(recording.process.pid).memory_info().rss / MIB)
            recording.stop()
        hand.close()
    # Buffers and caches fill in the first tenth.
    early, late = statistics.median(sizes[_LOOKS // 10 : _LOOKS // 5]), statistics.median(sizes[-_LOOKS // 10 :])
    yield figure("memory of the node at its end", late, "MiB", limit=f"at most {max(sizes):.0f} MiB meanwhile")
    limit = f"after a tenth of it {early:.1f} MiB"
    name = f"memory at the end / after a tenth of {seconds / 60:g} minutes"
    yield figure(name, late / early, "×", limit=limit, at_most=1.03)


if __name__ == "__main__":
    main("bench.capture_memory", __doc__, rows)
