"""A thread that waits for what an X server sends, and can be told to stop."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from capture_node.sources.x11_display import X11Display


class X11Listener:
    """Calls `handle` on a thread of its own when something has come on the connection.

    The thread owns the connection from `start` on and closes it at the end. It ends by itself when the server is gone.
    """

    def __init__(
        self, display: X11Display, handle: Callable[[], None], *, name: str, every_s: float | None = None
    ) -> None:
        """Make it.

        Args:
            display: the connection.
            handle: takes all events that wait in it, and leaves no request unsent. It is called once at the beginning.
            name: of the thread.
            every_s: call `handle` at least so often; None only when something comes.
        """
        self._display = display
        self._handle = handle
        self._every_s = every_s
        self._stopping = False
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the end; called by `handle` itself, that call is the last. A second call does nothing."""
        self._stopping = True
        with suppress(OSError):  # the thread has ended by itself
            self._wake.send(b"!")
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        import xcffib

        poll = select.poll()
        try:
            poll.register(self._display.connection.get_file_descriptor(), select.POLLIN)
            poll.register(self._woken, select.POLLIN)
            timeout_ms = None if self._every_s is None else self._every_s * 1000
            self._display.connection.flush()
            while not self._stopping:
                self._handle()
                poll.poll(timeout_ms)
        except xcffib.ConnectionException:
            pass  # the desktop is gone, and with it what was listened to
        finally:
            self._display.close()
            self._wake.close()
            self._woken.close()
