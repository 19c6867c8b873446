"""`playloom datasets`: what they are, what is in them, and how that changes. (Reading them is `playloom.datasets`.)"""

from __future__ import annotations

import typer

from coordinator.commands.datasets_changing import compact, gc, ingest, remove, rollback, tag
from coordinator.commands.datasets_creating import add, create
from coordinator.commands.datasets_looking import checkpoints, list_datasets, sessions, show, versions
from coordinator.commands.datasets_rules import rules

app = typer.Typer(no_args_is_help=True, help="Datasets: make them, see what is in them, read them, take out of them.")

app.command()(create)
app.command("list")(list_datasets)
app.command()(show)
app.command()(versions)
app.command()(sessions)
app.command()(ingest)
app.add_typer(rules, name="rules")
app.command()(tag)
app.command()(remove)
app.command()(rollback)
app.command()(compact)
app.command()(gc)
app.command()(checkpoints)
app.command(hidden=True)(add)
