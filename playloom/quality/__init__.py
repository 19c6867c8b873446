"""Is this recording worth converting? Measures, findings and a verdict for each session.

`validate_session` is loaded when it is asked for: the command line lists its commands without loading numpy and av.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playloom.quality.session_quality import SessionQuality, validate_session
    from playloom.quality.thresholds import QualityThresholds

__all__ = ["QualityThresholds", "SessionQuality", "validate_session"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "thresholds" if name == "QualityThresholds" else "session_quality"
    return getattr(import_module(f"playloom.quality.{module}"), name)
