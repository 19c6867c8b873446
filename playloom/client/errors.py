"""What a coordinator's answer means for whoever asked: each kind asks for something else to be done."""

from __future__ import annotations

from playloom.errors import PlayloomError


class ServerError(PlayloomError):
    """The server did not do what it was asked; in its own words where it refuses.

    Attributes:
        address: the server's, HOST:PORT.
    """

    def __init__(self, address: str, problem: str, *, remedy: str | None = None) -> None:
        self.address = address
        super().__init__(problem, remedy=remedy)


class ServerUnavailableError(ServerError):
    """It cannot be reached, does not answer in time or has failed: later may help."""


class ServerUntrustedError(ServerError):
    """Whoever answers there does not show who it is, or shows a certificate that is not trusted."""


class TokenRefusedError(ServerError):
    """The token is missing, unknown, expired or revoked, or not for this: only a person can help."""


class NotThereError(ServerError):
    """There is no such thing, or it is none of the caller's business."""


class NotNowError(ServerError):
    """The thing is not in a state in which that can be done."""


class RequestRefusedError(ServerError):
    """A value makes no sense to the server."""


class LimitReachedError(ServerError):
    """A quota is used up, or these are too many calls."""
