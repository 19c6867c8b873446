"""A training run of a policy, from its options to its summary."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import torch

from playloom.figures import bytes_in_words, count_in_words
from training.action_space import ActionSpace
from training.ema import averaged_weights
from training.errors import DatasetMismatchError
from training.policy.config import PolicyConfig
from training.policy.datasets import OpenedMix, open_mix, policy_data
from training.policy.loading import kind_of, policy_config
from training.policy.making import AnyPolicy, make_model
from training.policy.schema import PolicyTraining
from training.policy.siglip import SiglipEncoder
from training.policy.targets import is_labelled
from training.policy.task import PolicyTask
from training.runs.begun_from import check_same_data, dataset_lineage, parent_run
from training.runs.checkpoint import EMA, Checkpoint, read_checkpoint
from training.runs.directory import RunDirectory, find_checkpoint
from training.runs.lineage import Lineage, ParentCheckpoint, new_lineage, terms_of
from training.trainer.display import Display
from training.trainer.distributed import Alone, Distributed
from training.trainer.machine import choose_device, prepare
from training.trainer.running import TrainedRun, run_task, weights_of

TASKS = "tasks.weight"
"""What is known of tasks, among a model's weights."""


def train_policy(
    options: PolicyTraining,
    run: RunDirectory,
    *,
    resume: bool = False,
    distributed: Distributed | None = None,
    display: Display | None = None,
) -> TrainedRun[PolicyTask]:
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
        mix = open_mix(options.data)
        latest = run.latest() if resume else None
        checkpoint = None if latest is None else read_checkpoint(latest)
        if checkpoint is not None:
            check_same_data(checkpoint.lineage, [one.dataset for one in mix.of])
        balance = mix.balance()
        vision = None if checkpoint is None else checkpoint.config.get("vision")
        model = make_model(options.model, mix.space, tasks=len(mix.tasks), balance=balance, vision=vision)
        if checkpoint is not None:  # before a frozen encoder is asked for what it sees
            model.load_state_dict(averaged_weights(checkpoint.tensors[EMA]))
        elif options.run.initialize_from is not None:
            _initialize(model, options.run.initialize_from)
        model = model.to(distributed.device)
        data = policy_data(
            options, mix, balance, model.encoder, distributed=distributed, display=shown
        )  # fmt: skip
        stack.callback(data.batches.close)
        lineage = _new_lineage(options, mix, model, run) if checkpoint is None else checkpoint.lineage
        task = PolicyTask(options.model, model, data, options.data, lineage, distributed.device)
        return run_task(
            task, options, run, checkpoint=checkpoint, introduce=lambda shown: _introduce(task, mix, shown),
            distributed=distributed, display=shown,
        )  # fmt: skip


def _new_lineage(options: PolicyTraining, mix: OpenedMix, model: AnyPolicy, run: RunDirectory) -> Lineage:
    parents: list[ParentCheckpoint] = []
    terms = [term for one in mix.of for term in terms_of(one.dataset.path)]
    if options.run.initialize_from is not None:
        parent, brought = parent_run(options.run.initialize_from)
        parents.append(parent)
        terms += brought
    weights = options.model.encoder.weights
    if weights is not None and isinstance(model.encoder, SiglipEncoder):
        parents.append(ParentCheckpoint(path=weights, sha256=model.encoder.fingerprint()))
    datasets = [dataset_lineage(one.dataset, one.part.version, one.parts.train) for one in mix.of]
    return new_lineage(kind_of(options.model), run.path.name, datasets, parents=parents, terms=terms)


def _initialize(model: AnyPolicy, where: str) -> None:
    path = find_checkpoint(Path(where))
    checkpoint: Checkpoint = read_checkpoint(path, (EMA,))
    document = checkpoint.config
    if document.get("kind") != kind_of(model.config):
        raise DatasetMismatchError(
            f"{path}: holds a model of kind '{document.get('kind')}', and this run is one of '{kind_of(model.config)}'",
            remedy="Name the run of a policy with the same head",
        )
    space = ActionSpace.from_document(document["space"])
    if space != model.space or not _same_shape(policy_config(document["model"]), model.config):
        raise DatasetMismatchError(
            f"{path}: its policy has another shape, or presses other actions, than this run's",
            remedy="Take its model.* values, and a dataset of the same game and mapping",
        )
    weights = averaged_weights(checkpoint.tensors[EMA])
    mine = model.state_dict().get(TASKS)
    if mine is not None and len(mine) != len(weights[TASKS]):  # tasks of another dataset are learned anew
        weights[TASKS] = torch.cat((weights[TASKS][:1], mine[1:]))
    model.load_state_dict(weights)


def _same_shape(one: PolicyConfig, other: PolicyConfig) -> bool:
    """Whether the weights of one fit the other."""
    names = ("history", "picture_size", "chunk", "head", "buttons", "width", "depth", "heads")
    encoder = ("kind", "channels", "blocks", "grid")
    return (
        all(getattr(one, name) == getattr(other, name) for name in names)
        and all(getattr(one.encoder, name) == getattr(other.encoder, name) for name in encoder)
        and (one.held_dropout < 1) == (other.held_dropout < 1)
    )


def _introduce(task: PolicyTask, mix: OpenedMix, display: Display) -> None:
    config = task.config
    for one in mix.of:
        source = "labelled by a model" if is_labelled(one.dataset) else "recorded"
        share = f", {one.part.weight:.0%} of every step" if len(mix.of) > 1 else ""
        display.say(
            f"{one.dataset.repo_id} ({source}): {count_in_words(len(one.parts.train), 'episode')} to train on{share}, "
            f"{len(one.parts.validation)} for validation, {len(one.parts.test)} set aside"
        )
    parameters = weights_of(task.model)
    display.say(
        f"a policy of {parameters / 1e6:.2f} million weights, {bytes_in_words(parameters * 4)}, on {task.device.type}: "
        f"{count_in_words(config.history, 'picture')} of {config.picture_width}x{config.picture_height} to "
        f"{count_in_words(config.chunk, 'row')} of {count_in_words(len(task.data.space.heads), 'action')}"
    )
    encoder = config.encoder
    if encoder.frozen and encoder.weights is None:
        display.say("its encoder is frozen and has learned nothing: name weights with model.encoder.weights=…")
