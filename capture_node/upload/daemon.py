"""Sends the spool's finished sessions by itself, oldest first, whenever it may, for as long as the node runs."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from capture_node.upload.bandwidth import Bandwidth
from capture_node.upload.daemon_report import DaemonReport
from capture_node.upload.growing import GrowingUploads
from capture_node.upload.keeping import remove_if_confirmed
from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.part_sender import PartSender, UploadStoppedError
from capture_node.upload.session_upload import BeingSentError, upload_session
from capture_node.upload.settings import UploadSettings
from capture_node.upload.spooled_uploads import SpooledUpload, SpooledUploads, removable, remove_leftovers, waiting
from capture_node.upload.status import UploadState, UploadStatus
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import LimitReachedError, ServerUnavailableError, ServerUntrustedError, TokenRefusedError
from playloom.errors import PlayloomError
from playloom.recording.session import VIDEO_FILE
from protos import coordinator_pb2 as pb

LOOK_S = 2.0
"""How often it looks for a finished session."""

HOLD_LOOK_S = 0.25
"""How often it looks, while it sends, whether it still may."""

PATIENCE_S = 2.0
"""So long a call is made again; after that the status says that the server is away."""

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Between two tries while the server is away."""

REFUSED_WAIT_S = 300.0
"""Between two tries once the server has refused the token, or has no room: a person has to do something."""

ASIDE_S = 600.0
"""A session that cannot be sent is tried again after so long; the others go first."""

ENCODED_WITHIN_S = 10.0
"""A picture is in the video so long after it was seen, at the latest."""

KEEPING_EVERY_S = 600.0
"""How often it looks which copies may leave this machine."""

_OF_THE_SERVER = (TokenRefusedError, LimitReachedError, ServerUnavailableError, ServerUntrustedError)
"""What concerns every session alike."""


