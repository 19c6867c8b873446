"""What keeps a session out of the next version."""

from __future__ import annotations

from playloom.errors import PlayloomError


class StagedSessionError(PlayloomError):
    """What a session's conversion left in the store is not there, or not what it should be: it is converted again.

    Attributes:
        session_id: whose.
        problem: what is wrong, as a clause.
    """

    def __init__(self, session_id: str, problem: str) -> None:
        self.session_id = session_id
        self.problem = problem
        super().__init__(
            f"what was converted of the session {session_id} cannot enter the dataset: {problem}",
            remedy="Convert it again",
        )


class SessionRemovedError(PlayloomError):
    """The session waits no more and is in no version: it was removed while it was converted. Attributes: session_id."""

    def __init__(self, session_id: str, dataset: str) -> None:
        self.session_id = session_id
        super().__init__(f"the session {session_id} was removed from the dataset '{dataset}' before it entered it")
