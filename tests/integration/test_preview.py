"""`playloom preview` of sessions and datasets."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from playloom import cli
from playloom.controls import AXES, BUTTONS, KEYS
from playloom.preview import theme
from playloom.preview.dataset_source import dataset_source
from playloom.preview.scene import MARGIN, Scene, scaled, shown_size
from playloom.preview.source import session_source
from playloom.recording.video_frames import VideoFrames
from tests.support.sessions import START_NS, make_session, press, read_frame_number, write_numbered_video

EXAMPLES = Path(__file__).parents[2] / "examples"
PONG = (
    "--game-definition",
    EXAMPLES / "games" / "atari-pong.yaml",
    "--action-mapping",
    EXAMPLES / "profiles" / "atari-pong-ada.yaml",
)


def run(*arguments: object) -> int:
    return cli.run(["preview", *map(str, arguments)])


def decoded(video: Path) -> list[np.ndarray]:
    """A video's frames as uint8[height, width, 3]."""
    pictures: list[np.ndarray] = []
    with av.open(str(video)) as container:
        pictures += [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return pictures


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Two seconds: up from the start, fire in the second half."""
    snapshots = [press(START_NS, keys=[KEYS["up"]]), press(START_NS + 10**9, keys=[KEYS["up"], KEYS["space"]])]
    return make_session(tmp_path, "play", frames=60, snapshots=snapshots, with_session_json=True)


def dataset(root: Path) -> Path:
    """Two episodes of 20 and 10 frames in one video, with an action, a controller and a keyboard feature."""
    key = "observation.images.main"
    features = {
        key: {"dtype": "video", "shape": [48, 64, 3], "names": ["height", "width", "channels"]},
        "action": {"dtype": "float32", "shape": [2], "names": ["jump", "run"]},
        "controller": {"dtype": "float32", "shape": [27], "names": [*BUTTONS, *AXES]},
        "keyboard": {"dtype": "float32", "shape": [2], "names": ["a", "space"]},
    }
    info: dict[str, Any] = {
        "codebase_version": "v3.0",
        "fps": 10,
        "total_episodes": 2,
        "features": features,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", f"videos/{key}/chunk-000"):
        (root / folder).mkdir(parents=True)
    (root / "meta" / "info.json").write_text(json.dumps(info))
    write_numbered_video(root / "videos" / key / "chunk-000" / "file-000.mp4", frames=40, fps=10, first_number=100)
    episodes = [
        {
            "episode_index": episode,
            "length": length,
            "data/chunk_index": 0,
            "data/file_index": 0,
            f"videos/{key}/chunk_index": 0,
            f"videos/{key}/file_index": 0,
            f"videos/{key}/from_timestamp": begin_s,
            f"videos/{key}/to_timestamp": begin_s + length / 10,
            "player": "grace",
        }
        for episode, length, begin_s in ((0, 20, 0.0), (1, 10, 2.5))
    ]
    pq.write_table(pa.Table.from_pylist(episodes), root / "meta/episodes/chunk-000/file-000.parquet")
    rows = [
        {
            "episode_index": episode,
            "action": [float(k % 2), 0.5],
            "controller": [1.0, *[0.0] * 20, 0.25, *[0.0] * 5],
            "keyboard": [0.0, 1.0],
        }
        for episode, length in ((0, 20), (1, 10))
        for k in range(length)
    ]
    lists = {name: pa.list_(pa.float32(), size) for name, size in (("action", 2), ("controller", 27), ("keyboard", 2))}
    schema = pa.schema([("episode_index", pa.int64()), *lists.items()])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), root / "data/chunk-000/file-000.parquet")
    return root


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_a_session_is_its_frames_with_the_inputs_and_actions_at_each(session: Path) -> None:
    source = session_source(session, game_definition=PONG[1], action_mapping=PONG[3])
    assert (source.title, source.subtitle, len(source), source.fps) == ("Pong", "ada · play", 60, 30.0)
    assert source.keys_used == {KEYS["up"], KEYS["space"]}
    assert not source.pad_used
    fire = next(slot for slot in source.slots if slot.action_id == "fire")
    assert source.actions[[0, 29, 30, 59], fire.start].tolist() == [0, 0, 1, 1]


def test_a_part_begins_and_ends_where_it_is_asked_to(session: Path) -> None:
    part = session_source(session).cut(0.5, 1.0)
    assert (part.first_frame, len(part)) == (15, 30)
    assert part.times_s[0] == pytest.approx(0.5)


def test_a_part_knows_the_actions_before_and_after_it(session: Path) -> None:
    part = session_source(session, game_definition=PONG[1], action_mapping=PONG[3]).cut(0.5, 0.2).cut(0.5, 0.1)
    assert (part.first_row, len(part.actions), len(part.all_actions)) == (15, 3, 60)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_video_is_shown_upright(tmp_path: Path, rotation: int) -> None:
    path = make_session(tmp_path, frames=12, size=(64, 48), rotation=rotation)
    source = session_source(path)
    with VideoFrames(source.video_path, source.index) as video:
        ((_, frame),) = video.pick([9])
    upright = scaled(frame, shown_size(source.index), source.index.rotation)
    turned_back = upright.rotate(source.index.rotation, expand=True)
    assert upright.size == ((64, 48) if rotation == 180 else (48, 64))
    assert read_frame_number(np.asarray(turned_back)) == 9


def test_an_episode_of_a_dataset_is_its_own_frames_and_controls(tmp_path: Path) -> None:
    source = dataset_source(dataset(tmp_path / "set"), 1)
    assert (source.first_frame, len(source), source.fps) == (25, 10, 10.0)
    assert source.subtitle == "grace · episode 1"
    assert [slot.action_id for slot in source.slots] == ["jump", "run"]
    assert source.actions[1].tolist() == [1.0, 0.5]
    assert source.held.buttons.tolist() == [1] * 10
    assert source.held.axes[0].tolist() == [0.25, 0, 0, 0, 0, 0]
    assert source.keys_used == {KEYS["space"]}


# --- videos ----------------------------------------------------------------------------------------------------------


def test_a_video_shows_every_frame_beside_the_lit_keys(session: Path, tmp_path: Path) -> None:
    output = tmp_path / "play.mp4"
    assert run(session, "-o", output, "--start", "0.5", "--duration", "1", *PONG) == 0
    scene = Scene.of(session_source(session))
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate, stream.codec_context.pix_fmt) == ("h264", 30, "yuv420p")
        assert (stream.width, stream.height) == scene.size
    pictures = decoded(output)
    assert len(pictures) == 30
    width, height = scene.video_size
    top = (scene.size[1] - height) // 2
    shown = [read_frame_number(picture[top : top + height, MARGIN : MARGIN + width]) for picture in pictures]
    assert shown == list(range(15, 45))
    accent = np.array([int(theme.ACCENT[place : place + 2], 16) for place in (1, 3, 5)])
    lit = [
        int((np.abs(picture[90:260, MARGIN + width :].astype(int) - accent).max(axis=2) < 25).sum())
        for picture in pictures
    ]
    assert min(lit[:14]) > 500  # up
    assert min(lit[16:]) > max(lit[:14]) + 2000  # up and space


def test_a_gamepad_is_drawn_for_a_session_played_with_one(tmp_path: Path) -> None:
    path = make_session(tmp_path, frames=10)
    assert run(path, "-o", tmp_path / "play.mp4") == 0
    first = decoded(tmp_path / "play.mp4")[0]
    assert len(np.unique(first[:, -400:].reshape(-1, 3), axis=0)) > 200


def test_an_interrupted_video_leaves_no_file(session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def draw(self: Scene, frame: int, picture: av.VideoFrame) -> np.ndarray:
        if len(drawn) == 5:
            raise KeyboardInterrupt
        drawn.append(frame)
        return np.zeros((self.size[1], self.size[0], 3), np.uint8)

    monkeypatch.setattr(Scene, "draw", draw)
    (tmp_path / "out").mkdir()
    assert run(session, "-o", tmp_path / "out" / "play.mp4") == 130
    assert len(drawn) == 5
    assert list((tmp_path / "out").iterdir()) == []


# --- contact sheets --------------------------------------------------------------------------------------------------


def test_a_contact_sheet_has_the_frames_and_columns_that_are_asked_for(session: Path, tmp_path: Path) -> None:
    assert run(session, "-o", tmp_path / "a.png", *PONG) == 0
    assert run(session, "-o", tmp_path / "b.png", "--columns", "2", "--frames", "6") == 0
    with Image.open(tmp_path / "a.png") as four_columns, Image.open(tmp_path / "b.png") as two_columns:
        assert four_columns.width > 1.9 * two_columns.width
        assert abs(four_columns.height - two_columns.height) < 100  # three rows each
        assert len(four_columns.convert("RGB").getcolors(1 << 24) or []) > 200


def test_a_play_of_one_frame_has_a_sheet(tmp_path: Path) -> None:
    path = make_session(tmp_path, frames=2)
    assert run(path, "-o", tmp_path / "sheet.png", "--duration", "0.01") == 0


def test_a_dataset_has_a_sheet_and_a_video(tmp_path: Path) -> None:
    path = dataset(tmp_path / "set")
    assert run(path, "-o", tmp_path / "sheet.png", "--episode", "1") == 0
    assert run(path, "-o", tmp_path / "play.mp4", "--duration", "0.5") == 0
    assert len(decoded(tmp_path / "play.mp4")) == 5


# --- Rerun -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_rerun_recording_holds_video_actions_and_controls_in_time(tmp_path: Path, b_frames: int) -> None:
    from rerun.chunk import RrdReader

    snapshots = [press(START_NS, keys=[KEYS["up"]]), press(START_NS + 10**9, 0, axes=(0.5, 0, 0, 0, 0, 0))]
    path = make_session(tmp_path, frames=60, snapshots=snapshots, b_frames=b_frames)
    output = tmp_path / "play.rrd"
    assert run(path, "--rerun", output, "--start", "1.2", "--duration", "0.5", *PONG) == 0
    reader = RrdReader(output)
    (recording,) = reader.recordings()
    assert recording.application_id == "playloom"
    schema = str(reader.store().schema())
    for column in ("/actions/up:Scalars", "/controls/buttons/south:Scalars", "/controls/axes/leftx:Scalars"):
        assert column in schema
    assert ("/video:VideoStream:sample" if b_frames == 0 else "/video:VideoFrameReference:timestamp") in schema
    frames = [
        value
        for chunk in reader.stream()
        if str(chunk.entity_path) == "/actions/up" and not chunk.is_static
        for value in chunk.to_record_batch().column("frame").to_pylist()
    ]
    assert sorted(frames) == list(range(36, 51))


def test_rerun_says_what_to_install_where_it_is_missing(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real_import = builtins.__import__

    def without_rerun(name: str, *arguments: Any, **named: Any) -> Any:
        if name.split(".")[0] == "rerun":
            raise ImportError(name)
        return real_import(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_rerun)
    assert run(session, "--rerun", tmp_path / "play.rrd") == 1
    assert 'pip install "playloom[viz]"' in capsys.readouterr().err
    assert not (tmp_path / "play.rrd").exists()


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_file_that_exists_is_replaced_only_by_force(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "sheet.png"
    output.write_text("mine")
    assert run(session, "-o", output) == 1
    assert "exists already" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert run(session, "-o", output, "--force") == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "say what to write"),
        (("-o", "play.gif"), 2, ".mp4 or .png"),
        (("-o", "nowhere/play.png"), 1, "does not exist"),
        (("-o", "play.png", "--start", "60"), 1, "the play lasts"),
        (("-o", "play.png", "--episode", "3"), 2, "--episode goes with a dataset"),
        (("-o", "play.png", *PONG[:2]), 2, "go together"),
    ],
)
def test_wrong_wishes_are_errors(
    session: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(session, *arguments) == status
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_session_that_cannot_be_read_is_an_error_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_session(tmp_path, frames=10)
    (path / "capture.mp4").write_bytes(b"no video" * 100)
    assert run(path, "-o", tmp_path / "sheet.png") == 1
    assert "capture.mp4" in capsys.readouterr().err


def test_a_dataset_that_is_broken_is_an_error_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = dataset(tmp_path / "set")
    assert run(path, "-o", tmp_path / "a.png", "--episode", "9") == 1
    assert "has no episode 9" in capsys.readouterr().err
    (path / "data/chunk-000/file-000.parquet").write_bytes(b"PAR1 not at all")
    assert run(path, "-o", tmp_path / "a.png") == 1
    assert "file-000.parquet" in capsys.readouterr().err
    (path / "meta" / "info.json").write_text('{"codebase_version": "v2.1"}')
    assert run(path, "-o", tmp_path / "a.png") == 1
    assert "v2.1" in capsys.readouterr().err
    (path / "meta" / "info.json").write_text("{")
    assert run(path, "-o", tmp_path / "a.png") == 1
    assert "info.json: cannot be read" in capsys.readouterr().err
