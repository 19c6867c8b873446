"""What a job of training or labelling asks for, seen through before anything begins: it comes from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playloom.runs.stored_run import StoredRunError, check_run_name
from workers.jobs.leased_job import JobFailedError, LeasedJob

TRAIN, LABEL = "train", "label"
KINDS = (TRAIN, LABEL)

MAX_OVERRIDES, MAX_OVERRIDE, MAX_TEXT = 200, 2000, 64_000
MAX_CPUS, MAX_GPUS = 1024, 64
NAME_DIGITS = 8

_OVERRIDE = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]{0,199}=[^\0\n\r]*")
_OURS = ("hydra", "run.")
"""Where a run lies and what begins it is for the job to say."""

_TASK = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class ProgramOrder:
    """What is asked for.

    Attributes:
        kind: `TRAIN` or `LABEL`.
        run: how the run is called in the store: the one that is made, or the one whose model labels.
        task: what is trained, "idm".
        overrides: of the settings.
        dataset, version: of the server, to learn from; empty: what the settings name is on the machine already.
        inputs, output: of labelling, as the machine that does it sees them.
        cpus, gpus: that it takes.
    """

    kind: str
    run: str
    task: str
    overrides: tuple[str, ...]
    dataset: str
    version: str
    inputs: tuple[str, ...]
    output: str
    cpus: float
    gpus: float


def order_of(job: LeasedJob) -> ProgramOrder:
    """What a job asks for.

    Raises:
        JobFailedError: what cannot be done, or may not be asked for; another try is no use.
    """
    payload = job.payload
    known = {"task", "name", "run", "overrides", "dataset", "version", "inputs", "output", "cpus", "gpus"}
    unknown = sorted(set(payload) - known)
    if unknown:
        raise _refused(f"its payload's '{unknown[0][:80]}' is not known; there are {', '.join(sorted(known))}")
    task = _matching(payload, "task", _TASK, "idm")
    labels = job.kind == LABEL
    run = _text(payload, "run") if labels else f"{_matching(payload, 'name', _NAME, task)}-{job.id[-NAME_DIGITS:]}"
    try:
        check_run_name(run)
    except StoredRunError as error:
        raise _refused(str(error)) from error
    inputs, output = _texts(payload, "inputs"), _text(payload, "output")
    for path in (*inputs, output) if labels else ():
        if not path.startswith(("/", "s3://")) or "\0" in path:
            raise _refused(
                f"'{path[:80]}' is no whole path", "Name inputs and output as the worker's machine sees them"
            )
    if labels and not inputs:
        raise _refused("it names no inputs to label")
    overrides = _texts(payload, "overrides")
    for override in overrides:
        _check_override(override)
    if sum(map(len, (*overrides, *inputs))) > MAX_TEXT:
        raise _refused(f"its overrides and inputs have more than {MAX_TEXT} characters")
    return ProgramOrder(
        kind=job.kind,
        run=run,
        task=task,
        overrides=overrides,
        dataset=_text(payload, "dataset"),
        version=_text(payload, "version"),
        inputs=inputs,
        output=output,
        cpus=_number(payload, "cpus", 1.0, MAX_CPUS),
        gpus=_number(payload, "gpus", 0.0, MAX_GPUS),
    )


def _check_override(override: str) -> None:
    if len(override) > MAX_OVERRIDE or not _OVERRIDE.fullmatch(override):
        raise _refused(f"'{override[:80]}' is no override", "Write NAME=VALUE, as in preset=cpu")
    name = override.partition("=")[0]
    if name.startswith(_OURS):
        raise _refused(f"'{name}' is for the job itself to say")


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or len(value) > MAX_OVERRIDE:
        raise _refused(f"its payload's '{name}' is no text")
    return value


def _matching(payload: Mapping[str, Any], name: str, pattern: re.Pattern[str], default: str) -> str:
    text = _text(payload, name) or default
    if not pattern.fullmatch(text):
        raise _refused(f"its payload's {name} '{text[:80]}' cannot be", "Take letters, digits and dashes")
    return text


def _texts(payload: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = payload.get(name, ())
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise _refused(f"its payload's '{name}' is no list of texts")
    if len(value) > MAX_OVERRIDES:
        raise _refused(f"its payload has more than {MAX_OVERRIDES} {name}")
    return tuple(value)


def _number(payload: Mapping[str, Any], name: str, default: float, most: float) -> float:
    value = payload.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise _refused(f"its payload's '{name}' is no number within 0 and {most}")
    return float(value)


def _refused(problem: str, remedy: str | None = None) -> JobFailedError:
    return JobFailedError(problem if remedy is None else f"{problem}. {remedy}", retry=False)
