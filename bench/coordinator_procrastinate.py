"""The peer: procrastinate, one worker process that does tasks which do nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

import procrastinate


def procrastinate_rate(address: str, *, jobs: int, concurrency: int) -> float:
    """Tasks a second, from the start of its worker to the end of the last task."""
    command = [sys.executable, "-m", "bench.coordinator_procrastinate", address, str(jobs), str(concurrency)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return jobs / json.loads(done.stdout.splitlines()[-1])


async def _work(address: str, jobs: int, concurrency: int) -> float:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=address, max_size=concurrency))

    @app.task(name="nothing")
    async def nothing() -> None:
        return

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for _ in range(0, jobs, 500):
            await nothing.batch_defer_async(*({} for _ in range(min(500, jobs))))
        begin = time.perf_counter()
        await app.run_worker_async(concurrency=concurrency, wait=False, install_signal_handlers=False)
        return time.perf_counter() - begin


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
