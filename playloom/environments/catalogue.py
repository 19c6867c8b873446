"""Which games there are, by the names that people know them by."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from playloom.environments.environment import Environment
from playloom.environments.game import Game, plain
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform
from playloom.errors import MissingExtraError

PACKAGES = {Platform.ATARI: "ale-py", Platform.VIZDOOM: "vizdoom", Platform.RETRO: "stable-retro"}


def is_installed(platform: Platform) -> bool:
    """Whether what runs the games of a platform is on this machine."""
    if platform not in PACKAGES:
        return True
    try:
        version(PACKAGES[platform])
        version("gymnasium")
    except PackageNotFoundError:
        return False
    return True


def list_games(platforms: Iterable[Platform] = tuple(Platform)) -> list[Game]:
    """The games of the platforms that are installed here.

    Raises:
        MissingExtraError: none of them is installed.
    """
    wanted = list(platforms)
    installed = [platform for platform in wanted if is_installed(platform)]
    if not installed:
        raise MissingExtraError(f"playing {' or '.join(wanted)} games", "games")
    return [game for platform in installed for game in _games_of(platform)]


def _games_of(platform: Platform) -> tuple[Game, ...]:
    match platform:
        case Platform.ATARI:
            from playloom.environments import atari

            return atari.games()
        case Platform.VIZDOOM:
            from playloom.environments import doom

            return doom.games()
        case Platform.RETRO:
            from playloom.environments import retro

            return retro.games()
        case Platform.COURIER:
            from playloom.environments.courier import environment

            return environment.games()


def find_game(name: str) -> Game:
    """The game that ``name`` means: Gymnasium's id, our game id, or a short name, in any case and with any version.

    Raises:
        EnvironmentChoiceError: there is none, with the nearest names; or it cannot run here, with what is missing.
        MissingExtraError: no games are installed.
    """
    games = list_games()
    names: dict[str, Game] = {}
    for rank in (_own_names, _aliases):
        for game in games:
            for known in rank(game):
                names.setdefault(plain(known), game)
    game = names.get(plain(name))
    if game is None:
        near = difflib.get_close_matches(plain(name), names, n=3, cutoff=0.6)
        meant = list(dict.fromkeys(names[candidate].environment_id for candidate in near))
        remedy = f"Did you mean {' or '.join(meant)}?" if meant else "'playloom gym list' shows what there is"
        raise EnvironmentChoiceError(f"there is no game '{name}'", remedy=remedy)
    if not game.playable:
        raise EnvironmentChoiceError(f"{game.environment_id} cannot run here: it needs {game.missing}")
    return game


def _own_names(game: Game) -> tuple[str, ...]:
    return (game.environment_id, game.game_id)


def _aliases(game: Game) -> tuple[str, ...]:
    return game.aliases


def make_environment(game: Game, settings: EnvironmentSettings, *, informed: bool = False) -> Environment:
    """Set ``game`` up for one episode.

    Args:
        informed: let agents see more than the picture, where the platform can show it.

    Raises:
        EnvironmentChoiceError: the game does not have a setting that was asked for.
    """
    match game.platform:
        case Platform.ATARI:
            from playloom.environments.atari import AtariEnvironment

            return AtariEnvironment(game, settings)
        case Platform.VIZDOOM:
            from playloom.environments.doom import DoomEnvironment

            return DoomEnvironment(game, settings, informed=informed)
        case Platform.RETRO:
            from playloom.environments.retro import RetroEnvironment

            return RetroEnvironment(game, settings)
        case Platform.COURIER:
            from playloom.environments.courier.environment import CourierEnvironment

            return CourierEnvironment(settings)


def remake_environment(spec: EnvironmentSpec) -> Environment:
    """The environment of a recording, set up again as it was, with the packages and files of this machine.

    Compare its `spec` with the recording's by `differences`.
    """
    return make_environment(find_game(spec.environment_id), EnvironmentSettings.of(spec))


def differences(recorded: EnvironmentSpec, here: EnvironmentSpec) -> list[str]:
    """What of this machine is not as it was when the session was recorded, as sentences without a full stop."""
    found: list[str] = []
    for package in sorted(recorded.packages.keys() | here.packages.keys()):
        then, now = recorded.packages.get(package), here.packages.get(package)
        if then != now:
            found.append(f"recorded with {package} {then or 'not installed'}, replayed with {now or 'none'}")
    for file in sorted(recorded.files.keys() | here.files.keys()):
        if recorded.files.get(file) != here.files.get(file):
            found.append(f"{file} is not the file that was played")
    return found
