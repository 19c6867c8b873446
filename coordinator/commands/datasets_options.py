"""Arguments and options that several commands about datasets share."""

from __future__ import annotations

from typing import Annotated

import typer

from coordinator.commands.completion import complete_dataset

Dataset = Annotated[
    str, typer.Argument(metavar="DATASET", help="Its name.", show_default=False, autocompletion=complete_dataset)
]
Wait = Annotated[bool, typer.Option("--wait", help="Show the job's log until it has ended; exit 1 if it was not done.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
