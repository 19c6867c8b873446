"""One command-line option for each threshold, made from the thresholds' own names, helps, units and defaults."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any

import typer

from playloom.quality.thresholds import QualityThresholds


def with_threshold_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a Typer command, which takes ``thresholds``, one option for each field of `QualityThresholds`."""
    names = [each.name for each in fields(QualityThresholds)]

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in names}
        command(**arguments, thresholds=QualityThresholds(**values))

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "thresholds"]
    added = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default,
            annotation=Annotated[
                float,
                typer.Option(
                    f"--{each.name.replace('_', '-')}",
                    help=f"{each.metadata['help']} \\[{each.metadata['unit']}]",
                    rich_help_panel="Thresholds",
                ),
            ],
        )
        for each in fields(QualityThresholds)
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + added
    with_options.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options
