"""TLS for a node that listens elsewhere than on loopback: the player's own certificate, or one made here."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from playloom.errors import FileError
from playloom.private_files import make_private_directory, write_private_file

CERTIFICATE_FILE = "tls-certificate.pem"
KEY_FILE = "tls-key.pem"
VALID_DAYS = 3650
"""Of a certificate made here. It is known by its fingerprint, and nobody is there to renew it."""


class CertificateError(FileError):
    """A certificate or key cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate with its key, both as PEM.

    Attributes:
        file: where the certificate lies.
        names: the names and addresses that it is good for.
        fingerprint: its SHA-256, as AB:CD:….
    """

    file: Path
    certificate: bytes
    key: bytes
    names: tuple[str, ...]
    fingerprint: str


def load_certificate(certificate_file: Path, key_file: Path) -> Certificate:
    """Read a certificate and its key.

    Raises:
        CertificateError: a file cannot be read or is no PEM, they do not belong together, or it is out of date.
    """
    content, key_content = _read(certificate_file), _read(key_file)
    try:
        certificate = x509.load_pem_x509_certificates(content)[0]
    except (ValueError, IndexError) as error:
        raise CertificateError(certificate_file, "holds no certificate in PEM", remedy="Name a .pem file") from error
    try:
        key = load_pem_private_key(key_content, password=None)
    except (ValueError, TypeError) as error:
        raise CertificateError(
            key_file, "holds no private key in PEM without a password", remedy="Name the certificate's key"
        ) from error
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*shape) != certificate.public_key().public_bytes(*shape):
        raise CertificateError(
            key_file, f"is not the key of {certificate_file}", remedy="Name the key that goes with it"
        )
    if certificate.not_valid_after_utc < datetime.now(UTC):
        raise CertificateError(
            certificate_file,
            f"was valid until {certificate.not_valid_after_utc:%Y-%m-%d}",
            remedy="Get a new one; one that Playloom made is made again after you remove it",
        )
    return Certificate(
        file=certificate_file,
        certificate=content,
        key=key_content,
        names=_names(certificate),
        fingerprint=_fingerprint(certificate),
    )


def own_certificate(directory: Path, names: Sequence[str] = ()) -> Certificate:
    """The self-signed certificate of this node; made when it is not there yet, or lacks one of ``names``.

    Args:
        directory: where it lies; made for this user alone.
        names: names and addresses that clients will use, besides this machine's own. When only those have changed the
            certificate stays: clients have copies of it.

    Raises:
        CertificateError: what lies there cannot be used.
        OutputError: it cannot be written.
    """
    certificate_file, key_file = directory / CERTIFICATE_FILE, directory / KEY_FILE
    wanted = _own_names(names)
    if certificate_file.exists() and key_file.exists():
        found = load_certificate(certificate_file, key_file)
        if set(names) <= set(found.names):
            return found
    make_private_directory(directory)
    certificate, key = _make(wanted)
    write_private_file(key_file, key)
    write_private_file(certificate_file, certificate)
    return load_certificate(certificate_file, key_file)


def _make(names: Sequence[str]) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Playloom capture node")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _own_names(more: Sequence[str]) -> list[str]:
    """What this machine is called, and its addresses as they are now."""
    names = ["localhost", "127.0.0.1", "::1", *more]
    host = socket.gethostname()
    if host and host.isascii():
        names.append(host)
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family in (socket.AF_INET, socket.AF_INET6) and "%" not in address.address:  # not of one link
                names.append(address.address)
    return list(dict.fromkeys(names))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(
            path, f"cannot be read: {error.strerror or error}", remedy="Check the path and its permissions"
        ) from error
