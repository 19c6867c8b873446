"""How many threads a decoder gets."""

from __future__ import annotations

import os


def decoder_threads(workers: int) -> int:
    """Threads of each worker's decoder: the cores shared out."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, cores // max(1, workers)))
