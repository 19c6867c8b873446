"""Jobs of training and labelling as a command line has them: in the words of `playloom train` and `label`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playloom.errors import PlayloomError

TRAIN, LABEL = "train", "label"

_DATASET, _VERSION, _NAME, _OUTPUT = "data.path", "data.version", "run.name", "output"
_TAKES = {"job.cpus": "cpus", "job.gpus": "gpus"}


def program_payload(kind: str, words: Sequence[str]) -> dict[str, Any]:
    """The payload that these words ask for.

    Args:
        kind: `TRAIN`, whose words are what is trained ("idm", if it is not said) and overrides; or `LABEL`, whose words
            are a run in the store, the inputs, and overrides.
        words: behind the kind.

    Raises:
        PlayloomError: the kind takes no words, or these are not enough.
    """
    if kind not in (TRAIN, LABEL):
        raise PlayloomError(
            f"jobs of the kind '{kind}' take no words behind it",
            remedy="Say what the worker needs to know with --payload",
        )
    named = [word for word in words if "=" not in word or word.startswith(("/", "s3://"))]
    overrides = [word for word in words if word not in named]
    return _train(named, overrides) if kind == TRAIN else _label(named, overrides)


def _train(named: list[str], overrides: list[str]) -> dict[str, Any]:
    if len(named) > 1:
        raise PlayloomError(f"'{named[1]}' is no setting", remedy="Write NAME=VALUE, as in preset=cpu")
    payload: dict[str, Any] = {"task": named[0] if named else "idm"}
    kept: list[str] = []
    for override in overrides:
        key, _, value = override.partition("=")
        if key == _DATASET and not value.startswith("/"):  # a path is the worker's machine's
            payload["dataset"] = value
        elif key == _NAME:
            payload["name"] = value
        elif key == _VERSION:
            payload["version"] = value
        elif key in _TAKES:
            payload[_TAKES[key]] = _number(key, value)
        else:
            kept.append(override)
    if "dataset" not in payload and not any(one.startswith(f"{_DATASET}=") for one in kept):
        raise PlayloomError(
            "it is not said what to learn from", remedy=f"Name a dataset of the server: {_DATASET}=NAME {_VERSION}=3"
        )
    return payload | {"overrides": kept}


def _label(named: list[str], overrides: list[str]) -> dict[str, Any]:
    if len(named) < 2:
        raise PlayloomError(
            "it is not said which run labels what", remedy="Write playloom jobs submit label RUN /VIDEOS output=/PLACE"
        )
    payload: dict[str, Any] = {"run": named[0], "inputs": named[1:]}
    kept: list[str] = []
    for override in overrides:
        key, _, value = override.partition("=")
        if key == _OUTPUT:
            payload["output"] = value
        elif key in _TAKES:
            payload[_TAKES[key]] = _number(key, value)
        else:
            kept.append(override)
    if "output" not in payload:
        raise PlayloomError("it is not said where the dataset goes", remedy="Add output=/PLACE on the worker's machine")
    return payload | {"overrides": kept}


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise PlayloomError(f"{key}={value}: this is no number", remedy=f"Write {key}=1") from None
