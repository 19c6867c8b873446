"""The chain around an inverse dynamics model: play, dataset, model, figures on others' play, labels for their video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.experiments.games import ExperimentGame, smaller
from training.experiments.programs import PLAYLOOM, convert_step, define_step, record_step, screens_step
from training.experiments.steps import Step

QUICK_EPISODES, QUICK_STEPS = 2, 150


@dataclass(frozen=True, kw_only=True)
class IdmExperiment:
    """What to do where.

    Attributes:
        name: of the game.
        game: how it is played.
        directory: for all that comes out.
        minutes: to train.
        quick: little play and the smallest model: it shows that the chain works.
        overrides: further ones of `playloom train idm`.
    """

    name: str
    game: ExperimentGame
    directory: Path
    minutes: float
    quick: bool = False
    overrides: tuple[str, ...] = ()

    @property
    def run(self) -> Path:
        """Of training."""
        return self.directory / "run"

    @property
    def evaluation(self) -> Path:
        """Of the model on play that it has not seen."""
        return self.directory / "evaluation"

    @property
    def labelled(self) -> Path:
        """What became of the video without input."""
        return self.directory / "labelled"

    @property
    def truth(self) -> Path:
        """The dataset of the play that is judged."""
        return self.directory / "test-dataset"

    def steps(self) -> tuple[Step, ...]:
        """All programs, in order."""
        train, test = self.game.train, self.game.test
        if self.quick:
            train, test = (smaller(plays, episodes=QUICK_EPISODES, steps=QUICK_STEPS) for plays in (train, test))
        games = self.directory / "games"
        model = self._trained()
        return (
            define_step(self.game, games),
            *(record_step(self.game, play, "train", self._sessions("train")) for play in train),
            *(record_step(self.game, play, "test", self._sessions("test")) for play in test),
            convert_step(self.name, "train", self._sessions("train"), games, self.directory / "train-dataset"),
            convert_step(self.name, "test", self._sessions("test"), games, self.truth),
            model,
            self._evaluated(),
            *self._examples(),
            self._labelled(),
        )

    def _sessions(self, part: str) -> Path:
        return self.directory / f"{part}-sessions"

    def _trained(self) -> Step:
        width, height = self.game.picture
        shape = (f"model.picture_width={width}", f"model.picture_height={height}", f"model.window={self.game.window}")
        preset = ("preset=debug",) if self.quick else ("preset=cpu", f"trainer.max_minutes={self.minutes:g}", *shape)
        return Step(
            name="train",
            says="the model learns",
            command=(
                *(PLAYLOOM, "train", "idm", f"data.path={self.directory / 'train-dataset'}", *preset),
                *(f"run.directory={self.run}", *self.game.overrides, *self.overrides),
            ),
            makes=self.run,
            going_on=(PLAYLOOM, "train", "idm", "--resume", str(self.run)),
        )

    def _evaluated(self) -> Step:
        return Step(
            name="evaluate",
            says="what the model is worth on play that it has not seen",
            command=(
                *(PLAYLOOM, "evaluate", "idm", str(self.run), str(self.truth), "-o", str(self.evaluation)),
                *("--recordings", str(self.directory / "test-sessions")),
            ),
            makes=self.evaluation,
        )

    def _examples(self) -> tuple[Step, ...]:
        if self.name != "courier":
            return ()
        return (screens_step(self._sessions("train"), self.directory / "screens"),)

    def _labelled(self) -> Step:
        examples = (f"filters.screens.examples={self.directory / 'screens'}",) if self.name == "courier" else ()
        # The smallest model is sure of nothing: its chain is to have an end that can be looked at.
        filters = ("filters.confidence.on=false",) if self.quick else ()
        command = (
            *(PLAYLOOM, "label", str(self.run), str(self.directory / "test-sessions"), "-o", str(self.labelled)),
            *("video.recorded=true", "runners.workers=0", *filters, *examples),
        )
        return Step(
            name="label",
            says="labels for video whose input it is not shown",
            command=command,
            makes=self.labelled,
            going_on=command,
        )
