"""A second S3 server, which lacks what some servers lack: rclone, from its wheel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RCLONE = Path(sys.executable).with_name("rclone")


@contextmanager
def rclone_server(root: Path, access_key: str, secret_key: str) -> Iterator[str]:
    """Serve the directories in ``root`` as buckets; gives the server's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(RCLONE), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", os.devnull, str(root)]
    environment = os.environ | {"RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"'}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            end_s = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert time.monotonic() < end_s, "rclone did not start"
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)
