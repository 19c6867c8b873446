"""Labelled videos into one dataset: the frames that are kept with their actions and how sure the labeller was of them.

Video by video, each in a process of its own, and then packed into shards in their order. The dataset appears when it
is whole; a run that was stopped goes on where it was, and one that has finished is not done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from playloom.errors import OutputError, PlayloomError, ProcessError, RecordingError
from playloom.labels.labels_file import SUFFIX, LabelsHeader, read_header
from workers.converted import ConvertedSession, OutputFault, Skipped
from workers.dataset_info import EXTENSION
from workers.features import Column
from workers.importing.labels_metadata import write_labels_metadata
from workers.importing.labels_report import LabelledReport
from workers.importing.labels_video import ACTION, CONFIDENCE, LabelsJob, convert_labels, find_video
from workers.importing.lerobot_episode import even_profile
from workers.importing.lerobot_features import TakenFeatures
from workers.importing.video import index_source
from workers.lerobot_files import INFO_PATH
from workers.packing import ShardPacker
from workers.processes import ProcessPool
from workers.video.segment import VideoProfile
from workers.working_directory import check_output, open_working_directory, working_path

FORMAT = "labels"


@dataclass(frozen=True, kw_only=True)
class LabelsOptions:
    """One import.

    Attributes:
        labels: labels files, or directories of them.
        output: the dataset's directory; it must not exist, unless ``overwrite`` or an earlier run of this import
            made it.
        repo_id: the dataset's name.
        videos: where videos are looked for that are not where they were labelled.
        task: what the play is of where the labels do not say.
        size: of the pictures; None: the first video's.
        strict: stop at the first video that cannot be taken.
        max_file_mb: episodes share a video file up to this size in MiB.
        crf: quality of videos that have to be encoded anew.
        jobs: videos at the same time; None: as many as there are cores.
        overwrite: replace a dataset that stands at ``output``.
    """

    labels: tuple[Path, ...]
    output: Path
    repo_id: str
    videos: Path | None = None
    task: str = "Play"
    size: tuple[int, int] | None = None
    strict: bool = False
    max_file_mb: int = 200
    crf: int = 18
    jobs: int | None = None
    overwrite: bool = False


def labels_files(places: tuple[Path, ...]) -> list[Path]:
    """The labels files at some places, in order.

    Raises:
        PlayloomError: there are none.
    """
    found: list[Path] = []
    for place in places:
        found += [place] if place.is_file() else sorted(place.rglob(f"*{SUFFIX}"))
    if not found:
        named = ", ".join(f"'{place}'" for place in places)
        raise PlayloomError(f"There are no labels ({SUFFIX}) in {named}", remedy="Make some with 'playloom label'")
    return list(dict.fromkeys(found))


def import_labels(options: LabelsOptions, on_progress: Callable[[int], None] = lambda _: None) -> LabelledReport:
    """Make a dataset of labels.

    Args:
        options: what to do.
        on_progress: told how many frames have been done since.

    Raises:
        OutputError: the output exists, is being written, or cannot be written.
        PlayloomError: no labels can be used, or, if strict, the first that cannot.
    """
    files = labels_files(options.labels)
    skipped: dict[str, str] = {}
    headers: dict[int, LabelsHeader] = {}
    for number, path in enumerate(files):
        try:
            headers[number] = _fitting(path, read_header(path), next(iter(headers.values()), None), headers)
        except RecordingError as error:
            _skip(options, skipped, path.name.removesuffix(SUFFIX), str(error))
    if not headers:
        raise PlayloomError(f"None of {len(files)} labels files can be used: {'; '.join(skipped.values())}")
    output = options.output.resolve()
    asked_for = {
        "labels": [[str(files[number].resolve()), header.fingerprint] for number, header in headers.items()],
        "--repo-id": options.repo_id,
        "--task": options.task,
        "--size": None if options.size is None else list(options.size),
        "--strict": options.strict,
        "--max-file-mb": options.max_file_mb,
        "--crf": options.crf,
        "version of Playloom": version("playloom"),
    }
    fingerprint = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()
    if (made := _made_already(output, fingerprint)) is not None:
        return made
    check_output(output, overwrite=options.overwrite)
    begun = _is_begun(output, asked_for)
    with open_working_directory(output, asked_for, resume=begun, overwrite=options.overwrite or not begun) as working:
        first = next(iter(headers.values()))
        profile = _profile(options, files, headers, skipped)
        working.keep_shape({"size": [profile.width, profile.height], "codec": profile.codec})
        features = TakenFeatures(
            action_names=tuple(first.action_names),
            controller_names=(),
            taken=(
                Column(name=ACTION, dtype="float32", names=tuple(first.action_names)),
                Column(name=CONFIDENCE, dtype="float32", names=tuple(first.head_names)),
            ),
        )
        packer = ShardPacker(
            working=working, features=features, profile=profile, max_file_bytes=options.max_file_mb << 20
        )
        packer.load()
        converted: dict[str, ConvertedSession] = {}
        outcomes: dict[int, ConvertedSession | Skipped | OutputFault | ProcessError] = {
            number: earlier for number in headers if (earlier := packer.earlier(number)) is not None
        }
        left = [number for number in headers if number not in outcomes]
        jobs = [
            partial(
                convert_labels,
                LabelsJob(
                    labels=files[number],
                    output=working.session(number),
                    videos=options.videos,
                    profile=profile,
                    task=options.task,
                ),
            )
            for number in left
        ]
        with ProcessPool(options.jobs or _cores(), working.logs) as pool:
            results = pool.run(jobs, lambda _, frames: on_progress(frames))
            for number, header in headers.items():
                outcome = outcomes.pop(number, None)
                while outcome is None:
                    job, result = next(results)
                    if left[job] == number:
                        outcome = result
                    else:
                        outcomes[left[job]] = result
                if isinstance(outcome, OutputFault):
                    raise OutputError(outcome.file, outcome.problem, remedy="Make room, then run the command again")
                if not isinstance(outcome, ConvertedSession):
                    reason = outcome.reason if isinstance(outcome, Skipped) else f"{header.video}: {outcome}"
                    _skip(options, skipped, header.name, reason)
                    continue
                converted[header.name] = outcome
                packer.take(number, header.name, outcome)
        packer.finish()
        if not packer.shards:
            working.discard()
            raise PlayloomError(f"No labelled video can be used: {'; '.join(skipped.values())}")
        write_labels_metadata(
            working.dataset,
            options_told=asked_for,
            repo_id=options.repo_id,
            header=first,
            headers={header.name: header for header in headers.values()},
            features=features,
            profile=profile,
            shards=packer.shards,
            tasks=packer.tasks,
            max_file_mb=options.max_file_mb,
            converted=converted,
            skipped=skipped,
            fingerprint=fingerprint,
        )
        working.publish(overwrite=options.overwrite)
    made = _made_already(output, fingerprint)
    assert made is not None
    return replace(made, path=options.output)


def _fitting(
    path: Path, header: LabelsHeader, first: LabelsHeader | None, known: Mapping[int, LabelsHeader]
) -> LabelsHeader:
    """``header``, if it goes with the first of the dataset."""
    if first is None:
        return header
    for what, ours, theirs in (
        ("game", header.game_id, first.game_id),
        ("actions", list(header.action_names), list(first.action_names)),
        ("heads", list(header.head_names), list(first.head_names)),
        ("layout version", header.action_layout_version, first.action_layout_version),
        ("frames a second", header.fps, first.fps),
    ):
        if ours != theirs:
            problem = f"has other {what} than the first labels: {ours}, not {theirs}"
            raise RecordingError(path, problem, remedy="Make a dataset of each kind")
    if any(header.name == other.name for other in known.values()):
        raise RecordingError(path, f"is a second video called '{header.name}'", remedy="Label them in one run")
    return header


def _profile(
    options: LabelsOptions, files: list[Path], headers: Mapping[int, LabelsHeader], skipped: dict[str, str]
) -> VideoProfile:
    """Of the first video that can be read."""
    for number, header in headers.items():
        try:
            index = index_source(find_video(files[number], header, options.videos))
        except RecordingError as error:
            if options.strict:
                raise
            skipped.setdefault(header.name, str(error))
            continue
        profile = even_profile(index, header.fps, options.crf)
        if options.size is not None:
            profile = replace(profile, width=options.size[0], height=options.size[1])
        return profile
    raise PlayloomError(f"No labelled video can be read: {'; '.join(skipped.values())}")


def _skip(options: LabelsOptions, skipped: dict[str, str], name: str, reason: str) -> None:
    if options.strict:
        raise PlayloomError(f"--strict takes all or nothing: {reason}", remedy="Leave it out; no dataset was written")
    skipped[name] = reason


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_begun(output: Path, asked_for: Mapping[str, object]) -> bool:
    """Whether an interrupted run of this very import can be gone on with."""
    try:
        return json.loads((working_path(output) / "options.json").read_text()) == json.loads(json.dumps(asked_for))
    except (OSError, ValueError):
        return False


def _made_already(output: Path, fingerprint: str) -> LabelledReport | None:
    """The report of the dataset at ``output``, if it was made by this very import."""
    try:
        info = json.loads((output / INFO_PATH).read_text())
    except (OSError, ValueError):
        return None
    extension = info.get("extensions", {}).get(EXTENSION, {})
    return LabelledReport.of(output, info) if extension.get("fingerprint") == fingerprint else None
