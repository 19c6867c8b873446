"""Bad input through the whole command line: every command refuses or copes, names the file, and keeps the rest.

`test_convert_bad_input.py` looks closer at what conversion makes of damage; here each kind of damage goes through
`validate`, `recover`, `preview` and `gym verify`. A traceback would fail these tests, because the commands run in this
process.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from playloom.cli import run
from tests.support.conversions import convert
from tests.support.numbered_sessions import write_numbered_session
from tests.support.sessions import START_NS, make_session

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))
END_NS = START_NS + 2_000_000_000
FILES = ("capture.mp4", "sync.csv", "actions.bin")

Damage = Callable[[Path], None]


def overwrite(name: str, content: bytes) -> Damage:
    def damage(session: Path) -> None:
        (session / name).write_bytes(content)

    return damage


def random_bytes(name: str) -> Damage:
    return overwrite(name, np.random.default_rng(7).bytes(3000))


def remove(name: str) -> Damage:
    return lambda session: (session / name).unlink()


def folder(name: str) -> Damage:
    def damage(session: Path) -> None:
        (session / name).unlink(missing_ok=True)
        (session / name).mkdir()

    return damage


def endless(name: str) -> Damage:
    def damage(session: Path) -> None:
        (session / name).unlink()
        (session / name).symlink_to("/dev/zero")

    return damage


def cut(name: str, keep: float) -> Damage:
    def damage(session: Path) -> None:
        content = (session / name).read_bytes()
        (session / name).write_bytes(content[: int(len(content) * keep)])

    return damage


def rows(change: Callable[[list[str]], list[str]]) -> Damage:
    def damage(session: Path) -> None:
        header, *lines = (session / "sync.csv").read_text().splitlines()
        (session / "sync.csv").write_text("\n".join([header, *change(lines)]) + "\n")

    return damage


def at_one_time(lines: list[str]) -> list[str]:
    return [",".join((line.split(",")[0], lines[0].split(",")[1], line.split(",")[2])) for line in lines]


UNUSABLE: dict[str, tuple[Damage, str]] = {
    **{f"no {name}": (remove(name), name) for name in FILES},
    **{f"an empty {name}": (overwrite(name, b""), name) for name in FILES},
    **{f"a random {name}": (random_bytes(name), name) for name in FILES},
    **{f"a folder named {name}": (folder(name), name) for name in FILES},
    **{f"an endless {name}": (endless(name), name) for name in FILES},
    "a length prefix of 4 GB": (overwrite("actions.bin", struct.pack("<I", 0xFFFFFFFF) + b"x" * 64), "actions.bin"),
    "a video of its header only": (cut("capture.mp4", 0.05), "capture.mp4"),
    "a sync.csv of a header only": (rows(lambda lines: []), "sync.csv"),
    "times that are no whole numbers": (rows(lambda lines: [line.replace(",", ".5,") for line in lines]), "sync.csv"),
    "times before the beginning": (rows(lambda lines: [line.replace(",", ",-", 1) for line in lines]), "sync.csv"),
    "rows of semicolons": (rows(lambda lines: [line.replace(",", ";") for line in lines]), "sync.csv"),
}
"""What no command can use, and the file to be named."""

DAMAGED: dict[str, tuple[Damage, str]] = {
    "fewer rows than frames": (rows(lambda lines: lines[:40]), "sync.csv"),
    "more rows than frames": (rows(lambda lines: [*lines, f"60,{END_NS},2000000000"]), "sync.csv"),
    "unsorted rows": (rows(lambda lines: [*lines[:20], *lines[30:20:-1], *lines[30:]]), "sync.csv"),
    "repeated times": (rows(at_one_time), "sync.csv"),
    "a truncated actions.bin": (cut("actions.bin", 0.9), "actions.bin"),
}
"""What is read as far as it goes, and the file whose damage is told."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_session(tmp_path_factory.mktemp("original"), "session", frames=60)


