"""What a caller is told when a call fails: our refusals in words, everything else only by the id of its request."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from coordinator.errors import (
    ConflictError,
    CoordinatorError,
    DatabaseError,
    ForbiddenError,
    InvalidError,
    LeaseLostError,
    LimitError,
    MovedOnError,
    UnauthenticatedError,
    UnknownError,
)
from playloom.objects.errors import ObjectStoreError

MAX_DETAILS = 2000

_AWAY_CLASSES = ("08", "53", "57P", "58")
"""PostgreSQL's SQLSTATEs of a lost connection, of want of room, of a server that stops or recovers, of its disk."""

_CODES: dict[type[CoordinatorError], grpc.StatusCode] = {
    UnknownError: grpc.StatusCode.NOT_FOUND,
    ConflictError: grpc.StatusCode.FAILED_PRECONDITION,
    ForbiddenError: grpc.StatusCode.PERMISSION_DENIED,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    LimitError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    InvalidError: grpc.StatusCode.INVALID_ARGUMENT,
    LeaseLostError: grpc.StatusCode.ABORTED,
    MovedOnError: grpc.StatusCode.ABORTED,
}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How a call ends. Attributes: code, details: for the caller; ours: whether it is our fault and logged whole."""

    code: grpc.StatusCode
    details: str
    ours: bool


def failure_of(error: Exception, request_id: str) -> Failure:
    """How a call ends that raised ``error``."""
    if isinstance(error, CoordinatorError) and not isinstance(error, DatabaseError):
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)
        if code is not None:
            return Failure(code=code, details=_printable(str(error)), ours=False)
    what = None
    if isinstance(error, DatabaseError | PoolTimeoutError) or (isinstance(error, DBAPIError) and _is_away(error)):
        what = "the database"
    elif isinstance(error, ObjectStoreError):
        what = "the object store"
    elif isinstance(error, OSError):
        what = "the server's disk or network"
    if what is not None:
        details = f"{what} does not do what it should at the moment (request {request_id}). Try again later"
        return Failure(code=grpc.StatusCode.UNAVAILABLE, details=details, ours=True)
    details = f"the coordinator has failed (request {request_id}). Tell its operator, who finds why in its log"
    return Failure(code=grpc.StatusCode.INTERNAL, details=details, ours=True)


def _is_away(error: DBAPIError) -> bool:
    """Whether it is the database's condition, and not what it was asked."""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return True
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(_AWAY_CLASSES)


def _printable(text: str) -> str:
    """Details travel in a header: what was sent to us is said back without what would break out of a line."""
    shown = "".join(sign if sign.isprintable() else "�" for sign in text[:MAX_DETAILS])
    return shown.encode("utf-8", "replace").decode()
