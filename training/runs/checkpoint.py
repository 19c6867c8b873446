"""Checkpoints: directories of safetensors and JSON that are there whole, or not at all.

A checkpoint is built in a hidden directory beside its place, every file of it reaches the disk, and only then it takes
its name; so a kill, a power cut or a full disk leaves the ones before it as they were. Nothing in it is ever unpickled:
whoever opens a checkpoint of somebody else runs no code of theirs.

    step-000123/
        config.json             what a model needs to be used: its kind, its sizes, its action space, its temperatures
        lineage.json            what it was trained on, by which code, from which checkpoints, under which terms
        model.safetensors       its weights
        ema.safetensors         their moving average
        optimizer.safetensors   the optimizer's tensors
        random.safetensors      the states of the random generators
        state.json              where the run stood, and the size and SHA-256 of every other file
        NOTICE                  the terms, where there are any
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.errors import CheckpointError
from training.runs.lineage import Lineage

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "playloom-checkpoint"
VERSION = 1
STEP_DIGITS = 6
MODEL, EMA, OPTIMIZER, RANDOM = "model", "ema", "optimizer", "random"
LATEST, BEST = "latest", "best"
HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        config: what the model needs to be used; a document that names its ``kind``.
        lineage: where it comes from.
        state: where the run stood; empty where only the model is wanted.
        tensors: by file (`MODEL`, `EMA`, `OPTIMIZER`, `RANDOM`) and name, on the CPU.
        path: where it lies; None before it is written.
    """

    config: Mapping[str, Any]
    lineage: Lineage
    state: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    path: Path | None = None


def step_name(step: int) -> str:
    """A checkpoint's name: step-000123."""
    return f"step-{step:0{STEP_DIGITS}d}"


def write_checkpoint(root: Path, step: int, checkpoint: Checkpoint) -> Path:
    """Write one under ``root`` and point `LATEST` at it.

    Raises:
        CheckpointError: the disk is full, or the place cannot be written; the ones before are whole.
    """
    place = root / step_name(step)
    partial = root / f".{place.name}.{os.getpid()}.partial"
    try:
        root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        _write_files(partial, checkpoint)
        _flush_directory(partial)
        if place.exists():  # by the same run, which was killed behind it and has come here again
            shutil.rmtree(place)
        partial.rename(place)
        _flush_directory(root)
        point(root, LATEST, place.name)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise _not_written(place, newest(root), error) from error
    return place


def read_checkpoint(path: Path, names: Collection[str] = (MODEL, EMA, OPTIMIZER, RANDOM)) -> Checkpoint:
    """Read one, having seen that it is whole.

    Args:
        path: its directory.
        names: the files of tensors that are wanted; those that it has not are left out.

    Raises:
        CheckpointError: there is none, it is not whole, or another version of Playloom wrote it.
    """
    config = _read_json(path, "config.json")
    if config.get("format") != FORMAT:
        raise CheckpointError(f"{path}: this is no checkpoint of Playloom's")
    if config.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: a checkpoint of layout {config.get('version')}, and this program reads layout {VERSION}",
            remedy="Use the version of Playloom that wrote it (lineage.json names it), or train anew",
        )
    state = _read_json(path, "state.json")
    wanted = {name for name in names if f"{name}.safetensors" in state.get("files", {})}
    _check(path, state, {f"{name}.safetensors" for name in wanted} | {"config.json", "lineage.json"})
    return Checkpoint(
        config=config,
        lineage=Lineage.from_document(_read_json(path, "lineage.json")),
        state=state,
        tensors={name: _read_tensors(path / f"{name}.safetensors") for name in sorted(wanted)},
        path=path,
    )


def point(root: Path, name: str, target: str) -> None:
    """Let a pointer (`LATEST`, `BEST`) name a checkpoint beside it."""
    partial = root / f".{name}.{os.getpid()}.partial"
    _write(partial, f"{target}\n".encode())
    partial.replace(root / name)
    _flush_directory(root)


def pointed(root: Path, name: str) -> Path | None:
    """The checkpoint that a pointer names, if it is there."""
    try:
        target = root / (root / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return target if target.parent == root and target.is_dir() else None


def newest(root: Path) -> Path | None:
    """The checkpoint of the highest step."""
    return max(checkpoints(root), default=None, key=lambda path: int(path.name[5:]))


def checkpoints(root: Path) -> list[Path]:
    """All of them, in the order of their steps."""
    found = [path for path in root.glob("step-*") if path.name[5:].isdigit() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def keep_checkpoints(root: Path, keep: int) -> None:
    """Delete all but the ``keep`` newest and those that are pointed at."""
    spared = {pointed(root, LATEST), pointed(root, BEST)}
    for path in checkpoints(root)[:-keep]:
        if path not in spared:
            doomed = root / f".{path.name}.{os.getpid()}.partial"
            path.rename(doomed)  # half a checkpoint never has a checkpoint's name
            shutil.rmtree(doomed)


def clean(root: Path) -> None:
    """Delete what killed runs left half written. Only for whoever holds the run's lock."""
    for path in root.glob(".*.partial"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_files(directory: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save

    contents: dict[str, bytes] = {
        "config.json": _json({"format": FORMAT, "version": VERSION, **checkpoint.config}),
        "lineage.json": _json(checkpoint.lineage.to_document()),
    }
    notice = checkpoint.lineage.notice
    if notice:
        contents["NOTICE"] = notice.encode()
    written = {name: _write(directory / name, content) for name, content in contents.items()}
    for name, tensors in checkpoint.tensors.items():
        # Not by save_file: what goes wrong on the disk is to be an OSError, and the file is to be flushed.
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        written[f"{name}.safetensors"] = _write(directory / f"{name}.safetensors", save(plain))
    _write(directory / "state.json", _json({**checkpoint.state, "files": written}))


def _write(path: Path, content: bytes) -> dict[str, Any]:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _flush_directory(directory: Path) -> None:
    if os.name == "nt":  # where a directory cannot be opened
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        document = json.loads((path / name).read_bytes())
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path}: no checkpoint is here ({name} is missing)", remedy="Name a run's directory, or one checkpoint's"
        ) from error
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{path / name}: cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CheckpointError(f"{path / name}: holds no document")
    return document


def _check(path: Path, state: Mapping[str, Any], names: Collection[str]) -> None:
    files = state.get("files", {})
    for name in sorted(names):
        expected = files.get(name)
        if not isinstance(expected, dict):
            raise CheckpointError(f"{path}: state.json does not say what {name} is to hold")
        try:
            found = sha256_of(path / name)
        except OSError as error:
            raise CheckpointError(f"{path / name}: cannot be read: {error.strerror or error}") from error
        if found != expected.get("sha256"):
            raise CheckpointError(
                f"{path / name}: is not what was written",
                remedy="The disk or a copy has damaged it: take the checkpoint before it",
            )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: cannot be read: {error}") from error


def _not_written(place: Path, last: Path | None, error: OSError) -> CheckpointError:
    whole = "No checkpoint has been written yet" if last is None else f"The last checkpoint, {last}, is whole"
    return CheckpointError(
        f"the checkpoint {place} cannot be written: {error.strerror or error}",
        remedy=f"{whole}. Make room or choose another place, then resume the run",
    )
