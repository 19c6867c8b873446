"""JSON documents in messages."""

from __future__ import annotations

import pytest
from google.protobuf.struct_pb2 import Struct

from playloom.documents import document_in, struct_with


def test_whole_numbers_come_back_whole_and_others_as_they_are() -> None:
    document = {"epochs": 3, "rate": 0.5, "deep": [{"n": -7}, [1, None, True, "3"]], "big": 2**53 - 1, "none": {}}
    back = document_in(struct_with(document))
    assert back == document
    assert [type(value) for value in (back["epochs"], back["rate"], back["deep"][0]["n"], back["deep"][1][2])] == [
        int,
        float,
        int,
        bool,
    ]


def test_numbers_that_no_double_holds_exactly_are_refused_and_not_rounded() -> None:
    for document in ({"t": 2**53}, {"t": [{"u": -(2**60)}]}):
        with pytest.raises(ValueError, match="would be rounded"):
            struct_with(document)
    large = Struct()
    large.update({"t": 1e300})
    assert document_in(large) == {"t": 1e300}


def test_a_number_that_json_cannot_say_is_refused() -> None:
    for value in (float("nan"), float("inf")):
        struct = Struct()
        struct["a"] = value
        with pytest.raises(ValueError, match="no number of JSON"):
            document_in(struct)
