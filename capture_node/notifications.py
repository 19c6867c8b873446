"""What a player should know, shown by the desktop while a game fills the screen.

Notifications are a courtesy: they never keep a recorder waiting, come seldom enough to be read, and where there is no
desktop to show them (a service, a bare screen) they are left out without a word. The status says everything anyway.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from capture_node.recorder.status import Notice, NoticeKind

SAME_KIND_S = 30.0
"""A second notification of a kind comes no sooner, so that what flickers is told once."""

BURST = 4
BURST_S = 20.0
"""At most so many in so much time, of all kinds."""

_WAITING = 16
_SEND_S = 5.0
_CLOSE_S = 2.0
_URGENT = frozenset({NoticeKind.DISK_LOW, NoticeKind.SPOOL_FULL, NoticeKind.DROPPING})
_EVERY_TIME = frozenset({NoticeKind.SESSION})
"""What answers a player's own order is shown every time."""


class Messenger(Protocol):
    """Shows a message; all calls are made by one thread."""

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        """Whether it was taken. Waits a few seconds at most."""
        ...

    def close(self) -> None: ...


class DesktopNotifications:
    """Takes notices from any thread, and shows them on a thread of its own."""

    def __init__(
        self, make_messenger: Callable[[], Messenger] | None = None, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_messenger = make_messenger or DesktopMessenger
        self._clock_s = clock_s
        self._waiting: queue.Queue[Notice | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._shown_s: dict[NoticeKind, float] = {}
        self._recent_s: deque[float] = deque(maxlen=BURST)
        self._thread: threading.Thread | None = None
        self._closed = False

    def show(self, notice: Notice) -> None:
        """Show it soon, or not at all if there were many; returns at once."""
        with self._lock:
            if self._closed or not self._is_time(notice.kind):
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
                self._thread.start()
            try:
                self._waiting.put_nowait(notice)
            except queue.Full:
                return  # The desktop does not answer.

    def close(self) -> None:
        """Show what waits, for two seconds at most, and end."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is None:
            return
        deadline_s = time.monotonic() + _CLOSE_S
        try:
            self._waiting.put(None, timeout=_CLOSE_S)
        except queue.Full:
            return
        thread.join(max(0.0, deadline_s - time.monotonic()))

    def _is_time(self, kind: NoticeKind) -> bool:
        now_s = self._clock_s()
        before_s = self._shown_s.get(kind)
        if kind not in _EVERY_TIME and before_s is not None and now_s - before_s < SAME_KIND_S:
            return False
        if len(self._recent_s) == BURST and now_s - self._recent_s[0] < BURST_S:
            return False
        self._shown_s[kind] = now_s
        self._recent_s.append(now_s)
        return True

    def _run(self) -> None:
        messenger = self._make_messenger()
        try:
            while (notice := self._waiting.get()) is not None:
                title = "Playloom: attention" if notice.warning else "Playloom"
                messenger.show(title, notice.text, urgent=notice.warning and notice.kind in _URGENT)
        finally:
            messenger.close()


class DesktopMessenger:
    """By desktop-notifier: org.freedesktop.Notifications over D-Bus, or Windows' toasts."""

    def __init__(self) -> None:
        # desktop-notifier reports what fails as warnings with tracebacks, which Python would print onto the terminal.
        logging.getLogger("desktop_notifier").addHandler(logging.NullHandler())
        from desktop_notifier import DesktopNotifier

        self._loop = asyncio.new_event_loop()
        self._notifier = DesktopNotifier(app_name="Playloom", app_icon=None)

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        """Whether the desktop took it within five seconds."""
        return self._loop.run_until_complete(self._send(title, text, urgent))

    def close(self) -> None:
        """Let go of the desktop."""
        bus = getattr(getattr(self._notifier, "_backend", None), "bus", None)
        if bus is not None:
            bus.disconnect()
            self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _send(self, title: str, text: str, urgent: bool) -> bool:
        from desktop_notifier import Urgency

        taken = asyncio.Event()
        urgency = Urgency.Critical if urgent else Urgency.Normal
        sending = self._notifier.send(title=title, message=text, urgency=urgency, on_dispatched=taken.set)
        try:
            await asyncio.wait_for(sending, _SEND_S)
        except TimeoutError:
            return False
        return taken.is_set()
