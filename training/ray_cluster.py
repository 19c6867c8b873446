"""Ray, begun here or joined elsewhere, for as long as it is needed."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playloom.client.access import HOME_VARIABLE
from playloom.ray_patience import time_to_start
from playloom.ray_token import connect_as_asked, forget
from training.errors import TrainingError

LOCAL = "local"
"""A cluster of this program alone. Without a word Ray would join whatever somebody else began on this machine."""


def cluster_meant(address: str | None) -> str:
    """The address to give to Ray, which is about to be imported: it reads then whether that cluster asks for its token.

    Args:
        address: of a cluster, or ``auto``; None: the one whose job we are (`RAY_ADDRESS` says so), or else `LOCAL`.
    """
    meant = address or os.environ.get("RAY_ADDRESS") or LOCAL
    if meant == LOCAL:
        forget()
    else:
        connect_as_asked(meant)
    return meant


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """From where paths are meant, and where datasets lie by their names: a cluster's processes stand elsewhere.

    Attributes:
        directory: that we are in.
        home: of Playloom; None: what each machine has.
    """

    directory: str
    home: str | None

    @classmethod
    def ours(cls) -> Standpoint:
        return cls(directory=str(Path.cwd()), home=os.environ.get(HOME_VARIABLE))

    def take(self) -> None:
        """Stand there, in a process of a cluster. A machine without the directory has whole paths alone."""
        with suppress(OSError):
            os.chdir(self.directory)
        if self.home is not None:
            os.environ[HOME_VARIABLE] = self.home


@contextmanager
def local_options() -> Iterator[dict[str, Any]]:
    """What `ray.init` is told for a cluster of this program alone: it is heard on this machine only, does not depend on
    a network that comes and goes, and leaves none of its files behind the block."""
    # Short: it is part of sockets' names.
    with tempfile.TemporaryDirectory(prefix="pltray-", ignore_cleanup_errors=True) as directory:
        yield {"_node_ip_address": "127.0.0.1", "_temp_dir": directory, "include_dashboard": False}


@contextmanager
def ray_cluster(address: str | None, *, without: str) -> Iterator[Any]:
    """Within the block Ray works; one that worked before goes on behind it. Yields the module `ray`.

    Args:
        address: as `cluster_meant` takes it.
        without: how to do without Ray, for people.

    Raises:
        TrainingError: it cannot be reached.
    """
    meant = cluster_meant(address)
    import ray
    from ray.exceptions import RayError

    if ray.is_initialized():
        yield ray
        return
    with local_options() if meant == LOCAL else nullcontext({}) as options:
        try:
            with time_to_start(ray):
                ray.init(address=meant, log_to_driver=False, logging_level=logging.ERROR, **options)
        except (RayError, ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
            where = "on this machine" if meant == LOCAL else f"at {meant}"
            raise TrainingError(
                f"Ray cannot be reached {where}: {str(error).splitlines()[0]}",
                remedy=f"Name another with --ray-address, or do without it: {without}",
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()
