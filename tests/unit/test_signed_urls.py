"""URLs that permit one thing for a while."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playloom.objects.signed_urls import Permission, RefusedUrlError, UrlSigner

SECRET = bytes(range(32))
NOW_S = 1_800_000_000


def signer(now_s: float = NOW_S, secret: bytes = SECRET) -> UrlSigner:
    return UrlSigner("https://host:8080/objects", secret, clock=lambda: now_s)


def target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_a_url_permits_what_it_was_made_for() -> None:
    read = signer().sign_get("a b/ü.mp4", expires_s=60)
    assert read.url.startswith("https://host:8080/objects/a%20b/%C3%BC.mp4?expires=1800000060&")
    assert signer().check("GET", target(read.url)) == Permission(
        method="GET", key="a b/ü.mp4", expires_unix_s=NOW_S + 60
    )
    write = signer().sign_part("a", "f" * 32, 3, size_bytes=9, expires_s=60)
    assert signer().check("PUT", target(write.url)) == Permission(
        method="PUT", key="a", upload_id="f" * 32, part=3, size_bytes=9, expires_unix_s=NOW_S + 60
    )


def test_it_permits_it_until_it_expires() -> None:
    url = target(signer().sign_get("a", expires_s=60).url)
    signer(NOW_S + 60).check("GET", url)
    with pytest.raises(RefusedUrlError, match="expired"):
        signer(NOW_S + 61).check("GET", url)


@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("PUT", "", ""),
        ("DELETE", "", ""),
        ("GET", "/objects/mine", "/objects/yours"),
        ("GET", "/objects/mine", "/objects/../objects/mine"),
        ("GET", "/objects/mine", "/objects/%2e%2e/mine"),
        ("GET", "/objects/mine", "/elsewhere/mine"),
        ("GET", "expires=1800000060", "expires=1900000060"),
        ("GET", "expires=1800000060", "expires=+1800000060"),
        ("GET", "expires=1800000060", "expires=1800000060&expires=1900000060"),
        ("GET", "expires=1800000060", "expires=1800000060&part=1&size=1&upload=x"),
        ("GET", "expires=1800000060", "expires=1800000060&more=1"),
        ("GET", "&signature=", "&signature=0"),
        ("GET", "&signature=", "&other="),
    ],
)
def test_nothing_else_is_permitted(method: str, old: str, new: str) -> None:
    url = target(signer().sign_get("mine", expires_s=60).url)
    assert old in url
    with pytest.raises(RefusedUrlError):
        signer().check(method, url.replace(old, new))


def test_another_server_s_urls_permit_nothing() -> None:
    with pytest.raises(RefusedUrlError, match="signature"):
        signer(secret=bytes(32)).check("GET", target(signer().sign_get("a", expires_s=60).url))


@given(st.text(max_size=200))
def test_any_text_is_refused_without_another_error(text: str) -> None:
    for url in (text, f"/objects/{text}", f"/objects/a?{text}"):
        with pytest.raises(RefusedUrlError):
            signer().check("GET", url)


@given(st.data())
def test_a_url_with_one_changed_character_is_refused(data: st.DataObject) -> None:
    url = target(signer().sign_part("folder/object", "0" * 32, 12, size_bytes=34, expires_s=56).url)
    place = data.draw(st.integers(0, len(url) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda sign: sign != url[place]))
    changed = url[:place] + other + url[place + 1 :]
    try:
        found = signer().check("PUT", changed)
    except RefusedUrlError:
        return
    # Another spelling of the same, such as "%2F" for "/", is no change of what is permitted.
    assert found == signer().check("PUT", url)
