"""Many recorded sessions into one LeRobot dataset: `convert_sessions`.

    from workers.convert import ConvertOptions, convert_sessions

    game = load_game_definition(Path("pong.yaml"))
    report = convert_sessions(
        ConvertOptions(
            session_root=Path("recordings"),
            game=game,
            profiles=(load_mapping_profile(Path("ada.yaml"), game),),
            output_root=Path("datasets/pong"),
            repo_id="local/pong",
            task="Win at Pong",
        )
    )

Sessions are converted side by side, each in a process of its own, and then packed into shards in their order. What is
finished stays finished: an interrupted conversion goes on with ``resume=True``.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from playloom.actions.layout import layout_of
from playloom.errors import OutputError, PlayloomError
from playloom.recording.session import find_sessions
from workers.batch import Batch
from workers.dataset_info import EXTENSION, converter_extension, write_metadata
from workers.errors import NothingConvertedError
from workers.lerobot_files import INFO_PATH
from workers.options import ConvertOptions, VideoPath
from workers.processes import ProcessPool
from workers.progress import ConvertProgress
from workers.provenance import write_notice
from workers.report import ConvertReport
from workers.working_directory import check_output, open_working_directory, working_path

__all__ = ["ConvertOptions", "ConvertProgress", "ConvertReport", "VideoPath", "convert_sessions"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


def convert_sessions(
    options: ConvertOptions, on_progress: Callable[[ConvertProgress], None] | None = None
) -> ConvertReport:
    """Convert the sessions under ``options.session_root`` into one dataset at ``options.output_root``.

    Args:
        options: what to do.
        on_progress: called every now and then.

    Returns:
        What was made of which sessions. A session that cannot be used is skipped, with a reason.

    Raises:
        OutputError: the output exists, is being written by another conversion, or cannot be written. What was
            finished is kept for ``resume``, and nothing stands at ``output_root`` that was not there before.
        PlayloomError: no session can be converted, or, if ``options.strict``, the first that has a fault, named.
        KeyboardInterrupt: passed on; what was finished is kept for ``resume``.
    """
    layout = layout_of(options.game, options.profiles[0].class_ids)
    if not layout.width:
        raise PlayloomError(
            f"The classes {', '.join(layout.class_ids)} of the game '{options.game.game_id}' have no actions",
            remedy="Add actions to the game definition",
        )
    sessions = find_sessions(options.session_root)
    if not sessions:
        raise PlayloomError(
            f"There are no sessions in '{options.session_root}'",
            remedy="Give the directory that holds the session directories: --session-root DIR",
        )
    names = [_name(path, options.session_root) for path in sessions]
    output = options.output_root.resolve()
    converter_version = version("playloom")
    asked_for = _asked_for(options, names, converter_version)
    fingerprint = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()
    if options.resume and (finished := _finished(output, fingerprint)) is not None:
        if working_path(output).exists():  # killed between the dataset's taking its place and the tidying up
            with open_working_directory(output, asked_for, resume=False, overwrite=True) as working:
                working.discard()
        return replace(finished, path=options.output_root)
    check_output(options.output_root, overwrite=options.overwrite)
    with (
        _output_faults(options.output_root),
        open_working_directory(output, asked_for, resume=options.resume, overwrite=options.overwrite) as working,
    ):
        batch = Batch(options, sessions, names, working, on_progress, converter_version)
        try:
            with ProcessPool(options.jobs or _cores(), working.logs) as pool:
                shape = batch.run(pool, layout)
        except NothingConvertedError:
            working.discard()
            raise
        extension = converter_extension(
            options,
            layout,
            converted=[names[number] for number in sorted(batch.converted)],
            skipped={names[number]: reason for number, reason in sorted(batch.skipped.items())},
            warnings={
                names[number]: session.warnings
                for number, session in sorted(batch.converted.items())
                if session.warnings
            },
            delays_ms={names[number]: session.action_delay_ms for number, session in sorted(batch.converted.items())},
            copied=sum(session.copied for session in batch.converted.values()),
            shards=len(batch.shards),
            converter_version=converter_version,
            fingerprint=fingerprint,
        )
        terms = list(dict.fromkeys(term for _, one in sorted(batch.converted.items()) for term in one.terms))
        agents = {names[number]: one.agent for number, one in sorted(batch.converted.items()) if one.agent}
        told = extension | {"terms": terms} | ({"agents": agents} if agents else {})
        write_metadata(working.dataset, options, shape, batch.shards, batch.tasks, told)
        write_notice(working.dataset, terms)
        working.publish(overwrite=options.overwrite)
    finished = _finished(output, fingerprint)
    assert finished is not None
    return replace(finished, path=options.output_root)


def _name(session: Path, root: Path) -> str:
    """What a session is called in the dataset: its directory's name, or its path below ``root``."""
    name = root.resolve().name if session == root else session.relative_to(root).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")  # a dataset holds text only


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _asked_for(options: ConvertOptions, names: Sequence[str], converter_version: str) -> dict[str, object]:
    """All that decides the result, for `resume` to compare: JSON values by the option's name."""
    return {
        "converter version": converter_version,
        "--session-root": str(options.session_root.resolve()),
        "list of sessions": list(names),
        "--game-definition": _digest(options.game),
        "--action-mapping": [
            [profile.profile_name, list(profile.class_ids), _digest(sorted(profile.bindings.items()))]
            for profile in options.profiles
        ],
        "--repo-id": options.repo_id,
        "--task": options.task,
        "--max-pre-action-seconds": options.max_pre_action_s,
        "--strict": options.strict,
        "--video": str(options.video),
        "--size": None if options.size is None else list(options.size),
        "--fps": options.fps,
        "--codec": options.codec,
        "--crf": options.crf,
        "--preset": options.preset,
        "--keyframe-interval": options.keyframe_interval,
        "--threads": options.threads,
        "--who-acted": options.who_acted,
        "--short-taps": options.short_taps,
        "--action-delay-ms": options.action_delay_ms,
        "--max-gap-seconds": options.max_gap_s,
        "--max-file-mb": options.max_file_mb,
    }


def _digest(value: object) -> str:
    """Of a value whose `repr` says all of it."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _finished(output: Path, fingerprint: str) -> ConvertReport | None:
    """The report of the dataset at ``output``, if it was made by this very conversion."""
    try:
        info: Mapping = json.loads((output / INFO_PATH).read_text())
    except (OSError, ValueError):
        return None
    extension = info.get("extensions", {}).get(EXTENSION, {})
    if extension.get("fingerprint") != fingerprint:
        return None
    video = next(feature for feature in info["features"].values() if feature["dtype"] == "video")
    return ConvertReport(
        path=output,
        repo_id=extension["repo_id"],
        converted=tuple(extension["converted_sessions"]),
        skipped=extension["skipped_sessions"],
        warnings={session: tuple(said) for session, said in extension["warnings"].items()},
        episodes=info["total_episodes"],
        frames=info["total_frames"],
        fps=info["fps"],
        width=video["shape"][1],
        height=video["shape"][0],
        copied=extension["copied_sessions"],
        shards=extension["shards"],
        terms=tuple(extension.get("terms", ())),
    )


@contextmanager
def _output_faults(output: Path) -> Iterator[None]:
    """Say what is wrong with the output where the system only gives a number."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise OutputError(
            output,
            f"cannot be written: {error.strerror}",
            remedy="Make room or choose another place, then add --resume to go on",
        ) from error
