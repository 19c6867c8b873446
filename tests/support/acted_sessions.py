"""Sessions that an agent has played a part in, as `playloom play` records them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path


def tell_who_acted(
    session: Path, actions: Sequence[str], acting: Sequence[Sequence[str]], policy: str = "run@1"
) -> Path:
    """Write who acted into a session: for each row of its sync.csv the actions on which the agent decided."""
    header, *rows = (session / "sync.csv").read_text().splitlines()
    masks = [sum(1 << actions.index(action) for action in each) for each in acting]
    told = [f"{row},{mask}" for row, mask in zip(rows, masks, strict=True)]
    (session / "sync.csv").write_text("\n".join([f"{header},agent", *told]) + "\n")
    info = {
        "format_version": 1,
        "session_id": session.name,
        "source": "gym",
        "clock": {"kind": "monotonic", "started_unix_ns": 0, "started_monotonic_ns": 0},
        "counts": {"frames": len(rows), "repeated": 0, "dropped": 0, "late": 0},
        "marks": [],
        "files": {},
        "agent": {"policy": policy, "actions": list(actions)},
    }
    (session / "session.json").write_text(json.dumps(info))
    return session
