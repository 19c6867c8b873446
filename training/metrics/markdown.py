"""A report as a page to read: the table with the baselines beside every figure, and what to know of it."""

from __future__ import annotations

from training.metrics.intervals import Figure
from training.metrics.report import ACTIONS_ONLY, MODEL, NO_OP, PERSISTENCE, EvaluationReport, TableRow, table_of

SPEAKERS = (MODEL, NO_OP, PERSISTENCE, ACTIONS_ONLY)
PICTURES = {
    "events.png": "Presses and releases found, by action",
    "reliability.png": "Whether probabilities can be believed",
    "lag.png": "How well what is said fits the frames beside it",
}


def markdown_of(report: EvaluationReport, pictures: tuple[str, ...] = ()) -> str:
    """The page; the last digits of an interval are of draws with a fixed seed."""
    speakers = [who for who in SPEAKERS if who == MODEL or who in report.baselines]
    lines = [f"# {report.about.get('title', 'Evaluation')}", ""]
    lines += [f"- {name}: {value}" for name, value in report.about.items() if name != "title"]
    lines += ["", f"| figure | {' | '.join(speakers)} | cases |", f"|---|{'---|' * len(speakers)}--:|"]
    lines += [_row(row, speakers) for row in table_of(report)]
    lines += ["", *(f"- {note}" for note in explanations(report))]
    for name in pictures:
        lines += ["", f"![{PICTURES.get(name, name)}]({name})"]
    return "\n".join(lines) + "\n"


def explanations(report: EvaluationReport) -> list[str]:
    """What has to be known to read the table."""
    notes = list(report.notes)
    best = report.lag.best
    if best is None:
        notes.append("No lag fits: nothing that is said fits what was held, at any shift.")
    elif best == 0:
        notes.append("What is said fits best at lag 0, as it should.")
    else:
        side = "later" if best > 0 else "earlier"
        notes.append(
            f"What is said fits best {abs(best)} frame{'s' if abs(best) > 1 else ''} {side} (lag {best:+d}): the "
            "inputs, the loader or the labels are off. Look into that before anything else."
        )
    notes.append(
        "In brackets, within which 95 of 100 draws of other episodes lie. 'none' stands on nothing: there was no "
        "press, or no movement."
    )
    if report.baselines:
        notes.append(
            "Persistence and actions only are told what was truly held, up to the frame before; where events are "
            "counted, up to two frames before, as the tolerance would forgive one."
        )
    if any(row.flatters for row in table_of(report)):
        notes.append("Button accuracy flatters: look at what no-op gets.")
    return notes


def _row(row: TableRow, speakers: list[str]) -> str:
    cells = [cell_of(row.figures.get(who)) for who in speakers]
    name = f"{row.name} (flatters)" if row.flatters else row.name
    return f"| {name} | {' | '.join(cells)} | {row.count or ''} |"


def cell_of(figure: Figure | None) -> str:
    """A figure in a cell; nothing for who has no such figure."""
    return "" if figure is None else str(figure)
