"""A recorder of noise and an upload daemon, as a node has them; as a program it goes on until it is killed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from capture_node.clock import now_ns
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.recorder.recorder import Recorder
from capture_node.recorder.settings import InputScope, RecorderSettings
from capture_node.recorder.status import RecorderState
from capture_node.sources.frame_source import Grab, PixelFormat
from capture_node.upload import daemon, growing
from capture_node.upload.daemon import UploadDaemon
from capture_node.upload.settings import UploadSettings
from playloom.client.access import ServerAccess
from tests.support.fed_inputs import FedInputs
from tests.support.scripted_source import ScriptedSource

SIZE = (320, 240)
PART_BYTES = 128 << 10
PROFILE = RecordingProfile(name="noise", fps=30, crf=18, preset="ultrafast", encoders=("libx264",), threads=1)


def hurry() -> None:
    """Parts and waits as small as a test's recording."""
    growing.BEGIN_BYTES = PART_BYTES
    daemon.ENCODED_WITHIN_S = 1.0
    daemon.LOOK_S = 0.1


def make_recorder(
    spool: Path, *, roll_over_gb: float = PROFILE.roll_over_gb, is_noisy: Callable[[], bool] = lambda: True
) -> Recorder:
    """Noise, of which every second takes a megabyte, or else a still picture; in sessions of this size."""
    noise = np.random.default_rng(1).integers(0, 256, (8, SIZE[1], SIZE[0], 4), np.uint8)

    def grab(number: int) -> Grab:
        return Grab(
            image=noise[number % 8 if is_noisy() else 0],
            pixel_format=PixelFormat.BGRA,
            monotonic_ns=now_ns(),
            changed=True,
        )

    profile = replace(PROFILE, roll_over_gb=roll_over_gb)
    settings = RecorderSettings(root=spool, profile=profile, input_scope=InputScope.ALWAYS, disk_reserve_bytes=0)
    return Recorder(source=ScriptedSource(script=grab, size=SIZE), inputs=[FedInputs()], settings=settings)


@contextmanager
def daemon_for(
    recorder: Recorder | None, access: ServerAccess, spool: Path, *, hold_back_s: float
) -> Iterator[UploadDaemon]:
    """Within the block what is recorded is sent."""

    def recording() -> Path | None:
        status = None if recorder is None else recorder.status()
        going_on = (RecorderState.RECORDING, RecorderState.PAUSED)
        return status.session_path if status is not None and status.state in going_on else None

    running = UploadDaemon(
        access,
        UploadSettings(),
        spool,
        is_recording=lambda: recording() is not None,
        recording=recording,
        hold_back_s=hold_back_s,
    )
    running.start()
    try:
        yield running
    finally:
        running.stop()


def main() -> None:
    spool, access, hold_back_s = Path(sys.argv[1]), ServerAccess(**json.loads(sys.argv[2])), float(sys.argv[3])
    hurry()
    recorder = make_recorder(spool)
    recorder.start()
    with daemon_for(recorder, access, spool, hold_back_s=hold_back_s):
        time.sleep(600)


if __name__ == "__main__":
    main()
