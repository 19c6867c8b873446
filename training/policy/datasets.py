"""What a policy learns from, opened: one dataset or several that fit each other, divided, and cached where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.action_space import ActionSpace, action_space_of
from training.data.augmentation import LIVE
from training.data.clips import ChosenClips, ClipPlan
from training.data.dataset import GameDataset, open_training_dataset
from training.data.feature_cache import FeatureCache, build_feature_cache
from training.data.kept_pictures import default_cache_root, keep_pictures
from training.data.loader import ClipLoader
from training.data.splits import Parts, split_dataset
from training.errors import DatasetMismatchError
from training.idm.balance import ClassBalance, class_balance
from training.policy.batches import Clips, PolicyBatches, Source, clips_of_parts
from training.policy.feature_clips import FeatureClips
from training.policy.schema import MixPart, PolicyDataOptions, PolicyTraining
from training.policy.siglip import SiglipEncoder
from training.policy.targets import ChunkTargets, is_labelled, task_names
from training.policy.task import PolicyData, ValidationClips, number_of_tasks
from training.policy.validation import executed
from training.trainer.display import Display
from training.trainer.distributed import Distributed

ENCODED_AT_ONCE = 32
"""Pictures: enough to keep a GPU busy, few enough for its memory."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A dataset of the mix. Attributes: part: as it was asked for; dataset; parts: which episodes for what."""

    part: MixPart
    dataset: GameDataset
    parts: Parts


@dataclass(frozen=True, kw_only=True)
class OpenedMix:
    """All of them. Attributes: of: in order; space: what is pressed, in each; tasks: of all, each once."""

    of: tuple[Opened, ...]
    space: ActionSpace
    tasks: tuple[str, ...]

    def balance(self) -> ClassBalance:
        """How often things are done in what is trained on.

        Raises:
            TrainingError: there is nothing, or an action is no number.
        """
        actions = (one.dataset.actions(episode) for one in self.of for episode in one.parts.train)
        return class_balance(actions, self.space)


def open_mix(wanted: PolicyDataOptions) -> OpenedMix:
    """Open and divide.

    Raises:
        DatasetMismatchError: one is none that can be trained on, or they do not fit each other.
    """
    found = [(part, _open(part, wanted)) for part in wanted.parts]
    first_part, first = found[0]
    space = action_space_of(first.info, categorical=wanted.categorical, mouse=wanted.mouse)
    for part, dataset in found[1:]:
        other = action_space_of(dataset.info, categorical=wanted.categorical, mouse=wanted.mouse)
        for what, here, there in (
            ("game", space.game_id, other.game_id),
            ("actions", ", ".join(space.names), ", ".join(other.names)),
            ("kinds of actions", *(", ".join(one.kind for one in each.heads) for each in (space, other))),
            ("frames a second", first.fps, dataset.fps),
        ):
            if here != there:
                raise DatasetMismatchError(
                    f"data.mix: {part.path} has other {what} ({there}) than {first_part.path} ({here})",
                    remedy="Mix datasets of one game, one mapping layout and one rate; convert the recordings again",
                )
    recorded = [not is_labelled(dataset) for _, dataset in found]
    tasks = dict.fromkeys(name for _, dataset in found for name in task_names(dataset) if name)
    return OpenedMix(
        of=tuple(
            Opened(part=part, dataset=dataset, parts=_divide(dataset, wanted, whole=any(recorded) and not is_recorded))
            for (part, dataset), is_recorded in zip(found, recorded, strict=True)
        ),
        space=space,
        tasks=tuple(tasks),
    )


