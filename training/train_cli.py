"""`playloom train`: a model out of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from training.policy.schema import PolicyTraining
    from training.runs.directory import RunDirectory
    from training.runs.schema import IdmTraining

app = typer.Typer(no_args_is_help=True, help="Train a model on a dataset.", rich_markup_mode="rich")

Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE…", help="What shall be other than the preset has it.", show_default=False),
]
Multirun = Annotated[
    bool, typer.Option("--multirun", "-m", help="Train once with each combination of values: trainer.seed=1,2,3.")
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Go on with a run that was stopped or killed, from its last checkpoint."),
]
Show = Annotated[bool, typer.Option("--show", help="Print every value that the run would have, as YAML, and stop.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it trains.")]
Json = Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")]


@app.callback()
def train() -> None:
    """Train a model on a dataset. `playloom train policy --help` shows what can be said, likewise of idm."""


@app.command()
def idm(
    overrides: Overrides = None,
    *,
    multirun: Multirun = False,
    resume: Resume = None,
    show: Show = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    r"""Train an inverse dynamics model: it sees the pictures and says what was pressed.

    [bold]Presets[/] choose the model's size and how it is trained:

    preset=debug   seconds on anything; shows that the chain works
    preset=cpu     two cores, half an hour (unless another is chosen)
    preset=h100    one large GPU

    [bold]What is often said[/]

    data.path=DATASET         needed: a directory, or a pulled dataset's name
    data.split.by=player      what stays together: session, player, seed, game
    data.batch=16             clips in a step; lower it when memory runs out
    model.window=2            pictures seen at once; 2 is a plain pair
    model.picture_width=96    and model.picture_height: how large, in pixels
    trainer.max_minutes=30    stop by the clock
    trainer.max_steps=5000    stop by steps
    trainer.device=cpu        or cuda; a GPU is taken where there is one
    trainer.learning_rate=0.001
    run.root=runs run.name=first    where the run goes, what it is called

    --show prints all that can be said, with the values that hold.

    A list stands in brackets, and what has brackets, commas or spaces stands in quotes:
    'data.categorical=\[\[left,right],\[up,down]]'.

    [bold]Examples[/]

    playloom train idm data.path=ds preset=debug
    playloom train idm data.path=ds trainer.max_minutes=10 model.window=5
    playloom train idm data.path=ds -m trainer.learning_rate=0.001,0.0003
    playloom train idm --resume runs/2026-11-21-190312-ds
    playloom train idm --resume runs/2026-11-21-190312-ds trainer.max_minutes=60

    Ctrl-C stops a run behind its next step and leaves a checkpoint. A run that
    is killed goes on from its last one, to the same losses as if it had not been.
    """
    from training.idm.options import PROGRAM, may_change, options_of
    from training.train_command import Trainable, train_command

    what = Trainable(
        kind="idm",
        program=PROGRAM,
        options_of=options_of,
        may_change=may_change,
        data_name=lambda options: Path(options.data.path).name,
        train=_train_idm,
    )
    train_command(what, overrides or [], multirun=multirun, resume=resume, show=show, quiet=quiet, json=json)


@app.command()
def policy(
    overrides: Overrides = None,
    *,
    multirun: Multirun = False,
    resume: Resume = None,
    show: Show = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    r"""Train a policy: it sees the last pictures and says what to press next.

    [bold]Presets[/] choose the model's size and how it is trained:

    preset=debug   seconds on anything; shows that the chain works
    preset=cpu     two cores, half an hour (unless another is chosen)
    preset=h100    one large GPU, SigLIP 2

    [bold]Heads[/] say what to press:

    head=flow      chunks out of noise, by flow matching (unless another is chosen)
    head=bc        plain behaviour cloning, the baseline
    head=act       LeRobot's ACT, and head=diffusion its diffusion policy (extra lerobot)

    [bold]What is often said[/]

    data.path=DATASET         a directory, or a pulled dataset's name
    'data.mix=\[{path:A,weight:0.5},{path:B,weight:0.5,label_weight:0.7}]'
                              or several; labelled rows count by their confidence
    encoder=siglip2 model.encoder.weights=PATH model.encoder.frozen=true
                              published weights that stay as they are
    model.history=4           pictures that are looked at
    model.chunk=16            rows that are said at once
    model.buttons=bce         buttons as probabilities instead of by the flow
    data.split.by=player      what stays together: session, player, seed, game
    trainer.max_minutes=30    stop by the clock
    trainer.device=cpu        or cuda; a GPU is taken where there is one
    run.root=runs run.name=first    where the run goes, what it is called

    --show prints all that can be said, with the values that hold.

    [bold]Examples[/]

    playloom train policy data.path=ds preset=debug
    playloom train policy data.path=ds head=bc run.name=baseline
    playloom train policy data.path=ds -m trainer.seed=0,1,2
    playloom train policy --resume runs/2026-11-21-190312-ds

    Ctrl-C stops a run behind its next step and leaves a checkpoint. A run that
    is killed goes on from its last one, to the same losses as if it had not been.
    """
    from training.policy.options import PROGRAM, may_change, options_of
    from training.train_command import Trainable, train_command

    what = Trainable(
        kind="policy",
        program=PROGRAM,
        options_of=options_of,
        may_change=may_change,
        data_name=lambda options: "-and-".join(Path(part.path).name for part in options.data.parts[:2]),
        train=_train_policy,
    )
    train_command(what, overrides or [], multirun=multirun, resume=resume, show=show, quiet=quiet, json=json)


def _train_idm(options: IdmTraining, run: RunDirectory, goes_on: bool, quiet: bool) -> dict[str, Any]:
    from training.idm.training import train_idm  # only now: torch takes seconds
    from training.trainer.running import train_run

    return train_run(train_idm, options, run, resume=goes_on, quiet=quiet)


def _train_policy(options: PolicyTraining, run: RunDirectory, goes_on: bool, quiet: bool) -> dict[str, Any]:
    from training.policy.training import train_policy
    from training.trainer.running import train_run

    return train_run(train_policy, options, run, resume=goes_on, quiet=quiet)
