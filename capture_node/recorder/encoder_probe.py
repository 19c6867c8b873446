"""Why an encoder does not open, in FFmpeg's own words.

FFmpeg's error is a number ("Operation not permitted"); what it writes to its log says more ("Cannot load
libcuda.so.1"). The log belongs to the whole process, and one that Python listens to can stand still for ever: some
drivers log on threads of their own while the encoder is being opened. So a process of its own tries it once more.

``python -m capture_node.recorder.encoder_probe ENCODER``
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction

PROBE_S = 10.0
"""A driver that takes longer says nothing."""

_LONGEST = 200
_ORIGIN = re.compile(r"^\[[^\]]*\] *")


def reason_in_words(encoder: str) -> str | None:
    """What FFmpeg says of an encoder that does not open here; None if it says nothing. Takes a second or so."""
    command = [sys.executable, "-m", "capture_node.recorder.encoder_probe", encoder]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PROBE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [_ORIGIN.sub("", line).strip() for line in done.stderr.splitlines()]
    said = [line for line in lines if line]
    return said[0][:_LONGEST] if said and not done.returncode else None


def main() -> int:
    """Open an encoder as a recorder would, so that FFmpeg writes to standard error what is wrong."""
    import av
    import av.logging
    from av.error import FFmpegError

    av.logging.restore_default_callback()
    av.logging.set_libav_level(av.logging.ERROR)
    context = av.CodecContext.create(sys.argv[1], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 1280, 720, "yuv420p"
    context.framerate, context.time_base = Fraction(60), Fraction(1, 60)
    with suppress(FFmpegError, ValueError):  # FFmpeg has said why
        context.open()
    return 0


if __name__ == "__main__":
    sys.exit(main())
