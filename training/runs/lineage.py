"""Where a checkpoint comes from: the data, the code, the checkpoints before it, and the terms that come with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

NOTICE_FILE = "NOTICE"
GIT_WAIT_S = 10


@dataclass(frozen=True, kw_only=True)
class DatasetLineage:
    """A dataset that was trained on.

    Attributes:
        name: its repository's name.
        version: of a shared dataset; None for a directory.
        content_hash: of everything that training reads of it.
        path: where it lay.
        episodes: how many of it were trained on.
        players: whose play that was.
        label_sources: who says what was pressed.
    """

    name: str
    version: int | None
    content_hash: str
    path: str
    episodes: int
    players: tuple[str, ...]
    label_sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParentCheckpoint:
    """A checkpoint that a run began from.

    Attributes:
        path: where it lay.
        sha256: of its weights.
    """

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Attributes:
    kind: of the model: "idm".
    run: the run's name.
    created: when the run began, ISO 8601 in UTC.
    playloom: the version of Playloom.
    code: the commit it was run from, with "-dirty" where files were changed; empty outside a checkout.
    torch: the version of PyTorch.
    datasets: what was trained on.
    parents: what it began from.
    terms: under which it may be used, a sentence each; they stay with every model that is made from it.
    """

    kind: str
    run: str
    created: str
    playloom: str
    code: str
    torch: str
    datasets: tuple[DatasetLineage, ...]
    parents: tuple[ParentCheckpoint, ...] = ()
    terms: tuple[str, ...] = ()

    @property
    def notice(self) -> str:
        """The text of the NOTICE; empty where there are no terms."""
        if not self.terms:
            return ""
        lines = ["This model was trained on data that may be used under these terms only:", ""]
        return "\n".join([*lines, *(f"- {one}" for one in self.terms), ""])

    def to_document(self) -> dict[str, Any]:
        """As a checkpoint holds it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Lineage:
        """Read what `to_document` wrote."""
        datasets = tuple(
            DatasetLineage(**{**one, "players": tuple(one["players"]), "label_sources": tuple(one["label_sources"])})
            for one in document["datasets"]
        )
        return cls(
            **{
                **document,
                "datasets": datasets,
                "parents": tuple(ParentCheckpoint(**one) for one in document["parents"]),
                "terms": tuple(document["terms"]),
            }
        )


def new_lineage(
    kind: str,
    run: str,
    datasets: Iterable[DatasetLineage],
    *,
    parents: Iterable[ParentCheckpoint] = (),
    terms: Iterable[str] = (),
) -> Lineage:
    """The lineage of a run that begins now, by this code."""
    import torch

    return Lineage(
        kind=kind,
        run=run,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        playloom=version("playloom"),
        code=code_version(),
        torch=str(torch.__version__),
        datasets=tuple(datasets),
        parents=tuple(parents),
        terms=tuple(dict.fromkeys(terms)),
    )


def terms_of(dataset: Path) -> tuple[str, ...]:
    """The terms in a dataset's NOTICE, a sentence each; the whole text where it is no list."""
    try:
        text = (dataset / NOTICE_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    listed = tuple(line.removeprefix("- ").strip() for line in text.splitlines() if line.startswith("- "))
    return listed or ((" ".join(text.split()),) if text.strip() else ())


def code_version() -> str:
    """The commit of the checkout that this code runs from; empty where it is none."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_WAIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