@pytest.mark.parametrize("name", [*UNUSABLE, *DAMAGED])
def test_damage_is_told_by_every_command_and_costs_no_other_session(
    name: str, original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, file = (UNUSABLE | DAMAGED)[name]
    root = tmp_path / "root"
    for session in ("bad", "good"):
        shutil.copytree(original, root / session)
    damage(root / "bad")

    status = run(["validate", str(root), "--json"])
    bad, good = json.loads(capsys.readouterr().out)
    assert good["verdict"] == "ok"
    assert bad["verdict"] in (("failed",) if name in UNUSABLE else ("failed", "warning"))
    assert status == (1 if bad["verdict"] == "failed" else 0)
    assert file in json.dumps(bad["findings"])

    status = run(["preview", str(root / "bad"), "-o", str(tmp_path / "bad.png"), "--frames", "2"])
    printed = capsys.readouterr()
    if name in UNUSABLE:
        assert (status, (tmp_path / "bad.png").exists()) == (1, False)
        assert printed.err.startswith("error: ")
        assert file in printed.err
    else:
        assert (status, (tmp_path / "bad.png").exists()) == (0, True)

    assert run(["gym", "verify", str(root), "--json"]) == 1
    verdicts = json.loads(capsys.readouterr().out)
    assert [verdict["verdict"] for verdict in verdicts] == ["failed", "failed"]
    assert "environment.json: is missing" in verdicts[1]["error"]

    status = run(["recover", str(root / "bad"), str(root / "good"), "--json"])
    first, second = json.loads(capsys.readouterr().out)
    assert second["recovered"]
    if not first["recovered"]:
        assert file in first["error"]
    assert first["recovered"] == (name in DAMAGED or name == "an empty actions.bin")
    assert status == (0 if first["recovered"] else 1)


@pytest.mark.parametrize("name", ["session.json", "environment.json", "steps.csv"])
@pytest.mark.parametrize(
    "damage", [overwrite("x", b""), random_bytes("x"), overwrite("x", b"[" * 200_000), folder("x")]
)
def test_a_bad_file_beside_the_recording_is_named_by_gym_verify(
    name: str, damage: Damage, original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = tmp_path / "session"
    shutil.copytree(original, session)
    for other in {"environment.json", "steps.csv"} - {name}:
        (session / other).write_text("{}")
    damage(session)
    (session / "x").rename(session / name)

    assert run(["gym", "verify", str(session), "--json"]) == 1

    (verdict,) = json.loads(capsys.readouterr().out)
    assert "session" in verdict["error"]
    if name != "steps.csv":  # environment.json is read first
        assert name in verdict["error"]


@pytest.mark.parametrize("command", [["validate"], ["recover"], ["gym", "verify"], ["gym", "playback", "--headless"]])
def test_a_path_that_is_not_there_or_is_a_file_is_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for name in ("gone", "notes.txt"):
        assert run([*command, str(tmp_path / name)]) == 1
        printed = capsys.readouterr()
        assert str(tmp_path / name) in printed.err + printed.out


def test_names_of_all_kinds_are_taken_as_they_are(
    original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["-dash", "[bold]brackets", "a b  c", "dots..", "new\nline", "x'; y", "ünï 日本"]
    for name in names:
        shutil.copytree(original, tmp_path / "root" / name)

    assert run(["validate", str(tmp_path / "root"), "--json"]) == 0
    assert sorted(entry["session_id"] for entry in json.loads(capsys.readouterr().out)) == sorted(names)
    assert run(["recover", *(str(tmp_path / "root" / name) for name in names), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(names)
    for name in names:
        assert (
            run(["preview", str(tmp_path / "root" / name), "-o", str(tmp_path / f"{name}.png"), "--frames", "1"]) == 0
        )
        assert (tmp_path / f"{name}.png").stat().st_size > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("command", ["validate", "gym list --json"])
def test_a_full_disk_below_the_output_is_an_error_line(command: str, original: Path) -> None:
    arguments = [*command.split(), *([str(original)] if command == "validate" else [])]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PLAYLOOM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_gets_no_traceback(original: Path) -> None:
    command = f"'{PLAYLOOM}' validate '{original}' --mode step | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("frame 0")
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_is_converted_with_its_bytes_spelt_out(tmp_path: Path) -> None:
    for name in (b"a", b"\xff\xfe"):
        write_numbered_session(tmp_path / "sessions" / os.fsdecode(name), 5)

    report = convert(tmp_path)

    assert report.converted == ("a", r"\xff\xfe")
