"""NitroGen's labels and their videos into sessions: what was labelled stands where a recording has its inputs.

Sessions rather than a dataset, because everything that is done with recordings can then be done with labelled video:
quality checks, previews, any mapping profile, one conversion into one dataset with play of other sources.
session.json says that the inputs are labels and whose, and a NOTICE says under which terms they may be used.

The labels were read off a controller that is drawn into the video. It is masked in the session's video, since a model
would else learn to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import PlayloomError, RecordingError
from playloom.recording.append_file import cannot_write
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.mp4_index import VideoIndex
from playloom.recording.session import VIDEO_FILE
from playloom.recording.session_info import Clock, ClockKind
from workers.importing.batch import ImportJob
from workers.importing.drawing import fill_box
from workers.importing.label_frames import PlacedFrames, place_frames
from workers.importing.label_spool import DIRECTORY, PROCESSED, RAW, LabelSpool, videos_at_hand
from workers.importing.nitrogen_labels import Chunk, overlay_box, read_chunk
from workers.importing.options import ImportOptions
from workers.importing.report import Imported
from workers.importing.screen_times import frame_rate
from workers.importing.session_output import SessionOutput, Source
from workers.importing.signature import session_name, signature_of
from workers.importing.video import VIDEO_SUFFIXES, index_source, make_video

FORMAT = "nitrogen"
LABEL_SOURCE = "nitrogen"
GAME_ID, PROFILE_NAME = "gamepad", "sdl"
"""Of examples/games/gamepad.yaml and examples/profiles/gamepad-sdl.yaml."""

LICENCE = "CC-BY-NC-4.0"
NOTICE_FILE = "NOTICE"
TERMS = (
    "NitroGen's labels are licensed CC BY-NC 4.0 (https://creativecommons.org/licenses/by-nc/4.0/): name NVIDIA's "
    "NitroGen dataset as their source, and use them, and what is made with them, for no commercial purpose",
    "the videos belong to those who published them: you need their permission for what you do with them",
)


class LabelKind(StrEnum):
    """Which of NitroGen's tables."""

    AUTO = "auto"  # processed where there is one
    RAW = "raw"  # as the model saw it
    PROCESSED = "processed"  # filtered and remapped by NitroGen's makers


_TABLES: dict[LabelKind, tuple[str, ...]] = {
    LabelKind.AUTO: (PROCESSED, RAW),
    LabelKind.RAW: (RAW,),
    LabelKind.PROCESSED: (PROCESSED,),
}


@dataclass(frozen=True, kw_only=True)
class NitrogenOptions:
    """What is particular to NitroGen.

    Attributes:
        labels: shards (.tar.gz), or directories of unpacked ones.
        videos: the directory of the videos, each called by its id.
        kind: which tables.
        mask_margin: how much more than the drawn controller is masked on each side, as a part of its size.
    """

    labels: Sequence[Path]
    videos: Path
    kind: LabelKind = LabelKind.AUTO
    mask_margin: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.mask_margin <= 10:
            raise PlayloomError(f"--mask-margin {self.mask_margin} is out of range", remedy="Give 0 to 10")


@dataclass
class NitrogenImport:
    """One import; iterating over `jobs` sorts the labels first.

    Attributes:
        passed_over: how many labelled videos are not at hand, up to a thousand.
    """

    options: ImportOptions
    nitrogen: NitrogenOptions
    passed_over: int = 0

    def jobs(self) -> Iterator[ImportJob]:
        """A job for each video at hand that has labels, and one that fails for whatever cannot be read.

        Raises:
            PlayloomError: there are no videos, or none that has labels.
        """
        videos = videos_at_hand(self.nitrogen.videos, VIDEO_SUFFIXES)
        spool = LabelSpool(path=self.options.output / DIRECTORY, videos=frozenset(videos))
        for shard in self.nitrogen.labels:
            spool.take(shard)
        self.passed_over = len(spool.passed_over)
        for place, error in spool.faults.items():
            yield ImportJob(source=place, run=lambda _, error=error: _raise(error))
        labelled = list(spool.labelled())
        if not labelled and not spool.faults:
            spool.discard()
            raise PlayloomError(
                f"None of the {len(videos)} videos in '{self.nitrogen.videos}' has labels in what was given",
                remedy="Call each video by its id, and give the shards that hold its labels",
            )
        for video in labelled:
            yield ImportJob(
                source=str(videos[video]),
                run=lambda progress, video=video: _import(
                    video, videos[video], spool, self.options, self.nitrogen, progress
                ),
            )

    def finished(self) -> None:
        """Remove the sorted labels."""
        LabelSpool(path=self.options.output / DIRECTORY, videos=()).discard()

    def notes(self) -> list[str]:
        count = "a thousand or more" if self.passed_over >= 1000 else str(self.passed_over)
        return [f"labels of {count} other videos were passed over"] if self.passed_over else []


def _raise(error: RecordingError) -> Imported:
    raise error


