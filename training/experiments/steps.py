"""Steps of an experiment: programs, each done once. What is done is not done again, whoever stopped it in between."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError


class StepFailedError(TrainingError):
    """A program of an experiment has failed. Attributes: step: which; status: its exit status."""

    def __init__(self, step: str, status: int, command: Sequence[str]) -> None:
        super().__init__(
            f"the step '{step}' failed with status {status}",
            remedy=f"What it said stands above. Alone: python -m {' '.join(command)}",
        )
        self.step, self.status = step, status


@dataclass(frozen=True, kw_only=True)
class Step:
    """One program.

    Attributes:
        name: unique in the experiment.
        says: what it is for, for people.
        command: words behind ``python -m``: a module and what it is told.
        makes: what is there when it is done.
        going_on: words instead of ``command``, if the step was cut short and left what it ``makes``; None: what it
            left is removed, and it begins anew.
    """

    name: str
    says: str
    command: tuple[str, ...]
    makes: Path
    going_on: tuple[str, ...] | None = None

    @property
    def fingerprint(self) -> str:
        """Of everything that decides what it makes."""
        return hashlib.sha256(json.dumps(self.command).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of an experiment, in their order.

    Attributes:
        directory: of the experiment; holds a mark of each step that is done.
        say: told which step begins.
    """

    directory: Path
    say: Callable[[str], None]

    def run(self, steps: Sequence[Step], *, changed: bool = False, before: int = 0, of: int | None = None) -> bool:
        """Run what is not yet done.

        Args:
            steps: in their order.
            changed: whether something before them was done anew.
            before: how many were before them, and ``of`` how many there are in all; for people.

        Returns:
            Whether anything was done anew, or before them.

        Raises:
            StepFailedError: a program has failed; what was done before stays.
        """
        total = before + len(steps) if of is None else of
        for number, step in enumerate(steps, before + 1):
            if not changed and self._is_done(step):
                self.say(f"{number}/{total} {step.says}: done before")
                continue
            changed = True  # what follows was made from something else
            self.say(f"{number}/{total} {step.says}")
            self._do(step)
        return changed

    def _is_done(self, step: Step) -> bool:
        try:
            mark = json.loads(self._mark(step).read_text())
        except (OSError, ValueError):
            return False
        return mark.get("fingerprint") == step.fingerprint and step.makes.exists()

    def _do(self, step: Step) -> None:
        mark = self._mark(step)
        begun = mark.with_suffix(".begun")
        left = step.makes.exists() and begun.exists() and begun.read_text() == step.fingerprint
        command = step.command
        mark.unlink(missing_ok=True)
        mark.parent.mkdir(parents=True, exist_ok=True)
        if left and step.going_on is not None:
            command = step.going_on
        elif step.makes.is_dir():
            shutil.rmtree(step.makes)
        else:
            step.makes.unlink(missing_ok=True)
        begun.write_text(step.fingerprint)
        begin_s = time.monotonic()
        status = subprocess.run([sys.executable, "-m", *command], check=False).returncode
        if status != 0:
            raise StepFailedError(step.name, status, command)
        if not step.makes.exists():
            raise StepFailedError(step.name, 0, command)
        took = {"fingerprint": step.fingerprint, "command": step.command, "seconds": time.monotonic() - begin_s}
        mark.write_text(json.dumps(took, indent=1))
        begun.unlink()

    def _mark(self, step: Step) -> Path:
        return self.directory / "steps" / f"{step.name}.json"
