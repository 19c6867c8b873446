"""The private authority: certificates that are made, kept, renewed and refused."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from coordinator.errors import InvalidError
from coordinator.tls import private_authority
from coordinator.tls.certificate import CertificateError, load_certificate
from coordinator.tls.private_authority import authority_fingerprint, own_certificate


def verified(directory: Path, name: str) -> None:
    """As a PC does that knows the authority. Raises: VerificationError."""
    authority = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    server = x509.load_pem_x509_certificate((directory / "server.pem").read_bytes())
    policy = PolicyBuilder().store(Store([authority])).build_server_verifier(x509.DNSName(name))
    policy.verify(server, [])


def test_the_servers_certificate_is_believed_by_who_knows_the_authority(tmp_path: Path) -> None:
    made = own_certificate(tmp_path / "tls", ["games.lan", "10.0.0.1"])
    assert made.names[0] == "games.lan"
    assert {"10.0.0.1", "127.0.0.1", "localhost", "::1"} <= set(made.names)
    verified(tmp_path / "tls", "games.lan")
    with pytest.raises(x509.verification.VerificationError):
        verified(tmp_path / "tls", "other.lan")
    for file in (tmp_path / "tls").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_stays_until_it_lacks_a_name_and_the_authority_stays_for_good(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, ["games.lan"])
    known = authority_fingerprint(tmp_path)
    assert own_certificate(tmp_path, ["games.lan"]).fingerprint == first.fingerprint
    second = own_certificate(tmp_path, ["games.lan", "play.lan"])
    assert second.fingerprint != first.fingerprint
    assert authority_fingerprint(tmp_path) == known
    verified(tmp_path, "play.lan")


def test_one_that_ends_soon_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_authority, "SERVER_DAYS", 30)
    first = own_certificate(tmp_path, [])
    monkeypatch.setattr(private_authority, "SERVER_DAYS", 397)
    second = own_certificate(tmp_path, [])
    assert second.fingerprint != first.fingerprint
    assert second.valid_until > datetime.now(UTC) + timedelta(days=390)


def test_a_key_that_belongs_elsewhere_and_a_lost_authority_are_said(tmp_path: Path) -> None:
    own_certificate(tmp_path / "a", [])
    own_certificate(tmp_path / "b", [])
    with pytest.raises(CertificateError, match="is not the key of"):
        load_certificate(tmp_path / "a/server.pem", tmp_path / "b/server-key.pem")
    with pytest.raises(CertificateError, match="holds no certificate in PEM"):
        load_certificate(tmp_path / "a/server-key.pem", tmp_path / "a/server-key.pem")
    (tmp_path / "a/ca-key.pem").unlink()
    with pytest.raises(CertificateError, match="the authority's key is not there"):
        own_certificate(tmp_path / "a", ["new.lan"])


@pytest.mark.parametrize("name", ["", "a b", "games.lan:5", "https://x", "ü.lan", "-x", "a" * 300, "x/y", "*"])
def test_what_is_no_name_of_a_machine_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidError, match="is no name of a machine"):
        own_certificate(tmp_path, [name])
    assert not list(tmp_path.iterdir())
