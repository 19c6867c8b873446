"""What labels were worth at play: one page that somebody can read who has seen none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from playloom.errors import OutputError
from training.data.dataset import open_training_dataset
from training.experiments.label_figures import LabelReport, label_report
from training.experiments.page import Page
from training.experiments.transfer import Arm, TransferExperiment
from training.rollouts.figures import Comparison, compare
from training.rollouts.report import comparison_rows, draw_scores, players_rows, reading_notes
from training.rollouts.results import Results, read_results

REPORT, WEB_REPORT, DOCUMENT, PICTURE = "report.md", "report.html", "report.json", "scores.png"

LEARNED_FROM: Mapping[Arm, str] = {
    Arm.FILTERED: "the little play, and the labels of the much that filters left",
    Arm.UNFILTERED: "the little play, and all labels of the much",
    Arm.LITTLE: "the little play alone",
    Arm.TRUTH: "the little play, and the much with its true input",
    Arm.CLONING: "as truth, by plain behaviour cloning: the baseline",
}

QUESTIONS: tuple[tuple[str, Arm, Arm], ...] = (
    ("Labels that filters left, beside none", Arm.FILTERED, Arm.LITTLE),
    ("All labels, beside none", Arm.UNFILTERED, Arm.LITTLE),
    ("Filtering, beside taking all labels", Arm.FILTERED, Arm.UNFILTERED),
    ("The truth, beside labels that filters left", Arm.TRUTH, Arm.FILTERED),
    ("The truth, beside all labels", Arm.TRUTH, Arm.UNFILTERED),
    ("The truth, beside none of it", Arm.TRUTH, Arm.LITTLE),
    ("The policy, beside plain cloning of the same play", Arm.TRUTH, Arm.CLONING),
)


def write_transfer_report(chain: TransferExperiment) -> Path:
    """Put it on one page, in Markdown and in HTML, and beside it as JSON; returns the page.

    Raises:
        PlayloomError: something of it is missing.
    """
    results = _named_by_arm(chain, read_results(chain.results))
    labels = {
        arm: label_report(chain.labelled(arm), chain.dataset("much"))
        for arm in (Arm.FILTERED, Arm.UNFILTERED)
        if arm in chain.arms()
    }
    answers = list(_answers(results))
    page = _page(chain, results, labels, answers)
    path = chain.directory / REPORT
    try:
        draw_scores(results.players, f"{chain.name}: {results.game['environment']}", chain.directory / PICTURE)
        path.write_text(page.markdown(), encoding="utf-8")
        (chain.directory / WEB_REPORT).write_text(page.html(), encoding="utf-8")
        document = {
            "game": chain.name,
            "minutes": chain.minutes,
            "results": results.to_document(),
            "labels": {arm.value: asdict(found) for arm, found in labels.items()},
            "answers": [{"question": text, **asdict(one), "verdict": one.verdict} for text, one in answers],
        }
        (chain.directory / DOCUMENT).write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error
    return path


def _named_by_arm(chain: TransferExperiment, results: Results) -> Results:
    """The same, with policies called by what they learned from and not by run and step."""
    places = {chain.policy(arm).resolve(): arm.value for arm in Arm}
    names: dict[str, str] = {}
    for name, told in results.settings.items():
        if told["checkpoint"] is not None:
            names[name] = next(
                (places[parent] for parent in Path(told["checkpoint"]).parents if parent in places), name
            )
    return replace(
        results,
        players=tuple(replace(one, name=names.get(one.name, one.name)) for one in results.players),
        settings={names.get(name, name): told for name, told in results.settings.items()},
        comparisons=tuple(
            replace(one, one=names.get(one.one, one.one), other=names.get(one.other, one.other))
            for one in results.comparisons
        ),
        shares=tuple(replace(one, player=names.get(one.player, one.player)) for one in results.shares),
        videos=tuple(replace(one, player=names.get(one.player, one.player)) for one in results.videos),
    )


def _answers(results: Results) -> Iterator[tuple[str, Comparison]]:
    there = {one.name: one for one in results.players}
    for text, one, other in QUESTIONS:
        if one.value in there and other.value in there:
            yield text, compare(there[one.value], there[other.value])


def nothing_to_add(results: Results) -> bool:
    """Whether who learned from the little play alone plays as well as those do from whom there is more to learn."""
    there = {one.name: one for one in results.players}
    little, truth, player = (there.get(name) for name in (Arm.LITTLE.value, Arm.TRUTH.value, "scripted"))
    if little is None or truth is None or player is None:
        return False
    return compare(little, player).verdict != "below" and compare(truth, little).verdict != "above"


def _page(
    chain: TransferExperiment,
    results: Results,
    labels: Mapping[Arm, LabelReport],
    answers: list[tuple[str, Comparison]],
) -> Page:
    page = Page(title=f"{chain.name}: what labels are worth at play", directory=chain.directory)
    little, much = (open_training_dataset(chain.dataset(part)) for part in ("little", "much"))
    page.paragraph(
        f"Of little play ({_minutes(little.frames, little.fps)}) it is known what was pressed; of much "
        f"({_minutes(much.frames, much.fps)}) only the video was looked at. An inverse dynamics model learned from the "
        "little what was pressed and labelled the much. Policies then learned from this and that, each for as long "
        f"({'a few steps, to try the chain out' if chain.quick else f'{chain.minutes:g} minutes'}), and played "
        f"{chain.episodes} games that nobody had seen, all of them the same."
    )
    page.heading("The outcome")
    page.table(
        [
            ("question", "difference of mean scores (95 %)", "answer"),
            *((text, comparison_rows([one])[1][2], one.verdict) for text, one in answers),
        ]
    )
    for arm in Arm:
        if arm.value not in {one.name for one in results.players}:
            page.paragraph(f"{arm.value}: there is no such policy, because filters left nothing to learn from.")
    if chain.quick:
        page.paragraph(
            "This was the quick variant: models of seconds, play of seconds. It shows that the chain holds; its figures"
            " mean nothing. Leave --quick out for figures."
        )
    elif nothing_to_add(results):
        page.paragraph(
            "The policy of the little play alone is not shown to be worse than the scripted player: there was nothing "
            "that labels could have added. With less little play (--little) the question can be asked again."
        )
    page.heading("Who played how")
    page.table(players_rows(results.players))
    page.picture(PICTURE, "The score of each game, and each player's mean with its interval")
    page.table([("policy", "learned from"), *((arm.value, LEARNED_FROM[arm]) for arm in Arm)])
    page.points([*results.notes, *reading_notes(results)])
    page.heading("The labels, beside what was really held")
    page.table(_label_rows(labels))
    page.paragraph(
        "Presses and releases count where they are told within one frame. A label is wrong if a button is, or a stick "
        "by a quarter of its way."
    )
    page.heading("Rollouts to look at")
    for video in results.videos:
        file = f"{chain.results.relative_to(chain.directory).as_posix()}/{video.file}"
        page.video(file, f"{video.player}, {video.which}: score {video.score:g}, seed {video.seed}")
    if results.terms:
        page.heading("Terms")
        page.points(results.terms)
    return page


def _label_rows(labels: Mapping[Arm, LabelReport]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("labels", "frames", "press and release F1", "R²", "frames with a wrong label")]
    for arm, found in labels.items():
        axes = ", ".join(f"{kind} {r2}" for kind, r2 in found.kept.axes_r2.items()) or "none"
        told = (f"{found.kept.frames:,}", str(found.kept.event_f1), axes, f"{found.kept.wrong_share:.1%}")
        rows.append((arm.value, *told))
    return rows


def _minutes(frames: int, fps: int) -> str:
    return f"{frames / fps / 60:.1f} minutes"
