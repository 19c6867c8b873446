"""Whether a process that is nobody's child here still runs."""

from __future__ import annotations

import psutil


def has_ended(pid: int) -> bool:
    """One that has ended and that the system has not yet put away has ended, too."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
