"""coordinator.yaml, as an operator writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from coordinator.settings import CallLimits, TlsSettings, embedded_settings
from coordinator.settings_file import KEYS, LIMIT_KEYS, load_settings, save_settings
from coordinator.settings_schema import SCHEMA_FILE, coordinator_settings_schema, schema_text
from playloom.errors import DefinitionError, OutputError
from playloom.json_schemas import SCHEMA_FOLDER
from playloom.yaml_files import load_yaml, parse_yaml


def loaded(root: Path, text: str):
    (root / "coordinator.yaml").write_text(text)
    return load_settings(root)


def test_without_a_file_everything_is_below_one_directory(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings == embedded_settings(tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/coordinator.db"
    assert settings.store == f"file://{tmp_path}/objects"
    assert (settings.listen, settings.http, settings.tls) == ("127.0.0.1:50060", "127.0.0.1:50080", None)


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
database: postgresql://playloom@db/playloom
store: s3://games?endpoint=https://s3.lan:9000
listen: 0.0.0.0:1
http: 0.0.0.0:2
names: [games.lan, 10.0.0.1]
public_url: https://games.example.org
tls: {certificate: certs/a.pem, key: /etc/a-key.pem}
limits: {calls_per_s: 10, worker_calls_per_s: 20, stranger_calls_per_s: 2, running_calls: 7}
part_mib: 16
url_valid_minutes: 5
restorable_days: 0
abandoned_days: 0.5
drain_s: 3
""",
    )
    assert settings.database == "postgresql://playloom@db/playloom"
    assert settings.store == "s3://games?endpoint=https://s3.lan:9000"
    assert (settings.listen, settings.http) == ("0.0.0.0:1", "0.0.0.0:2")
    assert settings.names == ("games.lan", "10.0.0.1")
    assert settings.public_url == "https://games.example.org"
    assert settings.tls == TlsSettings(certificate=tmp_path / "certs/a.pem", key=Path("/etc/a-key.pem"))
    limits = settings.limits
    assert (limits.calls_per_s, limits.burst, limits.worker_burst, limits.running_calls) == (10, 40, 80, 7)
    assert (limits.stranger_calls_per_s, limits.stranger_burst) == (2, 16)
    assert (settings.part_bytes, settings.url_valid_s, settings.restorable_s) == (16 << 20, 300, 0)
    assert (settings.abandoned_s, settings.drain_s) == (43_200, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("databse: x", "line 1, databse: the key 'databse' is not known. Did you mean 'database'"),
        ("tls: {certificate: a.pem}", "'key' is missing"),
        ("tls: own", "a mapping"),
        ("part_mib: 1", "1 is out of range. Write a number from 5 to 64"),
        ("drain_s: .nan", "not a finite number"),
        ("limits: {calls_per_s: 0}", "0 is out of range"),
        ("public_url: games.lan", "no address of a web server"),
        ("public_url: https://games.lan/playloom", "no address of a web server"),
        ("names: games.lan", "a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        loaded(tmp_path, text)
    assert words in str(caught.value)


def test_the_schema_is_up_to_date_and_knows_every_key() -> None:
    assert (SCHEMA_FOLDER / SCHEMA_FILE).read_text() == schema_text(), (
        "Write it again: .venv/bin/python -m coordinator.settings_schema"
    )
    properties = coordinator_settings_schema()["properties"]
    assert tuple(properties) == KEYS
    assert tuple(properties["limits"]["properties"]) == LIMIT_KEYS


@pytest.mark.parametrize(
    "text",
    ["databse: x", "tls: {certificate: a.pem}", "part_mib: 1", "limits: {open_jobs: 0}", "names: games.lan", "http: 1"],
)
def test_the_schema_marks_what_the_loader_refuses(tmp_path: Path, text: str) -> None:
    (tmp_path / "coordinator.yaml").write_text(text)
    with pytest.raises(DefinitionError):
        load_settings(tmp_path)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(load_yaml(tmp_path / "coordinator.yaml").plain(), coordinator_settings_schema())


def test_a_new_file_tells_of_every_key_and_its_comments_are_good_settings(tmp_path: Path) -> None:
    file = save_settings(replace(embedded_settings(tmp_path), names=("games.lan",), tls=TlsSettings()))
    text = file.read_text()
    jsonschema.validate(load_yaml(file).plain(), coordinator_settings_schema())
    assert "\nnames:\n  - games.lan\n" in text
    assert "\n#   open_jobs: 10000  # Of one player: jobs that have not ended.\n" in text
    lines = [
        line.removeprefix("# ") for line in text.splitlines() if not line.startswith(("# ", "#  ")) or _is_key(line)
    ]
    everything = "\n".join(lines)
    jsonschema.validate(parse_yaml(everything, file).plain(), coordinator_settings_schema())
    assert set(parse_yaml(everything, file).plain()) == set(KEYS)
    file.write_text(everything)
    again = load_settings(tmp_path)
    assert (again.limits.open_jobs, again.limits.running_calls) == (CallLimits().open_jobs, CallLimits().running_calls)
    assert (again.part_bytes, again.restorable_s, again.listen) == (8 << 20, 30 * 24 * 3600, "127.0.0.1:50060")


def _is_key(line: str) -> bool:
    word = line.removeprefix("# ").strip().partition(":")[0]
    return word in (*KEYS, *LIMIT_KEYS) and (line.startswith("#   ") or line[2:].startswith(word + ":"))


def test_settings_that_are_written_are_read_again_and_not_overwritten(tmp_path: Path) -> None:
    settings = replace(
        embedded_settings(tmp_path),
        listen="0.0.0.0:50060",
        names=("games.lan",),
        tls=TlsSettings(),
        public_url="https://games.lan:8443",
    )
    save_settings(settings)
    assert load_settings(tmp_path) == settings
    with pytest.raises(OutputError, match="is there already"):
        save_settings(settings)
