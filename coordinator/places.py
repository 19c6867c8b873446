"""Where a coordinator of this user keeps what, unless it is told otherwise."""

from __future__ import annotations

from pathlib import Path

from playloom.client.finding import OPERATOR_DIRECTORY
from playloom.client.finding import server_root as default_root

__all__ = ["LOG_FILE", "OPERATOR_DIRECTORY", "SCRATCH_DIRECTORY", "WORKER_DIRECTORY", "WORKER_LOG_FILE", "default_root"]

LOG_FILE = Path("logs") / "coordinator.log"
WORKER_LOG_FILE = Path("logs") / "worker.log"

WORKER_DIRECTORY = "worker"
"""The access of the worker that runs beside the server."""

SCRATCH_DIRECTORY = "scratch"
