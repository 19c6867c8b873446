"""Every command in the documentation works as written.

The ``sh`` blocks of a page run in order, in one directory, in which ``examples`` is the project's. A block that no test
can run (one that needs a person, a gamepad or an account) says so in an HTML comment on the line before it:
``<!-- not run: reason -->``.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?P<skip><!-- not run: [^>]+ -->\n)?```sh\n(?P<script>.*?)```", re.DOTALL)
PYTHON_BLOCK = re.compile(r"```python\n(?P<script>.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)#]+?)(?:#[^)]*)?\)")


def scripts(page: Path) -> list[str]:
    """The page's shell blocks, and its Python blocks as shell commands, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    found = [(match.start(), match["script"]) for match in BLOCK.finditer(text) if not match["skip"]]
    found += [
        (match.start(), f"python - <<'END_OF_PYTHON'\n{match['script']}END_OF_PYTHON\n")
        for match in PYTHON_BLOCK.finditer(text)
    ]
    return [script for _, script in sorted(found)]


@pytest.mark.parametrize("page", [page for page in PAGES if scripts(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_work_as_written(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    (tmp_path / "schemas").symlink_to(PROJECT / "schemas")
    environment = os.environ | {
        "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "\n".join(scripts(page))],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}:\n{done.stdout}"


@pytest.mark.parametrize("page", [*PAGES, PROJECT / "ARCHITECTURE.md"], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
