"""Results as a page and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from playloom.errors import OutputError
from training.metrics.intervals import Figure
from training.rollouts.figures import Comparison, PlayerFigures
from training.rollouts.results import Results

PAGE, PICTURE = "results.md", "scores.png"
POLICY_COLOUR, OTHER_COLOUR = "#2b6cb0", "#a0aec0"
DPI = 110


def write_report(results: Results, directory: Path) -> Path:
    """Write ``results.md`` and ``scores.png`` beside ``results.json``; returns the page.

    Raises:
        OutputError: they cannot be written.
    """
    page = directory / PAGE
    try:
        draw_scores(results.players, str(results.game["game_id"]), directory / PICTURE)
        page.write_text("\n".join(page_lines(results)) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(page, f"cannot be written: {error.strerror or error}") from error
    return page


def page_lines(results: Results) -> Iterator[str]:
    """The page in Markdown."""
    game = results.game
    first, last = game["seeds"]
    yield f"# {game['game_id']}, played by {', '.join(one.name for one in results.policies)}"
    yield ""
    yield (
        f"{game['environment']}, frame skip {game['frame_skip']} ({game['steps_per_second']:g} steps a second), seeds "
        f"{first} to {last}, up to {game['max_steps']:,} steps an episode, on {results.machine['device']}."
    )
    yield ""
    yield from players_table(results.players)
    yield ""
    yield f"![The scores]({PICTURE})"
    yield ""
    if results.comparisons:
        yield from comparisons_table(results.comparisons)
        yield ""
    for share in results.shares:
        yield (
            f"- {share.player} has come {figure_text(share.share)} of the way from {share.floor} (0) to "
            f"{share.goal} (1)."
        )
    yield from (f"- {line}" for line in (*results.notes, *reading_notes(results)))
    if results.videos:
        yield ""
        yield "## Rollouts to look at"
        yield ""
        for video in results.videos:
            yield f"- [{video.player}, {video.which}: score {video.score:g}, seed {video.seed}]({video.file})"
    if results.terms:
        yield ""
        yield "These policies were trained on data that may be used under these terms only:"
        yield ""
        yield from (f"- {term}" for term in results.terms)


def players_table(players: Sequence[PlayerFigures]) -> Iterator[str]:
    """A row a player, in Markdown."""
    rows = players_rows(players)
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---|" + "---:|" * (len(rows[0]) - 1)
    yield from ("| " + " | ".join(row) + " |" for row in rows[1:])


def players_rows(players: Sequence[PlayerFigures]) -> list[tuple[str, ...]]:
    """The head and a row a player."""
    head = ("player", "mean score (95 %)", "median", "lowest", "highest", "episodes", "steps", "real time", "chunk ms")
    return [head, *(_player_row(one) for one in players)]


def _player_row(one: PlayerFigures) -> tuple[str, ...]:
    latency = "" if one.latency is None else f"{one.latency.p50_ms:.1f} / {one.latency.p99_ms:.1f}"
    return (
        one.name,
        figure_text(one.score),
        number(one.median),
        number(one.lowest),
        number(one.highest),
        f"{len(one.scores):,}",
        f"{one.steps:,.0f}",
        "" if one.real_time is None else f"{one.real_time:.1f}×",
        latency,
    )


def comparisons_table(found: Sequence[Comparison]) -> Iterator[str]:
    """A row a pair, in Markdown."""
    rows = comparison_rows(found)
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---|---|---:|---:|---|"
    yield from ("| " + " | ".join(row) + " |" for row in rows[1:])


def comparison_rows(found: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """The head and a row a pair."""
    return [("player", "beside", "difference (95 %)", "better, equal, worse", ""), *(_pair(one) for one in found)]


def _pair(one: Comparison) -> tuple[str, ...]:
    games = f"{one.better}, {one.equal}, {one.worse}" if one.games else "other games"
    return one.one, one.other, figure_text(one.difference, signed=True), games, one.verdict


def reading_notes(results: Results) -> Iterator[str]:
    """How to read the tables."""
    yield (
        "Everybody plays the same games. Intervals are over games drawn anew, 1,000 times; *difference* is the mean of "
        "the differences game by game, and *above* or *below* where its whole interval is on one side of 0."
    )
    if any(one.latency for one in results.players):
        workers = results.machine["workers"]
        beside = f"{workers} players shared the machine" if workers else "nobody else played beside"
        yield (
            "*Real time* is seconds of play done in a second, game and policy together, at 1 it keeps up; *chunk ms* "
            f"is from the picture to a chunk of rows, p50 / p99; {beside}."
        )


def figure_text(figure: Figure, *, signed: bool = False) -> str:
    """A mean with its interval."""
    if figure.value is None:
        return "none"
    value = number(figure.value, signed=signed)
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({number(figure.low, signed=signed)} to {number(figure.high, signed=signed)})"


def number(value: float, *, signed: bool = False) -> str:
    """A score, so that neither thousandths nor thousands are in the way."""
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"


def draw_scores(players: Sequence[PlayerFigures], title: str, path: Path) -> None:
    """Each episode a dot, each player's mean with its interval."""
    from matplotlib.figure import Figure as Sheet

    sheet = Sheet(figsize=(8, 0.9 + 0.55 * len(players)), layout="constrained")
    axes = sheet.add_subplot()
    for place, one in enumerate(players):
        colour = POLICY_COLOUR if one.is_policy else OTHER_COLOUR
        seeds = sorted(one.scores)
        heights = [place + 0.22 * (number / max(1, len(seeds) - 1) - 0.5) for number in range(len(seeds))]
        axes.plot([one.scores[seed] for seed in seeds], heights, "o", color=colour, alpha=0.35, markersize=3.5)
        if one.score.value is None:
            continue
        axes.plot([one.score.value], [place], "D", color=colour, markersize=6, markeredgecolor="black")
        if one.score.low is not None and one.score.high is not None:
            axes.plot([one.score.low, one.score.high], [place, place], color="black", linewidth=1.6)
    axes.set_yticks(range(len(players)), [one.name for one in players])
    axes.invert_yaxis()
    axes.set_xlabel("score of an episode; the mean with its 95 % interval")
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    sheet.savefig(path, dpi=DPI)


def settings_text(settings: Mapping[str, Any]) -> str:
    """How a policy played, in words."""
    delay = f", {settings['delay']} frames late" if settings["delay"] else ""
    return f"{settings['execute']} rows of each chunk{delay}"
