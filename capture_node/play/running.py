"""What `playloom play` puts together: the line to the server, the kill switch, the game, and whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from capture_node.gym.interrupts import Interrupt, interrupts_noted
from capture_node.play.environment import EnvironmentPlay, PlayedEpisode, Screen, play_environment
from capture_node.play.kill_inputs import KillControls, killed_by_file, killed_by_signals
from capture_node.play.link import PolicyLink
from capture_node.play.pilot import PilotOptions, chosen_task
from playloom.client.access import ServerAccess, server_at
from playloom.controls import BUTTON_IDS, KEYS
from playloom.environments.catalogue import find_game, make_environment
from playloom.errors import PlayloomError
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from playloom.play.kill_switch import KillSwitch
from playloom.play.server_token import policy_directory
from playloom.token_file import TOKEN_FILE, read_token
from playloom.yaml_files import did_you_mean

if TYPE_CHECKING:
    from capture_node.play.screen import PlayedScreen, ScreenPlay

type Tell = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class KillNames:
    """What throws the kill switch, as a player names it.

    Attributes:
        key, rearm_key: throw it, and arm it again.
        button: of the player's pad; throws it.
        file: while it is there the switch is off.
    """

    key: str
    rearm_key: str
    button: str | None
    file: Path | None

    @property
    def hint(self) -> str:
        """What a player has to know."""
        return f"{self.key.upper()} takes the agent's hands off, {self.rearm_key.upper()} puts them back"

    def controls(self, switch: KillSwitch) -> KillControls:
        """The keys and the button.

        Raises:
            PlayloomError: there is none of such a name, or one key is to do both.
        """
        for name, known in ((self.key, KEYS), (self.rearm_key, KEYS), (self.button, BUTTON_IDS)):
            if name is not None and name not in known:
                raise PlayloomError(f"there is no key or button '{name}'", remedy=did_you_mean(name, known))
        if self.key == self.rearm_key:
            raise PlayloomError(f"'{self.key}' cannot throw the kill switch and arm it", remedy="Name two keys")
        button = None if self.button is None else BUTTON_IDS[self.button]
        return KillControls(switch, key=KEYS[self.key], button=button, rearm_key=KEYS[self.rearm_key])


def server_access(server: str, token: Path | None, tls_ca: Path | None) -> ServerAccess:
    """Where the policy server is, with its token.

    Raises:
        PlayloomError: there is no such address, or no token.
    """
    access = server_at(server, tls_ca)
    path = token or policy_directory() / TOKEN_FILE
    if token is None and not path.exists():
        raise PlayloomError(
            "no policy server was started on this machine by this user",
            remedy="Start one: playloom policy serve RUN; or name its token file with --token",
        )
    return replace(access, token=read_token(path))


def play_game(
    wish: EnvironmentPlay, access: ServerAccess, task: str | None, kill: KillNames, *,
    person: bool, headless: bool, tell: Tell,
) -> Iterator[PlayedEpisode]:  # fmt: skip
    """Play a game of `playloom gym`, episode after episode.

    Args:
        wish: what.
        access: of the policy server.
        task: as it was asked for.
        kill: what throws the switch.
        person: whether somebody plays at the window.
        headless: whether there is none.
        tell: is told what the player should know.
    """
    switch = KillSwitch()
    controls = kill.controls(switch)
    with ExitStack() as stack:
        interrupt, link = stack.enter_context(_at_the_server(access, switch, kill, tell))
        wish = replace(wish, pilot=replace(wish.pilot, task=chosen_task(link.facts, task)))
        screen = None if headless else stack.enter_context(_window(wish, controls, kill, person=person))
        yield from play_environment(wish, link, switch, lambda: interrupt.is_set, screen=screen, tell=tell)


def play_window(
    wish: ScreenPlay, access: ServerAccess, task: str | None, kill: KillNames, *, tell: Tell
) -> PlayedScreen:
    """Play a game on the desktop."""
    from capture_node.play.screen import play_screen

    switch = KillSwitch()
    controls = kill.controls(switch)
    with _at_the_server(access, switch, kill, tell) as (interrupt, link):
        wish = replace(wish, pilot=replace(wish.pilot, task=chosen_task(link.facts, task)))
        tell(f"The agent plays. {kill.hint}.")
        return play_screen(wish, link, switch, controls, lambda: interrupt.is_set, tell=tell)


def screen_wish(
    window: str | None,
    monitor: int | None,
    game_definition: Path | None,
    action_mapping: Path | None,
    capture_profile: str,
    *,
    actions: tuple[str, ...] | None,
    confidence: float,
    beside: bool,
    root: Path | None,
    player: str,
    seconds: float | None,
    pilot: PilotOptions,
) -> ScreenPlay:
    """What is to be played on the desktop.

    Raises:
        PlayloomError: a file is missing or wrong, or there is no such window.
    """
    from capture_node.play.screen import ScreenPlay
    from capture_node.recorder.capture_profile import load_profile
    from capture_node.sources.catalogue import SourceRequest, find_source

    if game_definition is None or action_mapping is None:
        raise PlayloomError(
            "nothing says what the game's actions are, and how they are pressed",
            remedy="Name --game-definition and --action-mapping, as for playloom convert",
        )
    game = load_game_definition(game_definition)
    return ScreenPlay(
        source=find_source(SourceRequest(window=window, monitor=monitor)),
        game=game,
        profile=load_mapping_profile(action_mapping, game),
        capture=load_profile(capture_profile),
        actions=actions,
        confidence=confidence,
        beside=beside,
        root=root,
        player=player,
        seconds=seconds,
        pilot=pilot,
    )


@contextmanager
def _at_the_server(
    access: ServerAccess, switch: KillSwitch, kill: KillNames, tell: Tell
) -> Iterator[tuple[Interrupt, PolicyLink]]:
    """A line to the policy, while signals and the file throw the switch."""
    with ExitStack() as stack:
        interrupt = stack.enter_context(interrupts_noted())
        stack.enter_context(killed_by_signals(switch))
        if kill.file is not None:
            stack.enter_context(killed_by_file(switch, kill.file))
        yield interrupt, stack.enter_context(PolicyLink(access, tell))


@contextmanager
def _window(wish: EnvironmentPlay, controls: KillControls, kill: KillNames, *, person: bool) -> Iterator[Screen]:
    from capture_node.gym.hands import Hands
    from capture_node.play.window import PlayWindow

    environment = make_environment(find_game(wish.environment), wish.settings)
    spec = environment.spec
    environment.close()
    with PlayWindow(spec, controls, hint=kill.hint, hands=Hands() if person else None) as window:
        yield window
