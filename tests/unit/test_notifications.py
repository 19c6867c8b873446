"""Desktop notifications: seldom, never in the way, and on a real D-Bus as a desktop has one."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from capture_node import notifications
from capture_node.notifications import DesktopMessenger, DesktopNotifications
from capture_node.recorder.status import Notice, NoticeKind
from tests.support.notification_server import Shown, notification_server


class Clock:
    s = 0.0

    def __call__(self) -> float:
        return self.s


class FakeMessenger:
    def __init__(self) -> None:
        self.shown: list[tuple[str, str, bool]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.closed = False

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        assert self.may_go_on.wait(20)
        self.shown.append((title, text, urgent))
        return True

    def close(self) -> None:
        self.closed = True


def notice(kind: NoticeKind, text: str = "The picture is black", *, warning: bool = True) -> Notice:
    return Notice(kind=kind, text=text, since_monotonic_ns=0, warning=warning)


def test_a_notice_is_shown_with_how_much_it_matters() -> None:
    messenger = FakeMessenger()
    shown = DesktopNotifications(lambda: messenger, clock_s=Clock())

    shown.show(notice(NoticeKind.SESSION, "Recording", warning=False))
    shown.show(notice(NoticeKind.BLACK))
    shown.show(notice(NoticeKind.DISK_LOW, "The disk is nearly full"))
    shown.close()

    assert messenger.shown == [
        ("Playloom", "Recording", False),
        ("Playloom: attention", "The picture is black", False),
        ("Playloom: attention", "The disk is nearly full", True),
    ]
    assert messenger.closed


def test_what_flickers_is_told_once_in_a_while() -> None:
    messenger, clock = FakeMessenger(), Clock()
    shown = DesktopNotifications(lambda: messenger, clock_s=clock)

    for second in (0, 1, 29, 31, 40):
        clock.s = second
        shown.show(notice(NoticeKind.FROZEN, f"at {second}"))
    shown.close()

    assert [text for _, text, _ in messenger.shown] == ["at 0", "at 31"]


def test_many_kinds_at_once_are_only_a_few_notifications() -> None:
    messenger, clock = FakeMessenger(), Clock()
    shown = DesktopNotifications(lambda: messenger, clock_s=clock)

    for kind in (NoticeKind.BLACK, NoticeKind.FROZEN, NoticeKind.DROPPING, NoticeKind.INPUT, NoticeKind.HOTKEY):
        shown.show(notice(kind, kind))
    clock.s = 21
    shown.show(notice(NoticeKind.ENCODER, "encoder"))
    shown.close()

    assert [text for _, text, _ in messenger.shown] == ["black", "frozen", "dropping", "input", "encoder"]


def test_what_answers_a_players_order_is_shown_every_time() -> None:
    messenger = FakeMessenger()
    shown = DesktopNotifications(lambda: messenger, clock_s=Clock())

    shown.show(notice(NoticeKind.SESSION, "Paused", warning=False))
    shown.show(notice(NoticeKind.SESSION, "Recording again", warning=False))
    shown.close()

    assert len(messenger.shown) == 2


def test_a_desktop_that_hangs_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_CLOSE_S", 0.05)
    messenger, clock = FakeMessenger(), Clock()
    messenger.may_go_on.clear()
    shown = DesktopNotifications(lambda: messenger, clock_s=clock)

    begin_s = time.monotonic()
    for number in range(100):
        clock.s = 100.0 * number
        shown.show(notice(NoticeKind.BLACK))
    shown.close()
    took_s = time.monotonic() - begin_s
    messenger.may_go_on.set()

    assert took_s < 10


def test_after_the_end_nothing_is_shown() -> None:
    messenger = FakeMessenger()
    shown = DesktopNotifications(lambda: messenger)
    shown.close()
    shown.show(notice(NoticeKind.BLACK))

    assert messenger.shown == []


def test_a_desktop_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with notification_server(tmp_path) as server:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", server.address)
        shown = DesktopNotifications()
        shown.show(notice(NoticeKind.SESSION, "Recording Pong", warning=False))
        shown.show(notice(NoticeKind.DISK_LOW, "Only 2 GB are free: recording stops"))
        shown.close()

        assert server.shown == [
            Shown(program="Playloom", title="Playloom", text="Recording Pong", urgency=1),
            Shown(
                program="Playloom", title="Playloom: attention", text="Only 2 GB are free: recording stops", urgency=2
            ),
        ]


def test_a_desktop_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_SEND_S", 0.2)
    with notification_server(tmp_path) as server:
        server.answers = False
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", server.address)
        messenger = DesktopMessenger()

        assert not messenger.show("Playloom", "Recording", urgent=False)
        messenger.close()


def test_without_a_desktop_nothing_is_said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    messenger = DesktopMessenger()

    assert not messenger.show("Playloom", "Recording", urgent=False)
    assert not messenger.show("Playloom", "Recording", urgent=False)
    messenger.close()
    assert capfd.readouterr() == ("", "")
