"""No encoder puts this process before the machine's other programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from playloom.scheduling import let_session_stand_back, scheduled_as_before
from workers.video.encoders import EncodedVideo
from workers.video.segment import VideoProfile


def policies() -> set[int]:
    """Of all threads of this process."""
    return {os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir()}


def test_av1_is_encoded_with_no_more_right_to_the_processor_than_others_have(tmp_path: Path) -> None:
    picture = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format="rgb24")
    with av.open(str(tmp_path / "av1.mp4"), "w") as container:
        video = EncodedVideo(container, VideoProfile(fps=30, codec="av1", preset="ultrafast"), picture)
        video.add(video.scale(picture))
        assert policies() == {os.SCHED_OTHER}
        video.finish()
    assert policies() == {os.SCHED_OTHER}


def test_what_was_taken_within_the_block_is_given_back() -> None:
    with scheduled_as_before():
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:  # none but root may
            return
        assert os.sched_getscheduler(0) == os.SCHED_FIFO
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_session_of_its_own_stands_back_as_a_whole_where_the_kernel_shares_out_by_sessions() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        group = Path(f"/proc/{process.pid}/autogroup")
        try:
            if not group.exists() or not group.read_text():
                pytest.skip("this kernel shares out by processes only")
            ours = Path("/proc/self/autogroup").read_text()

            let_session_stand_back(process.pid, 7)

            assert group.read_text().endswith("nice 7\n")
            assert Path("/proc/self/autogroup").read_text() == ours
        finally:
            process.kill()
    let_session_stand_back(process.pid, 7)  # it has ended: nobody is to stand back
