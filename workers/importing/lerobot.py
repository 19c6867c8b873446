"""A LeRobot dataset of version 2 or 3 into Playloom's layout: what other datasets of Playloom can be compared with.

Episode by episode, like `playloom convert` session by session: each is made in a working directory beside the output,
then packed into shards; the dataset appears when it is whole. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from playloom.errors import PlayloomError, RecordingError
from workers.dataset_info import EXTENSION
from workers.importing.dataset_report import DatasetReport
from workers.importing.lerobot_features import ACTION, choose_features, described
from workers.importing.lerobot_metadata import write_dataset_metadata
from workers.importing.lerobot_run import LerobotRun
from workers.importing.lerobot_source import open_dataset
from workers.importing.signature import signature_of
from workers.lerobot_files import INFO_PATH
from workers.working_directory import check_output, open_working_directory, working_path

FORMAT = "lerobot"


@dataclass(frozen=True, kw_only=True)
class LerobotOptions:
    """One import.

    Attributes:
        root: the dataset's directory.
        output: the new dataset's; it must not exist, unless ``overwrite`` or an earlier run of this import made it.
        repo_id: the new dataset's name.
        source_name: what the source is called; None: as its directory is.
        video_feature, action_feature: which become the video and the action; None: the only video.
        task: what the play is of where the source does not say.
        strict: stop at the first episode that cannot be taken over whole.
        max_file_mb: episodes share a video file up to this size in MiB.
        crf: quality of videos that have to be encoded anew.
        overwrite: replace a dataset that stands at ``output``.
    """

    root: Path
    output: Path
    repo_id: str
    source_name: str | None = None
    video_feature: str | None = None
    action_feature: str = ACTION
    task: str = "Play"
    strict: bool = False
    max_file_mb: int = 200
    crf: int = 18
    overwrite: bool = False

    @property
    def repo(self) -> str:
        name = self.source_name or self.root.resolve().name
        return "".join(sign if sign.isprintable() else "-" for sign in name)[:200]


def import_lerobot(options: LerobotOptions, on_progress: Callable[[int, int], None] = lambda *_: None) -> DatasetReport:
    """Import a dataset.

    Args:
        options: what to do.
        on_progress: told how many frames are done, of how many.

    Raises:
        RecordingError: it is no dataset that can be read, or, if strict, the first fault.
        OutputError: the output exists, is being written, or cannot be written.
        PlayloomError: no episode can be imported, or it is not clear what to take.
    """
    source = open_dataset(options.root)
    choice = choose_features(source, options.video_feature, options.action_feature)
    output = options.output.resolve()
    asked_for = {
        "dataset": str(options.root.resolve()),
        "content": signature_of([options.root / INFO_PATH]),
        "--repo-id": options.repo_id,
        "--source-name": options.repo,
        "--video-feature": choice.video,
        "--action-feature": options.action_feature,
        "--task": options.task,
        "--strict": options.strict,
        "--max-file-mb": options.max_file_mb,
        "--crf": options.crf,
        "version of Playloom": version("playloom"),
    }
    fingerprint = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()
    if not options.overwrite and (made := _made_already(output, fingerprint)) is not None:
        return made
    check_output(output, overwrite=options.overwrite)
    if options.strict and choice.left_out:
        raise RecordingError(
            options.root, f"--strict takes all or nothing, and {described(choice.left_out)[0]}", remedy="Leave it out"
        )
    begun = (working_path(output) / "options.json").exists()
    with open_working_directory(
        output, asked_for, resume=begun and not options.overwrite, overwrite=options.overwrite
    ) as working:
        run = LerobotRun(
            source=source,
            choice=choice,
            repo=options.repo,
            task=options.task,
            crf=options.crf,
            strict=options.strict,
            max_file_bytes=options.max_file_mb << 20,
            working=working,
            on_progress=on_progress,
        )
        run.all()
        if not run.packer.shards:
            working.discard()
            reasons = "; ".join(run.skipped.values())
            raise PlayloomError(f"No episode of '{options.root}' can be imported: {reasons}")
        write_dataset_metadata(
            working.dataset,
            repo_id=options.repo_id,
            source=source,
            choice=choice,
            repo=options.repo,
            profile=run.episodes.profile,
            shards=run.packer.shards,
            tasks=run.packer.tasks,
            max_file_mb=options.max_file_mb,
            converted=run.converted,
            skipped=run.skipped,
            warnings=run.warnings,
            copied=run.copied,
            fingerprint=fingerprint,
        )
        working.publish(overwrite=options.overwrite)
    made = _made_already(output, fingerprint)
    assert made is not None
    return made


def _made_already(output: Path, fingerprint: str) -> DatasetReport | None:
    """The report of the dataset at ``output``, if it was made by this very import."""
    try:
        info = json.loads((output / INFO_PATH).read_text())
    except (OSError, ValueError):
        return None
    extension = info.get("extensions", {}).get(EXTENSION, {})
    return DatasetReport.of(output, info, extension) if extension.get("fingerprint") == fingerprint else None
