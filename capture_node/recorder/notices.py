"""What holds just now, for the status; and what is new, for whoever tells the player."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from capture_node.clock import now_ns
from capture_node.recorder.status import Notice, NoticeKind


class NoticeBoard:
    """Notices by kind. Every method may be called on any thread.

    Args:
        notify: is told of each notice once, when it comes up; must not block.
    """

    def __init__(self, notify: Callable[[Notice], None] | None) -> None:
        self._notify = notify
        self._lock = Lock()
        self._notices: dict[NoticeKind, Notice] = {}

    def post(self, kind: NoticeKind, text: str, *, warning: bool = True) -> None:
        """Put a notice up. The same words that hang there already change nothing."""
        with self._lock:
            there = self._notices.get(kind)
            if there is not None and there.text == text:
                return
            notice = Notice(kind=kind, text=text, since_monotonic_ns=now_ns(), warning=warning)
            self._notices[kind] = notice
        if self._notify is not None:
            self._notify(notice)

    def clear(self, kind: NoticeKind) -> None:
        """Take a notice down, if it is there."""
        with self._lock:
            self._notices.pop(kind, None)

    def all(self) -> tuple[Notice, ...]:
        """Warnings first, the latest first."""
        with self._lock:
            notices = list(self._notices.values())
        return tuple(sorted(notices, key=lambda notice: (not notice.warning, -notice.since_monotonic_ns)))
