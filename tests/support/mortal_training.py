"""`playloom train idm` that is killed at a moment: ``python -m tests.support.mortal_training MOMENT ARGUMENT…``

MOMENT is "step 11", behind that step, or "checkpoint 16", when half of that checkpoint's weights are written.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from playloom.cli import run
from training.runs import checkpoint
from training.trainer.display import Display


def main(moment: str, arguments: list[str]) -> int:
    """Train until then."""
    what, number = moment.split()
    if what == "step":
        told = Display.step

        def step_and_die(
            self: Display, step: int, progress: float, figures: Mapping[str, float], left_s: float
        ) -> None:
            told(self, step, progress, figures, left_s)
            if step == int(number):
                _die()

        Display.step = step_and_die
    else:
        write = checkpoint._write

        def write_half(path: Path, content: bytes) -> dict[str, Any]:
            if path.parent.name.startswith(f".step-{int(number):06d}.") and path.name == "model.safetensors":
                path.write_bytes(content[: len(content) // 2])
                _die()
            return write(path, content)

        checkpoint._write = write_half
    return run(["train", "idm", *arguments])


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
