"""A training run of an inverse dynamics model, from its options to its summary."""

from __future__ import annotations

from contextlib import ExitStack

from playloom.figures import bytes_in_words, count_in_words
from training.action_space import action_space_of
from training.data.augmentation import LIVE
from training.data.clips import ClipPlan
from training.data.dataset import GameDataset, open_training_dataset
from training.data.kept_pictures import keep_pictures
from training.data.loader import ClipLoader
from training.data.splits import split_dataset
from training.errors import DatasetMismatchError
from training.idm.loading import KIND, load_checkpoint
from training.idm.task import IdmData, IdmTask
from training.runs.begun_from import check_same_data, dataset_lineage, parent_run
from training.runs.checkpoint import read_checkpoint
from training.runs.directory import RunDirectory
from training.runs.lineage import Lineage, ParentCheckpoint, new_lineage, terms_of
from training.runs.schema import IdmTraining
from training.trainer.display import Display
from training.trainer.distributed import Alone, Distributed
from training.trainer.machine import choose_device, prepare
from training.trainer.running import TrainedRun, run_task, weights_of


def train_idm(
    options: IdmTraining,
    run: RunDirectory,
    *,
    resume: bool = False,
    distributed: Distributed | None = None,
    display: Display | None = None,
) -> TrainedRun[IdmTask]:
    """Train. The caller holds the run's lock.

    Args:
        options: all that is to be known; config.yaml of the run holds them.
        run: where its files go.
        resume: go on from its latest checkpoint, where there is one.
        distributed: this process among those that train together; None: alone.
        display: what a person sees; nothing if none is given.

    Raises:
        TrainingError: it cannot begin, or cannot go on.
    """
    prepare(options.trainer)
    distributed = distributed or Alone(device=choose_device(options.trainer.device))
    with ExitStack() as stack:
        shown = stack.enter_context(display or Display(shown=False))
        data = open_data(options, distributed=distributed, display=shown)
        stack.callback(data.batches.close)
        latest = run.latest() if resume else None
        checkpoint = None if latest is None else read_checkpoint(latest)
        lineage = _new_lineage(options, data, run) if checkpoint is None else checkpoint.lineage
        if checkpoint is not None:
            check_same_data(lineage, [data.dataset])
        task = IdmTask(options.model, data, options.data, lineage, distributed.device)
        if checkpoint is None and options.run.initialize_from is not None:
            _initialize(task, options.run.initialize_from)
        return run_task(
            task, options, run, checkpoint=checkpoint, introduce=lambda shown: _introduce(task, shown),
            distributed=distributed, display=shown,
        )  # fmt: skip


def open_data(options: IdmTraining, *, distributed: Distributed, display: Display) -> IdmData:
    """Open, divide and, where that is wanted, cache a dataset.

    Raises:
        DatasetMismatchError: it is none that can be trained on.
    """
    wanted, config = options.data, options.model
    dataset = open_training_dataset(
        wanted.path, version=wanted.version, players=wanted.players, sessions=wanted.sessions
    )
    split = wanted.split
    parts = split_dataset(dataset, by=split.by.name, validation=split.validation, test=split.test, seed=split.seed)
    space = action_space_of(dataset.info, categorical=wanted.categorical, mouse=wanted.mouse)
    cache = None
    if wanted.cache:
        cache = keep_pictures(
            dataset, (*parts.train, *parts.validation), config.picture_size, wanted.cache_directory,
            workers=wanted.workers, distributed=distributed, display=display,
        )  # fmt: skip
    plan = ClipPlan(dataset, parts.train, window=config.window, stride=wanted.stride, frame_step=wanted.frame_step)
    return IdmData(
        dataset=dataset,
        parts=parts,
        space=space,
        batches=ClipLoader(
            plan,
            batch=wanted.batch,
            size=config.picture_size,
            seed=options.trainer.seed,
            workers=wanted.workers,
            cache=cache,
            augment=LIVE if wanted.augment else None,
            rank=distributed.rank,
            world=distributed.world,
        ),
        validation=_validation_plan(options, dataset, parts.validation),
        cache=cache,
    )


def _validation_plan(options: IdmTraining, dataset: GameDataset, episodes: tuple[int, ...]) -> ClipPlan | None:
    """Clips that follow each other, of episodes spread over the part, as many as are wanted."""
    wanted, window = options.data, options.model.window
    if not episodes:
        return None

    def plan(of: tuple[int, ...]) -> ClipPlan:
        return ClipPlan(
            dataset, of, window=window, stride=(window - 1) * wanted.frame_step, frame_step=wanted.frame_step
        )

    whole = plan(episodes)
    if not wanted.validation_clips or len(whole) <= wanted.validation_clips:
        return whole
    count = max(1, len(episodes) * wanted.validation_clips // len(whole))
    return plan(tuple(episodes[number * len(episodes) // count] for number in range(count)))


def _new_lineage(options: IdmTraining, data: IdmData, run: RunDirectory) -> Lineage:
    parents: list[ParentCheckpoint] = []
    terms = list(terms_of(data.dataset.path))
    if options.run.initialize_from is not None:
        parent, brought = parent_run(options.run.initialize_from)
        parents.append(parent)
        terms += brought
    dataset = dataset_lineage(data.dataset, options.data.version, data.parts.train)
    return new_lineage(KIND, run.path.name, [dataset], parents=parents, terms=terms)


def _initialize(task: IdmTask, where: str) -> None:
    loaded = load_checkpoint(where, device=task.device)
    if loaded.space != task.data.space or loaded.config != task.config:
        raise DatasetMismatchError(
            f"{loaded.path}: its model has another shape, or predicts other actions, than this run's",
            remedy="Take its model.* values, and a dataset of the same game and mapping",
        )
    task.model.load_state_dict(loaded.model.state_dict())


def _introduce(task: IdmTask, display: Display) -> None:
    data, parts = task.data, task.data.parts
    display.say(
        f"{data.dataset.repo_id}: {count_in_words(len(parts.train), 'episode')} to train on, "
        f"{len(parts.validation)} for validation, {len(parts.test)} set aside for 'playloom evaluate'"
    )
    parameters = weights_of(task.model)
    display.say(
        f"a model of {parameters / 1e6:.2f} million weights, {bytes_in_words(parameters * 4)}, on {task.device.type}: "
        f"{task.config.window} pictures of {task.config.picture_width}x{task.config.picture_height} "
        f"to {count_in_words(len(data.space.heads), 'action')}"
    )
