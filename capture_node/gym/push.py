"""Uploading sessions or a dataset to the Hugging Face Hub, with a card that says what they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playloom.errors import PlayloomError


@dataclass(frozen=True, kw_only=True)
class PushOptions:
    """Where to.

    Attributes:
        repo: USER/NAME.
        private: whether only its owner shall see it.
        license: as the Hub names it, or None for the placeholder.
        token_variable: the environment variable that holds the access token.
    """

    repo: str
    private: bool = False
    license: str | None = None
    token_variable: str = "HF_TOKEN"


def token_from(variable: str) -> str:
    """The access token in the environment.

    Raises:
        PlayloomError: there is none.
    """
    token = os.environ.get(variable, "").strip()
    if not token:
        raise PlayloomError(
            f"the environment variable {variable} holds no access token",
            remedy="Make one that may write at https://huggingface.co/settings/tokens, and export it",
        )
    return token


def push_sessions(sessions: Sequence[Path], options: PushOptions) -> str:
    raise AssertionError
