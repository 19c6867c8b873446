"""How many files a program may hold open, sockets and pipes among them.

Systems begin programs with few, mostly 1,024 or 256, and let each ask for more; programs that it begins have as many.
Who has too few fails somewhere, sometime, with whatever the next library makes of it.
"""

from __future__ import annotations

import contextlib
import sys

from playloom.errors import PlayloomError

ENOUGH = 65_536
"""Ray takes as many. Where a system allows a billion, programs that close all that they could have take long."""

FOR_RAY = 1024
"""On two cores its processes hold some sixty each at rest; tasks, nodes and connections come on top."""


def allow_open_files(*, least: int = 0) -> None:
    """Let this program, and those that it will begin, hold as many files open as it may, at most `ENOUGH`.

    Args:
        least: how many it needs.

    Raises:
        PlayloomError: the system allows fewer.
    """
    if sys.platform == "win32":
        return  # which has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < min(allowed, ENOUGH):
        with contextlib.suppress(ValueError, OSError):  # macOS says that it has no limit, and has one
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(allowed, ENOUGH), hard))
    has = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if has != resource.RLIM_INFINITY and has < least:
        raise PlayloomError(
            f"a program may hold only {has:,} files open here, and this one needs {least:,}",
            remedy=f"Allow more (in a shell: ulimit -n {ENOUGH}; in a unit of systemd: LimitNOFILE={ENOUGH}; in a "
            f"container: --ulimit nofile={ENOUGH}), and begin it again",
        )
