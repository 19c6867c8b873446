"""When, how fast and for how long sessions are sent and kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from capture_node.node_paths import NodePaths
from capture_node.node_settings import load_settings
from capture_node.upload.bandwidth import Bandwidth
from capture_node.upload.receipt import Receipt
from capture_node.upload.settings import KeepPolicy, UploadSettings
from capture_node.upload.spooled_uploads import DAY_NS, SpooledUpload, removable, waiting
from capture_node.upload.status import UploadState, UploadStatus
from capture_node.upload.words import uploads_in_words
from playloom.client.access import is_loopback, server_at
from playloom.errors import DefinitionError, PlayloomError


def parsed(tmp_path: Path, text: str) -> UploadSettings:
    file = tmp_path / "node.yaml"
    file.write_text(text)
    return load_settings(file, paths=NodePaths(config=tmp_path, data=tmp_path)).upload


def test_without_a_word_everything_is_sent_at_once_and_kept(tmp_path: Path) -> None:
    assert parsed(tmp_path, "player: ada\n") == UploadSettings()
    assert UploadSettings().keep.is_always


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
upload:
  enabled: false
  bytes_per_s: 500000
  quiet_hours: ["18:00-23:30", "9:00 - 10:00"]
  while_recording: false
  parts_at_once: 2
  keep: {days: 30, free_gb: 50}
  orders: false
"""
    settings = parsed(tmp_path, text)
    assert (settings.enabled, settings.bytes_per_s, settings.while_recording) == (False, 500_000, False)
    assert (settings.parts_at_once, settings.orders) == (2, False)
    assert [str(span) for span in settings.quiet_hours] == ["18:00-23:30", "09:00-10:00"]
    assert settings.keep == KeepPolicy(days=30, free_bytes=50_000_000_000)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("upload: {fast: true}", "the key 'fast' is not known"),
        ("upload: {bytes_per_s: 5}", "5 is out of range"),
        ("upload: {quiet_hours: [night]}", "'night' is no span of the day"),
        ("upload: {keep: never}", "says neither always nor what else"),
        ("upload: {keep: {}}", "is empty"),
        ("upload: {keep: {days: -1}}", "-1 is out of range"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match="line 1") as caught:
        parsed(tmp_path, text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(("moment", "end"), [("22:59", None), ("23:00", "07:00"), ("03:00", "07:00"), ("07:00", None)])
def test_quiet_hours_go_over_midnight(tmp_path: Path, moment: str, end: str | None) -> None:
    settings = parsed(tmp_path, 'upload: {quiet_hours: ["23:00-07:00"]}')
    until = settings.quiet_until(datetime.fromisoformat(f"2026-01-01T{moment}"))
    assert (None if until is None else f"{until:%H:%M}") == end


def test_all_senders_together_keep_the_rate() -> None:
    now_s, slept = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now_s
        slept.append(seconds)
        now_s += seconds

    line = Bandwidth(1000, clock_s=lambda: now_s, sleep=sleep)
    for _ in range(10):
        line.take(500)
    assert now_s == pytest.approx(5.0 - 0.25), "a burst of a quarter second, then the rate"
    Bandwidth(None).take(10**12)


def spooled(name: str, *, confirmed_ns: int | None, server_id: str = "s1") -> SpooledUpload:
    receipt = None
    if confirmed_ns is not None:
        receipt = Receipt(
            server="a:1",
            server_id=server_id,
            session_id="session_1",
            confirmed_unix_ns=confirmed_ns,
            info_sha256="5" * 64,
            files={},
        )
    return SpooledUpload(
        path=Path(name), started_unix_ns=0, size_bytes=100, finished_unix_ns=0, info_sha256="5" * 64, receipt=receipt
    )


def test_what_another_server_has_waits_for_this_one() -> None:
    sessions = [
        spooled("new", confirmed_ns=None),
        spooled("here", confirmed_ns=1),
        spooled("there", confirmed_ns=1, server_id="s2"),
    ]
    assert [one.path.name for one in waiting(sessions, "s1")] == ["new", "there"]


def test_what_is_old_or_in_the_way_may_go_and_what_is_not_confirmed_never() -> None:
    sessions = [
        spooled("old", confirmed_ns=0),
        spooled("never sent", confirmed_ns=None),
        spooled("young", confirmed_ns=9 * DAY_NS),
        spooled("youngest", confirmed_ns=9 * DAY_NS),
    ]

    def names(keep: KeepPolicy, free_bytes: int = 0) -> list[str]:
        return [one.path.name for one in removable(sessions, keep, 10 * DAY_NS, free_bytes)]

    assert names(KeepPolicy()) == []
    assert names(KeepPolicy(days=5)) == ["old"]
    assert names(KeepPolicy(free_bytes=150), free_bytes=0) == ["old", "young"], "the oldest, until there is room"
    assert names(KeepPolicy(free_bytes=150), free_bytes=150) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (UploadStatus(), ""),
        (UploadStatus(state=UploadState.IDLE, server="games:1"), "all is sent to games:1"),
        (
            UploadStatus(
                state=UploadState.SENDING,
                session="one",
                sent_bytes=30_000_000,
                size_bytes=120_000_000,
                bytes_per_s=2_000_000,
                waiting_sessions=3,
            ),
            "sends one, 25 % of 120 MB, 2.0 MB/s; 2 more wait",
        ),
        (
            UploadStatus(state=UploadState.WAITING, waiting_sessions=1, waiting_bytes=5_000, problem="it is away"),
            "1 session waits, 5.0 kB: it is away",
        ),
        (
            UploadStatus(state=UploadState.RECORDING, waiting_sessions=2, waiting_bytes=5_000),
            "2 sessions wait, 5.0 kB until nothing is recorded",
        ),
    ],
)
def test_how_far_it_is_is_said_in_a_line(status: UploadStatus, words: str) -> None:
    assert uploads_in_words(status) == words


def test_off_loopback_a_server_is_spoken_to_with_tls() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "127.evil.example", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert not server_at("127.0.0.1:50060").tls
    assert not server_at("[::1]:50060").tls
    assert server_at("games.lan:50060").tls
    for address in ("games.lan", "games.lan:", ":1", "games.lan:0", "games.lan:70000", "http://games.lan:1"):
        with pytest.raises(PlayloomError, match="is no server's address"):
            server_at(address)
    with pytest.raises(PlayloomError, match="with TLS only"):
        server_at("games.lan:1", tls=False)


def test_what_is_being_recorded_is_sent_where_anything_is_sent_while_recording(tmp_path: Path) -> None:
    assert parsed(tmp_path, "upload: {}\n").growing
    assert not parsed(tmp_path, "upload: {while_recording: false}\n").growing
    assert not parsed(tmp_path, "upload: {growing: false}\n").growing
