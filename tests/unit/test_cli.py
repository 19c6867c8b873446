"""The command line's root: what it shows, and how it fails."""

from __future__ import annotations

import errno
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from playloom import cli
from playloom.errors import FileError, MissingExtraError


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """The root with no commands but those that a test puts in this list."""
    entries: list[EntryPoint] = []
    fresh = typer.Typer(no_args_is_help=True)
    fresh.callback()(cli.root)
    monkeypatch.setattr(cli, "app", fresh)
    monkeypatch.setattr(cli, "entry_points", lambda group: entries)
    return entries


def entry(name: str, function: str, extra: str = "") -> EntryPoint:
    suffix = f" [{extra}]" if extra else ""
    return EntryPoint(name=name, value=f"tests.unit.test_cli:{function}{suffix}", group=cli.COMMAND_GROUP)


def greet(name: str) -> None:
    typer.echo(f"hello {name}")


def fail() -> None:
    raise FileError(Path("sync.csv"), "the time is not a number", place="row 17", remedy="Record it again")


def be_interrupted() -> None:
    raise KeyboardInterrupt


def write_to_a_full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


group = typer.Typer(no_args_is_help=True)
group.command("greet")(greet)
group.command("other")(fail)


def test_a_function_becomes_a_command(commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]) -> None:
    commands.extend([entry("greet", "greet"), entry("fail", "fail")])
    assert cli.run(["greet", "Ada"]) == 0
    assert capsys.readouterr().out == "hello Ada\n"


def test_a_typer_becomes_a_group(commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]) -> None:
    commands.append(entry("people", "group"))
    assert cli.run(["people", "greet", "Grace"]) == 0
    assert capsys.readouterr().out == "hello Grace\n"


def test_a_command_joins_a_group_that_another_brings(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = typer.Typer(no_args_is_help=True)
    joined.command("other")(fail)
    monkeypatch.setattr(f"{__name__}.group", joined)
    commands.extend([entry("people.greet", "greet"), entry("people", "group")])
    for _ in range(2):  # a second command line of this process finds it as it is
        assert cli.run(["people", "greet", "Grace"]) == 0
        assert capsys.readouterr().out == "hello Grace\n"


def test_a_command_stands_in_a_group_whose_bringer_is_not_installed(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "extra_is_installed", lambda extra: extra != "client")
    commands.extend([entry("people.greet", "greet"), entry("people.ask", "fail", "client"), entry("fail", "fail")])
    assert cli.run(["people", "greet", "Grace"]) == 0
    assert cli.run(["people", "ask"]) == 1
    assert "playloom people ask needs the extra" in capsys.readouterr().err


def test_a_command_line_loads_no_other_commands(commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]) -> None:
    heavy = EntryPoint(name="heavy", value="tests.unit.not_there:command", group=cli.COMMAND_GROUP)
    commands.extend([heavy, entry("greet", "greet"), entry("people", "group")])
    assert cli.run(["greet", "heavy"]) == 0
    assert cli.run(["people", "greet", "Grace"]) == 0
    assert capsys.readouterr().out == "hello heavy\nhello Grace\n"
    with pytest.raises(ModuleNotFoundError, match="not_there"):
        cli.run(["--help"])


def test_an_error_for_the_user_names_file_place_and_remedy_and_exits_1(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.extend([entry("greet", "greet"), entry("fail", "fail")])
    assert cli.run(["fail"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "error: sync.csv, row 17: the time is not a number. Record it again\n"
    assert printed.out == ""


def test_wrong_usage_exits_2(commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]) -> None:
    commands.extend([entry("greet", "greet"), entry("fail", "fail")])
    assert cli.run(["greet"]) == 2
    assert cli.run(["unheard-of"]) == 2
    assert "unheard-of" in capsys.readouterr().err


def test_ctrl_c_exits_130(commands: list[EntryPoint]) -> None:
    commands.extend([entry("greet", "greet"), entry("wait", "be_interrupted")])
    assert cli.run(["wait"]) == 130


def test_ctrl_c_before_the_command_begins_exits_130_without_a_traceback() -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from playloom.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_full_disk_below_the_output_is_an_error_and_no_traceback(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.extend([entry("greet", "greet"), entry("write", "write_to_a_full_disk")])
    assert cli.run(["write"]) == 1
    assert capsys.readouterr().err == "error: [Errno 28] No space left on device\n"


def test_a_command_whose_extra_is_missing_is_not_shown(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "extra_is_installed", lambda extra: extra != "games")
    commands.extend([entry("greet", "greet"), entry("gym", "fail", "games"), entry("people", "group")])
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "greet" in shown
    assert "gym" not in shown


def test_asking_for_a_command_whose_extra_is_missing_says_what_to_install(
    commands: list[EntryPoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "extra_is_installed", lambda extra: extra != "games")
    commands.append(entry("gym", "fail", "games"))
    assert cli.run(["gym", "list"]) == 1
    assert 'pip install "playloom[games]"' in capsys.readouterr().err


def test_the_extras_of_the_development_environment_are_installed() -> None:
    assert cli.extra_is_installed("games")
    assert cli.extra_is_installed("workers")


def test_an_extra_with_a_package_that_is_missing_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cli,
        "requires",
        lambda name: ["numpy", 'no-such-package>=1; extra == "games"', 'playloom[games]; extra == "all"'],
    )
    assert not cli.extra_is_installed("games")
    assert not cli.extra_is_installed("all")


def test_a_missing_extra_is_an_error_with_a_remedy() -> None:
    error = MissingExtraError("playloom preview --rerun", "viz")
    assert error.extra == "viz"
    assert str(error) == ("playloom preview --rerun needs the extra 'viz'. Install it: pip install \"playloom[viz]\"")