def _import(
    video_id: str,
    video: Path,
    spool: LabelSpool,
    options: ImportOptions,
    nitrogen: NitrogenOptions,
    progress: Callable[[int], None],
) -> Imported:
    numbers = spool.chunks(video_id)
    tables = [spool.table(video_id, number, _TABLES[nitrogen.kind]) for number in numbers]
    used = [(number, table) for number, table in zip(numbers, tables, strict=True) if table is not None]
    if not used:
        raise RecordingError(
            video, f"has no labels of the kind '{nitrogen.kind}'", remedy="Choose another kind with --labels"
        )
    signature = signature_of(
        [video, *(path for number, table in used for path in (spool.metadata(video_id, number), table))]
    )
    source = Source(
        format=FORMAT,
        place=str(video),
        name=session_name(video_id, signature),
        signature=signature,
        choices={"labels": str(nitrogen.kind), "mask_margin": nitrogen.mask_margin},
    )
    output = SessionOutput(options, source)
    if (made := output.made_already()) is not None:
        return made
    index = index_source(video)
    with output:
        for lost in index.damage:
            output.fault(str(lost))
        if len(used) < len(numbers):
            output.fault(f"{len(numbers) - len(used)} chunks have no table of the kind '{nitrogen.kind}'")
        chunks = []
        for number, table in used:
            try:
                chunks.append(_chunk(spool, video_id, number, table, index, nitrogen.mask_margin))
            except RecordingError as error:
                output.fault(f"chunk {number} is left out: {error}")
        placed = place_frames([chunk for chunk, _ in chunks], index.presentation_ns)
        if not len(placed.frames):
            reason = output.faults[0] if output.faults else "it ends before the first"
            raise RecordingError(video, f"no frame of it has labels: {reason}", remedy="Is it the whole video?")
        if placed.beyond:
            output.fault(f"{placed.beyond} chunks lie beyond the video's end")
        output.write_inputs(_snapshots([chunk for chunk, _ in chunks], placed))
        boxes = [box for _, box in chunks]

        def mask(place: int, picture: NDArray[np.uint8]) -> None:
            fill_box(picture, *boxes[int(placed.chunks[place])])

        fps = frame_rate(index.presentation_ns)
        made_video = make_video(
            output.path / VIDEO_FILE,
            index,
            frames=placed.frames,
            fps=fps,
            crf=options.crf,
            draw=mask,
            progress=progress,
        )
        if made_video.missing:
            output.fault(f"{video}: {len(made_video.missing)} frames do not decode; they repeat the one before")
        output.write_times(placed.times_ns.tolist(), fps)
        _write_notice(output.path / NOTICE_FILE, chunks[0][0])
        return output.finish(
            clock=Clock(kind=ClockKind.MONOTONIC, started_unix_ns=0, started_monotonic_ns=int(placed.times_ns[0])),
            profile=made_video.profile,
            encoder=made_video.encoder,
            repeated=len(made_video.missing),
            more_files=(NOTICE_FILE,),
            extra={
                "label_source": LABEL_SOURCE,
                "licence": LICENCE,
                "terms": list(TERMS),
                "video": {
                    "id": video_id,
                    "game": chunks[0][0].game,
                    "source": chunks[0][0].source,
                    "url": chunks[0][0].url,
                },
            },
        )


def _chunk(
    spool: LabelSpool, video: str, number: int, table: Path, index: VideoIndex, margin: float
) -> tuple[Chunk, tuple[int, int, int, int]]:
    """A chunk and what is to be masked in it."""
    metadata = spool.metadata(video, number)
    try:
        chunk = read_chunk(metadata.read_bytes(), table.read_bytes(), index.path, f"chunk {number}")
    except OSError as error:
        raise RecordingError(metadata, f"cannot be read: {error.strerror}") from error
    turned = index.rotation % 180
    width, height = (index.height, index.width) if turned else (index.width, index.height)
    box = overlay_box(chunk, width, height, margin)
    if box is None:
        raise RecordingError(
            index.path,
            f"is {width}x{height}, another shape than the {chunk.size[0]}x{chunk.size[1]} that was labelled",
            remedy="Download it as it was published, uncropped",
        )
    return chunk, box


def _snapshots(chunks: Sequence[Chunk], placed: PlacedFrames) -> Iterator[InputSnapshot]:
    """What the labels say is held in each frame."""
    for chunk, row, time_ns in zip(placed.chunks.tolist(), placed.rows.tolist(), placed.times_ns.tolist(), strict=True):
        bits = int(chunks[chunk].buttons[row])
        a, b, c, d, e, f = chunks[chunk].axes[row].tolist()
        yield InputSnapshot(
            monotonic_ns=time_ns,
            axes=(a, b, c, d, e, f),
            buttons=frozenset(button for button in range(bits.bit_length()) if bits >> button & 1),
        )


def _write_notice(path: Path, chunk: Chunk) -> None:
    text = "\n".join(
        (
            "The inputs of this session are labels of NVIDIA's NitroGen dataset,",
            "https://huggingface.co/datasets/nvidia/NitroGen",
            *(f"- {sentence[0].upper()}{sentence[1:]}." for sentence in TERMS),
            f"The video is of {chunk.source or 'an unknown source'}: {chunk.url or 'no address is known'}",
            "",
        )
    )
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise cannot_write(path, error) from error
