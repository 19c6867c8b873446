"""What a training run can be told: the types behind `conf`, each value with its meaning and what it may be.

These are Hydra's structured configs: not frozen, because Hydra refuses to override frozen ones, and with enums for
choices, because it refuses literals. The values that hold unless somebody says otherwise stand here; a preset of `conf`
changes some of them for a kind of machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from training.idm.config import IdmConfig


class SplitBy(Enum):
    """What stays together when a dataset is divided."""

    player = "player"
    session = "session"
    seed = "seed"
    game = "game"


class Device(Enum):
    """What to compute on; `auto` takes a GPU where there is one."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Precision(Enum):
    """What to compute in; `auto` is bfloat16 where the machine multiplies it fast (labelling: on a GPU only), else
    float32."""

    auto = "auto"
    bfloat16 = "bfloat16"
    float32 = "float32"


@dataclass(kw_only=True)
class SplitOptions:
    """Attributes:
    by: what stays together: nothing of a player (session, seed, game) that is trained on is in the other parts.
    validation: share of the frames that figures are taken on while training, and temperatures fitted.
    test: share that nothing here looks at: `playloom evaluate` does.
    seed: another one gives another division.
    """

    by: SplitBy = SplitBy.session
    validation: float = 0.1
    test: float = 0.1
    seed: int = 0


@dataclass(kw_only=True)
class ClipOptions:
    """What of a dataset is learned from, and how it is read, whatever learns.

    Attributes:
    version: of the pulled dataset that `path` names; the newest that is here if none is given.
    players: train on these only; empty: all.
    sessions: train on these only; empty: all.
    categorical: groups of digital actions of which at most one is held at a time.
    mouse: actions of two values that are mouse motion.
    batch: clips in a step, before trainer.accumulate.
    stride: frames from the beginning of one clip to that of the next.
    frame_step: frames from one picture of a clip to the next.
    workers: processes that decode.
    cache: keep all pictures at the model's size on disk; made once, then nothing is decoded any more.
    cache_directory: where; Playloom's own cache folder if none is given.
    augment: change pictures as cameras, codecs and screens do.
    validation_clips: how many clips figures are taken on; 0: all.
    """

    version: int | None = None
    players: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    split: SplitOptions = field(default_factory=SplitOptions)
    categorical: list[list[str]] = field(default_factory=list)
    mouse: list[str] = field(default_factory=list)
    batch: int = 32
    stride: int = 1
    frame_step: int = 1
    workers: int = 2
    cache: bool = True
    cache_directory: str | None = None
    augment: bool = False
    validation_clips: int = 512


@dataclass(kw_only=True)
class DataOptions(ClipOptions):
    """Attributes:
    path: a LeRobot dataset's directory, or the name of a pulled one.
    """

    path: str = MISSING


@dataclass(kw_only=True)
class TrainerOptions:
    """Attributes:
    max_steps: where it ends; the learning rate has fallen to its end by then.
    max_minutes: where it ends on the clock, whatever comes first; then the learning rate follows the clock too.
    device: what to compute on.
    precision: what to compute in; auto: bfloat16 on a GPU and on a processor that multiplies it, else float32.
    compile: whether torch.compile builds the model; takes a minute, then steps are faster.
    deterministic: whether the same run gives the same losses bit for bit.
    threads: of the CPU; 0: one a core.
    processes: that train together, by Ray Train; data.batch is of each. On GPUs each takes one.
    seed: of weights, order and dropout.
    accumulate: batches that make one step.
    learning_rate: at its highest.
    final_rate: what is left of it at the end, as a share.
    warmup_steps: until it is reached.
    weight_decay: of matrices; biases and norms have none.
    clip_norm: the longest gradient; a longer one is shortened to it. 0: as it comes.
    ema_decay: how much of the average of the weights stays in a step, once it is warm.
    log_every: steps from one line of figures to the next.
    validate_every: steps from one validation and checkpoint to the next.
    checkpoint_minutes: the longest time without a checkpoint.
    keep: how many of the newest checkpoints stay; the best one stays beside them.
    skip_nonfinite: how many steps whose loss is no number are left out before the run stops.
    """

    max_steps: int = 20_000
    max_minutes: float | None = None
    device: Device = Device.auto
    precision: Precision = Precision.auto
    compile: bool = False
    deterministic: bool = False
    threads: int = 0
    processes: int = 1
    seed: int = 0
    accumulate: int = 1
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    warmup_steps: int = 100
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    log_every: int = 20
    validate_every: int = 500
    checkpoint_minutes: float = 10.0
    keep: int = 3
    skip_nonfinite: int = 0


@dataclass(kw_only=True)
class RunOptions:
    """Attributes:
    root: the directory of all runs.
    name: what a person calls this one; the dataset's name if none is given.
    directory: exactly where, instead of root and name; must hold no run.
    initialize_from: a run or checkpoint whose weights to begin from.
    """

    root: str = "runs"
    name: str | None = None
    directory: str | None = None
    initialize_from: str | None = None


@dataclass(kw_only=True)
class LoggingOptions:
    """Attributes:
    tensorboard: whether figures are also written for TensorBoard.
    wandb: whether they are also sent to Weights & Biases; needs the extra wandb.
    wandb_project: the project there.
    wandb_mode: online, or offline (kept here until `wandb sync`).
    """

    tensorboard: bool = True
    wandb: bool = False
    wandb_project: str = "playloom"
    wandb_mode: str = "online"


@dataclass(kw_only=True)
class IdmTraining:
    """All of `playloom train idm`."""

    data: DataOptions = field(default_factory=DataOptions)
    model: IdmConfig = field(default_factory=IdmConfig)
    trainer: TrainerOptions = field(default_factory=TrainerOptions)
    run: RunOptions = field(default_factory=RunOptions)
    logging: LoggingOptions = field(default_factory=LoggingOptions)
