"""The labelling of one video, from the file to its labels: what a runner does, here or in a Ray actor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from playloom.actions.layout import LAYOUT_VERSION
from playloom.errors import OutputError, PlayloomError, RecordingError
from playloom.labels.labels_file import SUFFIX, Labels, LabelsHeader, read_header, read_labels, write_labels
from playloom.labels.reasons import Reason
from training.action_space import ActionSpace, HeadKind
from training.errors import TrainingError
from training.idm.loading import LoadedIdm, load_checkpoint
from training.labelling.filters import filter_rows
from training.labelling.labeller import Spent, VideoLabeller
from training.labelling.masks import Box, check_boxes, read_masks
from training.labelling.rows import RowPlan, plan_rows
from training.labelling.screens import ScreenNet, load_screens
from training.labelling.settings import Labelling
from training.labelling.sources import DISCARDED, LabelSource, index_source
from training.labelling.threads import model_threads, torch_threads
from training.labelling.windows import plan_windows
from training.runs.schema import Device

LABELS_DIRECTORY = "labels"
FINDINGS_DIRECTORY = ".findings"


@dataclass(frozen=True, kw_only=True)
class LabelRun:
    """What all videos of a batch have in common.

    Attributes:
        checkpoint: the model's.
        output: the directory of labels, findings, report and dataset.
        options: of labelling.
        screens: the network that tells menus and loading screens; None: nobody has shown any.
        screens_hash: of it; empty without.
    """

    checkpoint: Path
    output: Path
    options: Labelling
    screens: Path | None = None
    screens_hash: str = ""

    def labels_of(self, source: LabelSource) -> Path:
        """Where a video's labels are put."""
        return self.output / LABELS_DIRECTORY / f"{source.name}{SUFFIX}"


@dataclass(frozen=True, kw_only=True)
class LabelledVideo:
    """What labelling a video has come to.

    Attributes:
        name: of the video.
        labels: the file.
        rows, kept: how many there are, and stay.
        reasons: rows by reason; a row may have several.
        again: whether the labels were there already.
        resampled, fps, rate: the video's rate and the labels'.
        spent: where the time went.
    """

    name: str
    labels: Path
    rows: int
    kept: int
    reasons: Mapping[str, int]
    again: bool
    rate: float
    spent: Spent


class Runner:
    """Labels videos, one at a time, with a model that it has opened once.

    Raises:
        PlayloomError: from the constructor: the checkpoint cannot be used.
    """

    def __init__(self, run: LabelRun) -> None:
        self._run = run
        self._loaded = load_checkpoint(run.checkpoint, device=choose_device(run.options.model.device))
        self._screens: ScreenNet | None = None if run.screens is None else load_screens(run.screens)

    @property
    def loaded(self) -> LoadedIdm:
        return self._loaded

    def label(self, source: LabelSource, progress: Callable[[int], None] = lambda _: None) -> LabelledVideo:
        """Label one video; what has been done of it is not done again.

        Raises:
            RecordingError: the video cannot be read.
            OutputError: the labels cannot be written.
        """
        run, loaded, options = self._run, self._loaded, self._run.options
        index = index_source(source.video)
        masks = masks_of(options, source.video, index.rotation, index.width, index.height)
        looked = fingerprint_of(
            {
                "weights": weights_hash(loaded.path),
                "video": source.signature,
                "left out": source.left_out_ns,
                "masks": masks,
                "overlap": options.model.overlap,
                "batch": options.model.batch,
                "precision": options.model.precision.value,
                "max_gap_s": options.video.max_gap_s,
                "cuts": asdict(options.filters.cuts),
                "screens": run.screens_hash,
            }
        )
        fingerprint = fingerprint_of(
            {
                "looked": looked,
                "filters": asdict(options.filters) | {"screens": asdict(options.filters.screens) | {"examples": None}},
                "source": [source.player, source.session_id, source.task, source.terms],
                "video": str(source.video),
            }
        )
        path = run.labels_of(source)
        if (done := _done(path, fingerprint)) is not None:
            progress(len(done))
            return _labelled(done, path, again=True, rate=0.0, spent=Spent())
        times_ns, usable = source.times(index)
        plan = plan_rows(times_ns, loaded.fps, round(options.video.max_gap_s * 1e9), usable)
        windows = plan_windows(
            plan.stretches,
            len(plan),
            window=loaded.config.window,
            step=loaded.frame_step,
            overlap=options.model.overlap,
        )
        if not len(windows.starts):
            raise RecordingError(
                source.video,
                f"has {len(plan)} frames at {loaded.fps} a second without a gap; the model looks at {windows.span}",
                remedy="Leave it out",
            )
        labeller = VideoLabeller(loaded=loaded, options=options.model, cuts=options.filters.cuts, screens=self._screens)
        findings_at = run.output / FINDINGS_DIRECTORY / source.name
        with torch_threads(options.model.threads or self._threads(index.width * index.height)):
            findings = labeller.look(index, plan, windows, masks, findings_at, looked, progress)
        reasons = filter_rows(findings.labels, findings.signals, plan, loaded.space, options.filters, loaded.fps)
        said = findings.labels
        labels = Labels(
            header=self._header(source, plan, masks, fingerprint, discarded=not usable.all()),
            frame=plan.frames,
            time_ns=plan.times_ns,
            action=said.values,
            probability=said.probabilities,
            confidence=said.confidence,
            disagreement=said.disagreement,
            reasons=reasons,
        )
        write_labels(path, labels)
        return _labelled(labels, path, again=False, rate=plan.rate, spent=labeller.spent)

    def _threads(self, pixels: int) -> int:
        cores = torch.get_num_threads()  # as many as PyTorch would take, and in a Ray actor as many as it has
        if next(self._loaded.model.parameters()).device.type != "cpu":
            return cores
        return model_threads(self._loaded, overlap=self._run.options.model.overlap, pixels=pixels, cores=cores)

    def _header(
        self, source: LabelSource, plan: RowPlan, masks: tuple[Box, ...], fingerprint: str, *, discarded: bool
    ) -> LabelsHeader:
        loaded = self._loaded
        resampled = f"its frames are resampled from {plan.rate:.2f} to {loaded.fps} a second" if plan.resampled else ""
        options = asdict(self._run.options)
        return LabelsHeader(
            video=str(source.video),
            video_bytes=source.video.stat().st_size,
            video_signature=source.signature,
            name=source.name,
            player=source.player,
            session_id=source.session_id,
            task=source.task,
            fps=loaded.fps,
            # Packets after what was discarded may need it to decode, which would carry it into the dataset unseen.
            why_not_copy=DISCARDED if discarded else resampled,
            game_id=loaded.game_id,
            action_layout=layout_of(loaded.space),
            action_layout_version=loaded.space.layout_version,
            action_names=loaded.space.names,
            head_names=tuple(head.name for head in loaded.space.heads),
            label_source=label_source_of(loaded),
            labeller={
                "checkpoint": str(loaded.path),
                "step": loaded.step,
                "weights_sha256": weights_hash(loaded.path),
                "lineage": loaded.lineage.to_document(),
                "options": json.loads(
                    json.dumps({name: options[name] for name in ("model", "video", "filters")}, default=str)
                ),
            },
            terms=tuple(dict.fromkeys((*loaded.lineage.terms, *source.terms))),
            masks=masks,
            fingerprint=fingerprint,
        )


