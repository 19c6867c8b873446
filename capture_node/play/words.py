"""How a policy's play went, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from capture_node.play.environment import PlayedEpisode
    from capture_node.play.pilot import PilotFigures
    from capture_node.play.screen import PlayedScreen, ScreenPlay


def percent(part: int, whole: int) -> str:
    """A share in words."""
    return f"{part / max(1, whole):.0%}"


def episode_line(one: PlayedEpisode) -> str:
    """What is said of an episode."""
    figures, outcome = one.figures, one.report.outcome
    name = one.report.session.name if one.report.session is not None else one.report.game_id
    asked = sorted(figures.round_s)
    answer = f", an answer in {asked[len(asked) // 2] * 1000:.0f} ms" if asked else ""
    return (
        f"{name}: {outcome.steps} steps, score {outcome.score:g}, seed {one.report.seed}, ended by "
        f"{outcome.ended_by.replace('_', ' ')}; the agent played {percent(figures.acted, figures.frames)}{answer}, "
        f"{one.real_time_factor:.2f} of real time"
    )


def episode_row(one: PlayedEpisode) -> dict[str, Any]:
    """It as JSON."""
    outcome = one.report.outcome
    return {
        "session": None if one.report.session is None else str(one.report.session),
        "game_id": one.report.game_id,
        "seed": one.report.seed,
        "steps": outcome.steps,
        "score": outcome.score,
        "ended_by": outcome.ended_by,
        **figures_row(one.figures),
        "late_frames": one.late,
        "real_time_factor": round(one.real_time_factor, 4),
    }


def screen_lines(done: PlayedScreen, wish: ScreenPlay) -> Iterator[str]:
    """What is said of a game on the desktop."""
    played = percent(done.figures.acted, done.figures.frames)
    yield f"{done.real_s:.0f} s, the agent played {played}, ended by {done.ended_by}"
    yield from (f"  {path}" for path in done.sessions)
    yield f"Next: playloom validate {wish.root}" if done.sessions else "Next: add -o FOLDER to keep what is played"


def screen_row(done: PlayedScreen) -> dict[str, Any]:
    """It as JSON."""
    row = {"sessions": [str(path) for path in done.sessions], "ended_by": done.ended_by, "late_frames": done.late}
    return row | figures_row(done.figures)


def figures_row(figures: PilotFigures) -> dict[str, Any]:
    """How the policy played, as JSON."""
    asked = sorted(figures.round_s)

    def at(share: float) -> float | None:
        return round(asked[min(len(asked) - 1, int(share * len(asked)))] * 1000, 3) if asked else None

    return {
        "frames": figures.frames,
        "frames_agent": figures.acted,
        "frames_without_answer": figures.without_row,
        "frames_switched_off": figures.killed,
        "chunks": figures.chunks,
        "late_chunks": figures.late_chunks,
        "connection_lost": figures.lost,
        "answer_ms_p50": at(0.5),
        "answer_ms_p99": at(0.99),
    }
