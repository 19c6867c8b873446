"""Of the programs that want the same cache one builds, and the others wait: they find what it has made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playloom.file_lock import lock_for_this_program

ASK_AGAIN_S = 0.2


@contextmanager
def turn_to_build(directory: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Be the only one who builds in a directory, made if it is not there; also after whoever builds now was killed.

    Args:
        directory: of the cache.
        waiting: is told once if another program builds there now.

    Raises:
        OSError: the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("ab") as lock:
        if not lock_for_this_program(lock):
            if waiting is not None:
                waiting()
            while not lock_for_this_program(lock):
                time.sleep(ASK_AGAIN_S)
        yield
