"""A loader's worker: ``python -m training.data.worker DESCRIPTOR``. It does tasks until its connection ends."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from multiprocessing.connection import Connection

from training.data.tasks import TaskRunner, WorkerSetup, task_from_bytes


def main() -> None:
    """Serve the process that started this one."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    connection = Connection(int(sys.argv[1]))
    try:
        runner = TaskRunner(WorkerSetup.from_bytes(connection.recv_bytes()))
        while True:
            answer = runner.run(task_from_bytes(connection.recv_bytes()))
            connection.send_bytes(json.dumps(answer).encode())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the process that started us is done, or gone


if __name__ == "__main__":
    main()
