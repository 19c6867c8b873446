"""What a run says when it is over."""

from __future__ import annotations

from typing import Any

import pytest

from training.runs.words import print_summary

SUMMARY: dict[str, Any] = {
    "path": "runs/a", "kind": "policy", "step": 325, "minutes": 1.8, "table": [], "troubles": [], "terms": [],
    "skipped_steps": 0, "data": "ds",
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "told"), [("interrupted", "  none yet\n"), ("finished", "  none: there is no validation part\n")]
)
def test_why_there_are_no_figures_is_said(capsys: pytest.CaptureFixture[str], state: str, told: str) -> None:
    print_summary({**SUMMARY, "state": state})
    assert told in capsys.readouterr().out
