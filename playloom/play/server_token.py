"""Where a policy server on this machine keeps its token, so that players of the same user find it."""

from __future__ import annotations

import os
from pathlib import Path

from playloom.client.access import HOME_VARIABLE

DEFAULT_LISTEN = "127.0.0.1:50070"


def policy_directory() -> Path:
    """The directory of this user's policy server."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "data/policy"
    from platformdirs import user_data_path

    return user_data_path("playloom", appauthor=False, roaming=False) / "policy"
