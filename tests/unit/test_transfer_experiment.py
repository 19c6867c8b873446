"""What labels are worth at play: which policies there are, what each learns from, and the page that tells of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from playloom.errors import PlayloomError
from training.experiments import transfer_report
from training.experiments.label_figures import LabelFigures, LabelReport
from training.experiments.page import Page
from training.experiments.programs import PLAYLOOM
from training.experiments.transfer import Arm, TransferExperiment
from training.experiments.transfer_games import TRANSFERS, find_transfer, quick, with_little
from training.idm import options as idm_options
from training.metrics.intervals import Figure
from training.policy.options import PROGRAM, options_of
from training.rollouts.episode import Episode
from training.rollouts.figures import PlayerFigures, player_figures
from training.rollouts.results import Results, Video, write_results
from training.rollouts.settings import FIRST_SEED


def chain_in(directory: Path, *labelled: Arm) -> TransferExperiment:
    chain = TransferExperiment(
        name="courier", game=find_transfer("courier"), directory=directory, minutes=8, episodes=30, workers=0
    )
    for arm in labelled:
        (chain.labelled(arm) / "dataset").mkdir(parents=True)
    return chain


def test_all_policies_learn_from_the_little_play_and_each_from_something_else_besides(tmp_path: Path) -> None:
    chain = chain_in(tmp_path, Arm.FILTERED, Arm.UNFILTERED)
    *policies, played = chain.play_steps()
    data = {step.name: step.command[3] for step in policies}
    little = f"{{path: '{tmp_path}/little-dataset', weight: 0.25}}"
    assert data == {
        "policy-labels-filtered": f"data.mix=[{little}, {{path: '{tmp_path}/labels-filtered/dataset', weight: 0.75}}]",
        "policy-labels-all": f"data.mix=[{little}, {{path: '{tmp_path}/labels-all/dataset', weight: 0.75}}]",
        "policy-little": f"data.path={tmp_path}/little-dataset",
        "policy-truth": f"data.mix=[{little}, {{path: '{tmp_path}/much-dataset', weight: 0.75}}]",
        "policy-truth-cloned": f"data.mix=[{little}, {{path: '{tmp_path}/much-dataset', weight: 0.75}}]",
    }
    cloned = policies[-1]
    assert [step.name for step in policies if "head=bc" in step.command] == [cloned.name]
    assert [word for word in played.command if "/policies/" in word] == [
        str(tmp_path / "policies" / arm.value) for arm in Arm
    ]


def test_where_filters_leave_nothing_there_is_no_such_policy(tmp_path: Path) -> None:
    chain = chain_in(tmp_path, Arm.UNFILTERED)
    assert [arm.value for arm in chain.arms()] == ["labels-all", "little", "truth", "truth-cloned"]


@pytest.mark.parametrize("is_quick", [False, True])
@pytest.mark.parametrize("name", TRANSFERS)
def test_every_models_training_is_one_that_can_be_begun(tmp_path: Path, name: str, is_quick: bool) -> None:
    game = find_transfer(name)
    chain = TransferExperiment(
        name=name,
        game=quick(game) if is_quick else game,
        directory=tmp_path,
        minutes=8,
        episodes=30,
        workers=0,
        quick=is_quick,
    )
    readers = {"idm": (idm_options.PROGRAM, idm_options.options_of), "policy": (PROGRAM, options_of)}
    trained = Counter[str]()
    for step in (*chain.data_steps(), *chain.play_steps()):
        if step.command[:2] == (PLAYLOOM, "train"):
            program, read = readers[step.command[2]]
            read(program.compose(step.command[3:]))
            trained[step.command[2]] += 1
    assert trained == {"idm": 1, "policy": 3}


def test_the_labels_are_made_of_play_that_the_labelling_model_has_not_learned_from() -> None:
    for name, game in TRANSFERS.items():
        learned, labelled = (
            {play.seed + number for number in range(play.episodes)} for play in (game.little, game.much)
        )
        assert not learned & labelled, name
        assert max(learned | labelled) < FIRST_SEED, name
        assert 0.25 <= game.little_share < 1, name


def test_the_quick_variant_plays_little_and_judges_as_many_games(tmp_path: Path) -> None:
    chain = replace(chain_in(tmp_path), game=quick(find_transfer("pong")), quick=True, name="pong")
    words = [word for step in (*chain.data_steps(), *chain.play_steps()) for word in step.command]
    assert "preset=debug" in words
    assert words[words.index("--max-steps") + 1] == "150"
    played = chain.play_steps()[-1].command
    assert played[played.index("--episodes") + 1] == "30"


def test_the_little_play_can_be_less_but_not_so_much_that_it_is_what_is_labelled() -> None:
    game = find_transfer("health_gathering")
    less = with_little(game, 2)
    assert (less.little.episodes, less.little.seed, less.much) == (2, game.little.seed, game.much)
    with pytest.raises(PlayloomError, match="1001 little episodes are too many"):
        with_little(game, 1001)


def test_a_game_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(PlayloomError, match="there is no such experiment on 'ponk'"):
        find_transfer("ponk")


def test_a_page_is_markdown_and_html_that_plays_its_videos(tmp_path: Path) -> None:
    (tmp_path / "scores.png").write_bytes(b"\x89PNG")
    page = Page(title="a < b", directory=tmp_path)
    page.heading("Scores")
    page.paragraph("Of little & much.")
    page.table([("player", "score"), ("little", "1.0")])
    page.points(["one", "two"])
    page.picture("scores.png", "the scores")
    page.video("play/a.mp4", "best")
    page.video("play/b.mp4", "worst")
    assert page.markdown() == (
        "# a < b\n\n## Scores\n\nOf little & much.\n\n| player | score |\n|---|---:|\n| little | 1.0 |\n\n"
        "- one\n- two\n\n"
        "![the scores](scores.png)\n\n- [best](play/a.mp4)\n- [worst](play/b.mp4)\n"
    )
    html = page.html()
    assert "<h1>a &lt; b</h1>" in html
    assert "<tr><td>little</td><td>1.0</td></tr>" in html
    assert '<img alt="the scores" src="data:image/png;base64,iVBORw==">' in html
    assert '<video controls preload="metadata" src="play/a.mp4"></video><figcaption>best</figcaption>' in html


def played(name: str, mean: float, *, is_policy: bool = True) -> PlayerFigures:
    episodes = [
        Episode(player=name, seed=seed, steps=60, score=mean + seed % 2, ended_by="max_steps", wall_s=0.5)
        for seed in range(30)
    ]
    return player_figures(name, episodes, is_policy=is_policy, fps=30)


@pytest.mark.parametrize(("little", "is_told"), [(2.0, False), (5.5, True)])
def test_the_report_says_where_labels_had_nothing_to_add(little: float, is_told: bool) -> None:
    players = (played("little", little), played("truth", 5.5), played("scripted", 5.5, is_policy=False))
    results = Results(game={}, players=players, settings={}, comparisons=(), shares=(), machine={}, videos=())
    assert transfer_report.nothing_to_add(results) is is_told


def test_the_report_answers_what_labels_were_worth_with_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = chain_in(tmp_path, Arm.UNFILTERED)
    reached = {Arm.UNFILTERED: 5.0, Arm.LITTLE: 2.0, Arm.TRUTH: 5.5, Arm.CLONING: 9.0}
    players = [played(f"{arm.value}@30", mean) for arm, mean in reached.items()]
    results = Results(
        game={"game_id": "courier", "environment": "Playloom/Courier-v0"},
        players=tuple(players),
        settings={f"{arm.value}@30": {"checkpoint": str(chain.policy(arm) / "checkpoints/step-30")} for arm in reached},
        comparisons=(),
        shares=(),
        machine={"workers": 0},
        videos=(Video(player="little@30", which="best", seed=3, score=3.0, file="videos/a.mp4"),),
    )
    chain.results.mkdir()
    write_results(results, chain.results)
    nothing = Figure(value=None)
    labels = LabelFigures(event_f1=Figure(value=0.5), axes_r2={"stick": nothing}, wrong_share=0.25, frames=900)
    report = LabelReport(everything=labels, kept=labels, filters=())
    monkeypatch.setattr(transfer_report, "label_report", lambda labelled, truth: report)
    monkeypatch.setattr(transfer_report, "open_training_dataset", lambda path: SimpleNamespace(frames=1800, fps=30))

    page = transfer_report.write_transfer_report(chain).read_text()

    assert "| All labels, beside none | +3.00 (+3.00 to +3.00) | above |" in page
    assert "| The policy, beside plain cloning of the same play | -3.50 (-3.50 to -3.50) | below |" in page
    assert "labels-filtered: there is no such policy, because filters left nothing to learn from." in page
    assert "| labels-all | 900 | 0.500 | stick none | 25.0% |" in page
    assert "Of little play (1.0 minutes) it is known what was pressed" in page
    assert "- [little, best: score 3, seed 3](play/videos/a.mp4)" in page
    document = json.loads((tmp_path / "report.json").read_text())
    assert [one["verdict"] for one in document["answers"]] == ["above", "above", "above", "below"]
    assert '<video controls preload="metadata" src="play/videos/a.mp4">' in (tmp_path / "report.html").read_text()
