"""Certificates of a node: made once, good for the names that are used, refused with the reason."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from capture_node.node.tls import CertificateError, load_certificate, own_certificate


def test_a_certificate_is_made_once_and_its_key_is_the_users_alone(tmp_path: Path) -> None:
    first = own_certificate(tmp_path / "node")
    again = own_certificate(tmp_path / "node")

    assert again == first
    assert {"localhost", "127.0.0.1", "::1"} <= set(first.names)
    assert len(first.fingerprint.split(":")) == 32
    assert stat.S_IMODE((tmp_path / "node/tls-key.pem").stat().st_mode) == 0o600


def test_a_name_that_is_missing_makes_a_new_certificate(tmp_path: Path) -> None:
    first = own_certificate(tmp_path)
    second = own_certificate(tmp_path, ["rig.lan", "192.168.1.5"])

    assert second.fingerprint != first.fingerprint
    assert {"rig.lan", "192.168.1.5"} <= set(second.names)
    assert own_certificate(tmp_path, ["rig.lan"]) == second


def test_files_that_are_no_certificate_or_key_are_named(tmp_path: Path) -> None:
    made = own_certificate(tmp_path / "one")
    key = tmp_path / "one/tls-key.pem"
    (tmp_path / "text").write_text("hello")
    other = own_certificate(tmp_path / "two")

    with pytest.raises(CertificateError, match=r"text: holds no certificate"):
        load_certificate(tmp_path / "text", key)
    with pytest.raises(CertificateError, match=r"text: holds no private key"):
        load_certificate(made.file, tmp_path / "text")
    with pytest.raises(CertificateError, match=r"tls-key.pem: is not the key of"):
        load_certificate(other.file, key)
    with pytest.raises(CertificateError, match="cannot be read: No such file"):
        load_certificate(tmp_path / "none", key)
