"""A server's certificate with its key, read and checked before anyone relies on it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from playloom.errors import FileError


class CertificateError(FileError):
    """A certificate or key cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate with its key, both as PEM.

    Attributes:
        file, key_file: where they lie.
        certificate: with those between it and its authority.
        key: of the certificate.
        names: the names and addresses that it is good for.
        fingerprint: its SHA-256, as AB:CD:….
        valid_until: its last moment.
    """

    file: Path
    key_file: Path
    certificate: bytes
    key: bytes = field(repr=False)
    names: tuple[str, ...]
    fingerprint: str
    valid_until: datetime


def load_certificate(certificate_file: Path, key_file: Path) -> Certificate:
    """Read a certificate and its key.

    Raises:
        CertificateError: a file cannot be read or is no PEM, they do not belong together, or it is out of date.
    """
    content, key_content = _read(certificate_file), _read(key_file)
    certificate = parse_certificate(certificate_file, content)
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
            certificate_file, f"was valid until {certificate.not_valid_after_utc:%Y-%m-%d}", remedy="Get a new one"
        )
    return Certificate(
        file=certificate_file,
        key_file=key_file,
        certificate=content,
        key=key_content,
        names=names_of(certificate),
        fingerprint=fingerprint_of(certificate),
        valid_until=certificate.not_valid_after_utc,
    )


def parse_certificate(file: Path, content: bytes) -> x509.Certificate:
    """The first certificate in a file.

    Raises:
        CertificateError: there is none.
    """
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except (ValueError, IndexError) as error:
        raise CertificateError(file, "holds no certificate in PEM", remedy="Name a .pem file") from error


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that a certificate is good for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def general_name(name: str) -> x509.GeneralName:
    """A name or an address as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """A certificate's SHA-256, as people compare it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(
            path, f"cannot be read: {error.strerror or error}", remedy="Check the path and its permissions"
        ) from error
