"""How fast video is labelled, and what the filters that look at pictures find, beside the truth.

Speed: 720p VizDoom play through a small model, as `playloom label` does it in one program, beside a loop that only
decodes the same video with the same threads. Decoding and scaling to the model's picture without a model is the limit.

Filters: Courier played by a scripted player. What menus and loading screens look like is shown by the first three of
each in two recordings; judged is a video spliced from recordings with other seeds, in which pictures are also held for
a while, so that cuts and duplicates are known because they were made. What needs a model that has learned (confidence,
disagreement, idle stretches) is measured by `playloom experiment idm`, against what was really pressed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.doom_sessions import doom_session
from bench.harness import RESULTS_ROOT, Row, Settings, figure, in_turns, main

ROOT = RESULTS_ROOT / "labelling"
SIDE, FPS = 128, 30
SHOWN_SEEDS, JUDGED_SEEDS = (1, 2), (101, 102, 103, 104)
SHOWN_SPANS = 3
"""Of menus and of loading screens, of each recording that is shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Montage:
    """A spliced video and the truth of each of its frames; `mode` as `courier.truth.MODES` counts."""

    video: Path
    mode: NDArray[np.int8]
    cut: NDArray[np.bool_]
    held: NDArray[np.bool_]
    source: NDArray[np.int64]


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    ROOT.mkdir(parents=True, exist_ok=True)
    yield from _speed(settings)
    yield from _filters(settings)


def _speed(settings: Settings) -> Iterator[Row]:
    import torch

    from training.data.picture import PictureScaler
    from training.labelling.frames import decoded_frames
    from training.labelling.job import LabelRun, Runner
    from training.labelling.settings import Labelling
    from training.labelling.sources import find_sources, index_source

    session = doom_session(4 if settings.quick else 60)
    index = index_source(session.video_path)
    checkpoint = _untaught("debug", round(1e9 * (index.frames - 1) / int(np.ptp(index.presentation_ns))))
    [source] = find_sources([session.video_path], recorded=True).sources
    options = Labelling()
    output = ROOT / "speed"
    waiting: list[float] = []

    def label() -> None:
        shutil.rmtree(output, ignore_errors=True)
        done = Runner(LabelRun(checkpoint=checkpoint, output=output, options=options)).label(source)
        waiting.append(done.spent.waiting_s / max(1e-9, done.spent.total_s))

    def decode(use: Callable[[av.VideoFrame], object]) -> None:
        for _, frame in decoded_frames(index, 0, index.frames - 1):
            use(frame)

    scaler = PictureScaler((32, 32))
    works = {"label": label, "decode": lambda: decode(id), "scale": lambda: decode(scaler)}
    speeds = {name: index.frames / s for name, s in in_turns(works, 1 if settings.quick else 3).items()}
    peer = f"bare decode loop {speeds['decode']:,.0f} frames/s"
    limit = f"decoded and scaled {speeds['scale']:,.0f} frames/s"
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    yield figure(f"labelling 1280x720, small model, {device}", speeds["label"], "frames/s", peer=peer, limit=limit)
    ratio = speeds["label"] / speeds["decode"]
    yield figure("labelling / bare decoding", ratio, "× peer", peer=peer, limit=limit, at_least=0.8)
    yield figure("share of the time in which the model waits for pictures", max(1e-6, min(waiting)) * 100, "%")


def _filters(settings: Settings) -> Iterator[Row]:
    import torch

    from playloom.environments.courier.truth import courier_truth
    from training.labelling.filters import duplicates, loading_screens, runs, screens
    from training.labelling.frames import row_chunks
    from training.labelling.rows import plan_rows
    from training.labelling.screens import Span, read_examples, train_screens
    from training.labelling.settings import CutOptions, FilterOptions
    from training.labelling.signals import SignalReader, Signals
    from training.labelling.sources import index_source
    from training.metrics.filters import filter_figures

    steps = 600 if settings.quick else 2400
    shown = [_played(seed, steps) for seed in SHOWN_SEEDS]
    spans: list[Span] = []
    for session in shown:
        mode = courier_truth(session).mode
        for kind in (1, 2):
            spans += [
                Span(path=session / "capture.mp4", kind=kind, from_s=(a + 0.1) / FPS, to_s=(b - 0.1) / FPS)
                for a, b in runs(mode == kind)[:SHOWN_SPANS]
            ]
    montage = _montage([_played(seed, steps) for seed in JUDGED_SEEDS], 1200 if settings.quick else 9000)
    size, options = (64, 64), FilterOptions()
    torch.manual_seed(0)
    net = train_screens(
        read_examples(spans, [montage.video], size, ()), 100 if settings.quick else options.screens.steps
    )
    index = index_source(montage.video)
    plan = plan_rows(index.presentation_ns, FPS, 1_000_000_000)
    signals = Signals.empty(len(plan))
    reader = SignalReader(signals, CutOptions(), FPS, net)
    for chunk in row_chunks(index, plan, size, (), 0):
        reader.read(chunk)
    found = {
        "menus": (screens(signals.menu, options, FPS), montage.mode == 1, 0.95),
        "loading screens": (loading_screens(signals, options, FPS), montage.mode == 2, None),
        "cuts": (signals.cut, montage.cut | _changes(montage.mode), None),
        "duplicated frames": (duplicates(signals, options, FPS), montage.held, None),
    }
    unshown = Signals.empty(len(plan))
    unshown.plain[:] = signals.plain
    plain = loading_screens(unshown, options, FPS)
    found["loading screens, nobody has shown any"] = (plain, montage.mode == 2, None)
    for name, (flagged, true, goal) in found.items():
        score = filter_figures(name, flagged, true, montage.source).score
        peer = f"precision {score.precision}, recall {score.recall}; {int(true.sum()):,} of {len(true):,} frames are"
        yield figure(f"filter: {name}", max(1e-6, score.f1.value or 0.0), "F1", peer=peer, at_least=goal)


