"""One video through the model: what it says of every row, and what the pictures tell; resumable within the video.

The model looks in batches that always begin with the same windows, and what has been found out is written down from
time to time. So a run that was killed goes on from there, and comes to the same numbers as one that was not.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from playloom.errors import OutputError, RecordingError
from playloom.recording.mp4_index import VideoIndex
from training.idm.estimates import Estimates, estimates
from training.idm.loading import LoadedIdm
from training.labelling.frames import CHUNK_ROWS, Chunk, ReadAhead, row_chunks
from training.labelling.masks import Box
from training.labelling.rows import RowPlan
from training.labelling.screens import ScreenNet
from training.labelling.settings import CutOptions, ModelOptions
from training.labelling.signals import SIGNAL_NAMES, WARM_UP_ROWS, SignalReader, Signals
from training.labelling.windows import MERGED_ARRAYS, Merged, MergedLabels, WindowPlan, merge, window_weights
from training.runs.schema import Precision

PART_ROWS = 4096
"""What has been found out is written down after so many rows: some seconds' work."""

_LABEL_NAMES = ("seen", "values", "probabilities", "confidence", "disagreement")


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What is known of a video's rows."""

    labels: MergedLabels
    signals: Signals


@dataclass(kw_only=True)
class Spent:
    """Where the time went, in seconds: rows done now, waiting for pictures, in the model, and altogether."""

    rows: int = 0
    waiting_s: float = 0.0
    model_s: float = 0.0
    total_s: float = 0.0


@dataclass(kw_only=True)
class VideoLabeller:
    """Looks at one video.

    Attributes:
        loaded: the model.
        options: how it computes.
        cuts: what counts as a cut.
        screens: tells menus and loading screens.
        spent: where the time went.
    """

    loaded: LoadedIdm
    options: ModelOptions
    cuts: CutOptions
    screens: ScreenNet | None = None
    spent: Spent = field(default_factory=Spent)

    def look(
        self,
        index: VideoIndex,
        plan: RowPlan,
        windows: WindowPlan,
        masks: tuple[Box, ...],
        directory: Path,
        fingerprint: str,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Findings:
        """Find out about every row.

        Args:
            index: of the video.
            plan: its rows.
            windows: of the model.
            masks: what the model does not see.
            directory: where findings are kept; those under another fingerprint are thrown away.
            fingerprint: of everything that decides them.
            progress: told how many rows have been done since.

        Raises:
            RecordingError: the video cannot be read.
            OutputError: the directory cannot be written.
        """
        kept = _Kept(directory, fingerprint)
        if (findings := kept.finished()) is not None:
            progress(len(plan))
            return findings
        began = time.perf_counter()
        space = self.loaded.space
        merged, signals = Merged.empty(len(plan), space), Signals.empty(len(plan))
        window, known = kept.resume(merged, signals)
        progress(known)
        needed = min(windows.settled(window), known)
        reader = SignalReader(signals, self.cuts, self.loaded.fps, self.screens, known)
        if needed < len(plan):
            source = row_chunks(index, plan, self.loaded.config.picture_size, masks, max(0, needed - WARM_UP_ROWS))
            with ReadAhead(_read(source, reader)) as chunks:
                self._look(iter(chunks), merged, signals, windows, window, known, kept, progress)
        labels = merge(merged, space, stretches=plan.stretches, spans=self.loaded.spans)
        findings = Findings(labels=labels, signals=signals)
        kept.finish(findings)
        self.spent.total_s += time.perf_counter() - began
        return findings

    def _look(
        self,
        chunks: Iterator[Chunk],
        merged: Merged,
        signals: Signals,
        windows: WindowPlan,
        window: int,
        known: int,
        kept: _Kept,
        progress: Callable[[int], None],
    ) -> None:
        weights = window_weights(windows.window)
        batch = self.options.batch
        pictures = _Pictures(self.loaded.config.picture_size)
        waiting: tuple[NDArray[np.int64], Estimates] | None = None
        told = known
        while True:
            began = time.perf_counter()
            chunk = next(chunks, None)
            self.spent.waiting_s += time.perf_counter() - began
            if chunk is not None:
                pictures.add(chunk)
            began = time.perf_counter()
            while window < len(windows.starts):
                stop = min(window + batch, len(windows.starts))
                rows = windows.rows_of(window, stop)
                if int(rows[-1, -1]) >= pictures.stop:
                    break
                answer = self._answer(pictures.of(rows))
                if waiting is not None:
                    _take(merged, weights, *waiting)
                waiting, window = (rows, answer), stop
                settled = windows.settled(window)
                pictures.forget(settled)
                if settled - known >= PART_ROWS and window < len(windows.starts):
                    _take(merged, weights, *waiting)
                    waiting = None
                    kept.part(merged, signals, known, settled, window, windows.span)
                    known = settled
                progress(settled - told)
                self.spent.rows += settled - told
                told = settled
            self.spent.model_s += time.perf_counter() - began
            if chunk is None:
                break
        if waiting is not None:
            _take(merged, weights, *waiting)
        progress(windows.rows - told)
        self.spent.rows += windows.rows - told
        assert window == len(windows.starts), "a window has not been looked through"

    @torch.inference_mode()
    def _answer(self, pictures: NDArray[np.uint8]) -> Estimates:
        """What the model says of windows: uint8[windows, window, height, width, 3]."""
        model = self.loaded.model
        device = next(model.parameters()).device
        halved = self.options.precision is Precision.bfloat16 or (
            self.options.precision is Precision.auto and device.type == "cuda"
        )
        batch = torch.from_numpy(pictures)
        if device.type == "cuda":
            batch = batch.pin_memory().to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16) if halved else nullcontext():
            output = model(batch)
        return estimates(output, self.loaded.space, self.loaded.temperatures, self.loaded.sureness)


