"""What may be another when a run goes on: all that changes neither the model nor what it is shown."""

from __future__ import annotations

CHANGEABLE = ("trainer.", "logging.", "data.path", "data.workers", "data.cache_directory")

UNCHANGEABLE = ("trainer.seed", "trainer.accumulate", "trainer.processes")


def may_change_in_any(key: str) -> bool:
    """Whether a run may have another value there, whatever it trains."""
    return key.startswith(CHANGEABLE) and key not in UNCHANGEABLE
