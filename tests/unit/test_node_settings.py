"""node.yaml: everything may be left out, and nothing is passed over."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from capture_node.hotkeys.hotkey import DEFAULT_HOTKEYS, HotkeyAction, parse_hotkey
from capture_node.node_paths import NodePaths
from capture_node.node_settings import NodeSettings, TlsSettings, default_settings, load_settings
from capture_node.node_settings_schema import SCHEMA_FILE, node_settings_schema, schema_text
from capture_node.recorder.settings import InputScope, Mask
from capture_node.sources.catalogue import SourceRequest
from playloom.errors import DefinitionError
from playloom.json_schemas import SCHEMA_FOLDER
from playloom.yaml_files import load_yaml

EXAMPLE = Path(__file__).parents[2] / "examples/node.yaml"


@pytest.fixture
def paths(tmp_path: Path) -> NodePaths:
    return NodePaths(config=tmp_path, data=tmp_path / "data")


def load(paths: NodePaths, text: str) -> NodeSettings:
    paths.settings_file.write_text(text)
    return load_settings(paths=paths)


def test_without_a_file_the_defaults_hold(paths: NodePaths) -> None:
    settings = load_settings(paths=paths)

    assert settings == default_settings(paths)
    assert settings.spool == paths.data / "sessions"
    assert settings.profile == "training"
    assert settings.input_scope is InputScope.FOCUS
    assert settings.hotkeys == DEFAULT_HOTKEYS
    assert settings.listen == "127.0.0.1:0"


def test_every_key_is_read(paths: NodePaths) -> None:
    settings = load(
        paths,
        """
player: ada
game_id: doom
mapping_profile: pad
task: win
source: {window: Doom, backend: dxgi}
profile: archive
input: pads
masks:
  - {x: 0, y: 0.9, width: 0.3, height: 0.1}
encoders: [h264_nvenc, libx264]
spool: {path: waiting, quota_gb: 20}
disk_reserve_gb: 5
hotkeys: {toggle: ctrl+alt+f1, mark: false}
discard_minutes: 5
notifications: false
sdl: /opt/sdl
listen: 0.0.0.0:50061
tls: {certificate: c.pem, key: /k.pem, names: [rig.lan]}
""",
    )

    assert settings == NodeSettings(
        paths=paths,
        player="ada",
        game_id="doom",
        mapping_profile="pad",
        task="win",
        source=SourceRequest(window="Doom", backend="dxgi"),
        profile="archive",
        input_scope=InputScope.PADS,
        masks=(Mask(x=0, y=0.9, width=0.3, height=0.1),),
        encoders=("h264_nvenc", "libx264"),
        spool=paths.config / "waiting",
        spool_quota_bytes=20_000_000_000,
        disk_reserve_bytes=5_000_000_000,
        hotkeys={
            HotkeyAction.TOGGLE: parse_hotkey("ctrl+alt+f1"),
            HotkeyAction.PAUSE: DEFAULT_HOTKEYS[HotkeyAction.PAUSE],
            HotkeyAction.DISCARD: DEFAULT_HOTKEYS[HotkeyAction.DISCARD],
        },
        discard_s=300,
        notifications=False,
        sdl=Path("/opt/sdl"),
        listen="0.0.0.0:50061",
        tls=TlsSettings(certificate=paths.config / "c.pem", key=Path("/k.pem"), names=("rig.lan",)),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("maskes: []", r"line 1, maskes: the key 'maskes' is not known. Did you mean 'masks'?"),
        ("masks: [{x: 0, y: 0, width: 2, height: 1}]", r"masks.0.width: 2 is out of range. Write a number from 0 to 1"),
        ("masks: [{x: 0, y: 0, width: 1}]", r"'height' is missing"),
        ("masks: [{x: 0, y: 0, with: 1}]", r"the key 'with' is not known. Did you mean 'width'?"),
        ("input: alway", r"unknown input scope 'alway'. Did you mean 'always'?"),
        ("source: {window: a, monitor: 1}", r"names several sources"),
        ("hotkeys: {togle: f9}", r"the key 'togle' is not known. Did you mean 'toggle'?"),
        ("hotkeys: {toggle: ctrl+f99}", r"'f99' is the name of no key"),
        ("hotkeys: {toggle: f9, mark: f9}", r"one hotkey has two meanings"),
        ("tls: {key: k.pem}", r"a certificate needs its key"),
        ("spool: {quota_gb: -1}", r"-1 is out of range"),
        ("encoders: []", r"names no encoder"),
        ("profile: trainin", r"There is no capture profile 'trainin'. Give a path that ends in .yaml, or a name"),
        ("discard_minutes: yes", r"a number is needed here"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_to_do(paths: NodePaths, text: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(paths, f"{text}\n")

    assert problem.removesuffix("?") in str(caught.value)
    assert "line 1" in str(caught.value)


def test_what_turns_something_off_is_understood(paths: NodePaths) -> None:
    settings = load(paths, "hotkeys: false\nspool: {quota_gb: 0}\ntls: true\nencoders: auto\n")

    assert dict(settings.hotkeys) == {}
    assert settings.spool_quota_bytes is None
    assert settings.tls == TlsSettings()
    assert settings.encoders is None


def test_the_example_says_what_holds_without_it_and_fits_the_schema(paths: NodePaths) -> None:
    assert load_settings(EXAMPLE, paths=paths) == default_settings(paths)
    jsonschema.Draft202012Validator(node_settings_schema()).validate(load_yaml(EXAMPLE).plain())


def test_the_schema_marks_what_the_loader_refuses(paths: NodePaths) -> None:
    validator = jsonschema.Draft202012Validator(node_settings_schema())

    assert validator.is_valid({"hotkeys": False, "tls": True, "source": {"monitor": 1}})
    for wrong in ({"maskes": []}, {"input": "alway"}, {"discard_minutes": 0}, {"tls": {"key": "k"}}):
        assert not validator.is_valid(wrong), wrong


def test_the_committed_schema_is_up_to_date() -> None:
    written = (SCHEMA_FOLDER / SCHEMA_FILE).read_text()
    assert written == schema_text(), "Write it again: .venv/bin/python -m capture_node.node_settings_schema"
