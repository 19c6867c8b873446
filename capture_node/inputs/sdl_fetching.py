"""Fetching one file of a package index, with the standard library: a virtual environment need not have pip."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from playloom.errors import CaptureError

TIMEOUT_S = 30.0
"""Without a byte for so long, the other side is taken for gone."""

MAX_PAGE_BYTES = 16 << 20
"""An index's page of one package; the largest known has about 1 MB."""

_BLOCK_BYTES = 1 << 18
_SCHEMES = ("http", "https", "file")
_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_REMEDY = "Check the network, or fetch the file on another machine and run: playloom node install-sdl --from FILE"


def find_on_index(index_url: str, package: str, file_name: str) -> str:
    """The address of a file, as the index's page of its package gives it.

    Raises:
        CaptureError: the index cannot be asked, or has no such file.
    """
    page_url = f"{index_url.rstrip('/')}/{package}/"
    request = _request(page_url)
    request.add_header("Accept", f"{_SIMPLE_JSON}, text/html;q=0.5")
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            content = answer.read(MAX_PAGE_BYTES)
            is_json = answer.headers.get_content_type() == _SIMPLE_JSON
            base = answer.url
    except (URLError, OSError, http.client.HTTPException) as error:
        raise _unreachable(page_url, error) from error
    for address in _addresses(content.decode(errors="replace"), is_json=is_json):
        link = urljoin(base, address)
        if unquote(urlsplit(link).path).rpartition("/")[2] == file_name:
            return _with_user_of(page_url, link)
    raise CaptureError(
        "SDL3",
        f"{_without_user(page_url)} does not have {file_name}",
        remedy="Name an index that mirrors PyPI with --index-url, or the file itself with --from",
    )


def fetch(url: str, to: Path, *, most_bytes: int, progress: Callable[[int, int | None], None] | None = None) -> str:
    """Fetch a file; returns its address without a password.

    Raises:
        CaptureError: it cannot be fetched, or is larger than ``most_bytes``.
        OSError: it cannot be written.
    """
    shown = _without_user(url)
    try:
        answer = urlopen(_request(url), timeout=TIMEOUT_S)
    except (URLError, OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error
    with answer, to.open("wb") as file:
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        come = 0
        while True:
            try:
                block = answer.read(_BLOCK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise _unreachable(url, error) from error
            if not block:
                break
            come += len(block)
            if come > most_bytes:
                raise CaptureError("SDL3", f"{shown} has more than {most_bytes >> 20} MiB: it is something else")
            file.write(block)
            if progress is not None:
                progress(come, total)
    if total is not None and come < total:
        raise _unreachable(url, ConnectionError(f"it ended after {come} of {total} bytes"))
    return shown


def _request(url: str) -> Request:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise CaptureError("SDL3", f"{_without_user(url)} is not an http, https or file address")
    request = Request(_without_user(url), headers={"User-Agent": "playloom"})
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(user.encode()).decode()}")
    return request


def _addresses(page: str, *, is_json: bool) -> list[str]:
    if is_json:
        try:
            return [str(file["url"]) for file in json.loads(page)["files"]]
        except (ValueError, KeyError, TypeError):
            return []
    links = _Links()
    links.feed(page)
    return links.found


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _with_user_of(page_url: str, link: str) -> str:
    """The link, with the page's user and password if it lies on the same server."""
    page, parts = urlsplit(page_url), urlsplit(link)
    if (page.scheme, page.netloc.rpartition("@")[2]) == (parts.scheme, parts.netloc):
        return urlunsplit(parts._replace(netloc=page.netloc))
    return link


def _unreachable(url: str, error: Exception) -> CaptureError:
    reason = getattr(error, "reason", None) or str(error) or type(error).__name__
    said = str(reason)
    if isinstance(error, HTTPError):
        said = f"{error.code} {reason}"
        error.close()  # it is an answer, too
    return CaptureError("SDL3", f"{_without_user(url)} cannot be fetched: {said}", remedy=_REMEDY)
