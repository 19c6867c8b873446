"""The play as a video with its controls and actions beside it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from playloom.errors import RecordingError
from playloom.output_files import output_file
from playloom.preview.scene import Scene
from playloom.preview.source import PreviewSource
from playloom.recording.video_frames import VideoFrames

CRF = "20"


def write_movie(source: PreviewSource, path: Path, *, height: int = 720, force: bool = False) -> int:
    """Write the source as an H.264 mp4 of the source's rate, a frame at a time.

    Returns:
        How many frames were written.

    Raises:
        OutputError: the file exists, or cannot be written.
        RecordingError: no frame of the video could be decoded.
    """
    scene = Scene.of(source, height=height)
    rate = Fraction(source.fps).limit_denominator(1001)
    first, written = source.first_frame, 0
    with (
        output_file(path, force=force) as partial,
        VideoFrames(source.video_path, source.index, threads=0) as video,
        av.open(str(partial), "w", options={"movflags": "+faststart"}) as container,
        _progress() as progress,
    ):
        stream = container.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "veryfast"})
        stream.width, stream.height = scene.size
        stream.pix_fmt = "yuv420p"
        task = progress.add_task("drawing", total=len(source))
        for number, picture in video.frames(first, first + len(source)):
            frame = number - first
            image = av.VideoFrame.from_ndarray(scene.draw(frame, picture), format="rgb24")
            image.pts, image.time_base = frame, 1 / rate
            container.mux(stream.encode(image))
            written += 1
            progress.advance(task)
        container.mux(stream.encode(None))
        if not written:
            raise RecordingError(
                source.video_path, "none of these frames can be decoded", remedy="Choose another stretch"
            )
    return written


def _progress() -> Progress:
    console = Console(emoji=False, stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
