"""Words of ours and words on the wire are the same; what one side does not know does no harm."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from capture_node.node.messages import notice_from, session_from, session_message, source_message
from capture_node.node.status import SpooledSession
from capture_node.node.wire import enum_member, enum_number
from capture_node.recorder.settings import InputScope
from capture_node.recorder.status import NoticeKind, RecorderState
from capture_node.sources.frame_source import SourceDescription, SourceKind
from protos import capture_node_pb2 as pb


@pytest.mark.parametrize(
    ("enum", "prefix", "members"),
    [
        (pb.SourceKind, "SOURCE_KIND", SourceKind),
        (pb.RecorderState, "RECORDER_STATE", RecorderState),
        (pb.NoticeKind, "NOTICE_KIND", NoticeKind),
        (pb.InputScope, "INPUT_SCOPE", InputScope),
    ],
)
def test_every_word_of_ours_travels(enum: Any, prefix: str, members: type[StrEnum]) -> None:
    for member in members:
        number = enum_number(enum, prefix, member)
        assert number > 0
        assert enum_member(enum, prefix, number, members, next(iter(members))) is member


def test_a_newer_nodes_words_become_plain_ones() -> None:
    message = pb.Notice(text="hello")
    message.MergeFromString(bytes([0x08, 99]))  # kind 99

    notice = notice_from(message)

    assert (notice.kind, notice.text) == (NoticeKind.SESSION, "hello")


def test_names_that_are_no_text_are_spelt_out() -> None:
    name = os.fsdecode(b"\xff game")
    source = SourceDescription(kind=SourceKind.WINDOW, key="1", title=name, width=1, height=1)
    session = SpooledSession(name=name, path=Path("/spool") / name, bytes=1, finished=True)

    assert source_message(source).title == "\\udcff game"
    assert session_from(session_message(session)).path == Path("/spool/\\udcff game")
