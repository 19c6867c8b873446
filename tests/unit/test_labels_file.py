from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from playloom.errors import RecordingError
from playloom.labels.labels_file import read_header, read_labels, video_signature, write_labels
from playloom.labels.reasons import Reason
from tests.support.labels import labels_of


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"pictures")
    return path


def test_what_is_written_is_read(tmp_path: Path, video: Path) -> None:
    labels = labels_of(video, [0, 1, 2, 5], {3: int(Reason.MENU | Reason.IDLE)}, terms=("Not for sale",))
    write_labels(tmp_path / "clip.labels.parquet", labels)

    back = read_labels(tmp_path / "clip.labels.parquet")

    assert asdict(back.header)["terms"] == ["Not for sale"]
    assert back.frame.tolist() == [0, 1, 2, 5]
    assert back.reasons.tolist() == [0, 0, 0, 24]
    assert back.action.tolist() == labels.action.tolist()
    assert np.isnan(back.probability[:, 0]).all()
    assert read_header(tmp_path / "clip.labels.parquet").name == "clip"


def test_reasons_are_told_in_words() -> None:
    assert Reason(5).words == "low confidence and loading"


def test_a_signature_is_of_what_is_in_a_video_and_not_of_its_name(tmp_path: Path, video: Path) -> None:
    (tmp_path / "copy.mp4").write_bytes(video.read_bytes())
    (tmp_path / "other.mp4").write_bytes(b"Pictures")

    assert video_signature(tmp_path / "copy.mp4") == video_signature(video)
    assert video_signature(tmp_path / "other.mp4") != video_signature(video)


def test_any_other_parquet_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"frame": [1]}), tmp_path / "other.parquet")

    with pytest.raises(RecordingError, match=r"is no labels file\. Make labels with 'playloom label'"):
        read_labels(tmp_path / "other.parquet")


def test_a_label_that_is_kept_and_no_number_is_refused(tmp_path: Path, video: Path) -> None:
    labels = labels_of(video, [0, 1])
    labels.action[1, 0] = np.nan
    write_labels(tmp_path / "clip.labels.parquet", labels)

    with pytest.raises(RecordingError, match="a label that is kept is no finite number"):
        read_labels(tmp_path / "clip.labels.parquet")


def test_rows_out_of_order_are_refused(tmp_path: Path, video: Path) -> None:
    write_labels(tmp_path / "clip.labels.parquet", replace(labels_of(video, [0, 3, 2])))

    with pytest.raises(RecordingError, match="not in the order of the video's frames"):
        read_labels(tmp_path / "clip.labels.parquet")
