"""Room for sessions: on the disk, and within the quota."""

from __future__ import annotations

import shutil

from capture_node.recorder.settings import RecorderSettings
from capture_node.spool import used_bytes
from playloom.errors import OutputError
from playloom.recording.append_file import cannot_write


def check_room(settings: RecorderSettings) -> int:
    """Make the directory for sessions; what those that lie there take, where a quota asks.

    Raises:
        OutputError: there is no room, or nothing can be written there.
    """
    try:
        settings.root.mkdir(parents=True, exist_ok=True)
        disk_free_bytes = free_bytes(settings)
    except OSError as error:
        raise cannot_write(settings.root, error) from error
    if disk_free_bytes < settings.disk_reserve_bytes:
        raise OutputError(settings.root, disk_low(settings, disk_free_bytes))
    if settings.quota_bytes is None:
        return 0
    taken_bytes = used_bytes(settings.root)
    if taken_bytes >= settings.quota_bytes:
        raise OutputError(settings.root, spool_full(settings))
    return taken_bytes


def free_bytes(settings: RecorderSettings) -> int:
    """Room on the disk where sessions lie."""
    return shutil.disk_usage(settings.root).free


def disk_low(settings: RecorderSettings, disk_free_bytes: int) -> str:
    return (
        f"only {disk_free_bytes / 1e6:.0f} MB are left on the disk of {settings.root}, and"
        f" {settings.disk_reserve_bytes / 1e6:.0f} MB are kept free. Make room there, or record to another disk"
    )


def spool_full(settings: RecorderSettings) -> str:
    assert settings.quota_bytes is not None
    return (
        f"the sessions in {settings.root} have reached their quota of {settings.quota_bytes / 1e9:.1f} GB."
        " Send or move some, or raise the quota"
    )
