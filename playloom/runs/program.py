"""What a worker and the program that it lets run in a cluster say to each other.

The program is given an order as JSON, and tells in its output, between the lines of whatever it runs, marked lines of
JSON. The worker says in the object store that somebody still wants the program: it has no other way to a machine that
only the cluster knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MODULE = "training.runs.as_job"
"""The program: ``python -m MODULE ORDER``."""

MARK = "@playloom "

LOOK_S = 3.0
"""So often a program looks whether it is still wanted."""

BEAT_S = 60.0
"""So often a worker says that it is."""

ORPHANED_S = 900.0
"""A program that nobody has wanted for so long keeps what it has reached, and ends."""


def tell(**what: Any) -> str:
    """A marked line. ``what``: progress=(share, text); stored=step; result=document; failed=reason and retry."""
    return MARK + json.dumps(what, ensure_ascii=False)


def told(line: str) -> Mapping[str, Any] | None:
    """What a marked line tells; None: it is one of the output's own."""
    if not line.startswith(MARK):
        return None
    try:
        found = json.loads(line.removeprefix(MARK))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def lifeline_key(program: str) -> str:
    """Where the worker says which program of a job is wanted. Args: program: JOB-NUMBER."""
    return f"work/{program.rpartition('-')[0]}.json"


def wanted(program: str, beat: int, *, stop: bool = False) -> bytes:
    """What stands there.

    Args:
        program: that is wanted; others of the same job are not.
        beat: another number each time.
        stop: it is to keep what it has reached, and end.
    """
    return json.dumps({"program": program, "beat": beat, "stop": stop}).encode()


def why_unwanted(content: bytes, program: str) -> str | None:
    """Why a program is to end by what stands there; None: it goes on."""
    try:
        found = json.loads(content)
        if found["program"] != program:
            return "another try of the same job has begun"
        return "it was asked to" if found.get("stop") else None
    except (ValueError, KeyError, TypeError):
        return None
