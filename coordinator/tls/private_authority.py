"""A private certificate authority: the PCs are told its certificate once, and trust what it signs.

Its key stays on this machine, so that the server's certificate can be renewed, and have more names, without a visit to
any PC. A self-signed certificate would be simpler, and every PC would have to be told anew.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from coordinator.errors import InvalidError
from coordinator.tls.certificate import (
    Certificate,
    CertificateError,
    fingerprint_of,
    general_name,
    load_certificate,
    parse_certificate,
)
from playloom.private_files import make_private_directory, write_private_file

AUTHORITY_FILE, AUTHORITY_KEY_FILE = "ca.pem", "ca-key.pem"
SERVER_FILE, SERVER_KEY_FILE = "server.pem", "server-key.pem"

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""As long as browsers believe one."""

RENEWED_DAYS = 60
"""A coordinator that starts so long before its certificate ends makes a new one."""

_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*")


def own_certificate(directory: Path, names: Sequence[str]) -> Certificate:
    """The server's certificate, signed by the authority in ``directory``; both are made when they are not there yet.

    Args:
        directory: for this user alone.
        names: names and addresses that clients use, besides this machine's own.

    Raises:
        CertificateError: what lies there cannot be used.
        OutputError: it cannot be written.
        InvalidError: a name is none.
    """
    for name in names:
        check_host(name)
    make_private_directory(directory)
    if not (directory / AUTHORITY_FILE).exists():
        _make_authority(directory)
    certificate_file, key_file = directory / SERVER_FILE, directory / SERVER_KEY_FILE
    if certificate_file.exists() and key_file.exists():
        try:
            found = load_certificate(certificate_file, key_file)
        except CertificateError:  # out of date, or one of the two was not written any more
            found = None
        soon = datetime.now(UTC) + timedelta(days=RENEWED_DAYS)
        if found is not None and set(names) <= set(found.names) and found.valid_until > soon:
            return found
    _make_server(directory, list(dict.fromkeys([*names, "localhost", "127.0.0.1", "::1", *_host_names()])))
    return load_certificate(certificate_file, key_file)


def authority_fingerprint(directory: Path) -> str:
    """The SHA-256 of the authority's certificate, as people compare it."""
    file = directory / AUTHORITY_FILE
    return fingerprint_of(parse_certificate(file, file.read_bytes()))


def check_host(name: str) -> str:
    """Raises: InvalidError: this is no name or address of a machine."""
    if isinstance(_address_or_name(name), x509.DNSName) and not _HOST.fullmatch(name):
        raise InvalidError("name", f"'{name[:80]}' is no name of a machine", remedy="Write playloom.lan or 192.168.1.5")
    return name


def _address_or_name(name: str) -> x509.GeneralName | None:
    try:
        return general_name(name)
    except ValueError:  # letters that are not ASCII
        raise InvalidError("name", f"'{name[:80]}' is no name of a machine") from None


def _make_authority(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Playloom authority of {_host_label()}")])
    certificate = (
        _begun(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private_file(directory / AUTHORITY_KEY_FILE, _pem(key))
    write_private_file(directory / AUTHORITY_FILE, certificate.public_bytes(Encoding.PEM))


def _make_server(directory: Path, names: Sequence[str]) -> None:
    authority_file, authority_key_file = directory / AUTHORITY_FILE, directory / AUTHORITY_KEY_FILE
    authority = parse_certificate(authority_file, authority_file.read_bytes())
    try:
        authority_key = load_pem_private_key(authority_key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CertificateError(
            authority_key_file,
            "the authority's key is not there or is none",
            remedy="Put it back; or remove ca.pem too, and give every PC the new one",
        ) from error
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Playloom coordinator")])
    certificate = (
        _begun(subject, authority.subject, key.public_key(), SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_private_file(directory / SERVER_KEY_FILE, _pem(key))
    write_private_file(directory / SERVER_FILE, certificate.public_bytes(Encoding.PEM))


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _host_names() -> list[str]:
    host = socket.gethostname()
    return [host] if _HOST.fullmatch(host) else []


def _host_label() -> str:
    return (_host_names() or ["this machine"])[0][:30]