def policy_data(
    options: PolicyTraining,
    mix: OpenedMix,
    balance: ClassBalance,
    encoder: object,
    *,
    distributed: Distributed,
    display: Display,
) -> PolicyData:
    """Everything that is trained on. Args: balance: of the mix; encoder: the model's, a frozen one's features are kept.

    Raises:
        DatasetMismatchError: there are no clips, or the features of a frozen encoder are to be disturbed.
    """
    wanted, config = options.data, options.model
    counts = clips_of_parts([one.part.weight for one in mix.of], wanted.batch)
    features = isinstance(encoder, SiglipEncoder) and config.encoder.frozen and wanted.feature_cache
    if features and wanted.augment:
        raise DatasetMismatchError(
            "data.augment: a frozen encoder sees each picture once, and keeps what it makes of it",
            remedy="Take data.augment=false, or encode anew in every step: data.feature_cache=false",
        )
    sources: list[Source] = []
    validation: list[PolicyBatches] = []
    for number, (one, batch) in enumerate(zip(mix.of, counts, strict=True)):
        clips_of = _clips_maker(options, one, encoder if features else None, distributed, display)

        def targets_of(episodes: Sequence[int], one: Opened = one) -> ChunkTargets:
            return ChunkTargets(
                one.dataset, episodes, mix.space, chunk=config.chunk, label_weight=one.part.label_weight,
                actors=wanted.actors,
            )  # fmt: skip

        def source(
            clips: Clips, targets: ChunkTargets, weight: float = 1.0, one: Opened = one, number: int = number
        ) -> Source:
            return Source(
                number=number,
                dataset=one.dataset,
                clips=clips,
                targets=targets,
                tasks=number_of_tasks(mix.tasks, task_names(one.dataset)),
                weight=weight,
            )

        targets = targets_of(one.parts.train)
        plan = _that_count(_plan(options, one.dataset, one.parts.train, wanted.stride), targets, wanted)
        if plan is None:
            raise DatasetMismatchError(
                f"{one.dataset.path}: in what is trained on nothing was done by the {' or '.join(wanted.actors)}",
                remedy="Leave it out, or choose others with data.actors",
            )
        share = one.part.weight * wanted.batch / batch
        sources.append(source(clips_of(plan, batch, False), targets, share))
        held_out = _validation_plan(options, one.dataset, one.parts.validation)
        if held_out is not None:
            targets = targets_of(one.parts.validation)
            held_out = _that_count(held_out, targets, wanted)
        if held_out is not None:
            clips = clips_of(held_out, min(wanted.batch, len(held_out)), True)
            validation.append(PolicyBatches([source(clips, targets)]))
    return PolicyData(
        datasets=tuple((one.dataset, one.parts) for one in mix.of),
        space=mix.space,
        tasks=mix.tasks,
        balance=balance,
        batches=PolicyBatches(sources),
        validation=ValidationClips(validation, wanted.validation_clips) if validation else None,
    )


def _open(part: MixPart, wanted: PolicyDataOptions) -> GameDataset:
    return open_training_dataset(
        part.path, version=part.version, players=wanted.players, sessions=wanted.sessions
    )  # fmt: skip


def _divide(dataset: GameDataset, wanted: PolicyDataOptions, *, whole: bool) -> Parts:
    """``whole``: labels that are learned from beside recorded play are no truth to be measured by."""
    if whole:
        return Parts(train=tuple(episode.index for episode in dataset.episodes), validation=(), test=(), groups={})
    split = wanted.split
    return split_dataset(dataset, by=split.by.name, validation=split.validation, test=split.test, seed=split.seed)


def _plan(options: PolicyTraining, dataset: GameDataset, episodes: Sequence[int], stride: int) -> ClipPlan:
    return ClipPlan(
        dataset, episodes, window=options.model.history, stride=stride, frame_step=options.data.frame_step
    )  # fmt: skip


def _that_count(plan: ClipPlan, targets: ChunkTargets, wanted: PolicyDataOptions) -> ClipPlan | None:
    """The clips of a plan in which those who are learned from did anything; None: there are none."""
    if not wanted.actors:
        return plan
    episode, first = plan.locate(np.arange(len(plan), dtype=np.int64))
    chosen = targets.count(episode, first + plan.span - 1)
    if chosen.all():
        return plan
    return ChosenClips(plan, chosen) if chosen.any() else None


