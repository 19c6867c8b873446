"""Sizes and spans, as they are shown and as people write them."""

from __future__ import annotations

import pytest

from playloom.errors import PlayloomError
from playloom.figures import age_in_words, parse_size, parse_span


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("200GB", 200 * 10**9), ("1.5 TB", 1_500_000_000_000), ("500mb", 500_000_000), ("7 kB", 7000), ("12b", 12)],
)
def test_a_size_is_read_as_disks_are_sold(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "span_s"), [("30min", 1800), ("24h", 86400), ("7d", 604_800), ("2w", 1_209_600), ("1.5h", 5400)]
)
def test_a_span_is_read_with_its_unit(text: str, span_s: int) -> None:
    assert parse_span(text) == span_s


@pytest.mark.parametrize("text", ["", "12", "GB", "-1GB", "1e9GB", "1GiB", "nan GB", "9" * 40 + "GB", "١GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(PlayloomError, match=r"is no size\. Write it like 200GB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("age_s", "words"), [(-3, "0 s"), (59, "59 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")]
)
def test_an_age_has_one_unit(age_s: float, words: str) -> None:
    assert age_in_words(age_s) == words
