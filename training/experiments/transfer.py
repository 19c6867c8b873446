"""From little labelled play and much unlabelled play to policies, and what the labels are worth at play.

An inverse dynamics model learns from the little play and labels the video of the much. Policies then learn from the
little alone, from the little with the labels (those that filters left, and all of them), and from the little with the
truth of the same play, which is what labels could be worth at best; beside the last a plain cloning of it, the
baseline. All look at the same share of each and learn for as long, and all play the same games.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from training.experiments.programs import PLAYLOOM, convert_step, define_step, record_step, screens_step
from training.experiments.steps import Step, Steps
from training.experiments.transfer_games import TransferGame

NO_TEST_PART = "data.split.test=0"
"""What is judged is play in other games."""

UNFILTERED = tuple(
    f"filters.{name}.on=false" for name in ("confidence", "disagreement", "plain", "idle", "cuts", "duplicates")
)


class Arm(StrEnum):
    """What a policy learns from; the name of its run."""

    FILTERED = "labels-filtered"
    """The little play, and labels of the much that filters left."""
    UNFILTERED = "labels-all"
    """The little play, and all labels of the much."""
    LITTLE = "little"
    """The little play alone."""
    TRUTH = "truth"
    """The little play, and the much with its true input."""
    CLONING = "truth-cloned"
    """The same, by plain behaviour cloning: the baseline."""


@dataclass(frozen=True, kw_only=True)
class TransferExperiment:
    """What to do where.

    Attributes:
        name: of the game.
        game: how it is played.
        directory: for all that comes out.
        minutes: that each model trains.
        episodes: that each policy plays.
        workers: that play at the same time.
        quick: the smallest models.
        overrides: further ones of `playloom train policy`.
    """

    name: str
    game: TransferGame
    directory: Path
    minutes: float
    episodes: int
    workers: int
    quick: bool = False
    overrides: tuple[str, ...] = ()

    @property
    def idm(self) -> Path:
        """The run of the inverse dynamics model."""
        return self.directory / "idm"

    @property
    def results(self) -> Path:
        """What the policies have played."""
        return self.directory / "play"

    def dataset(self, part: str) -> Path:
        """Of recorded play: "little" or "much"."""
        return self.directory / f"{part}-dataset"

    def sessions(self, part: str) -> Path:
        """Likewise."""
        return self.directory / f"{part}-sessions"

    def labelled(self, arm: Arm) -> Path:
        """What labelling made for an arm."""
        return self.directory / arm.value

    def policy(self, arm: Arm) -> Path:
        """The run of an arm's policy."""
        return self.directory / "policies" / arm.value

    def arms(self) -> tuple[Arm, ...]:
        """Those whose data there is: filters may leave nothing. The order in which they are compared."""
        return tuple(
            arm for arm in Arm if arm not in (Arm.FILTERED, Arm.UNFILTERED) or (self.labelled(arm) / "dataset").is_dir()
        )

    def run(self, say: Callable[[str], None]) -> None:
        """Do what has not been done.

        Raises:
            StepFailedError: a program has failed; what was done before stays.
        """
        steps = Steps(directory=self.directory, say=say)
        data = self.data_steps()
        total = len(data) + len(Arm) + 1
        changed = steps.run(data, of=total)
        play = self.play_steps()
        steps.run(play, changed=changed, before=len(data), of=len(data) + len(play))

    def data_steps(self) -> tuple[Step, ...]:
        """All up to the labels."""
        base, games = self.game.base, self.directory / "games"
        screens = self.directory / "screens"
        has_screens = self.name == "courier" and not self.quick  # a few seconds of play show neither
        return (
            define_step(base, games),
            record_step(base, self.game.little, "little", self.sessions("little")),
            record_step(base, self.game.much, "much", self.sessions("much")),
            convert_step(self.name, "little", self.sessions("little"), games, self.dataset("little")),
            convert_step(self.name, "much", self.sessions("much"), games, self.dataset("much")),
            self._idm(),
            *((screens_step(self.sessions("little"), screens),) if has_screens else ()),
            self._labels(Arm.FILTERED, (f"filters.screens.examples={screens}",) if has_screens else ()),
            self._labels(Arm.UNFILTERED, UNFILTERED),
        )

    def play_steps(self) -> tuple[Step, ...]:
        """The policies, and what they play."""
        arms = self.arms()
        return (*(self._policy(arm) for arm in arms), self._played(arms))

    def _idm(self) -> Step:
        base = self.game.base
        width, height = base.picture
        shape = (f"model.picture_width={width}", f"model.picture_height={height}", f"model.window={base.window}")
        preset = ("preset=debug",) if self.quick else ("preset=cpu", f"trainer.max_minutes={self.minutes:g}", *shape)
        data = f"data.path={self.dataset('little')}"
        return Step(
            name="idm",
            says="a model learns from the little play what was pressed",
            command=(
                PLAYLOOM,
                "train",
                "idm",
                data,
                NO_TEST_PART,
                *preset,
                f"run.directory={self.idm}",
                *base.overrides,
            ),
            makes=self.idm,
            going_on=(PLAYLOOM, "train", "idm", "--resume", str(self.idm)),
        )

    def _labels(self, arm: Arm, options: tuple[str, ...]) -> Step:
        # The smallest model is sure of nothing: its chain is to have an end that can be looked at.
        loose = ("filters.confidence.on=false", "filters.disagreement.on=false") if self.quick else ()
        command = (
            *(PLAYLOOM, "label", str(self.idm), str(self.sessions("much")), "-o", str(self.labelled(arm))),
            *("video.recorded=true", "runners.workers=0", f"dataset.repo_id=local/{self.name}-{arm.value}"),
            *(loose if arm is Arm.FILTERED else ()),
            *options,
        )
        which = "that filters leave" if arm is Arm.FILTERED else "all of them"
        return Step(
            name=arm.value,
            says=f"labels for the video of the much play, {which}",
            command=command,
            makes=self.labelled(arm),
            going_on=command,
        )

    def _policy(self, arm: Arm) -> Step:
        preset = ("preset=debug",) if self.quick else ("preset=cpu", f"trainer.max_minutes={self.minutes:g}")
        head = ("head=bc",) if arm is Arm.CLONING else ()
        return Step(
            name=f"policy-{arm.value}",
            says=f"a policy learns: {arm.value}",
            command=(
                *(PLAYLOOM, "train", "policy", *self._data(arm), NO_TEST_PART, *preset, *head),
                *(f"run.directory={self.policy(arm)}", *(() if self.quick else self.game.policy), *self.overrides),
            ),
            makes=self.policy(arm),
            going_on=(PLAYLOOM, "train", "policy", "--resume", str(self.policy(arm))),
        )

    def _data(self, arm: Arm) -> tuple[str, ...]:
        little, share = self.dataset("little"), self.game.little_share
        if arm is Arm.LITTLE:
            return (f"data.path={little}",)
        much = self.labelled(arm) / "dataset" if arm in (Arm.FILTERED, Arm.UNFILTERED) else self.dataset("much")
        parts = (f"{{path: '{little}', weight: {share:g}}}", f"{{path: '{much}', weight: {1 - share:g}}}")
        return (f"data.mix=[{', '.join(parts)}]",)

    def _played(self, arms: tuple[Arm, ...]) -> Step:
        base = self.game.base
        command = (
            *(PLAYLOOM, "evaluate", "policy", *(str(self.policy(arm)) for arm in arms), "-o", str(self.results)),
            *("--game", base.environment, "--episodes", str(self.episodes), "--max-steps", str(self.game.max_steps)),
            *("--input", base.device, "--workers", str(self.workers), *self.game.judged),
        )
        return Step(name="play", says="everybody plays", command=command, makes=self.results, going_on=command)
