"""What the recorder records with the training profile becomes a dataset without being encoded again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from capture_node.recorder.capture_profile import load_profile
from capture_node.recorder.recorder import Recorder
from tests.integration.test_capture_recorder import running, settings
from tests.support.conversions import convert, read_episodes, read_info
from tests.support.fed_inputs import FedInputs
from tests.support.scripted_source import ScriptedSource
from workers.options import VideoPath


def test_a_training_recording_is_copied_into_the_dataset(tmp_path: Path) -> None:
    profile = replace(load_profile("training"), encoders=("libx264",))
    pad = FedInputs()
    for name in ("one", "two"):
        recorder = Recorder(
            source=ScriptedSource(size=(128, 128)),
            inputs=[pad],
            settings=settings(tmp_path / "sessions", name=name, profile=profile),
        )
        recorder.start()
        pad.press(0)
        running(recorder, 45)
        pad.release(0)
        running(recorder, 45)
        recorder.stop()
    report = convert(tmp_path, video=VideoPath.COPY, fps=60)
    assert (len(report.converted), report.copied) == (2, 2)
    info = read_info(tmp_path / "dataset")
    assert info["fps"] == 60
    for episode in read_episodes(tmp_path / "dataset"):
        assert (np.diff(episode.numbers) == 1).all()
        pressed = episode.action[:, 2]  # after move's two slots
        assert 20 <= np.count_nonzero(pressed) < len(pressed)