def _validation_plan(options: PolicyTraining, dataset: GameDataset, episodes: Sequence[int]) -> ClipPlan | None:
    """Clips whose chunks follow each other, of episodes spread over the part, as many as are wanted."""
    if not episodes:
        return None
    stride, wanted = executed(options.model.chunk), options.data.validation_clips
    whole = _plan(options, dataset, episodes, stride)
    if not wanted or len(whole) <= wanted:
        return whole
    count = max(1, len(episodes) * wanted // len(whole))
    return _plan(options, dataset, [episodes[number * len(episodes) // count] for number in range(count)], stride)


type ClipsMaker = Callable[[ClipPlan, int, bool], Clips]
"""Clips of a plan, so many in a batch; whether once and in order."""


def _clips_maker(
    options: PolicyTraining, one: Opened, encoder: object | None, distributed: Distributed, display: Display
) -> ClipsMaker:
    wanted, size = options.data, options.model.picture_size
    episodes = (*one.parts.train, *one.parts.validation)
    seed, rank, world = options.trainer.seed, distributed.rank, distributed.world
    if isinstance(encoder, SiglipEncoder):
        named = wanted.cache_directory
        root = default_cache_root().with_name("features") if named is None else Path(named)
        kept = build_features(
            one.dataset, episodes, size, root, encoder,
            distributed=distributed, display=display, workers=max(1, wanted.workers),
        )  # fmt: skip

        def features(plan: ClipPlan, batch: int, once: bool) -> Clips:
            if once:
                return FeatureClips(plan, kept, batch=batch, seed=0, epochs=1, shuffle=False)
            return FeatureClips(plan, kept, batch=batch, seed=seed, rank=rank, world=world)

        return features
    cache = None
    if wanted.cache:
        cache = keep_pictures(
            one.dataset, episodes, size, wanted.cache_directory, workers=wanted.workers, distributed=distributed,
            display=display,
        )  # fmt: skip
    augment = LIVE if wanted.augment else None

    def pictures(plan: ClipPlan, batch: int, once: bool) -> Clips:
        if once:
            return ClipLoader(
                plan, batch=batch, size=size, seed=0, workers=0, cache=cache, epochs=1, shuffle=False
            )  # fmt: skip
        return ClipLoader(
            plan, batch=batch, size=size, seed=seed, workers=wanted.workers, cache=cache, augment=augment,
            rank=rank, world=world,
        )  # fmt: skip

    return pictures


def build_features(
    dataset: GameDataset,
    episodes: Sequence[int],
    size: tuple[int, int],
    directory: Path,
    encoder: SiglipEncoder,
    *,
    distributed: Distributed,
    display: Display,
    workers: int,
) -> FeatureCache:
    """What a frozen encoder makes of all pictures. Rank 0 computes it, the others open it."""
    name = f"siglip:{encoder.fingerprint()}"
    device = next(encoder.parameters()).device

    @torch.inference_mode()
    def encode(pictures: NDArray[np.uint8]) -> NDArray[np.float16]:
        return np.concatenate(list(_encoded(pictures)))

    def _encoded(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.float16]]:
        for first in range(0, len(pictures), ENCODED_AT_ONCE):
            some = torch.from_numpy(pictures[first : first + ENCODED_AT_ONCE]).to(device)
            yield encoder(some.unsqueeze(1)).squeeze(1).to(torch.float16).cpu().numpy()

    if distributed.rank == 0:
        with display.counting("keeping features", "pictures") as progress:
            build_feature_cache(
                dataset,
                episodes,
                size,
                directory,
                encode,
                encoder=name,
                progress=progress,
                workers=workers,
                waiting=display.waiting_for_cache,
            )
    distributed.barrier()
    return FeatureCache.open(dataset, episodes, size, directory, name)
