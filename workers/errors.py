"""How a conversion ends without a dataset."""

from __future__ import annotations

from playloom.errors import PlayloomError


class NothingConvertedError(PlayloomError):
    """No session can be used, or, if strict, one has a fault: there is no dataset and no work worth keeping."""
