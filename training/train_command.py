"""What every `playloom train …` does: compose, begin or go on, sweep, and say what came out. Light to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from training.runs.compose import Program
    from training.runs.directory import RunDirectory

INTERRUPTED_STATUS = 130


@dataclass(frozen=True, kw_only=True)
class Trainable:
    """A kind of model that can be trained.

    Attributes:
        kind: what the command is called, "idm".
        program: its configuration as Hydra sees it.
        options_of: the options that a configuration holds.
        may_change: whether a run that goes on may have another value at a key.
        data_name: what its data is called, of its options.
        train: one run: (options, run, whether it goes on, quiet); gives its summary. Imports torch only then.
    """

    kind: str
    program: Program
    options_of: Callable[[DictConfig], Any]
    may_change: Callable[[str], bool]
    data_name: Callable[[Any], str]
    train: Callable[[Any, RunDirectory, bool, bool], dict[str, Any]]


def train_command(
    what: Trainable, overrides: list[str], *, multirun: bool, resume: Path | None, show: bool, quiet: bool, json: bool
) -> None:
    """Do what was said on the command line."""
    from playloom.errors import PlayloomError

    if multirun:
        if resume is not None:
            raise PlayloomError("--resume goes on with one run and -m begins several", remedy="Take one of them")
        _sweep(what, what.program.sweep(overrides), quiet=quiet, json=json)
        return
    config = what.program.compose(overrides) if resume is None else _changed(what, resume, overrides)
    if show:
        from training.runs.compose import write_yaml

        typer.echo(write_yaml(config), nl=False)
        return
    summary = _train(what, config, resume=resume, quiet=quiet)
    if json:
        from json import dumps

        typer.echo(dumps(summary, indent=2, ensure_ascii=False))
    else:
        from training.runs.words import print_summary

        print_summary(summary)
    if summary["state"] == "interrupted":
        raise typer.Exit(INTERRUPTED_STATUS)


def _changed(what: Trainable, resume: Path, overrides: list[str]) -> DictConfig:
    """A run's configuration with what is changed for going on."""
    from training.runs.compose import OverrideError, read_yaml

    run = _run_of(resume)
    config = what.program.change(read_yaml(run.config), overrides)
    for key in what.program.keys_of(overrides):
        if not what.may_change(key):
            raise OverrideError(
                key,
                "cannot change while a run goes on: its losses would be another run's",
                remedy=f"Begin one from its weights: run.initialize_from={run.path}",
            )
    return config


def _run_of(named: Path) -> RunDirectory:
    from playloom.errors import PlayloomError
    from training.runs.directory import RunDirectory

    for path in (named, Path("runs") / named):
        if RunDirectory(path=path).config.is_file():
            return RunDirectory(path=path)
    raise PlayloomError(f"{named}: no run is here", remedy="'playloom runs list' names them; give the run's directory")


def _train(what: Trainable, config: DictConfig, *, resume: Path | None, quiet: bool) -> dict[str, Any]:
    """One run; gives its summary."""
    from shutil import rmtree

    from playloom.errors import PlayloomError
    from training.runs.compose import write_yaml
    from training.runs.directory import CONFIG_FILE, begin_run
    from training.runs.summary import write_failure

    options = what.options_of(config)
    is_ours = resume is None and (options.run.directory is None or not Path(options.run.directory).exists())
    run = begin_run(options.run, what.data_name(options)) if resume is None else _run_of(resume)
    with run.locked():
        run.write_text(CONFIG_FILE, write_yaml(_from_anywhere(config)))
        run.summary.unlink(missing_ok=True)
        try:
            return what.train(options, run, resume is not None, quiet)
        except PlayloomError as error:
            if is_ours and run.latest() is None and not run.has_figures():
                rmtree(run.path)  # it has not begun
            else:
                write_failure(run, what.kind, str(error))
            raise


def _from_anywhere(config: DictConfig) -> DictConfig:
    """The configuration with paths that hold in every working directory: the run may go on from another one."""
    found = config.copy()
    places = [(found.data, "path"), (found.data, "cache_directory"), (found.run, "initialize_from")]
    places += [(part, "path") for part in found.data.get("mix", ())]
    if "encoder" in found.model:
        places.append((found.model.encoder, "weights"))
    for section, key in places:
        named = section[key]
        if named is not None and Path(named).exists():
            section[key] = str(Path(named).absolute())
    return found


def _sweep(what: Trainable, each: list[list[str]], *, quiet: bool, json: bool) -> None:
    """Train once with each, one after another; one that fails does not keep the others from being trained."""
    from playloom.errors import PlayloomError
    from training.runs.words import print_sweep, sweep_json

    configs = [what.program.compose(overrides) for overrides in each]
    for number, config in enumerate(configs, 1):  # all of them, before the first one begins
        named = what.options_of(config)
        config.run.name = f"{named.run.name or what.data_name(named)}-{number}"
        if named.run.directory is not None:
            raise PlayloomError("run.directory names one directory for several runs", remedy="Take run.root instead")
    done: list[tuple[list[str], dict[str, Any]]] = []
    for overrides, config in zip(each, configs, strict=True):
        try:
            summary = _train(what, config, resume=None, quiet=quiet)
        except PlayloomError as error:
            summary = {"run": config.run.name, "state": "failed", "problem": str(error)}
        done.append((overrides, summary))
        if summary["state"] == "interrupted":
            break
    if json:
        typer.echo(sweep_json(done))
    else:
        print_sweep(done)
    if any(summary["state"] == "failed" for _, summary in done):
        raise typer.Exit(1)
    if done[-1][1]["state"] == "interrupted":
        raise typer.Exit(INTERRUPTED_STATUS)
