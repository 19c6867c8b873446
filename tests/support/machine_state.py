"""What a machine is busy with: for the failure of a wait on one that nobody can look at."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil

LOOK_S = 0.5
SHOWN_PROCESSES = 12
MEBIBYTE = 1 << 20


def machine_told() -> str:
    """What the machine is busy with."""
    memory = psutil.virtual_memory()
    rooms = ", ".join(
        f"{path} {shutil.disk_usage(path).free // MEBIBYTE:,} MiB free"
        for path in (tempfile.gettempdir(), "/dev/shm")
        if Path(path).is_dir()
    )
    lines = [
        f"{os.cpu_count()} cores, load {os.getloadavg()}, memory {memory.available // MEBIBYTE:,} of "
        f"{memory.total // MEBIBYTE:,} MiB available, {rooms}"
    ]
    running = list(psutil.process_iter(["cmdline", "name", "nice"]))
    for process in running:
        _busy(process)
    time.sleep(LOOK_S)
    busy = sorted(((_busy(process), process) for process in running), key=lambda one: one[0], reverse=True)
    for share, process in busy[:SHOWN_PROCESSES]:
        said = " ".join(process.info["cmdline"] or [process.info["name"] or "?"])
        lines.append(f"{share:5.1f} % of a core, nice {process.info['nice']}, {process.pid}: {said[:150]}")
    return "\n".join(lines)


def _busy(process: psutil.Process) -> float:
    try:
        return process.cpu_percent()
    except psutil.Error:
        return 0.0
