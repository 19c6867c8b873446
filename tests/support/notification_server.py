"""A desktop's notification service on a D-Bus of its own, as a desktop runs one."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import MessageType
from dbus_fast.message import Message
from dbus_fast.signature import Variant

_INTROSPECTION = """
<node>
  <interface name="org.freedesktop.Notifications">
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
    </method>
    <method name="GetServerInformation">
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
    </method>
    <method name="GetCapabilities"><arg type="as" direction="out"/></method>
    <method name="CloseNotification"><arg type="u" direction="in"/></method>
  </interface>
</node>
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    program: str
    title: str
    text: str
    urgency: int


@dataclass
class NotificationServer:
    """Attributes: address: of its D-Bus; shown: what it was asked to show; answers: False makes it hang."""

    address: str
    shown: list[Shown] = field(default_factory=list)
    answers: bool = True

    async def serve(self, ended: asyncio.Event, ready: threading.Event) -> None:
        bus = await MessageBus(bus_address=self.address).connect()
        bus.add_message_handler(self._handle)
        await bus.request_name("org.freedesktop.Notifications")
        ready.set()
        await ended.wait()
        bus.disconnect()

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        answers: dict[str | None, tuple[str, list[Any]]] = {
            "Introspect": ("s", [_INTROSPECTION]),
            "GetServerInformation": ("ssss", ["test", "Playloom", "1", "1.2"]),
            "GetCapabilities": ("as", [["body"]]),
            "Notify": ("u", [len(self.shown) + 1]),
        }
        if not self.answers:
            return True
        if message.member not in answers:
            return None
        if message.member == "Notify":
            hints: dict[str, Variant] = message.body[6]
            program, title, text = message.body[0], message.body[3], message.body[4]
            self.shown.append(Shown(program=program, title=title, text=text, urgency=hints["urgency"].value))
        signature, body = answers[message.member]
        return Message.new_method_return(message, signature, body)


@contextmanager
def notification_server(folder: Path) -> Iterator[NotificationServer]:
    """Start a D-Bus and the service on it, and stop both."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    config = folder / "bus.conf"
    config.write_text(
        f"<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>'
        "</busconfig>"
    )
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stdout is not None
        server = NotificationServer(address=daemon.stdout.readline().strip())
        loop, ended, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(ended, ready)), daemon=True)
        thread.start()
        try:
            assert ready.wait(20)
            yield server
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join(20)
            loop.close()
            daemon.terminate()
