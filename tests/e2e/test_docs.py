"""Every command in the documentation works as written.

The ``sh`` blocks of a page run in order, in one directory, in which ``examples`` is the project's. A block that no test
can run (one that needs a person, a gamepad or an account) says so in an HTML comment on the line before it:
``<!-- not run: reason -->``. Under ``<!-- runs in the background -->`` stands the command of a node that runs until the
page ends; of another program the comment says which command works once it does:
``<!-- runs in the background until the page ends; up when this works: playloom jobs list -->``. A command that asks
somebody something runs in a terminal, under ``<!-- somebody WHO -->``: see `tests.support.page_people`.

The player's guide runs on a screen of its own, on which a game is shown in a window that is called "My Game". Its block
under ``<!-- on a machine without Playloom -->`` runs for a user who has nothing yet, together with those behind it up
to the first recording, which then run with what it has installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from capture_node.inputs.sdl_library import LIBRARY_VARIABLE
from tests.support.sdl3_pads import SDL3_LIBRARY
from tests.support.x_screen import x_screen
from tests.support.x_windows import pattern_window

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^>]+ -->\n)?(?P<bare><!-- on a machine without Playloom -->\n)?"
    r"(?:<!-- somebody (?P<person>[^>]+) -->\n)?(?P<background><!-- runs in the background(?P<up>[^>]*?) -->\n)?"
    r"```sh\n(?P<script>.*?)```",
    re.DOTALL,
)
BACKGROUND = """\
{{
exec {script}}} &
running="$! ${{running-}}"
trap 'kill $running; wait $running' EXIT
until {up} > up.txt 2>&1; do kill -0 $!; sleep 0.2; done
"""
UP = "; up when this works: "
PERSON = """\
PYTHONPATH='{project}' '{python}' -m tests.support.page_people '{person}' <<'END_OF_PERSON'
{script}END_OF_PERSON
"""
# The one address that no test may need: it hands out uv, which this machine has.
CURL = """\
#!/bin/sh
[ "$*" = "-LsSf https://astral.sh/uv/install.sh" ] || exit 6
echo 'mkdir -p ~/.local/bin && ln -s {uv} {uvx} ~/.local/bin'
"""
ON_A_SCREEN = "recording.md"
PYTHON_BLOCK = re.compile(r"```python\n(?P<script>.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)#]+?)(?:#[^)]*)?\)")


def scripts(page: Path) -> list[str]:
    """The page's shell blocks, and its Python blocks as shell commands, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    found = [
        (match.start(), script_of(match)) for match in BLOCK.finditer(text) if not match["skip"] and not match["bare"]
    ]
    found += [
        (match.start(), f"python - <<'END_OF_PYTHON'\n{match['script']}END_OF_PYTHON\n")
        for match in PYTHON_BLOCK.finditer(text)
    ]
    return [script for _, script in sorted(found)]


def scripts_on_a_bare_machine(page: Path) -> list[str]:
    """What installs Playloom, and what follows up to the first recording."""
    found: list[str] = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if found or match["bare"]:
            found.append(match["script"])
        if found and "playloom record" in match["script"]:
            return found
    raise AssertionError(f"{page.name} installs nothing, or records nothing then")


def script_of(block: re.Match[str]) -> str:
    """A block as it is run."""
    if block["background"]:
        return in_background(block["script"], block["up"])
    if block["person"]:
        return PERSON.format(project=PROJECT, python=sys.executable, person=block["person"], script=block["script"])
    return block["script"]


def in_background(script: str, comment: str) -> str:
    """The script's one command begun, and waited for until it does its work."""
    return BACKGROUND.format(script=script, up=comment.partition(UP)[2] or "playloom node status")


@contextmanager
def screen_with_a_game() -> Iterator[dict[str, str]]:
    """What a program has to know of a screen on which a game is shown, and of gamepads."""
    with x_screen() as screen, pattern_window(screen, title="My Game"):
        names = ("DISPLAY", "SDL_VIDEODRIVER")
        yield {name: screen.environment[name] for name in names} | {LIBRARY_VARIABLE: str(SDL3_LIBRARY)}


@pytest.mark.timeout(1800)  # the longest page takes four minutes where nothing else runs
@pytest.mark.parametrize("page", [page for page in PAGES if scripts(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_work_as_written(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    (tmp_path / "schemas").symlink_to(PROJECT / "schemas")
    environment = os.environ | {
        "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "120",
    }
    with screen_with_a_game() if page.name == ON_A_SCREEN else nullcontext({}) as screen:
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", "\n".join(scripts(page))],
            cwd=tmp_path,
            env=environment | screen,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{page.name}:\n{done.stdout}"


def test_a_newcomer_gets_from_nothing_to_a_first_recording_as_the_guide_says(tmp_path: Path) -> None:
    page = PROJECT / "docs" / ON_A_SCREEN
    sources, home, programs = tmp_path / "playloom", tmp_path / "home", tmp_path / "programs"
    for directory in (sources, home, programs):
        directory.mkdir()
    copy_sources(sources)
    uv = PROJECT / run_quietly("scripts/find-uv.sh").strip()
    curl = programs / "curl"
    curl.write_text(CURL.format(uv=uv, uvx=uv.with_name("uvx")))
    curl.chmod(0o755)
    (programs / "python3.12").symlink_to(f"{sys.base_prefix}/bin/python3.12")
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", LIBRARY_VARIABLE)}
    environment |= {
        "HOME": str(home),
        "PATH": f"{home}/.local/bin:{programs}:/usr/bin:/bin",
        "UV_CACHE_DIR": run_quietly(str(uv), "cache", "dir").strip(),
    }
    with x_screen() as screen, pattern_window(screen, title="My Game"):
        environment["DISPLAY"] = screen.display
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", "\n".join(scripts_on_a_bare_machine(page))],
            cwd=sources,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert (home / ".local" / "bin" / "playloom").exists()
    assert list((home / ".local" / "share" / "playloom").rglob("libSDL3*"))
    assert (sources / "sessions" / "first-try" / "session.json").exists()


def copy_sources(to: Path) -> None:
    """What a clone holds, as it stands here."""
    for name in run_quietly("git", "ls-files", "-z").split("\0"):
        if name and (PROJECT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, to / name)


def run_quietly(*command: str) -> str:
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("page", [*PAGES, PROJECT / "ARCHITECTURE.md"], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
