"""`playloom import nitrogen` on shards made to the dataset card, beside small videos of numbered frames."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.session import Session, open_session
from playloom.recording.sync_table import read_sync
from tests.support.conversions import read_episodes, read_info
from tests.support.dataset_videos import pictures_in
from tests.support.importing import Done, run_playloom
from tests.support.importing.nitrogen import LabelledChunk, add, write_shard
from tests.support.numbered_sessions import NumberedVideo, number_in, write_numbered_video

PROJECT = Path(__file__).parents[2]
VIDEO = "dQw4w9WgXcQ"
SECOND_NS = 1_000_000_000


def write_video(directory: Path, name: str = VIDEO, frames: int = 60, fps: int = 30, **video: Any) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    times_ns = [number * SECOND_NS // fps for number in range(frames)]
    write_numbered_video(
        directory / f"{name}.mp4", range(frames), times_ns, NumberedVideo(width=192, height=108, **video), fps
    )
    return directory


def run_import(tmp_path: Path, *shards: Path, options: tuple[str, ...] = ()) -> Done:
    return run_playloom(
        "import", "nitrogen", *shards, "--videos", tmp_path / "videos", "-o", tmp_path / "sessions", "--json", *options
    )


def imported(tmp_path: Path, *shards: Path, options: tuple[str, ...] = ()) -> tuple[Session, dict[str, Any]]:
    done = run_import(tmp_path, *shards, options=options)
    assert done.returncode == 0, done.stdout + done.stderr
    [one] = json.loads(done.stdout)["imported"]
    return open_session(Path(one["path"])), one


def held(session: Session) -> InputTable:
    table, damage = read_inputs(session.inputs_path)
    assert damage == []
    return table


def at(table: InputTable, time_ns: int) -> InputTable:
    row = int(np.searchsorted(table.monotonic_ns, time_ns, side="right")) - 1
    return table[row : row + 1]


def numbers_left_of_mask(path: Path) -> list[int]:
    """What the frames show; the mask lies over the last block, whose bit is 0 in small numbers anyway."""
    return [number_in(picture) for picture in pictures_in(path)]


def test_labels_become_the_inputs_of_the_frames_that_they_are_of(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    shard = write_shard(
        tmp_path / "SHARD_0000.tar.gz",
        [
            LabelledChunk(  # 60 rows a second, the video has 30 frames
                video=VIDEO, held={"south": range(20, 40), "left_trigger": range(10, 12), "left_thumb": [118]},
                left={50: (-1.0, -0.5)}, right={60: (0.25, 1.0)},
            )
        ],
    )  # fmt: skip
    session, one = imported(tmp_path, shard)
    table = held(session)
    frames = [SECOND_NS + number * SECOND_NS // 30 + 50_000 for number in range(60)]
    assert [number for number in range(60) if at(table, frames[number]).button_held(0)[0]] == list(range(10, 20))
    assert at(table, frames[5]).axes.tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0]]
    assert at(table, frames[25]).axes.tolist() == [[-1.0, -0.5, 0.0, 0.0, 0.0, 0.0]]
    assert at(table, frames[30]).axes.tolist() == [[0.0, 0.0, 0.25, 1.0, 0.0, 0.0]]
    assert at(table, frames[59]).button_held(7).tolist() == [True]
    sync, _ = read_sync(session.sync_path)
    assert np.abs(sync.monotonic_ns - np.array(frames)).max() < 100_000
    assert one["faults"] == []


def test_sessions_say_that_labels_are_none_of_a_player_and_under_which_terms(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    session, _ = imported(tmp_path, write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=VIDEO)]))
    assert session.info is not None
    assert session.info.extra["label_source"] == "nitrogen"
    assert session.info.extra["licence"] == "CC-BY-NC-4.0"
    assert session.info.extra["video"] == {
        "id": VIDEO, "game": "Celeste", "source": "youtube", "url": f"https://www.youtube.com/watch?v={VIDEO}",
    }  # fmt: skip
    notice = (session.path / "NOTICE").read_text()
    assert "for no commercial purpose" in notice
    assert f"https://www.youtube.com/watch?v={VIDEO}" in notice
    assert session.info.files["NOTICE"].bytes == len(notice.encode())
    done = run_playloom(
        "import", "nitrogen", tmp_path / "s.tar.gz", "--videos", tmp_path / "videos", "-o", tmp_path / "sessions"
    )
    assert "terms: NitroGen's labels are licensed CC BY-NC 4.0" in done.stderr


def test_the_drawn_controller_is_black_in_every_frame_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    write_video(tmp_path / "videos", options={"crf": "4"})
    shard = write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=VIDEO)])
    session, _ = imported(tmp_path, shard, options=("--mask-margin", "0", "--crf", "4"))
    before = pictures_in(tmp_path / "videos" / f"{VIDEO}.mp4").astype(int)
    after = pictures_in(session.video_path).astype(int)
    box = (slice(None), slice(81, 108), slice(144, 192))  # 480x270 at (1440, 810) of 1920x1080, in 192x108
    assert after[box].max() <= 6
    assert np.abs(after[:, :78, :] - before[:, :78, :]).max() < 40
    assert before[box].max() >= 20


def test_only_labelled_parts_of_a_video_are_in_the_session_with_their_times(tmp_path: Path) -> None:
    write_video(tmp_path / "videos", frames=300)
    chunks = [
        LabelledChunk(video=VIDEO, number=3, start_s=6.0, end_s=8.0, held={"east": range(120)}),
        LabelledChunk(video=VIDEO, number=0, start_s=1.0, end_s=3.0),
    ]
    session, _ = imported(tmp_path, write_shard(tmp_path / "s.tar.gz", chunks))
    assert numbers_left_of_mask(session.video_path) == [*range(30, 90), *range(180, 240)]
    times = read_sync(session.sync_path)[0].monotonic_ns
    assert round((times[60] - times[59]) / 1e9, 3) == 3.033
    table = held(session)
    assert [bool(at(table, int(times[frame])).button_held(1)[0]) for frame in (0, 59, 60, 119)] == [
        False, False, True, True,
    ]  # fmt: skip


def test_processed_labels_are_taken_before_raw_ones_unless_told_otherwise(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    chunk = LabelledChunk(video=VIDEO, processed=True, held={"west": range(120)}, as_integers=True)  # raw: nothing held
    shard = write_shard(tmp_path / "s.tar.gz", [chunk])
    session, _ = imported(tmp_path, shard)
    assert held(session).button_held(2).any()
    done = run_playloom(
        "import",
        "nitrogen",
        shard,
        "--videos",
        tmp_path / "videos",
        "-o",
        tmp_path / "raw",
        "--labels",
        "raw",
        "--json",
    )
    [one] = json.loads(done.stdout)["imported"]
    assert not held(open_session(Path(one["path"]))).button_held(2).any()


def test_videos_that_are_not_at_hand_are_passed_over_and_counted(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    chunks = [LabelledChunk(video=name) for name in ("aaaaaaaaaaa", VIDEO, "zzzzzzzzzzz")]
    done = run_import(tmp_path, write_shard(tmp_path / "s.tar.gz", chunks))
    report = json.loads(done.stdout)
    assert [Path(one["source"]).stem for one in report["imported"]] == [VIDEO]
    assert report["notes"] == ["labels of 2 other videos were passed over"]
    assert [path.name for path in (tmp_path / "sessions").iterdir() if path.name.startswith(".")] == []


def test_an_unpacked_shard_is_read_too_and_a_second_run_keeps_the_session(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    for name, content in LabelledChunk(video=VIDEO).files().items():
        path = tmp_path / "SHARD_0000" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _, first = imported(tmp_path, tmp_path / "SHARD_0000")
    _, second = imported(tmp_path, tmp_path / "SHARD_0000")
    assert (first["kept"], second["kept"], first["path"]) == (False, True, second["path"])


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"bbox_controller_overlay": None}, "bbox_controller_overlay does not say where the drawn controller is"),
        ({"bbox_controller_overlay": [0, 0, 0, 0]}, "bbox_controller_overlay is 0x0 pixels: nothing to mask"),
        ({"original_video": None}, "original_video is missing"),
        (
            {"original_video": {"resolution": [1080, 1440], "start_time": 0, "end_time": 2}},
            "is 192x108, another shape than the 1440x1080 that was labelled",
        ),
        (
            {"original_video": {"resolution": [1080, 1920], "start_time": 5, "end_time": 2}},
            "start_time is 5 and end_time 2, which is no chunk",
        ),
    ],
)
def test_a_chunk_that_cannot_be_used_is_left_out_with_its_reason(
    tmp_path: Path, metadata: dict[str, Any], said: str
) -> None:
    write_video(tmp_path / "videos", frames=120)
    chunks = [
        LabelledChunk(video=VIDEO, number=0, metadata=metadata),
        LabelledChunk(video=VIDEO, number=1, start_s=2.0, end_s=4.0),
    ]
    session, one = imported(tmp_path, write_shard(tmp_path / "s.tar.gz", chunks))
    assert said in one["faults"][0]
    assert numbers_left_of_mask(session.video_path) == list(range(60, 120))
    done = run_playloom(
        "import",
        "nitrogen",
        tmp_path / "s.tar.gz",
        "--videos",
        tmp_path / "videos",
        "-o",
        tmp_path / "strict",
        "--strict",
    )
    assert done.returncode == 1
    assert "which --strict does not accept" in done.stderr


def test_a_table_that_lacks_columns_or_is_none_is_named(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    name = f"{VIDEO}/{VIDEO}_chunk_0000/actions_raw.parquet"
    files = LabelledChunk(video=VIDEO).files() | {name: b"PAR1 and nothing"}
    shard = write_shard(tmp_path / "s.tar.gz", [], files)
    done = run_import(tmp_path, shard)
    [reason] = json.loads(done.stdout)["failed"].values()
    assert "no frame of it has labels: chunk 0 is left out" in reason
    assert "cannot be read as labels" in reason


@pytest.mark.parametrize(
    "name",
    ["../../../etc/metadata.json", f"/{VIDEO}/{VIDEO}_chunk_0000/metadata.json", "a b/a b_chunk_0001/metadata.json"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / "videos")
    shard = write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=VIDEO)], {name: b"{}"})
    done = run_import(tmp_path, shard)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(report["imported"]) == 1  # what came before it
    [reason] = report["failed"].values()
    assert "leads out of the archive" in reason or "is in no directory VIDEO/VIDEO_chunk_NUMBER" in reason
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.tar.gz", "sessions", "videos"]


def test_an_archive_that_is_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    shard = write_shard(
        tmp_path / "s.tar.gz",
        [LabelledChunk(video=VIDEO)],
        {"z/z_chunk_0000/metadata.json": bytes(np.random.default_rng(0).bytes(1 << 20))},
    )
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    report = json.loads(run_import(tmp_path, shard).stdout)
    assert len(report["imported"]) == 1
    [reason] = report["failed"].values()
    assert "is damaged" in reason


def test_headers_that_claim_gigabytes_are_not_believed(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        add(archive, "README", b"x")
        huge = tarfile.TarInfo("././@PaxHeader")
        huge.type, huge.size = tarfile.XHDTYPE, (1 << 33) - 1
        archive.fileobj.write(huge.tobuf())
    (tmp_path / "s.tar.gz").write_bytes(gzip.compress(content.getvalue()))
    report = json.loads(run_import(tmp_path, tmp_path / "s.tar.gz").stdout)
    [reason] = report["failed"].values()
    assert "a header asks for 8589934592 bytes" in reason


def test_an_archive_of_zeros_is_given_up_at_two_hundred_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.importing.archive_members._RATIO_FROM_BYTES", 1 << 20)
    write_video(tmp_path / "videos")
    shard = write_shard(tmp_path / "s.tar.gz", [], {"zeros": bytes(32 << 20)})
    report = json.loads(run_import(tmp_path, shard).stdout)
    [reason] = report["failed"].values()
    assert "unpacks to more than" in reason


def test_videos_without_labels_are_an_error_that_says_how_they_are_called(tmp_path: Path) -> None:
    write_video(tmp_path / "videos", "other")
    done = run_import(tmp_path, write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=VIDEO)]))
    assert done.returncode == 1
    assert "None of the 1 videos" in done.stderr
    assert "Call each video by its id" in done.stderr


def test_labelled_play_converts_to_the_gamepads_own_controls(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    shard = write_shard(
        tmp_path / "s.tar.gz",
        [
            LabelledChunk(
                video=VIDEO,
                held={"north": [40, 41], "right_trigger": [50, 51]},
                left={60: (0.5, -1.0), 61: (0.5, -1.0)},
            )
        ],
    )
    imported(tmp_path, shard, options=("--task", "Play"))
    done = run_playloom(
        "convert", "--session-root", tmp_path / "sessions", "--output-root", tmp_path / "dataset",
        "--repo-id", "local/labelled", "--game-definition", PROJECT / "examples/games/gamepad.yaml",
        "--action-mapping", PROJECT / "examples/profiles/gamepad-sdl.yaml", "--jobs", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [episode] = read_episodes(tmp_path / "dataset")
    names = read_info(tmp_path / "dataset")["features"]["action"]["names"]
    action = {name: episode.action[:, place] for place, name in enumerate(names)}
    assert np.flatnonzero(action["north"]).tolist() == [20]
    assert np.flatnonzero(action["right_trigger"]).tolist() == [25]
    assert (action["left_stick.x"][30], action["left_stick.y"][30]) == (0.5, -1.0)
    controller = np.array(episode.columns["controller"])
    assert controller.shape == (60, 27)
    assert controller[20, 3] == 1
    assert "terms: NitroGen's labels are licensed CC BY-NC 4.0" in done.stdout
    assert "for no commercial purpose" in (tmp_path / "dataset/NOTICE").read_text()


def test_of_very_many_faults_a_hundred_are_told_and_the_others_counted(tmp_path: Path) -> None:
    write_video(tmp_path / "videos")
    bad = [
        LabelledChunk(video=VIDEO, number=number, rows=1, metadata={"original_video": None}) for number in range(1, 121)
    ]
    _, one = imported(tmp_path, write_shard(tmp_path / "s.tar.gz", [LabelledChunk(video=VIDEO), *bad]))
    assert len(one["faults"]) == 101
    assert one["faults"][100] == "and 20 more of these"
