from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from capture_node.recorder.capture_profile import (
    BUILT_IN,
    RecordingProfile,
    default_encoders,
    list_profiles,
    load_profile,
    read_profile,
)
from playloom.errors import DefinitionError, PlayloomError
from playloom.json_schemas import schema_text
from playloom.yaml_files import load_yaml, parse_yaml


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path))
    return tmp_path


def test_training_is_small_with_frequent_keyframes_and_archive_has_the_pictures_own_size() -> None:
    training, archive = load_profile("training"), load_profile("archive")
    assert (training.width, training.height, training.fps, training.keyframe_interval) == (256, 256, 60, 30)
    assert (archive.width, archive.height, archive.fps) == (None, None, 60)
    video = archive.video_settings(801, 601)
    assert (video.width, video.height, video.encoders) == (800, 600, default_encoders())
    video = training.video_settings(801, 601)
    assert (video.width, video.height, video.keyframe_interval) == (256, 256, 30)


def test_every_key_of_a_file_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mine.yaml",
        "name: mine\ndescription: small\nfps: 30\nwidth: 320\nheight: 180\ncrf: 0\npreset: slow\n"
        "keyframe_interval: 15\nencoders: [h264_nvenc, libx264]\nthreads: 2\nroll_over_minutes: 5\nroll_over_gb: 0.5\n"
        "cursor: true\n",
    )
    assert load_profile(path) == RecordingProfile(
        name="mine",
        description="small",
        fps=30,
        width=320,
        height=180,
        crf=0,
        preset="slow",
        keyframe_interval=15,
        encoders=("h264_nvenc", "libx264"),
        threads=2,
        roll_over_minutes=5,
        roll_over_gb=0.5,
        cursor=True,
    )
    assert load_profile(str(path)) == load_profile(path)


def test_a_players_own_profile_comes_before_one_of_ours(home: Path) -> None:
    write(home / "config/profiles/training.yaml", "name: training\nfps: 30\nencoders: auto\n")
    assert load_profile("training").fps == 30
    assert load_profile("training").encoders is None
    assert [profile.name for profile in list_profiles()] == ["archive", "training"]


BAD = [
    ("fps: 60\n", "'name' is missing"),
    ("name: a\nfps: 0\n", r"line 2, fps: is 0, not from 1 to 240"),
    ("name: a\nwidth: 256\n", "width and height go together"),
    ("name: a\nwidth: 256\nheight: 255\n", "255 is odd, which H.264 cannot store"),
    ("name: a\npreset: fastest\n", "unknown preset 'fastest'"),
    ("name: a\nencoders: []\n", "is an empty list"),
    ("name: a\nencoders: x264\n", "a list"),
    ("name: a\nkeyframe_intervall: 3\n", "'keyframe_intervall' is not known"),
    ("name: a\ncursor: 1\n", "cursor"),
    ("name: a\nbitrate: 3\n", "'bitrate' is not known"),
]


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        read_profile(write(tmp_path / "bad.yaml", text))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PlayloomError, match="Did you mean 'training'"):
        load_profile("trainig")


def schema() -> dict[str, Any]:
    return json.loads(schema_text("capture-profile.schema.json"))


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_profiles_are_accepted_by_their_schema_and_name_it(path: Path) -> None:
    jsonschema.validate(load_yaml(path).plain(), schema())
    assert path.read_text().startswith("# yaml-language-server: $schema=../../schemas/capture-profile.schema.json\n")
    assert read_profile(path).name == path.stem


@pytest.mark.parametrize("text", [text for text, _ in BAD])
def test_the_schema_marks_what_the_loader_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parse_yaml(text, Path("bad.yaml")).plain(), schema())
