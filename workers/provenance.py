"""Where a session's inputs come from, and the terms that come with them and travel into every dataset."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from playloom.recording.session_info import SessionInfo

RECORDED = "recorded"
"""The label source of play whose inputs a recorder has seen."""

NOTICE_FILE = "NOTICE"


def label_source_of(info: SessionInfo | None) -> str:
    """Who says what was pressed: `RECORDED`, or who labelled the video (session.json's ``label_source``)."""
    source = None if info is None else info.extra.get("label_source")
    return source if isinstance(source, str) and source.strip() else RECORDED


def terms_of(info: SessionInfo | None) -> tuple[str, ...]:
    """The terms under which a session may be used (session.json's ``terms``), a sentence each."""
    terms = None if info is None else info.extra.get("terms")
    return tuple(one for one in terms if isinstance(one, str)) if isinstance(terms, list) else ()


def write_notice(dataset: Path, terms: Iterable[str]) -> None:
    """Put a NOTICE into a dataset, where there are terms."""
    each = list(dict.fromkeys(terms))
    if each:
        (dataset / NOTICE_FILE).write_text(notice_of(each), encoding="utf-8", newline="\n")


def notice_of(terms: Iterable[str]) -> str:
    """What a NOTICE says of these terms, of which there is at least one."""
    lines = ["Some of the sessions in this dataset may be used under these terms only:", ""]
    lines += [f"- {one[0].upper()}{one[1:]}." for one in terms if one]
    return "\n".join(lines) + "\n"
