"""The node as a program: from the first line that it prints to the last session that it closes."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console

from capture_node.assembly import ThisMachine
from capture_node.hotkeys.hotkey import Hotkey, HotkeyAction, make_hotkeys
from capture_node.node.controller import NodeController
from capture_node.node.orders import HotkeyOrders
from capture_node.node.running import RunningNode, announce, node_claimed, renounce
from capture_node.node.server import LOOPBACK_ADDRESS, NodeServer
from capture_node.node.service import CaptureNodeService
from capture_node.node_settings import NodeSettings, TlsSettings
from capture_node.notifications import DesktopNotifications
from capture_node.recorder.capture_profile import load_profile
from capture_node.recorder.status import Notice
from capture_node.terminal.output import lasting
from capture_node.terminal.player_requests import Requests, signals_as_requests
from capture_node.upload.server_link import linked_to_server
from playloom.errors import PlayloomError
from playloom.figures import one_line
from playloom.listen_address import AddressError, ListenAddress, parse_address
from playloom.private_files import make_private_directory
from playloom.token_file import TOKEN_FILE, own_token

if TYPE_CHECKING:
    from capture_node.node.tls import Certificate


def run_node(settings: NodeSettings, *, hotkeys: bool = True) -> None:
    """Run until Ctrl-C, a polite kill or a closed terminal; a recording is then ended in good order.

    Args:
        settings: of this machine.
        hotkeys: whether to register them.

    Raises:
        NodeRunsError: another node works on this data directory.
        PlayloomError: it cannot listen, or write; says why and what to do.
    """
    if not hotkeys:
        settings = replace(settings, hotkeys={})
    console = Console(emoji=False, file=lasting(sys.stdout), highlight=False, soft_wrap=True)
    private = settings.paths.private
    # What is wrong with the settings is said before anything happens.
    address, remote = listen_addresses(settings)
    load_profile(settings.profile)
    requests: Requests = queue.SimpleQueue()
    with ExitStack() as stack:
        stack.enter_context(node_claimed(private))
        stack.enter_context(signals_as_requests(requests))
        say = _Log(console)
        notifications = DesktopNotifications() if settings.notifications else None
        if notifications is not None:
            stack.callback(notifications.close)
        controller = NodeController(settings, ThisMachine(settings.sdl), notify=_teller(say, notifications))
        if not settings.spool.exists():
            make_private_directory(settings.spool)  # what somebody plays is nobody else's business
        controller.recover()
        stack.enter_context(linked_to_server(controller, settings, say))
        token = own_token(private)
        certified = None if remote is None else (remote, _certificate(settings, remote))
        server = NodeServer(CaptureNodeService(controller), token, address=address, remote=certified)
        server.start()
        stack.callback(server.stop)
        stack.callback(renounce, private)
        # Closed while the server still answers: a status tells of sessions that are being closed.
        stack.enter_context(_closed_at_the_end(controller, requests, say))
        working: Mapping[HotkeyAction, Hotkey] = {}
        if hotkeys:
            orders = HotkeyOrders(controller, make_hotkeys())
            working = orders.start()
            stack.callback(orders.stop)
        announce(private, RunningNode(pid=os.getpid(), address=server.address, remote_address=server.remote_address))
        _greet(console, settings, server, None if certified is None else certified[1], working)
        _wait(requests)


def listen_addresses(settings: NodeSettings) -> tuple[ListenAddress, ListenAddress | None]:
    """Where to listen on loopback, and where else if the settings say so.

    Raises:
        AddressError: what they say is no address, or not on loopback and without TLS.
    """
    address = parse_address(settings.listen)
    if address.is_loopback:
        if settings.tls is not None:
            raise AddressError(
                settings.listen,
                "on loopback nothing is encrypted, and TLS was asked for",
                remedy="Name another address with --listen, such as 0.0.0.0:50052, or leave TLS out",
            )
        return address, None
    if settings.tls is None:
        raise AddressError(
            settings.listen,
            "elsewhere than on loopback a node speaks TLS only",
            remedy="Add --tls for a certificate made here, or --tls-cert and --tls-key; or listen at 127.0.0.1",
        )
    return parse_address(LOOPBACK_ADDRESS), address


def _certificate(settings: NodeSettings, address: ListenAddress) -> Certificate:
    from capture_node.node.tls import load_certificate, own_certificate  # takes a while, and few need it

    tls = settings.tls or TlsSettings()
    if tls.certificate is not None and tls.key is not None:
        return load_certificate(tls.certificate, tls.key)
    return own_certificate(settings.paths.private, tls.names if address.is_any else (*tls.names, address.host))


@contextmanager
def _closed_at_the_end(controller: NodeController, requests: Requests, say: _Log) -> Iterator[None]:
    """At the block's end the recording is closed; a Ctrl-C meanwhile only makes it say what it waits for."""
    try:
        yield
    finally:
        failures: list[PlayloomError] = []
        closing = threading.Thread(target=_close, args=[controller, failures], name="closing")
        closing.start()
        while closing.is_alive():
            closing.join(0.2)
            if not requests.empty():
                requests.get()
                say("one moment: the session's files are being closed")
        if failures:
            raise failures[0]


def _close(controller: NodeController, failures: list[PlayloomError]) -> None:
    try:
        controller.close()
    except PlayloomError as error:
        failures.append(error)


def _wait(requests: Requests) -> None:
    while True:
        try:
            requests.get(timeout=0.5)  # Windows hears Ctrl-C only between two waits
        except queue.Empty:
            continue
        return


class _Log:
    """Lines with the time, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, text: str) -> None:
        self._console.print(f"{datetime.now():%H:%M:%S} {one_line(text)}", markup=False)


def _teller(say: _Log, notifications: DesktopNotifications | None) -> Callable[[Notice], None]:
    def tell(notice: Notice) -> None:
        say(f"warning: {notice.text}" if notice.warning else notice.text)
        if notifications is not None:
            notifications.show(notice)

    return tell


def _greet(
    console: Console,
    settings: NodeSettings,
    server: NodeServer,
    certificate: Certificate | None,
    hotkeys: Mapping[HotkeyAction, Hotkey],
) -> None:
    lines = [f"The node runs (process {os.getpid()}) and listens at {server.address}."]
    if certificate is not None:
        lines += [
            f"With TLS it listens at {server.remote_address}.",
            f"  certificate {certificate.file}, good for {', '.join(certificate.names)}",
            f"  SHA-256 {certificate.fingerprint}",
            f"  On the other machine: copy this certificate and {settings.paths.private / TOKEN_FILE} there, and ask",
            "  playloom node status --address HOST:PORT --token TOKEN_FILE --tls-ca CERTIFICATE",
        ]
    lines.append(f"Sessions go to {settings.spool}.")
    lines += [f"  {hotkey!s:16} {action}" for action, hotkey in hotkeys.items()]
    lines.append("Ctrl-C ends it, and a recording in good order.")
    for line in lines:
        console.print(line, markup=False)
    console.print("Next, in another terminal: playloom node start --window TITLE", style="bold", markup=False)
