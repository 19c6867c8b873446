"""The video that a recording names: found beside it and nowhere else, whatever the name says."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from playloom.errors import RecordingError
from workers.importing.video import VIDEO_SUFFIXES


def media_beside(recording: Path, uri: str) -> Path:
    """The file that a media reference names.

    A relative path is looked for from the recording's directory on, and must not leave it; of an absolute one, or of a
    file: address, which are another machine's, only the name counts. Where the recording and its video were renamed
    together, the video is the one that is called as the recording is.

    Raises:
        RecordingError: there is no such file, or it is not on this machine.
    """
    directory = recording.parent
    address = urlsplit(uri) if "://" in uri[:32] or uri[:5] == "data:" else None
    if address is not None and address.scheme != "file":
        what = "is embedded" if address.scheme == "data" else f"is at {uri[:100]}"
        raise RecordingError(
            recording, f"its video {what}", remedy="Save it beside the recording, under the recording's name"
        )
    path = PurePosixPath((unquote(address.path) if address is not None else uri).replace("\\", "/"))
    named = [] if not path.name or "\0" in str(path) else [directory / path.name]
    if address is None and not path.is_absolute() and ".." not in path.parts and named:
        named.insert(0, directory / path)
    for candidate in (*named, *(recording.with_suffix(suffix) for suffix in VIDEO_SUFFIXES)):
        if candidate.is_file():
            return candidate
    raise RecordingError(
        recording, f"its video {uri[:100]!r} is not beside it", remedy=f"Put {path.name[:100]} into {recording.parent}"
    )
