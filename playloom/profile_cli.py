"""`playloom profile`: whether a game definition and its mapping profiles are in order, and what does what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playloom.errors import DefinitionError, PlayloomError

if TYPE_CHECKING:
    from playloom.game_definition import GameDefinition

app = typer.Typer(help="Game definitions and mapping profiles: what can be done in a game, and with which controls.")


@app.callback()
def profile() -> None:
    pass


@app.command()
def check(
    game: Annotated[Path, typer.Argument(help="The game definition (YAML).", show_default=False)],
    profiles: Annotated[
        list[Path] | None, typer.Argument(help="Mapping profiles (YAML) to check against it.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a game definition and mapping profiles, and list each action with its controls."""
    from playloom.game_definition import load_game_definition

    definition = load_game_definition(game)
    described = [_describe_profile(path, definition) for path in profiles or []]
    if as_json:
        content = {"game": _describe_game(game, definition), "profiles": described}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        _print_game(game, definition)
        for one in described:
            _print_profile(one)
    bad = [one["file"] for one in described if one["error"] is not None]
    if bad:
        problem = f"{len(bad)} of {len(described)} profiles cannot be used"
        raise PlayloomError(problem, remedy=f"Correct {', '.join(bad)} and check again")
    if not as_json:
        _print_next(game, described, warned=bool(definition.warnings) or any(one["warnings"] for one in described))


def _describe_game(file: Path, definition: GameDefinition) -> dict[str, Any]:
    return {"file": str(file), "game_id": definition.game_id, "warnings": list(definition.warnings)}


def _describe_profile(file: Path, definition: GameDefinition) -> dict[str, Any]:
    from playloom.actions.layout import layout_of
    from playloom.bindings import describe
    from playloom.mapping_profile import load_mapping_profile

    try:
        loaded = load_mapping_profile(file, definition)
    except DefinitionError as error:
        return {"file": str(file), "error": str(error), "actions": [], "unmapped_required": [], "warnings": []}
    required = {action.id for action in definition.actions if action.required}
    rows = [
        {
            "action": slot.action_id,
            "kind": str(slot.kind),
            "slots": list(range(slot.start, slot.start + slot.size)),
            "required": slot.action_id in required,
            "skipped": slot.action_id in loaded.skipped,
            "bindings": [describe(binding) for binding in loaded.bindings.get(slot.action_id, ())],
        }
        for slot in layout_of(definition, loaded.class_ids).slots
    ]
    return {
        "file": str(file),
        "error": None,
        "profile_name": loaded.profile_name,
        "game_id": loaded.game_id,
        "class_ids": list(loaded.class_ids),
        "complete": loaded.complete,
        "actions": rows,
        "unmapped_required": [row["action"] for row in rows if row["required"] and not row["bindings"]],
        "warnings": list(loaded.warnings),
    }


def _print_game(file: Path, definition: GameDefinition) -> None:
    typer.echo(f"{file}: {definition.display_name} ({definition.game_id})")
    for one in definition.classes:
        actions = ", ".join(f"{action.id} ({action.kind})" for action in one.actions)
        typer.echo(f"  class {one.id}: {actions or 'no actions'}")
    _print_warnings(definition.warnings)
    typer.echo("")


def _print_profile(described: dict[str, Any]) -> None:
    if described["error"] is not None:
        typer.echo(f"{described['error']}\n")
        return
    typer.echo(f"{described['file']}: profile {described['profile_name']}, classes {', '.join(described['class_ids'])}")
    width = max((len(row["action"]) for row in described["actions"]), default=0)
    for row in described["actions"]:
        controls = " or ".join(row["bindings"]) or ("skipped" if row["skipped"] else "not mapped")
        typer.echo(f"  {row['action']:<{width}}  {row['kind']:<7}  {controls}")
    _print_warnings(described["warnings"])
    typer.echo("")


def _print_warnings(warnings: tuple[str, ...] | list[str]) -> None:
    for warning in warnings:
        typer.echo(f"  warning: {warning}")


def _print_next(game: Path, described: list[dict[str, Any]], *, warned: bool) -> None:
    if warned:
        typer.echo("Next: look at the warnings: these files can be used, but may not do what you want.")
    elif not described:
        typer.echo(f"Next: check a mapping profile with it: playloom profile check {game} PROFILE.yaml")
    else:
        typer.echo(
            "Next: convert recordings with them: playloom convert --session-root SESSIONS "
            f"--game-definition {game} --action-mapping {described[0]['file']} …"
        )
