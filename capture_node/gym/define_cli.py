"""`playloom gym define`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playloom.environments.input_device import InputDevice


def define(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The game: ALE/Pong-v5, … or just pong.")],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the two files go; made if missing.")
    ] = Path("games"),
    input_device: Annotated[
        InputDevice, typer.Option("--input", help="What the player's hands are on.")
    ] = InputDevice.KEYBOARD,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mapping profile's name; the device's by default.")
    ] = None,
    preset: Annotated[
        Path | None, typer.Option(metavar="YAML", help="What the keys do, instead of your own presets file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Write a game's definition and mapping profile, which `playloom convert` needs, as the presets have them."""
    from capture_node.gym.options import safe_name
    from playloom.environments.catalogue import find_game, make_environment
    from playloom.environments.definitions import game_definition_of, mapping_profile_of
    from playloom.environments.presets import load_preset, preset_files
    from playloom.environments.settings import EnvironmentSettings
    from playloom.errors import OutputError
    from playloom.game_definition import load_game_definition, save_game_definition
    from playloom.mapping_profile import save_mapping_profile
    from playloom.output_files import check_output

    made = make_environment(find_game(environment), EnvironmentSettings(seed=0))
    try:
        spec = made.spec
        name = profile or input_device.value
        mapping = mapping_profile_of(spec, load_preset(spec, preset_files(preset)), input_device, name)
    finally:
        made.close()
    game_path = output / f"{spec.game_id}.yaml"
    profile_path = output / f"{spec.game_id}-{safe_name(name)}.yaml"
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(output, f"cannot be made: {error.strerror}") from error
    game = game_definition_of(spec)
    if not game_path.exists() or load_game_definition(game_path) != game:
        check_output(game_path, force=force)
    check_output(profile_path, force=force)
    save_game_definition(game, game_path)
    save_mapping_profile(mapping, profile_path)
    typer.echo(f"{game_path}: what can be done in {spec.environment_id}")
    typer.echo(f"{profile_path}: how a player does it on the {input_device}")
    typer.echo(
        f"Next: playloom convert --session-root recordings --game-definition {game_path} "
        f"--action-mapping {profile_path} --output-root dataset --repo-id me/{spec.game_id}"
    )
