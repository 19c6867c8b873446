"""A store whose clock is not this machine's: an operator is told so."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import minio.time
import pytest

from playloom.cli import run
from playloom.objects import check, open_store
from tests.support.archives import new_bucket
from tests.support.ceph_rgw import CephGateway


@pytest.fixture
def store(gateway: CephGateway, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    return new_bucket(gateway)


def set_this_clock(monkeypatch: pytest.MonkeyPatch, ahead_s: int) -> None:
    """This machine's clock goes wrong; the store's goes on."""
    monkeypatch.setattr(minio.time, "utcnow", lambda: datetime.now(UTC) + timedelta(seconds=ahead_s))
    wrong = SimpleNamespace(**{name: getattr(time, name) for name in dir(time) if not name.startswith("_")})
    wrong.time = lambda: time.time() + ahead_s
    for module in (check, open_store):
        monkeypatch.setattr(module, "time", wrong)


def abilities(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(capsys.readouterr().out)["abilities"]}


@pytest.mark.parametrize("ahead_s", [600, -600])
def test_a_clock_that_is_minutes_off_is_told(
    store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ahead_s: int
) -> None:
    set_this_clock(monkeypatch, ahead_s)
    run(["store", "check", store, "--json"])
    clock = abilities(capsys)["clock"]
    assert clock["verdict"] == "missing"
    told = re.search(r"the server's clock is ([+-]\d+) s", clock["detail"])
    assert told is not None
    assert abs(int(told[1]) + ahead_s) <= 10  # S3 tells whole seconds, and a busy machine answers late
    assert "set both clocks" in clock["consequence"]


def test_a_clock_with_which_a_store_lets_nobody_in_is_told_as_the_reason(
    store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_this_clock(monkeypatch, 3600)
    assert run(["store", "check", store, "--json"]) == 1
    assert "Its clock is -3" in capsys.readouterr().err
