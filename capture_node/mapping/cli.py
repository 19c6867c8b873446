"""`playloom map-actions`: which control does what in a game, asked by a wizard and written for `playloom convert`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.errors import PlayloomError

if TYPE_CHECKING:
    from capture_node.inputs.input_source import InputSource
    from playloom.game_definition import GameDefinition
    from playloom.mapping_profile import MappingProfile

DEFAULT_NAME = "default"


def map_actions(
    game: Annotated[Path, typer.Argument(help="The game definition (YAML).", show_default=False)],
    profile: Annotated[
        Path | None,
        typer.Argument(
            help="The mapping profile (YAML) to write; one that is there is gone on with. Left out: GAME-NAME.yaml in "
            "this directory.",
            show_default=False,
        ),
    ] = None,
    profile_name: Annotated[
        str | None,
        typer.Option(
            help="What the profile is called, such as the player's name. Left out: as it is called already, or as its "
            "file.",
            show_default=False,
        ),
    ] = None,
    class_ids: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="A class of the game that the player plays; give it again for more. Left out: asked, where there are "
            "several.",
            show_default=False,
        ),
    ] = None,
    pads_only: Annotated[
        bool, typer.Option("--pads-only", help="Listen to gamepads alone, and to no keyboard or mouse.")
    ] = False,
) -> None:
    """Map a game's actions to your controls: press each when asked. What you did is saved after every answer."""
    from capture_node.mapping.feed import InputFeed
    from capture_node.mapping.wizard import MapActionsApp, Wanted
    from playloom.game_definition import is_name, load_game_definition
    from playloom.mapping_profile import save_mapping_profile

    if profile_name is not None and not is_name(profile_name):
        raise PlayloomError(
            f"--profile-name: {profile_name!r} cannot be a name", remedy="Use letters, digits, '_', '-' and '.'"
        )
    definition = load_game_definition(game)
    path = profile or Path(f"{definition.game_id}-{profile_name or DEFAULT_NAME}.yaml")
    found = _existing(path, definition, profile_name)
    wanted = Wanted(
        game=definition,
        profile=found,
        profile_name=profile_name or (path.stem if profile else DEFAULT_NAME),
        class_ids=_chosen_classes(class_ids or [], definition, found),
    )
    if not any(one.actions for one in definition.classes):
        raise PlayloomError(f"{game}: the game has no actions to map", remedy="Add some: see docs/actions.md")
    if not path.absolute().parent.is_dir():
        raise PlayloomError(f"{path}: its directory does not exist", remedy=f"Create it: mkdir -p '{path.parent}'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PlayloomError(
            "map-actions asks questions and needs a terminal", remedy="Run it in one, or write the profile by hand"
        )
    feed = InputFeed(_sources(pads_only))
    wizard = MapActionsApp(wanted, feed, lambda made: save_mapping_profile(made, path))
    wizard.run()
    for problem in feed.problems:
        typer.echo(f"note: {problem}", err=True)
    if not wizard.is_saved:
        raise PlayloomError(wizard.problem or f"{path}: could not be saved")
    _say_what_is_next(game, path, definition, wizard.profile if path.exists() else None)
    if wizard.return_code:  # it failed, and has said how
        raise typer.Exit(wizard.return_code)


def _existing(path: Path, game: GameDefinition, profile_name: str | None) -> MappingProfile | None:
    """The profile at ``path``, under the name that is asked for."""
    from dataclasses import replace

    from playloom.mapping_profile import load_mapping_profile

    if not path.exists():
        return None
    found = load_mapping_profile(path, game)
    return found if profile_name is None else replace(found, profile_name=profile_name)


def _chosen_classes(class_ids: list[str], game: GameDefinition, found: MappingProfile | None) -> tuple[str, ...]:
    """The classes of a new profile, in the game's order. Raises PlayloomError for classes that do not fit."""
    from playloom.yaml_files import did_you_mean

    known = [one.id for one in game.classes]
    for class_id in class_ids:
        if class_id not in known:
            raise PlayloomError(
                f"the game '{game.game_id}' has no class '{class_id}'", remedy=did_you_mean(class_id, known)
            )
    chosen = tuple(class_id for class_id in known if class_id in class_ids)
    if found is not None and chosen and set(chosen) != set(found.class_ids):
        raise PlayloomError(
            f"the profile '{found.profile_name}' is for the classes {', '.join(found.class_ids)}",
            remedy="Leave --class out to go on with it, or give another file for other classes",
        )
    return chosen


def _sources(pads_only: bool) -> list[InputSource]:
    from capture_node.assembly import use_sdl
    from capture_node.inputs.gamepads import Gamepads
    from capture_node.inputs.keyboard_mouse import keyboard_and_mouse
    from capture_node.node_settings import load_settings

    use_sdl(load_settings().sdl)
    return [Gamepads()] if pads_only else [Gamepads(), keyboard_and_mouse()]


def _say_what_is_next(game: Path, path: Path, definition: GameDefinition, made: MappingProfile | None) -> None:
    from capture_node.mapping.walk import MappingWalk

    if made is None:
        typer.echo("Nothing was mapped, and nothing was written.")
        return
    walk = MappingWalk(definition, made)
    mapped = sum(bool(made.bindings.get(stop.action.id)) for stop in walk.stops)
    skipped = len(walk.stops) - mapped - len(walk.open)
    parts = [f"{mapped} of {len(walk.stops)} actions mapped", *([f"{skipped} skipped"] if skipped else [])]
    typer.echo(f"{path}: profile {made.profile_name}, {', '.join(parts)}")
    if not made.complete:
        typer.echo(f"Next: finish it: playloom map-actions {game} {path}")
    else:
        typer.echo(f"Next: look at it: playloom profile check {game} {path}")
        typer.echo(
            f"      record with it: playloom record sessions --game {made.game_id} --mapping {made.profile_name}"
        )
