"""What labelling can be told: the types behind `conf/label`, each value with its meaning and what it may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

from training.runs.compose import Program, check_ranges
from training.runs.schema import Device, Precision


@dataclass(kw_only=True)
class ModelOptions:
    """Attributes:
    device: what to compute on.
    precision: what to compute in.
    batch: windows at a time.
    overlap: how many windows see each frame; their answers are averaged, and where they differ a frame is in doubt.
    threads: of the CPU, for a labeller; 0: the share that the model has of the work, beside
        decoding.
    """

    device: Device = Device.auto
    precision: Precision = Precision.auto
    batch: int = 64
    overlap: int = 2
    threads: int = 0


@dataclass(kw_only=True)
class VideoOptions:
    """Attributes:
    masks: rectangles [left, top, right, bottom], in parts of the picture's sides from 0 to 1, that are made black
        before the model looks, and in the dataset: a drawn controller, a face camera.
    masks_file: YAML with rectangles by video, or the metadata.json of a NitroGen chunk.
    max_gap_s: a longer time between two frames ends a stretch of play.
    recorded: label sessions too whose input was recorded.
    """

    masks: list[Any] = field(default_factory=list)
    masks_file: str | None = None
    max_gap_s: float = 1.0
    recorded: bool = False


@dataclass(kw_only=True)
class ConfidenceOptions:
    """Attributes:
    on: whether it filters.
    buttons: how probable it must be that all buttons are right.
    sticks: how probable it must be, on average, that sticks, triggers and mouse are near.
    over_s: both are averaged over so long.
    """

    on: bool = True
    buttons: float = 0.5
    sticks: float = 0.0
    over_s: float = 0.2


@dataclass(kw_only=True)
class DisagreementOptions:
    """Attributes:
    on: whether it filters.
    most: how far overlapping windows may be apart, of any head: 0 where they agree, 1 where they say the opposite.
    """

    on: bool = True
    most: float = 0.6


@dataclass(kw_only=True)
class ScreenOptions:
    """Attributes:
    examples: what menus and loading screens look like: a directory with `menu`, `loading` and `play` of pictures or
        clips, or a YAML list of spans. Without it menus are not filtered, and loading screens by their plainness.
    least: how probable a screen must be.
    over_s: the probability's median over so long counts.
    steps: of learning from the examples.
    """

    examples: str | None = None
    least: float = 0.5
    over_s: float = 0.1
    steps: int = 400


@dataclass(kw_only=True)
class PlainOptions:
    """Attributes:
    on: whether plain pictures count as loading screens.
    share: of the picture that has one brightness and no texture; not asked where examples of loading screens are given.
    for_s: for so long.
    """

    on: bool = True
    share: float = 0.85
    for_s: float = 0.2


@dataclass(kw_only=True)
class IdleOptions:
    """Attributes:
    on: whether it filters.
    for_s: nothing is done for so long.
    rest: sticks and triggers below it are at rest.
    """

    on: bool = True
    for_s: float = 4.0
    rest: float = 0.2


@dataclass(kw_only=True)
class CutOptions:
    """Attributes:
    on: whether it filters.
    content: the least change of a picture that can be a cut, as scenedetect counts it.
    ratio: how many times the change around it.
    """

    on: bool = True
    content: float = 20.0
    ratio: float = 3.0


@dataclass(kw_only=True)
class DuplicateOptions:
    """Attributes:
    on: whether it filters.
    change: how much the brightness of 4 by 4 pixels may change, of 255, for two pictures to be the same.
    for_s: that many in a row are left out; single ones belong to play.
    """

    on: bool = True
    change: float = 3.0
    for_s: float = 0.4


@dataclass(kw_only=True)
class FilterOptions:
    """What is left out of the dataset.

    Attributes:
        min_episode_s: what is left between is left out, too, if it is shorter.
    """

    confidence: ConfidenceOptions = field(default_factory=ConfidenceOptions)
    disagreement: DisagreementOptions = field(default_factory=DisagreementOptions)
    screens: ScreenOptions = field(default_factory=ScreenOptions)
    plain: PlainOptions = field(default_factory=PlainOptions)
    idle: IdleOptions = field(default_factory=IdleOptions)
    cuts: CutOptions = field(default_factory=CutOptions)
    duplicates: DuplicateOptions = field(default_factory=DuplicateOptions)
    min_episode_s: float = 1.0


@dataclass(kw_only=True)
class DatasetOptions:
    """Attributes:
    make: whether the dataset is made, or only the labels.
    repo_id: its name, owner/name.
    task: what the play is of where a session does not say.
    player: whose play videos count as.
    size: WIDTHxHEIGHT of its pictures; the first video's if none is given.
    max_file_mb: episodes share a video file up to this size.
    crf: quality of videos that have to be encoded anew.
    """

    make: bool = True
    repo_id: str = "local/labelled"
    task: str = "Play"
    player: str = ""
    size: str | None = None
    max_file_mb: int = 200
    crf: int = 18


@dataclass(kw_only=True)
class RunnersOptions:
    """Attributes:
    workers: videos at the same time, each in a Ray actor; 0: one after another in this program; -1: by the machine.
    ray_address: of a Ray cluster; none: Ray on this machine.
    cpus: that an actor asks for.
    gpus: that an actor asks for; a part of one lets several share it.
    """

    workers: int = -1
    ray_address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(kw_only=True)
class Labelling:
    """All of `playloom label`."""

    model: ModelOptions = field(default_factory=ModelOptions)
    video: VideoOptions = field(default_factory=VideoOptions)
    filters: FilterOptions = field(default_factory=FilterOptions)
    dataset: DatasetOptions = field(default_factory=DatasetOptions)
    runners: RunnersOptions = field(default_factory=RunnersOptions)

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            OverrideError: a value is out of its range.
        """
        filters = self.filters
        check_ranges(
            [
                ("model.batch", self.model.batch, 1, 65_536),
                ("model.overlap", self.model.overlap, 1, 32),
                ("model.threads", self.model.threads, 0, 1024),
                ("video.max_gap_s", self.video.max_gap_s, 0.001, inf),
                ("filters.confidence.buttons", filters.confidence.buttons, 0, 1),
                ("filters.confidence.sticks", filters.confidence.sticks, 0, 1),
                ("filters.confidence.over_s", filters.confidence.over_s, 0, 60),
                ("filters.disagreement.most", filters.disagreement.most, 0, 1),
                ("filters.screens.least", filters.screens.least, 0, 1),
                ("filters.screens.over_s", filters.screens.over_s, 0, 60),
                ("filters.screens.steps", filters.screens.steps, 1, 100_000),
                ("filters.plain.share", filters.plain.share, 0.01, 1),
                ("filters.plain.for_s", filters.plain.for_s, 0, inf),
                ("filters.idle.for_s", filters.idle.for_s, 0, inf),
                ("filters.idle.rest", filters.idle.rest, 0, 1),
                ("filters.cuts.content", filters.cuts.content, 0, 255),
                ("filters.cuts.ratio", filters.cuts.ratio, 1, inf),
                ("filters.duplicates.change", filters.duplicates.change, 0, 255),
                ("filters.duplicates.for_s", filters.duplicates.for_s, 0, inf),
                ("filters.min_episode_s", filters.min_episode_s, 0, inf),
                ("runners.workers", self.runners.workers, -1, 1024),
                ("runners.cpus", self.runners.cpus, 0, 1024),
                ("runners.gpus", self.runners.gpus, 0, 64),
            ]
        )


PROGRAM = Program(package="conf.label", schema=Labelling)
