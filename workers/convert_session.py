"""One session's conversion: its files in, its episodes' rows, videos and statistics out. A function of plain values.

It runs in a process of its own and knows nothing of other sessions but the dataset's shape. `convert_pieces` is what
`playloom convert` and a cluster's workers have in common: it hands out each episode as soon as it is there, and
whoever calls it keeps the rows in its own way. `convert_session` leaves a directory that appears whole or not at all,
from which a batch packs the episodes of many sessions into shards.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.actions.align import align_inputs
from playloom.environments.steps import STEPS_FILE, Steps, read_steps
from playloom.errors import OutputError, PlayloomError, RecordingError
from playloom.mapping_profile import MappingProfile
from playloom.recording.input_stream import InputReader
from playloom.recording.input_table import InputTable
from playloom.recording.session import Session, open_session
from workers.acting import acted_in, agent_rows
from workers.action_delay import SessionDelay, delay_of
from workers.converted import ConvertedPiece, ConvertedSession, OutputFault, Skipped, save_session
from workers.dataset_shape import DatasetShape, even_size, video_profile
from workers.episodes import Piece
from workers.features import AGENT_FEATURE, VIDEO_FEATURE
from workers.options import ConvertOptions, VideoPath
from workers.provenance import label_source_of, terms_of
from workers.session_choice import choose_profile, choose_task, profile_notes, said_of
from workers.session_plan import SessionPlan, plan_session
from workers.session_scan import session_signature
from workers.stats import numeric_stats
from workers.timeline import Timeline, read_timeline
from workers.video.copy import copy_video, why_not_copy
from workers.video.segment import VideoSegment
from workers.video.transcode import transcode_video

type Columns = Mapping[str, NDArray[np.generic]]
"""Of one episode, each recorded column by name: [frames] or [frames, width]."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


@dataclass(frozen=True, kw_only=True)
class SessionJob:
    """The conversion of one session.

    Attributes:
        path: of the session.
        output: the directory to leave.
        options: of the batch.
        shape: of the dataset.
    """

    path: Path
    output: Path
    options: ConvertOptions
    shape: DatasetShape


