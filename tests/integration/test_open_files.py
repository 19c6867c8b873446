"""How many files a program may hold open: as many as the system lets it, and a word where that is too few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")

ROOT = Path(__file__).parents[2]
SAID = (
    "error: a program may hold only 256 files open here, and this one needs 1,024. Allow more (in a shell: ulimit -n "
)


def under(limits: str, *command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What a program does that is begun in a shell which has said ``limits``."""
    shell = ["bash", "-c", f'{limits}; exec "$@"', "bash", sys.executable, *command]
    environment = os.environ | {"PLAYLOOM_HOME": str(home), "PLAYLOOM_WORKER_TOKEN": "token", "COLUMNS": "1000"}
    return subprocess.run(shell, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_a_program_takes_what_the_system_allows(tmp_path: Path) -> None:
    code = (
        "import resource; from playloom.open_files import allow_open_files; allow_open_files(least=1024); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert under("ulimit -Sn 256; ulimit -Hn 3000", "-c", code, home=tmp_path).stdout == "(3000, 3000)\n"


@pytest.mark.parametrize(
    "command",
    [("worker", "run", "--server", "localhost:1", "--store", "store"), ("up",)],
    ids=["a worker", "the server with its worker"],
)
def test_who_is_allowed_too_few_is_told_what_to_do(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = under("ulimit -n 256", "-m", "playloom", *command, home=tmp_path / "home")
    assert done.returncode == 1
    assert done.stderr.startswith(SAID)
    assert not (tmp_path / "home").exists()
