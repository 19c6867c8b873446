"""Every benchmark, one after another: ``python -m bench [--quick] [--json DIRECTORY]``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "recording",
    "convert",
    "capture",
    "capture_memory",
    "coordinator",
    "upload",
    "workers",
    "dataset",
    "loader",
    "training",
    "labelling",
    "policy",
    "play",
)


def main() -> int:
    """Run them all; the exit status is 1 if one could not run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run every benchmark.")
    parser.add_argument("--quick", action="store_true", help="each within a minute, on little data")
    parser.add_argument("--json", type=Path, metavar="DIRECTORY", help="write each one's rows to a file there")
    arguments = parser.parse_args()
    failed: list[str] = []
    for name in BENCHMARKS:
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if arguments.quick else [])]
        if arguments.json is not None:
            command += ["--json", str(arguments.json / f"{name}.json")]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"could not run: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
