"""What is printed is printed as it is: Rich would make a disc of ':CD:' in a certificate's fingerprint."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FOLDERS = ("playloom", "capture_node", "coordinator", "workers")


def test_no_console_turns_letters_between_colons_into_pictures() -> None:
    found = [
        f"{path.relative_to(PROJECT)}: {call}"
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("*.py")
        for call in re.findall(r"(?<![\w.])Console\(.*", path.read_text(encoding="utf-8"))
        if "emoji=False" not in call and call != "Console("
    ]
    assert found == []
