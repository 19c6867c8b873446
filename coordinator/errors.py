"""What the coordinator refuses. Each becomes a gRPC status, see `coordinator.rpc`."""

from __future__ import annotations

from playloom.errors import PlayloomError


class CoordinatorError(PlayloomError):
    """Something that a caller asked for cannot be done."""


class UnknownError(CoordinatorError):
    """There is no such thing, or it is none of the caller's business. Attributes: what, id."""

    def __init__(self, what: str, row_id: str) -> None:
        self.what, self.id = what, row_id
        super().__init__(f"there is no {what} '{row_id[:80]}'")


class ConflictError(CoordinatorError):
    """The thing is not in a state in which that can be done."""


class ForbiddenError(CoordinatorError):
    """The caller may not do that."""


class UnauthenticatedError(CoordinatorError):
    """The token is missing, unknown, expired or revoked."""


class LimitError(CoordinatorError):
    """A quota or a limit is reached."""


class InvalidError(CoordinatorError):
    """What was sent makes no sense. Attributes: field: which part of it."""

    def __init__(self, field: str, problem: str, *, remedy: str | None = None) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}", remedy=remedy)


class LeaseLostError(CoordinatorError):
    """A job is no longer leased by this worker: the lease has run out, or the job was cancelled. Attributes: job_id."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"the job {job_id} is not leased by this worker any more", remedy="Drop what was done for it")


class MovedOnError(CoordinatorError):
    """A dataset is not what it was when somebody began to build on it. Attributes: dataset: its name."""

    def __init__(self, dataset: str, problem: str) -> None:
        self.dataset = dataset
        super().__init__(f"the dataset '{dataset}' has moved on: {problem}", remedy="Build again on what is there now")


class DatabaseError(CoordinatorError):
    """The database cannot be used."""
