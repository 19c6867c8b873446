"""Object stores by their address.

``file:///srv/playloom/objects`` or a path is a directory; ``s3://bucket/prefix?endpoint=https://host:9000`` is a
bucket. Credentials never stand in an address: they come from the environment (``MINIO_ACCESS_KEY`` and
``MINIO_SECRET_KEY``, or ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``) or from the AWS credentials file.
"""

from __future__ import annotations

import email.utils
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from playloom.errors import MissingExtraError
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_key import check_key
from playloom.objects.object_store import ObjectStore
from playloom.objects.signed_urls import UrlSigner

if TYPE_CHECKING:
    from playloom.objects.s3_store import S3Store

DEFAULT_ENDPOINT = "https://s3.amazonaws.com"
CONNECT_S, READ_S = 10.0, 60.0
RETRIES = 5
MAX_SKEW_S = 300.0
"""S3 refuses what was signed more than a quarter of an hour ago or ahead; less than that is told too."""


def open_store(address: str, *, signer: UrlSigner | None = None) -> ObjectStore:
    """Open the store at ``address``.

    Args:
        address: see the module; S3's takes the fields ``endpoint`` and ``region``.
        signer: for a directory store that is served over HTTP.

    Raises:
        ObjectStoreError: the address is none, or the store cannot be used.
        MissingExtraError: S3 needs the minio package.
    """
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise ObjectStoreError(
            address.replace(parts.netloc, "…"),
            "credentials do not belong into an address",
            remedy="Set MINIO_ACCESS_KEY and MINIO_SECRET_KEY instead",
        )
    if parts.scheme == "s3":
        return _open_s3(address)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise ObjectStoreError(address, "names another machine", remedy="Write file:///PATH with three slashes")
        return DirectoryStore(Path(unquote(parts.path)), signer=signer)
    if len(parts.scheme) > 1:  # one letter is a drive of Windows
        raise ObjectStoreError(
            address, f"'{parts.scheme}' is no kind of object store", remedy="Give a path, file:///PATH or s3://BUCKET"
        )
    return DirectoryStore(Path(address), signer=signer)


def _open_s3(address: str) -> S3Store:
    parts = urlsplit(address)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    fields = parse_qs(parts.query)
    unknown = sorted(set(fields) - {"endpoint", "region"})
    if unknown:
        raise ObjectStoreError(address, f"'{unknown[0]}' is not known here", remedy="endpoint and region are")
    if not bucket:
        raise ObjectStoreError(address, "names no bucket", remedy="Write s3://BUCKET?endpoint=https://HOST:PORT")
    endpoint = urlsplit(fields.get("endpoint", [DEFAULT_ENDPOINT])[0])
    if endpoint.scheme not in ("http", "https") or not endpoint.netloc or endpoint.path not in ("", "/"):
        raise ObjectStoreError(address, "the endpoint is no address", remedy="Write endpoint=https://HOST:PORT")
    try:
        import urllib3
        from minio import Minio
        from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider, EnvMinioProvider
        from minio.error import InvalidResponseError, S3Error, ServerError

        from playloom.objects.s3_store import S3Store
    except ImportError as error:
        raise MissingExtraError("an S3 store", "workers") from error
    # Retried: what did not reach the server, and what it answers while it is overloaded or restarts.
    retries = urllib3.Retry(
        total=RETRIES,
        backoff_factor=0.2,
        backoff_jitter=0.5,
        backoff_max=10,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        retries=retries,
        maxsize=16,
        ca_certs=os.environ.get("SSL_CERT_FILE"),
    )
    client = Minio(
        endpoint.netloc,
        credentials=ChainedProvider([EnvMinioProvider(), EnvAWSProvider(), AWSConfigProvider()]),
        secure=endpoint.scheme == "https",
        region=fields.get("region", ["us-east-1"])[0],
        http_client=pool,
    )
    try:
        if not client.bucket_exists(bucket):
            raise ObjectStoreError(address, f"there is no bucket '{bucket}'", remedy="Make it, or name another")
    except S3Error as error:
        told = error.response.headers.get("Date", "")
        raise ObjectStoreError(
            address, f"answers {error.code}: {error.message}", remedy=_after_refusal(told)
        ) from error
    except (ServerError, InvalidResponseError, ValueError) as error:
        raise ObjectStoreError(address, f"does not answer as S3 does: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None) or error
        raise ObjectStoreError(
            address,
            f"cannot be reached ({type(reason).__name__})",
            remedy="See that the server runs and that the address is right",
        ) from error
    return S3Store(client, bucket, url=address, http=pool, prefix=f"{check_key(prefix)}/" if prefix else "")


def _after_refusal(server_date: str) -> str:
    """What to do about it: S3 takes no signature of another time, and says no more than that it refuses."""
    try:
        skew_s = email.utils.parsedate_to_datetime(server_date).timestamp() - time.time()
    except ValueError:
        skew_s = 0.0
    if abs(skew_s) > MAX_SKEW_S:
        return f"Its clock is {skew_s:+.0f} s from this machine's: set the one that is wrong"
    return "See that the credentials are right"
