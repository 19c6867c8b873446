"""Uploading sessions or a dataset to the Hugging Face Hub, with a card that says what they are.

An upload that broke off is repeated by the same command: the Hub says which files it has already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playloom.errors import PlayloomError, RecordingError
from playloom.hub.dataset_card import lerobot_card, session_card
from playloom.recording.session import find_sessions

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

CARD = "README.md"
SESSIONS_PER_COMMIT = 50
"""An upload that breaks off keeps what was committed."""


@dataclass(frozen=True, kw_only=True)
class PushOptions:
    """Where to.

    Attributes:
        repo: USER/NAME.
        private: whether only its owner shall see it.
        license: as the Hub names it, or None for a placeholder.
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


def push_path(path: Path, options: PushOptions) -> str:
    """Upload a session, a folder of sessions or a LeRobot dataset, and return its address.

    Raises:
        RecordingError: there is nothing to upload, or a session is not whole.
        PlayloomError: there is no token, or the Hub did not take it.
    """
    if (path / "meta" / "info.json").is_file():
        return _push(options, [_dataset_files(path, options)])
    sessions = find_sessions(path)
    if not sessions:
        raise RecordingError(path, "holds neither a session nor a dataset")
    return push_sessions(sessions, options)


def push_sessions(sessions: Sequence[Path], options: PushOptions) -> str:
    """Upload sessions, each as a folder of its own, and return the repository's address.

    Raises:
        RecordingError: one of them is not whole.
        PlayloomError: there is no token, or the Hub did not take it.
    """
    names = [session.name for session in sessions]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise PlayloomError(f"two sessions are called {twice}", remedy="Upload them from one folder each")
    card = session_card(options.repo, sessions, options.license)
    batches: list[dict[str, Path | bytes]] = []
    for begin in range(0, len(sessions), SESSIONS_PER_COMMIT):
        batch: dict[str, Path | bytes] = {}
        for session in sessions[begin : begin + SESSIONS_PER_COMMIT]:
            batch |= {
                f"{session.name}/{file.relative_to(session).as_posix()}": file for file in _visible_files(session)
            }
        batches.append(batch)
    batches[-1][CARD] = card.encode()
    return _push(options, batches)


def _dataset_files(path: Path, options: PushOptions) -> dict[str, Path | bytes]:
    files: dict[str, Path | bytes] = {file.relative_to(path).as_posix(): file for file in _visible_files(path)}
    files.setdefault(CARD, lerobot_card(options.repo, path, options.license).encode())
    return files


def _visible_files(directory: Path) -> Iterator[Path]:
    """The files below ``directory``, without hidden ones and without links, which may lead anywhere."""
    for child in sorted(directory.iterdir()):
        if child.name.startswith(".") or child.is_symlink():
            continue
        if child.is_dir():
            yield from _visible_files(child)
        elif child.is_file():
            yield child


def _push(options: PushOptions, batches: Sequence[dict[str, Path | bytes]]) -> str:
    import httpx
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi(token=token_from(options.token_variable), library_name="playloom")
    try:
        address = api.create_repo(options.repo, repo_type="dataset", private=options.private, exist_ok=True)
        for number, batch in enumerate(batches):
            operations = [
                CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in batch.items()
            ]
            _commit(api, options.repo, operations, f"Upload gameplay, part {number + 1} of {len(batches)}")
    except HFValidationError as error:
        raise PlayloomError(
            f"'{options.repo}' cannot be a repository's name", remedy="Write it as USER/NAME"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        reason = {401: "it does not know the access token", 403: "the access token may not write there"}
        raise PlayloomError(
            f"the Hub refused the upload to {options.repo}: {reason.get(status, str(error).splitlines()[0])}",
            remedy=f"Check {options.token_variable} and the name, then run the same command again",
        ) from error
    except (OSError, httpx.HTTPError, RuntimeError, ValueError) as error:
        raise PlayloomError(
            f"the upload to {options.repo} broke off: {error}",
            remedy="Run the same command again; what has arrived is not sent twice",
        ) from error
    return str(address)


def _commit(api: HfApi, repo: str, operations: list[CommitOperationAdd], message: str) -> None:
    api.create_commit(repo, operations, commit_message=message, repo_type="dataset")
