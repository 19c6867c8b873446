"""`playloom coordinator backup`, `restore` and `check`, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from coordinator.database.engine import Database
from coordinator.players.player import create_player, list_players
from playloom import cli
from playloom.objects.open_store import open_store


@dataclass(frozen=True, kw_only=True)
class Server:
    """A coordinator that does not run. Attributes: root: its directory; database: its address."""

    root: Path
    database: str

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        out, err = StringIO(), StringIO()
        home = {"PLAYLOOM_HOME": str(self.root.parent), "USER": "olga", "LOGNAME": "olga"}
        with mock.patch.dict(os.environ, home | dict(environment or {})), redirect_stdout(out), redirect_stderr(err):
            status = cli.run(["coordinator", *arguments])
        return status, out.getvalue(), err.getvalue()

    def json(self, *arguments: str) -> Any:
        status, out, err = self.run(*arguments, "--json")
        assert (status, err) == (0, ""), (out, err)
        return json.loads(out)

    def players(self, *new: str) -> list[str]:
        """The names of the players, after these have come."""

        async def names() -> list[str]:
            database = await Database.open(self.database)
            try:
                async with database.write() as connection:
                    for number, name in enumerate(new):
                        await create_player(connection, name, 1_800_000_000_000_000_000 + number)
                async with database.read() as connection:
                    return [player.name for player in await list_players(connection)]
            finally:
                await database.close()

        return asyncio.run(names())


@pytest.fixture
def server(tmp_path: Path, database_address: str) -> Server:
    """The test runs once on SQLite and once on PostgreSQL."""
    found = Server(root=tmp_path / "coordinator", database=database_address)
    found.json("init", "--database", database_address, "--operator", "olga", "--name", "games.lan")
    return found


def test_what_came_after_a_backup_is_gone_when_it_is_put_back_and_lies_aside(server: Server, tmp_path: Path) -> None:
    server.players("ada")
    made = server.json("backup", str(tmp_path / "kept" / "monday"))
    assert stat.S_IMODE(Path(made["directory"]).stat().st_mode) == 0o700
    assert server.players("late") == ["ada", "late", "olga"]
    token = (server.root / "operator" / "server.json").read_bytes()
    authority = (server.root / "tls" / "ca.pem").read_bytes()
    (server.root / "tls" / "ca.pem").unlink()

    status, out, err = server.run("restore", made["directory"])
    assert (status, out) == (1, "")
    assert "--replace" in err
    restored = server.json("restore", made["directory"], "--replace")
    assert server.players() == ["ada", "olga"]
    assert (server.root / "operator" / "server.json").read_bytes() == token
    assert (server.root / "tls" / "ca.pem").read_bytes() == authority
    aside = Path(restored["set_aside"])
    assert (aside / "coordinator.yaml").exists()
    name = "coordinator.db" if server.database.startswith("sqlite") else "coordinator.pgdump"
    assert (aside / name).stat().st_size > 0
    status, out, err = server.run("check")
    assert (status, err) == (0, ""), out
    assert "say the same" in out


def test_a_lost_machine_comes_back_from_its_backup(server: Server, tmp_path: Path) -> None:
    server.players("ada")
    made = server.json("backup", str(tmp_path / "kept"))
    shutil.rmtree(server.root)
    if server.database.startswith("sqlite"):
        Path(server.database.removeprefix("sqlite:///")).unlink()
        server.json("restore", made["directory"])
    else:
        assert "holds tables already" in server.run("restore", made["directory"])[2]
        server.json("restore", made["directory"], "--replace")
    assert server.players() == ["ada", "olga"]
    assert stat.S_IMODE((server.root / "tls" / "ca-key.pem").stat().st_mode) == 0o600


def test_a_database_in_use_is_copied_but_not_replaced(server: Server, tmp_path: Path) -> None:
    async def meanwhile() -> None:
        database = await Database.open(server.database)
        try:
            async with database.write() as connection:
                await create_player(connection, "ada", 1_800_000_000_000_000_000)
            status, _, err = await asyncio.to_thread(server.run, "backup", str(tmp_path / "kept"))
            assert (status, err) == (0, "")
            status, out, err = await asyncio.to_thread(server.run, "restore", str(tmp_path / "kept"), "--replace")
            assert (status, out) == (1, "")
            assert "another coordinator works on" in err or "other connections use the database" in err
        finally:
            await database.close()

    asyncio.run(meanwhile())
    assert server.players() == ["ada", "olga"]


@pytest.mark.parametrize("file", ["coordinator.yaml", "backup.json"])
def test_a_backup_that_is_damaged_is_not_put_back(server: Server, tmp_path: Path, file: str) -> None:
    server.json("backup", str(tmp_path / "kept"))
    with (tmp_path / "kept" / file).open("ab") as damaged:
        damaged.write(b"x")
    status, out, err = server.run("restore", str(tmp_path / "kept"), "--replace")
    assert (status, out) == (1, "")
    assert file in err
    assert server.players() == ["olga"]


def test_a_manifest_leads_nowhere_else(server: Server, tmp_path: Path) -> None:
    server.json("backup", str(tmp_path / "kept"))
    manifest = tmp_path / "kept" / "backup.json"
    values = json.loads(manifest.read_text())
    values["sha256"]["../../etc/passwd"] = "0" * 64
    manifest.write_text(json.dumps(values))
    assert "no part of a backup" in server.run("restore", str(tmp_path / "kept"), "--replace")[2]


def test_a_backup_takes_nobodys_place_and_none_is_half_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    assert "is there already" in server.run("backup", str(tmp_path / "taken"))[2]
    if server.database.startswith("sqlite"):
        Path(server.database.removeprefix("sqlite:///")).rename(tmp_path / "away.db")
    else:
        settings = server.root / "coordinator.yaml"
        settings.write_text(settings.read_text().replace(server.database, server.database + "_gone"))
    status, out, err = server.run("backup", str(tmp_path / "new"))
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert sorted(path.name for path in tmp_path.iterdir() if "new" in path.name) == []


def test_a_check_finds_what_lies_in_the_store_for_nobody_and_removes_it(server: Server) -> None:
    store = open_store(str(server.root / "objects"))
    store.put("sessions/session_0/capture.mp4", b"12345")
    (file,) = [path for path in server.root.rglob("*") if path.is_file() and path.read_bytes() == b"12345"]
    two_days_ago = time.time() - 2 * 86400
    os.utime(file, (two_days_ago, two_days_ago))
    status, out, err = server.run("check")
    assert (status, err) == (1, "")
    assert "5 bytes that no session has" in out
    assert "Next: playloom coordinator check --mend" in out
    status, out, err = server.run("check", "--mend", "--json")
    assert (status, err) == (0, "")
    assert [(one["kind"], one["subject"], one["mended"]) for one in json.loads(out)] == [
        ("orphan", "sessions/session_0/capture.mp4", True)
    ]
    assert not file.exists()
    assert server.json("check") == []
