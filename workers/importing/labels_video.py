"""One labelled video into what a shard is made of: the kept frames, in episodes, copied where that is exact."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import OutputError, PlayloomError, RecordingError
from playloom.labels.labels_file import Labels, LabelsHeader, read_labels, video_signature
from playloom.recording.mp4_index import VideoIndex
from workers.converted import ConvertedPiece, ConvertedSession, OutputFault, Skipped, save_session
from workers.episodes import MIN_EPISODE_FRAMES, Piece, cut_at_keyframes, cut_to_length, split_at_lost_frames
from workers.features import VIDEO_FEATURE
from workers.importing.drawing import fill_box
from workers.importing.video import index_source, make_video
from workers.options import MAX_FILE_S
from workers.stats import numeric_stats
from workers.video.copy import copy_video, first_decodable_frame, why_not_copy
from workers.video.segment import VideoProfile, VideoSegment
from workers.video.transcode import transcode_video

ACTION, CONFIDENCE = "action", "action.confidence"

_MASKED = "masked.mp4"
_MASKED_CRF = 18


@dataclass(frozen=True, kw_only=True)
class LabelsJob:
    """One labels file on its way into a dataset.

    Attributes:
        labels: the file.
        output: the directory to leave.
        videos: where videos are looked for that are not where they were labelled; None: nowhere else.
        profile: of the dataset's videos, with its size.
        task: what the play is of where the labels do not say.
    """

    labels: Path
    output: Path
    videos: Path | None
    profile: VideoProfile
    task: str


def find_video(path: Path, header: LabelsHeader, videos: Path | None) -> Path:
    """The video of a labels file.

    Raises:
        RecordingError: it is not there, or it is another than was labelled.
    """
    told = Path(header.video)
    places = [told, *((videos / told.name,) if videos is not None else ())]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = " or ".join(f"'{place}'" for place in places)
        raise RecordingError(path, f"its video is not at {looked}", remedy="Say where it is: --videos DIR")
    if video_signature(found) != header.video_signature:
        raise RecordingError(found, "is not the video that was labelled, or has changed since", remedy="Label it again")
    return found


def convert_labels(job: LabelsJob, progress: Callable[[int], None]) -> ConvertedSession | Skipped | OutputFault:
    """Make one labelled video into ``job.output``, which appears whole or not at all."""
    partial = job.output.with_name(f"{job.output.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        converted = _convert(job, partial, progress)
        save_session(partial, converted)
        shutil.rmtree(job.output, ignore_errors=True)
        partial.rename(job.output)
    except OutputError as error:
        return OutputFault(file=error.file, problem=error.problem)
    except PlayloomError as error:
        return Skipped(reason=str(error))
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(job.output.parent):
            return Skipped(reason=f"{error.filename}: {error.strerror}")
        return OutputFault(file=partial, problem=f"cannot be written: {error.strerror}")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return converted


def _convert(job: LabelsJob, directory: Path, progress: Callable[[int], None]) -> ConvertedSession:
    labels = read_labels(job.labels)
    video = find_video(job.labels, labels.header, job.videos)
    index = index_source(video)
    if len(labels) and int(labels.frame[-1]) >= index.frames:
        raise RecordingError(
            job.labels,
            f"tells of frame {int(labels.frame[-1])}, and its video has {index.frames}",
            remedy="Label the video again",
        )
    warnings = [str(lost) for lost in index.damage]
    reason = why_not_copy(index, job.profile)
    kept = list(_kept(labels, index))
    reason = labels.header.why_not_copy or reason
    if kept and labels.header.masks:
        kept, index = _masked(labels, kept, index, directory)
        reason = why_not_copy(index, job.profile)
        warnings.append("parts of the picture are blacked out: its video is encoded anew")
    elif reason is not None:
        warnings.append(f"its video is encoded anew: {reason}")
    parts, copied = _cut(kept, index, job.profile.fps, copy=reason is None)
    if not parts:
        raise RecordingError(job.labels, "keeps no frame of its video", remedy="See the report, and loosen the filters")
    columns = {ACTION: labels.action, CONFIDENCE: labels.confidence}
    pieces = tuple(
        _piece(directory, number, part, columns, labels, index, job.profile, copied, progress)
        for number, part in enumerate(parts)
    )
    (directory / _MASKED).unlink(missing_ok=True)
    header = labels.header
    return ConvertedSession(
        session_id=header.session_id,
        player=header.player,
        profile_name=header.profile_name,
        task=header.task or job.task,
        action_delay_ms=0.0,
        copied=copied,
        pieces=pieces,
        warnings=tuple(warnings),
        signature=header.fingerprint,
        label_source=header.label_source,
        terms=tuple(header.terms),
    )


def _kept(labels: Labels, index: VideoIndex) -> Iterator[Piece]:
    """The runs of rows that are kept and can be decoded."""
    kept = (labels.reasons == 0) & (labels.frame >= first_decodable_frame(index))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2).tolist():
        rows = np.arange(start, stop, dtype=np.int64)
        yield Piece(frames=labels.frame[start:stop], times_ns=labels.time_ns[start:stop], rows=rows)


def _masked(
    labels: Labels, kept: Sequence[Piece], index: VideoIndex, directory: Path
) -> tuple[list[Piece], VideoIndex]:
    """The kept pieces in a video of their own, in which the masked rectangles are black."""
    turned = index.rotation % 180
    width, height = (index.height, index.width) if turned else (index.width, index.height)
    boxes = [
        (int(left * width), int(top * height), -int(-right * width // 1), -int(-bottom * height // 1))
        for left, top, right, bottom in labels.header.masks
    ]

    def mask(_: int, picture: NDArray[np.uint8]) -> None:
        for box in boxes:
            fill_box(picture, *box)

    frames = np.concatenate([piece.frames for piece in kept])
    once, place_of = np.unique(frames, return_inverse=True)
    made = make_video(directory / _MASKED, index, frames=once, fps=labels.header.fps, crf=_MASKED_CRF, draw=mask)
    if made.missing:
        raise RecordingError(index.path, f"{len(made.missing)} frames that were labelled do not decode any more")
    pieces, start = [], 0
    for piece in kept:
        places = place_of[start : start + len(piece)].astype(np.int64)
        pieces.append(Piece(frames=places, times_ns=piece.times_ns, rows=piece.rows))
        start += len(piece)
    return pieces, index_source(directory / _MASKED)


def _cut(kept: Sequence[Piece], index: VideoIndex, fps: int, *, copy: bool) -> tuple[list[Piece], bool]:
    """The episodes, and whether they can be copied."""
    most = MAX_FILE_S * fps
    runs = [run for piece in kept for run in (split_at_lost_frames(piece) if copy else [piece])]
    if copy:
        keyframes = np.flatnonzero(index.keyframe[index.presentation_order]).astype(np.int64)
        cut = [cut_at_keyframes(run, most, keyframes) for run in runs]
        parts = [part for one in cut if one is not None for part in one]
        copied = all(one is not None for one in cut)
        if copied:
            return [part for part in parts if len(part) >= MIN_EPISODE_FRAMES], True
    parts = [part for run in runs for part in cut_to_length(run, most)]
    return [part for part in parts if len(part) >= MIN_EPISODE_FRAMES], False


def _piece(
    directory: Path,
    number: int,
    part: Piece,
    columns: Mapping[str, NDArray[np.float32]],
    labels: Labels,
    index: VideoIndex,
    profile: VideoProfile,
    copied: bool,
    progress: Callable[[int], None],
) -> ConvertedPiece:
    rows, video = f"rows-{number:04d}.npz", f"video-{number:04d}.mp4"
    values: dict[str, Any] = {name: column[part.rows] for name, column in columns.items()}
    np.savez(directory / rows, **values)
    segment = VideoSegment(path=index.path, index=index, frames=part.frames)
    if copied:
        written = copy_video(directory / video, [segment], profile)
        progress(len(part))
    else:
        written = transcode_video(directory / video, [segment], profile, progress=progress)
    return ConvertedPiece(
        video=video,
        rows=rows,
        length=len(part),
        first_frame=written.segments[0].first_frame,
        video_frames=written.frames,
        video_bytes=(directory / video).stat().st_size,
        codec=written.codec,
        pixel_format=written.pixel_format,
        source_frame=int(labels.frame[part.rows[0]]),
        start_ns=int(part.times_ns[0]),
        stats={
            VIDEO_FEATURE: written.image_stats[0].as_lerobot(),
            **{name: numeric_stats(column) for name, column in values.items()},
        },
    )