def choose_device(device: Device) -> str:
    """What to compute on.

    Raises:
        TrainingError: a GPU was asked for, and there is none.
    """
    import torch

    if device is Device.cuda and not torch.cuda.is_available():
        raise TrainingError("model.device=cuda: PyTorch finds no GPU", remedy="Take model.device=auto")
    return "cuda" if device is not Device.cpu and torch.cuda.is_available() else "cpu"


def label_source_of(loaded: LoadedIdm) -> str:
    """Who labels, as datasets name it."""
    return f"idm:{loaded.lineage.run}@{loaded.step}"


def weights_hash(checkpoint: Path) -> str:
    """The SHA-256 of the weights that are used, as the checkpoint tells it."""
    files = json.loads((checkpoint / "state.json").read_bytes()).get("files", {})
    told = files.get("ema.safetensors") or files.get("model.safetensors") or {}
    return str(told.get("sha256", ""))


def layout_of(space: ActionSpace) -> list[dict[str, Any]]:
    """The slots of an action space, as info.json of a dataset has them."""
    slots: list[dict[str, Any]] = []
    for head in space.heads:
        if head.kind is HeadKind.CATEGORICAL:
            slots += [
                {"action_id": space.names[place], "start": place, "size": 1, "kind": "digital"} for place in head.places
            ]
            continue
        kind = "vector2" if len(head.places) == 2 else head.kind.value
        slots.append({"action_id": head.name, "start": head.places[0], "size": len(head.places), "kind": kind})
    assert space.layout_version == LAYOUT_VERSION
    return sorted(slots, key=lambda slot: slot["start"])


def masks_of(options: Labelling, video: Path, rotation: int, width: int, height: int) -> tuple[Box, ...]:
    """The rectangles of a video that are made black.

    Raises:
        PlayloomError: they are no rectangles of its picture.
    """
    boxes = check_boxes(options.video.masks, "video.masks")
    if options.video.masks_file is None:
        return boxes
    shown = (height, width) if rotation % 180 else (width, height)
    return (*boxes, *read_masks(Path(options.video.masks_file)).of(video, *shown))


def fingerprint_of(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _done(path: Path, fingerprint: str) -> Labels | None:
    """The labels that are there already, if they are these very ones."""
    try:
        return read_labels(path) if path.is_file() and read_header(path).fingerprint == fingerprint else None
    except RecordingError:
        return None


def _labelled(labels: Labels, path: Path, *, again: bool, rate: float, spent: Spent) -> LabelledVideo:
    return LabelledVideo(
        name=labels.header.name,
        labels=path,
        rows=len(labels),
        kept=int(np.count_nonzero(labels.reasons == 0)),
        reasons={
            reason.words: int(np.count_nonzero(labels.reasons & reason))
            for reason in Reason
            if np.any(labels.reasons & reason)
        },
        again=again,
        rate=rate,
        spent=spent,
    )


def said_of(error: PlayloomError) -> str:
    """An error in one line; one of the output stops everything and is raised again."""
    if isinstance(error, OutputError):
        raise error
    return str(error)
