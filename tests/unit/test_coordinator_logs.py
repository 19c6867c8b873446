"""What a coordinator says of itself."""

from __future__ import annotations

import json
import logging

import pytest

from coordinator.logs import JsonLines, without_secrets
from coordinator.players.secret import make_secret


def test_a_record_is_one_line_of_json_with_its_fields() -> None:
    record = logging.LogRecord("coordinator.x", logging.WARNING, "f", 1, "two\nlines %s", ("x",), None)
    record.fields = {"ms": 1.5, "name": "ü"}
    text = JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert (line["level"], line["logger"], line["event"]) == ("warning", "coordinator.x", "two\nlines x")
    assert (line["ms"], line["name"]) == (1.5, "ü")
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("kind", ["token", "invitation"])
def test_what_opens_something_is_cut_and_its_id_stays(kind: str) -> None:
    made = make_secret(kind)
    assert without_secrets(f'{{"a": "{made.text}", "b": 1}}') == f'{{"a": "plm-{made.id}-…", "b": 1}}'


def test_signatures_of_urls_and_passwords_of_databases_are_cut() -> None:
    assert (
        without_secrets("GET /objects/a?expires=1&signature=abc123&x=1") == "GET /objects/a?expires=1&signature=…&x=1"
    )
    assert without_secrets("postgresql://ada:pa55word@db/x") == "postgresql://ada:…@db/x"
    assert without_secrets("https://host:9000/path@x") == "https://host:9000/path@x"