def convert_session(job: SessionJob, progress: Callable[[int], None]) -> ConvertedSession | Skipped | OutputFault:
    """Convert one session into ``job.output``. ``progress`` is told how many frames have been done since."""
    partial = job.output.with_name(f"{job.output.name}.{os.getpid()}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        converted = convert_pieces(job, partial, progress, rows_beside_videos(partial))
        save_session(partial, converted)
        shutil.rmtree(job.output, ignore_errors=True)
        partial.rename(job.output)
    except OutputError as error:
        return OutputFault(file=error.file, problem=error.problem)
    except PlayloomError as error:
        return Skipped(reason=said_of(str(job.path), error))
    except OSError as error:
        if error.filename is not None and Path(error.filename).is_relative_to(job.path):
            return Skipped(reason=said_of(str(job.path), f"{error.filename}: cannot be read: {error.strerror}"))
        if error.errno not in _NO_ROOM:
            raise
        return OutputFault(file=partial, problem=f"cannot be written: {error.strerror}")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return converted


def rows_beside_videos(directory: Path) -> Callable[[ConvertedPiece, Columns], None]:
    """Keeps a piece's rows beside its video."""

    def keep(piece: ConvertedPiece, columns: Columns) -> None:
        values: dict[str, Any] = dict(columns)
        np.savez(directory / piece.rows, **values)

    return keep


def convert_pieces(
    job: SessionJob,
    directory: Path,
    progress: Callable[[int], None],
    keep: Callable[[ConvertedPiece, Columns], None],
) -> ConvertedSession:
    """Convert one session's episodes one after another.

    Args:
        job: what to convert; its ``output`` is not looked at.
        directory: where the videos are written.
        progress: told how many frames have been done since it was told last.
        keep: given each episode when its video is there, with its columns.

    Raises:
        RecordingError: the session cannot be used; names the file and the fault.
        OutputError: the directory cannot be written.
    """
    options, shape = job.options, job.shape
    session = open_session(job.path)
    signature = session_signature(job.path)
    profile = choose_profile(session, options)
    task = choose_task(session, options)
    timeline = read_timeline(session)
    inputs = InputReader(session.inputs_path)
    first_input_ns, blocks = _first_time(inputs.blocks())
    delay = delay_of(session, options.action_delay_ms)
    plan = plan_session(
        timeline,
        session.video_path,
        first_input_ns=None if first_input_ns is None else first_input_ns + delay.ns,
        max_pre_action_ns=options.max_pre_action_ns,
        max_gap_ns=options.max_gap_ns,
        fps=shape.fps,
        video_path=options.video,
        why_not_copy=None
        if options.video is VideoPath.TRANSCODE
        else why_not_copy(timeline.index, video_profile(options, shape)),
    )
    acted = acted_in(session, is_kept=bool(shape.features.agent_names))
    steps = read_steps(session.path / STEPS_FILE) if shape.features.rewards else None
    columns = dict(_columns(plan, blocks, steps, profile, delay, job))
    if shape.features.agent_names:
        columns[AGENT_FEATURE] = agent_rows(acted, shape.layout, plan.pieces, timeline.frames, delay.ns)
    faults = [*timeline.faults, *(str(damage) for damage in inputs.damage)]
    rows = int(plan.pieces[-1].rows[-1]) + 1
    if steps is not None and len(steps) < rows:
        faults.append(
            f"{session.path / STEPS_FILE}: tells of {len(steps)} of {rows} frames; no reward is known of the others"
        )
    if options.strict and faults:
        told = said_of(str(job.path), faults[0])
        raise RecordingError(job.path, f"has faults, which --strict does not accept: {told}")
    pieces = []
    start = 0
    for number, piece in enumerate(plan.pieces):
        values = {name: column[start : start + len(piece)] for name, column in columns.items()}
        start += len(piece)
        pieces.append(_write_piece(job, session, timeline, plan, piece, values, directory, number, progress))
        keep(pieces[-1], values)
    info = session.info
    return ConvertedSession(
        session_id=session.session_id,
        player="" if info is None else info.player or "",
        profile_name=profile.profile_name,
        task=task,
        action_delay_ms=delay.ms,
        copied=plan.copied,
        pieces=tuple(pieces),
        warnings=(
            *(said_of(str(job.path), fault) for fault in faults),
            *profile_notes(session, profile),
            *timeline.notes,
            *plan.notes,
            *(() if delay.note is None else (delay.note,)),
        ),
        signature=signature,
        label_source=label_source_of(info),
        terms=terms_of(info),
        agent="" if acted is None else acted.policy,
    )


def _first_time(blocks: Iterator[InputTable]) -> tuple[int | None, Iterable[InputTable]]:
    """The time of the first input, and all the blocks."""
    for block in blocks:
        if len(block):
            return int(block.monotonic_ns[0]), chain([block], blocks)
    return None, ()


def _columns(
    plan: SessionPlan,
    blocks: Iterable[InputTable],
    steps: Steps | None,
    profile: MappingProfile,
    delay: SessionDelay,
    job: SessionJob,
) -> Mapping[str, NDArray[np.generic]]:
    """The recorded columns of all pieces, one after another."""
    features = job.shape.features
    aligned = align_inputs(
        blocks,
        np.concatenate([piece.times_ns for piece in plan.pieces]) - delay.ns,
        job.shape.layout,
        profile,
        short_taps=job.options.short_taps,
        with_keyboard=bool(features.keyboard_names),
        with_mouse=bool(features.mouse_names),
    )
    columns: dict[str, NDArray[np.generic]] = {"action": aligned.action, "controller": aligned.controller}
    for _ in blocks:  # the rest of the file, after the last frame, may be damaged as well
        pass
    if aligned.keyboard is not None:
        columns["keyboard"] = aligned.keyboard
    if aligned.mouse is not None:
        columns["mouse"] = aligned.mouse
    if steps is not None:
        parts = [rewards_of(steps, piece) for piece in plan.pieces]
        columns["next.reward"] = np.concatenate([reward for reward, _ in parts])
        columns["next.done"] = np.concatenate([done for _, done in parts])
    return columns


def rewards_of(steps: Steps, piece: Piece) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What each row of a piece earned (float32[n]) and whether the game ended after it (bool[n]).

    A row answers for the steps from its frame to before the next row's: a resampled piece sums over skipped frames,
    and of a repeated frame only the last row earns. Rows without a step earn nothing.
    """
    edges = np.minimum(np.append(piece.rows, piece.rows[-1] + 1), len(steps))
    earned = np.concatenate([[0.0], np.cumsum(steps.reward)])
    ended = np.concatenate([[0], np.cumsum(steps.terminated | steps.truncated)])
    return np.diff(earned[edges]).astype(np.float32), np.diff(ended[edges]) > 0


def _write_piece(
    job: SessionJob,
    session: Session,
    timeline: Timeline,
    plan: SessionPlan,
    piece: Piece,
    values: Mapping[str, NDArray[np.generic]],
    directory: Path,
    number: int,
    progress: Callable[[int], None],
) -> ConvertedPiece:
    rows, video = f"rows-{number:04d}.npz", f"video-{number:04d}.mp4"
    segment = VideoSegment(path=session.video_path, index=timeline.index, frames=piece.frames)
    profile = video_profile(job.options, job.shape)
    if plan.copied:
        written = copy_video(directory / video, [segment], profile)
        progress(len(piece))
    else:
        if even_size(*timeline.shown_size) == (job.shape.width, job.shape.height):
            profile = replace(profile, width=None, height=None)  # an odd side then loses a line instead of being scaled
        written = transcode_video(directory / video, [segment], profile, progress=progress)
    stats = {name: numeric_stats(column) for name, column in values.items()}
    return ConvertedPiece(
        video=video,
        rows=rows,
        length=len(piece),
        first_frame=written.segments[0].first_frame,
        video_frames=written.frames,
        video_bytes=(directory / video).stat().st_size,
        codec=written.codec,
        pixel_format=written.pixel_format,
        source_frame=int(piece.frames[0]),
        start_ns=int(piece.times_ns[0]),
        stats={VIDEO_FEATURE: written.image_stats[0].as_lerobot(), **stats},
    )