def _take(merged: Merged, weights: NDArray[np.float32], rows: NDArray[np.int64], answer: Estimates) -> None:
    values, probabilities, confidence = (
        one.float().cpu().numpy() for one in (answer.values, answer.probabilities, answer.confidence)
    )
    merged.add(rows, weights, values, probabilities, confidence)


def _read(chunks: Iterator[Chunk], reader: SignalReader) -> Iterator[Chunk]:
    """The chunks, each looked at by ``reader``, in the thread that reads ahead."""
    for chunk in chunks:
        reader.read(chunk)
        yield chunk


class _Pictures:
    """The pictures that windows still need."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self._pictures = np.empty((4 * CHUNK_ROWS, height, width, 3), np.uint8)
        self._first = self.stop = -1

    def add(self, chunk: Chunk) -> None:
        if self._first < 0:
            self._first = self.stop = chunk.first
        held, more = self.stop - self._first, len(chunk.pictures)
        if held + more > len(self._pictures):
            larger = np.empty((2 * (held + more), *self._pictures.shape[1:]), np.uint8)
            larger[:held] = self._pictures[:held]
            self._pictures = larger
        self._pictures[held : held + more] = chunk.pictures
        self.stop += more

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Those of ``rows``, uint8[*rows' shape, height, width, 3]."""
        assert int(rows.min()) >= self._first
        return self._pictures[rows - self._first]

    def forget(self, row: int) -> None:
        """Those before ``row`` are needed no more; they go when there are many."""
        gone, held = min(row, self.stop) - self._first, self.stop - self._first
        if gone > held // 2:
            self._pictures[: held - gone] = self._pictures[gone:held].copy()
            self._first += gone


class _Kept:
    """What has been found out, on the disk."""

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self._directory = directory
        self._identity = {"fingerprint": fingerprint}
        said = directory / "findings.json"
        try:
            if not said.is_file() or json.loads(said.read_text()) != self._identity:
                shutil.rmtree(directory, ignore_errors=True)
                directory.mkdir(parents=True)
                said.write_text(json.dumps(self._identity))
        except (OSError, ValueError) as error:
            raise OutputError(directory, f"cannot be written: {error}", remedy="Choose another place") from error

    def finished(self) -> Findings | None:
        arrays = self._load(self._directory / "findings.npz")
        if arrays is None:
            return None
        return Findings(
            labels=MergedLabels(**{name: arrays[name] for name in _LABEL_NAMES}),
            signals=Signals(**{name: arrays[f"signal_{name}"] for name in SIGNAL_NAMES}),
        )

    def finish(self, findings: Findings) -> None:
        arrays = {name: getattr(findings.labels, name) for name in _LABEL_NAMES}
        arrays |= {f"signal_{name}": getattr(findings.signals, name) for name in SIGNAL_NAMES}
        self._save(self._directory / "findings.npz", arrays)
        for path in self._parts():
            path.unlink()

    def resume(self, merged: Merged, signals: Signals) -> tuple[int, int]:
        """Take over what an earlier run has written down: the next window, and how many rows are known."""
        window = known = 0
        for path in self._parts():
            arrays = self._load(path)
            if arrays is None or int(arrays["first"]) != known:
                break
            merged.put(Merged(first=known, **{name: arrays[name] for name in MERGED_ARRAYS}))
            stop = int(arrays["known"])
            for name in SIGNAL_NAMES:
                getattr(signals, name)[known:stop] = arrays[f"signal_{name}"]
            window, known = int(arrays["window"]), stop
        return window, known

    def part(self, merged: Merged, signals: Signals, first: int, known: int, window: int, span: int) -> None:
        """Write down rows ``first`` to before ``known``, and what is known of those that windows still look at."""
        rows = merged.part(first, min(known + span, len(merged.weight)))
        arrays: dict[str, Any] = {name: getattr(rows, name) for name in MERGED_ARRAYS}
        arrays |= {f"signal_{name}": getattr(signals, name)[first:known] for name in SIGNAL_NAMES}
        arrays |= {"first": np.int64(first), "known": np.int64(known), "window": np.int64(window)}
        self._save(self._directory / f"part-{first:09d}.npz", arrays)

    def _parts(self) -> list[Path]:
        return sorted(self._directory.glob("part-*.npz"))

    def _save(self, path: Path, arrays: dict[str, Any]) -> None:
        partial = path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, **arrays)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            problem = f"cannot be written: {error.strerror or error}"
            raise OutputError(path, problem, remedy="Make room; the same command goes on from here") from error

    def _load(self, path: Path) -> dict[str, Any] | None:
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            raise RecordingError(path, f"is not as it was left: {error}", remedy="Delete it and run again") from error
