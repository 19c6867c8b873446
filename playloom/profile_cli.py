"""`playloom profile`: whether a game definition and a mapping profile are in order, and what does what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from playloom.game_definition import GameDefinition
    from playloom.mapping_profile import MappingProfile

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
    from playloom.mapping_profile import load_mapping_profile

    definition = load_game_definition(game)
    loaded = [load_mapping_profile(path, definition) for path in profiles or []]
    if as_json:
        described = [_described(path, one, definition) for path, one in zip(profiles or [], loaded, strict=True)]
        content = {
            "game": {"file": str(game), "game_id": definition.game_id, "warnings": list(definition.warnings)},
            "profiles": described,
        }
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    _print_game(game, definition)
    for path, one in zip(profiles or [], loaded, strict=True):
        _print_profile(path, one, definition)
    first = (profiles or [Path("PROFILE.yaml")])[0]
    if not loaded:
        typer.echo(f"Next: check a mapping profile with it: playloom profile check {game} {first}")
    elif any(one.warnings for one in (definition, *loaded)):
        typer.echo("Next: look at the warnings; nothing is wrong, but something may not do what you want.")
    else:
        typer.echo(
            "Next: convert recordings with them: playloom convert --session-root SESSIONS "
            f"--game-definition {game} --action-mapping {first} …"
        )


def _print_game(file: Path, definition: GameDefinition) -> None:
    typer.echo(f"{file}: {definition.display_name} ({definition.game_id})")
    for one in definition.classes:
        typer.echo(
            f"  class {one.id}: {', '.join(f'{action.id} ({action.kind})' for action in one.actions) or 'empty'}"
        )
    _print_warnings(definition.warnings)
    typer.echo("")


def _print_profile(file: Path, profile: MappingProfile, definition: GameDefinition) -> None:
    described = _described(file, profile, definition)
    typer.echo(f"{file}: profile {profile.profile_name}, classes {', '.join(profile.class_ids)}")
    width = max((len(row["action"]) for row in described["actions"]), default=0)
    for row in described["actions"]:
        controls = " or ".join(row["bindings"]) or ("skipped" if row["skipped"] else "not mapped")
        typer.echo(f"  {row['action']:<{width}}  {row['kind']:<8} {controls}")
    if described["unmapped_required"]:
        typer.echo(f"  Required and not mapped: {', '.join(described['unmapped_required'])}")
    _print_warnings(profile.warnings)
    typer.echo("")


def _print_warnings(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        typer.echo(f"  warning: {warning}")


def _described(file: Path, profile: MappingProfile, definition: GameDefinition) -> dict[str, Any]:
    from playloom.actions.layout import layout_of
    from playloom.bindings import describe

    required = {action.id for action in definition.actions if action.required}
    layout = layout_of(definition, profile.class_ids)
    rows = [
        {
            "action": slot.action_id,
            "kind": str(slot.kind),
            "slots": list(range(slot.start, slot.start + slot.size)),
            "required": slot.action_id in required,
            "skipped": slot.action_id in profile.skipped,
            "bindings": [describe(binding) for binding in profile.bindings.get(slot.action_id, ())],
        }
        for slot in layout.slots
    ]
    return {
        "file": str(file),
        "profile_name": profile.profile_name,
        "game_id": profile.game_id,
        "class_ids": list(profile.class_ids),
        "complete": profile.complete,
        "actions": rows,
        "unmapped_required": [row["action"] for row in rows if row["required"] and not row["bindings"]],
        "warnings": list(profile.warnings),
    }