def _changes(mode: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Where one kind of screen follows another: a cut to whoever sees the pictures only."""
    return np.append(False, np.diff(mode) != 0)


def _played(seed: int, steps: int) -> Path:
    """A recorded session of Courier, from the cache or made now."""
    from capture_node.gym.options import RecordOptions
    from capture_node.gym.record import record_agent
    from playloom.environments.input_device import InputDevice
    from playloom.environments.settings import EnvironmentSettings
    from playloom.recording.session import find_sessions

    root = RESULTS_ROOT / "sources" / f"courier-casual-{steps}-seed{seed}"
    if not root.exists():
        making = root.with_name(f".{root.name}")
        shutil.rmtree(making, ignore_errors=True)
        options = RecordOptions(
            environment="courier",
            settings=EnvironmentSettings(seed=seed, mode=0, size=(SIDE, SIDE)),
            root=making,
            player="bench",
            agent="casual",
            device=InputDevice.GAMEPAD,
            max_steps=steps,
        )
        for _ in record_agent(options, 1, lambda: False):
            pass
        making.rename(root)
    return find_sessions(root)[0]


def _montage(sessions: Sequence[Path], frames: int) -> Montage:
    """Pieces of the sessions, each another than the one before, some pictures of play held for a second or two."""
    from playloom.environments.courier.truth import courier_truth

    random = np.random.default_rng(7)
    pictures = [_pictures(session / "capture.mp4") for session in sessions]
    modes = [courier_truth(session).mode for session in sessions]
    parts: list[tuple[int, NDArray[np.int64]]] = []
    marks: list[tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_]]] = []
    before, total = -1, 0
    while total < frames:
        which = int(random.choice([place for place in range(len(sessions)) if place != before]))
        known = min(len(pictures[which]), len(modes[which]))
        start = int(random.integers(0, known - 160))
        places = np.arange(start, start + int(random.integers(60, 160)))
        held = np.zeros(len(places), np.bool_)
        if random.random() < 0.5:
            at, count = len(places) // 2, int(random.integers(15, 60))
            places = np.insert(places, at, np.full(count, places[at - 1]))
            held = np.zeros(len(places), np.bool_)
            held[at : at + count] = True
        same = np.append(False, (np.diff(places) == 1) & _same(pictures[which], places))
        cut = np.zeros(len(places), np.bool_)
        cut[0] = bool(parts)
        parts.append((which, places))
        marks.append((modes[which][places], cut, _long(held | same, 12)))
        before, total = which, total + len(places)
    video = ROOT / "montage.mp4"
    _encode(video, (pictures[which][place] for which, places in parts for place in places.tolist()))
    return Montage(
        video=video,
        mode=np.concatenate([mode for mode, _, _ in marks]),
        cut=np.concatenate([cut for _, cut, _ in marks]),
        held=np.concatenate([held for _, _, held in marks]),
        source=np.repeat(np.arange(len(parts)), [len(places) for _, places in parts]),
    )


def _same(pictures: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether nothing moved: a player who stands still gives duplicates too."""
    pairs = zip(places[:-1].tolist(), places[1:].tolist(), strict=True)
    return np.array([np.abs(pictures[a].astype(np.int16) - pictures[b]).max() <= 3 for a, b in pairs])


def _long(flags: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    from training.labelling.filters import runs

    kept = np.zeros_like(flags)
    for start, stop in runs(flags):
        kept[start:stop] = stop - start >= least
    return kept


def _pictures(path: Path) -> NDArray[np.uint8]:
    with closing(av.open(str(path))) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(np.uint8)


def _encode(path: Path, pictures: Iterator[NDArray[np.uint8]]) -> None:
    with closing(av.open(str(path), "w", format="mp4")) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _untaught(preset: str, fps: int) -> Path:
    """A checkpoint of a preset's size that has learned nothing: it takes as long as one that has."""
    import torch

    from training.action_space import ActionSpace, Head, HeadKind
    from training.ema import WeightAverage
    from training.idm.balance import class_balance
    from training.idm.config import PRESETS
    from training.idm.loading import KIND, model_document
    from training.idm.model import InverseDynamicsModel
    from training.runs.checkpoint import EMA, MODEL, Checkpoint, write_checkpoint
    from training.runs.lineage import new_lineage

    names = ("forward", "back", "left", "right", "fire")
    heads = tuple(Head(name=name, kind=HeadKind.DIGITAL, places=(place,)) for place, name in enumerate(names))
    space = ActionSpace(game_id="doom", layout_version=1, names=names, heads=heads)
    balance = class_balance([np.random.default_rng(0).integers(0, 2, (100, 5)).astype(np.float32)], space)
    torch.manual_seed(0)
    model = InverseDynamicsModel(PRESETS[preset], space, balance)
    document = {
        "kind": KIND, "space": space.to_document(), "model": model_document(PRESETS[preset]),
        "balance": balance.to_document(), "temperatures": {}, "fps": fps, "frame_step": 1,
    }  # fmt: skip
    tensors = {MODEL: model.state_dict(), EMA: WeightAverage(model).state_dict()}
    lineage = new_lineage(KIND, "untaught", [])
    checkpoint = Checkpoint(config=document, lineage=lineage, state={"step": 0}, tensors=tensors)
    return write_checkpoint(ROOT / f"untaught-{preset}", 0, checkpoint)


if __name__ == "__main__":
    main("bench.labelling", __doc__, rows)
