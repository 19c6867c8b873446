"""Servers that several tests share: started once by each test process, when the first test asks for one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.archives import KINDS as ARCHIVE_KINDS
from tests.support.archives import ArchivePlace, new_bucket
from tests.support.ceph_rgw import CephGateway, ceph_gateway, missing_programs
from tests.support.databases import KINDS, new_database_address
from tests.support.postgres import Postgres, is_installed, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    root = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with postgres_server(root) as server:
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(params=KINDS)
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    return new_database_address(request.param, tmp_path, lambda: request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def gateway() -> Iterator[CephGateway]:
    """A running S3 server: Ceph's gateway."""
    if missing := missing_programs():
        pytest.skip(f"Ceph is not installed: {', '.join(missing)}")
    root = Path(tempfile.mkdtemp(prefix="rgw-"))
    try:
        with ceph_gateway(root) as running:
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(params=ARCHIVE_KINDS)
def archive_place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArchivePlace:
    """An empty database and an empty store: the test runs once on SQLite and a directory, once on servers."""
    if request.param == "embedded":
        address = new_database_address("sqlite", tmp_path, lambda: request.getfixturevalue("postgres"))
        return ArchivePlace(database=address, store=(tmp_path / "objects").as_uri())
    running: CephGateway = request.getfixturevalue("gateway")
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    address = new_database_address("postgresql", tmp_path, lambda: request.getfixturevalue("postgres"))
    return ArchivePlace(database=address, store=new_bucket(running))


@pytest.fixture(scope="session")
def numbered_training_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted dataset of three sessions in one video file; pictures and actions tell their frames' numbers."""
    from tests.support.training_datasets import numbered_dataset

    return numbered_dataset(tmp_path_factory.mktemp("numbered"))


@pytest.fixture(scope="session")
def courier_training_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted dataset of Courier, three players with a session each."""
    from tests.support.training_datasets import courier_dataset

    return courier_dataset(tmp_path_factory.mktemp("courier"))
