"""All that ties a running node to its server, from the moment that the machine is enrolled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from capture_node.clock import now_ns
from capture_node.node.controller import NodeController
from capture_node.node_settings import NodeSettings
from capture_node.recorder.status import Notice, NoticeKind
from capture_node.upload.daemon import UploadDaemon
from capture_node.upload.server_stream import ServerStream
from capture_node.upload.status import UploadStatus
from playloom.client.access import ServerAccess, load_access
from playloom.errors import PlayloomError

LOOK_S = 2.0
"""How often it looks whether the machine was enrolled, or enrolled elsewhere."""


class ServerLink:
    """Sends, reports and takes orders from `start` to `stop`, as long as the machine is enrolled.

    Args:
        controller: of the node.
        settings: of the node.
        log: takes lines for whoever reads the node's output.
    """

    def __init__(self, controller: NodeController, settings: NodeSettings, log: Callable[[str], None]) -> None:
        self._controller, self._settings, self._log = controller, settings, log
        self._closing = threading.Event()
        self._access: ServerAccess | None = None
        self._problem: str | None = None
        self._daemon: UploadDaemon | None = None
        self._stream: ServerStream | None = None
        self._thread = threading.Thread(target=self._run, name="server link", daemon=True)

    def start(self) -> None:
        self._look()
        self._controller.show_uploads(self.status)
        self._thread.start()

    def stop(self) -> None:
        self._closing.set()
        self._thread.join(30)
        self._part()

    def status(self) -> UploadStatus:
        daemon, stream, access = self._daemon, self._stream, self._access
        status = UploadStatus(problem=self._problem, server="" if access is None else access.address)
        if daemon is not None:
            status = daemon.status()
        return replace(status, connected=stream is not None and stream.is_open)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S):
            self._look()

    def _look(self) -> None:
        """Begin with the server that the machine is enrolled with now, if it is another than before."""
        access, problem = None, None
        try:
            access = load_access(self._settings.paths.server)
        except PlayloomError as error:
            problem = str(error)
        self._problem = problem
        if access == self._access:
            return
        self._part()
        self._access = access
        if access is None:
            return
        self._log(f"sessions go to {access.address}")
        if self._settings.upload.enabled:
            self._daemon = UploadDaemon(
                access,
                self._settings.upload,
                self._settings.spool,
                is_recording=lambda: self._controller.is_recording,
                hold_back_s=self._settings.discard_s,
                recording=self._recording,
                tell=self._tell,
                changed=self._controller.note_change,
            )
            self._daemon.start()
        orders = self._settings.upload.orders
        self._stream = ServerStream(access, self._controller, takes_orders=orders, changed=self._stream_changed)
        self._stream.start()

    def _stream_changed(self) -> None:
        daemon, stream = self._daemon, self._stream
        if daemon is not None and stream is not None and stream.is_open:
            daemon.wake()  # the server is there again
        self._controller.note_change()

    def _recording(self) -> Path | None:
        recorder = self._controller.status().recorder
        return recorder.session_path if self._controller.is_recording else None

    def _part(self) -> None:
        daemon, stream = self._daemon, self._stream
        self._daemon = self._stream = None
        if daemon is not None:
            daemon.stop()
        if stream is not None:
            stream.stop()

    def _tell(self, text: str, warning: bool) -> None:
        """What is wrong the player should know; the rest is for the log."""
        if warning:
            self._controller.tell(Notice(kind=NoticeKind.UPLOAD, text=text, since_monotonic_ns=now_ns()))
        else:
            self._log(text)


@contextmanager
def linked_to_server(
    controller: NodeController, settings: NodeSettings, log: Callable[[str], None]
) -> Iterator[ServerLink]:
    """Within the block the node is tied to its server."""
    link = ServerLink(controller, settings, log)
    link.start()
    try:
        yield link
    finally:
        link.stop()
