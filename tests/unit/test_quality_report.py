"""Words and figures of reports."""

from __future__ import annotations

import pytest
from rich.console import Console

from playloom.errors import PlayloomError
from playloom.quality.findings import Finding, Level, verdict_of
from playloom.quality.report import print_findings
from playloom.quality.thresholds import QualityThresholds
from playloom.quality.words import clock, counted


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00.0"), (83.44, "1:23.4"), (59.96, "1:00.0"), (3661.5, "1:01:01.5")]
)
def test_a_time_in_the_recording_is_hours_minutes_and_seconds(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_one_is_singular() -> None:
    assert [counted(1, "gap"), counted(2, "gap"), counted(1200, "press", "presses")] == [
        "1 gap",
        "2 gaps",
        "1,200 presses",
    ]


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ([], "ok"),
        ([Level.NOTE], "ok"),
        ([Level.NOTE, Level.WARNING], "warning"),
        ([Level.WARNING, Level.FAILED, Level.NOTE], "failed"),
    ],
)
def test_the_worst_finding_is_the_verdict(levels: list[Level], verdict: str) -> None:
    assert verdict_of(Finding(code="x", level=level, sentence="") for level in levels) == verdict


def test_a_finding_shows_its_sentence_code_and_remedy_whatever_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(code="gap", level=Level.WARNING, sentence="a [bold] gap", remedy="Record [it] again")
    print_findings(Console(width=80), [finding])
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["warning", "a", "[bold]", "gap", "(gap)"]
    assert second.strip() == "Record [it] again"


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_threshold_that_is_no_limit_is_an_error_with_its_unit(value: float) -> None:
    with pytest.raises(PlayloomError, match=r"max_idle_s is .* in s"):
        QualityThresholds(max_idle_s=value)
