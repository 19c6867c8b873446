"""What building versions asks of the coordinator: the protocol, and the values that pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from playloom.manifest.config import DatasetConfig
from playloom.manifest.version import DatasetVersion


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """A dataset. Attributes: config: what it is."""

    id: str
    name: str
    config: DatasetConfig


@dataclass(frozen=True, kw_only=True)
class VersionPointer:
    """A version that was committed: where its manifest lies, and what that must have.

    Attributes:
        withdrawn: it holds what was removed later, and is read no more.
    """

    number: int
    manifest_key: str
    manifest_sha256: str
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True)
class StagedRef:
    """A converted session that waits. Attributes: object_key, sha256: of its `StagedSession`."""

    session_id: str
    object_key: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What there is to do.

    Attributes:
        added_version: the session that was asked for has been taken up with this version; 0: it has not.
        number: the turn is ours under this number; 0: it is not.
        base: the newest version; None: there is none.
        staged: the sessions that wait.
    """

    added_version: int = 0
    number: int = 0
    base: VersionPointer | None = None
    staged: tuple[StagedRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SessionShare:
    """What a version holds of a session."""

    session_id: str
    episodes: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """A version that is to become the next one; its objects are in the store.

    Attributes:
        version: its manifest.
        manifest_key, manifest_sha256: of its object.
        added: sessions that the version before it did not have.
        removed: the ids of those that it had.
    """

    version: DatasetVersion
    manifest_key: str
    manifest_sha256: str
    added: tuple[SessionShare, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What is still in use.

    Attributes:
        versions: all that may be read.
        staged_keys: the objects of sessions that wait.
        newly_withdrawn: how many versions could be read before and cannot any more.
    """

    versions: tuple[VersionPointer, ...]
    staged_keys: tuple[str, ...]
    newly_withdrawn: int = 0


class DatasetCoordinator(Protocol):
    """The calls that make versions of a dataset, which is told by its name or id. Any thread may call.

    Every method raises a ServerError where the server cannot be reached or refuses.
    """

    def facts(self, dataset: str) -> DatasetFacts: ...

    def version(self, dataset: str, number: int | None) -> VersionPointer | None:
        """A version by its number, or without one the newest; None: there is none."""
        ...

    def take_turn(self, dataset: str, *, worker: str, session_id: str | None, wait_s: float, turn_s: float) -> Turn:
        """Wait for the turn to build the next version, or for the news that the session has been taken up.

        Args:
            dataset: which.
            worker: who asks.
            session_id: return as soon as this session is in a version; None: there is none to look for.
            wait_s: at most so long.
            turn_s: the turn ends by itself after so long.

        Raises:
            NotNowError: the session does not wait any more: it was removed.
        """
        ...

    def end_turn(self, dataset: str, turn: int) -> None:
        """End a turn without a version; one that is over is no fault."""
        ...

    def commit(self, dataset: str, new: NewVersion, *, turn: int) -> int:
        """Make a version the next one; returns its number.

        Raises:
            VersionConflictError: its parent is not the newest, or what it adds or leaves out has changed meanwhile.
            CommitUnknownError: the answer was lost.
        """
        ...

    def removed_sessions(self, dataset: str) -> frozenset[str]:
        """The sessions that must not enter the dataset, or have to leave it."""
        ...

    def withdraw(self, dataset: str, *, removed_before_unix_ns: int) -> Withdrawal:
        """Withdraw the versions that hold what was removed before a moment; what is left."""
        ...