class UploadDaemon:
    """Works on a thread of its own from `start` to `stop`.

    Args:
        access: the server.
        settings: when and how fast.
        spool: where sessions lie.
        is_recording: whether something is being recorded.
        hold_back_s: a session that has ended so lately stays while something is recorded: what the player throws
            away of the last minutes must not have left.
        recording: the directory of the session that is being recorded, or None.
        tell: takes what the player should know: a sentence, and whether something is wrong.
        changed: called when the status says something new.
    """

    def __init__(
        self,
        access: ServerAccess,
        settings: UploadSettings,
        spool: Path,
        *,
        is_recording: Callable[[], bool] = lambda: False,
        hold_back_s: float = 0.0,
        recording: Callable[[], Path | None] = lambda: None,
        tell: Callable[[str, bool], None] = lambda text, warning: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._access, self._settings, self._spool = access, settings, spool
        self._is_recording, self._hold_back_s, self._tell = is_recording, hold_back_s, tell
        self._report = DaemonReport(access.address, changed)
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._stop_sending = threading.Event()
        self._aside: dict[Path, float] = {}
        self._looked_s = 0.0
        self._failures = 0
        self._begun_bytes: int | None = None
        self._kept_s = -KEEPING_EVERY_S
        self._sessions = SpooledUploads(spool)
        self._recording = recording
        self._growing = GrowingUploads(spool, hold_back_s + ENCODED_WITHIN_S)
        self._connection = Connection(access, patience_s=PATIENCE_S)
        self._sender = PartSender(
            access.authority, Bandwidth(settings.bytes_per_s), parts_at_once=settings.parts_at_once
        )
        self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being sent is left where it is, and gone on with the next time."""
        self._closing.set()
        self._stop_sending.set()
        self._woken.set()
        self._connection.close()
        self._thread.join(15)
        self._sender.close()

    def wake(self) -> None:
        """Look at once: a session has ended, or the server is there again."""
        self._woken.set()

    def status(self) -> UploadStatus:
        return self._report.status()

    def _run(self) -> None:
        remove_leftovers(self._spool)
        wait_s = 0.0
        while not self._closing.is_set():
            self._woken.wait(wait_s)
            self._woken.clear()
            if self._closing.is_set():
                return
            wait_s = LOOK_S
            try:
                self._work()
                self._failures = 0
            except UploadStoppedError:
                wait_s = 0.0  # to say why
            except (TokenRefusedError, LimitReachedError) as error:
                self._stay(UploadState.REFUSED, error)
                wait_s = REFUSED_WAIT_S
            except (ServerUnavailableError, ServerUntrustedError) as error:
                if self._closing.is_set():
                    return
                self._stay(UploadState.WAITING, error)
                wait_s = min(FIRST_WAIT_S * 2**self._failures, LONGEST_WAIT_S) * random.uniform(0.5, 1.0)
                self._failures = min(self._failures + 1, 16)
            except PlayloomError as error:  # the spool cannot be listed
                self._stay(UploadState.WAITING, error)

    def _work(self) -> None:
        """Send all that may be sent now, and let go of what may go."""
        while not self._closing.is_set():
            server_id = self._access.server_id
            self._growing.look(self._recording(), time.monotonic())
            for name in self._growing.take_back(self._connection, server_id):
                self._tell(f"what was sent of {name} is removed from the server: it was thrown away here", False)
            finished = self._sessions.finished()
            left = waiting(finished, server_id)
            self._report.waiting(len(left), sum(one.size_bytes for one in left))
            now_s = time.monotonic()
            ready = [one for one in left if self._aside.get(one.path, 0.0) <= now_s and not self._may_be_cut(one)]
            hold = self._hold()
            if hold is not None and left:
                self._report.now(hold[0], hold[1])
                return
            if not ready:
                if hold is None and self._settings.growing and (growing := self._growing.due) is not None:
                    self._send_growing(growing)
                    continue
                if not left:
                    self._report.now(UploadState.IDLE)
                self._let_go(server_id)
                return
            self._send(ready[0].path)

    def _line(self) -> UploadLine:
        self._stop_sending = stop = threading.Event()
        if self._closing.is_set():
            stop.set()
        return UploadLine(
            connection=self._connection,
            sender=self._sender,
            parts_at_once=self._settings.parts_at_once,
            server_id=self._access.server_id,
            ahead_ns=self._ahead_ns(),
            stop=stop,
        )

    def _send_growing(self, path: Path) -> None:
        """Send what is old enough of the session that is being recorded."""
        line = self._line()
        self._report.begin(path.name)
        try:
            self._growing.send(line, self._progress)
        finally:
            self._report.end()

    def _send(self, path: Path) -> None:
        line = self._line()
        self._report.begin(path.name)
        self._begun_bytes = None
        try:
            upload_session(path, line, self._progress)
        except (UploadStoppedError, *_OF_THE_SERVER):
            if self._begun_bytes is not None and self._report.status().sent_bytes > self._begun_bytes:
                self._failures = 0  # parts have arrived: it gets on, however often the line is cut
            self._report.end()
            raise
        except BeingSentError:
            self._report.end()
            self._aside[path] = time.monotonic() + 4 * LOOK_S
        except PlayloomError as error:  # this session's own trouble; the others go on
            self._report.end()
            self._report.trouble(f"{path.name}: {error}")
            self._aside[path] = time.monotonic() + ASIDE_S
            self._tell(f"{path.name} cannot be sent: {error}", True)
        else:
            self._report.end(confirmed=True)
            self._aside.pop(path, None)
            self._tell(f"the server has {path.name}", False)

    def _progress(self, progress: UploadProgress) -> None:
        self._begun_bytes = progress.sent_bytes if self._begun_bytes is None else self._begun_bytes
        self._report.progress(progress)
        now_s = time.monotonic()
        if now_s - self._looked_s > HOLD_LOOK_S:
            self._looked_s = now_s
            if self._hold() is not None:
                self._stop_sending.set()

    def _hold(self) -> tuple[UploadState, str | None] | None:
        """Why nothing may be sent now."""
        if not self._settings.while_recording and self._is_recording():
            return UploadState.RECORDING, None
        until = self._settings.quiet_until(datetime.now())
        return None if until is None else (UploadState.QUIET, f"quiet until {until:%H:%M}")

    def _may_be_cut(self, session: SpooledUpload) -> bool:
        """Whether the player may still throw its end away before it leaves: a recording goes on from there."""
        held_ns = self._hold_back_s * 1_000_000_000
        return self._is_recording() and self._recorded_until_unix_ns() - session.finished_unix_ns < held_ns

    def _recorded_until_unix_ns(self) -> int:
        """Where the last minutes end that can be thrown away: now, or in a pause where it began."""
        recording = self._recording()
        with suppress(OSError):
            if recording is not None:
                return (recording / VIDEO_FILE).stat().st_mtime_ns
        return time.time_ns()

    def _let_go(self, server_id: str) -> None:
        """Remove the copies that the policy lets go and the server confirms at this moment."""
        keep, now_s = self._settings.keep, time.monotonic()
        if keep.is_always or now_s - self._kept_s < KEEPING_EVERY_S or not self._spool.exists():
            return
        self._kept_s = now_s
        free_bytes = shutil.disk_usage(self._spool).free
        for one in removable(self._sessions.finished(), keep, time.time_ns(), free_bytes):
            if remove_if_confirmed(one.path, self._connection, server_id):
                self._tell(f"the server has {one.path.name}: the copy here is removed", False)

    def _ahead_ns(self) -> int:
        info = self._connection.call(self._connection.server.GetInfo, pb.GetServerInfoRequest())
        return info.unix_ns - time.time_ns()

    def _stay(self, state: UploadState, error: PlayloomError) -> None:
        was = self._report.status()
        self._report.now(state, str(error))
        if was.state is not state and state is UploadState.REFUSED:
            self._tell(f"sessions are not sent: {error}", True)
