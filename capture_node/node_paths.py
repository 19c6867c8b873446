"""Where Playloom keeps what on a gaming PC: settings where a person's settings lie, sessions and secrets with the data.

``PLAYLOOM_HOME`` puts everything below one directory: a portable installation, a second node, a test.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "PLAYLOOM_HOME"


@dataclass(frozen=True, kw_only=True)
class NodePaths:
    """The places; none of them need be there.

    Attributes:
        config: what a person may edit.
        data: what Playloom made.
    """

    config: Path
    data: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "node.yaml"

    @property
    def profiles(self) -> Path:
        """The player's own capture profiles."""
        return self.config / "profiles"

    @property
    def calibration_file(self) -> Path:
        return self.config / "calibration.json"

    @property
    def spool(self) -> Path:
        """Sessions that wait to be sent, unless the settings name another place."""
        return self.data / "sessions"

    @property
    def libraries(self) -> Path:
        """Where `playloom node install-sdl` puts SDL."""
        return self.data / "lib"

    @property
    def server(self) -> Path:
        """The server that this machine is enrolled with, and its token."""
        return self.data / "server"

    @property
    def private(self) -> Path:
        """What is nobody's business but this user's: token, TLS key, the running node's address."""
        return self.data / "node"


def node_paths() -> NodePaths:
    """The places on this machine, for this user."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        root = Path(home).expanduser().absolute()
        return NodePaths(config=root / "config", data=root / "data")
    from platformdirs import user_config_path, user_data_path

    return NodePaths(
        config=user_config_path("playloom", appauthor=False, roaming=False),
        data=user_data_path("playloom", appauthor=False, roaming=False),
    )
