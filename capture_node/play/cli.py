"""`playloom play`."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from playloom.environments.input_device import InputDevice
from playloom.environments.settings import LONGEST_FRAME_SKIP
from playloom.play.server_token import DEFAULT_LISTEN

PERSON = "person"
KILL_KEY, REARM_KEY = "f12", "f11"


def play(
    environment: Annotated[
        str | None, typer.Argument(metavar="[ENV]", help="The game: ALE/Pong-v5, VizdoomBasic-v1, courier, …")
    ] = None,
    *,
    window: Annotated[
        str | None, typer.Option(metavar="TITLE", help="Instead of ENV: play the game in this window of the desktop.")
    ] = None,
    monitor: Annotated[int | None, typer.Option(metavar="N", help="Instead of ENV: what this monitor shows.")] = None,
    game_definition: Annotated[
        Path | None, typer.Option(metavar="YAML", help="With --window: the game's, as the dataset was made by.")
    ] = None,
    action_mapping: Annotated[
        Path | None, typer.Option(metavar="YAML", help="With --window: the profile by which actions are pressed.")
    ] = None,
    capture_profile: Annotated[
        str, typer.Option(metavar="NAME", help="With --window: how the screen is seen, and recorded.")
    ] = "training",
    seconds: Annotated[float | None, typer.Option(help="With --window: stop after so long.", min=0.1)] = None,
    server: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where 'playloom policy serve' listens.")
    ] = DEFAULT_LISTEN,
    token: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The server's token file; on the same machine it is found.")
    ] = None,
    tls_ca: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Elsewhere than on loopback: the server's certificate.")
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option(metavar="ACTIONS", help="The agent's actions, as look,dash; all others are the player's."),
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who plays beside the agent: person (in a window), scripted, casual, random or noop."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="The agent holds an action only where it is at least so sure.", min=0, max=1)
    ] = 0.0,
    kill_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="While this file is there, the agent holds nothing.")
    ] = None,
    kill_key: Annotated[str, typer.Option(metavar="KEY", help="In the window: the agent holds nothing.")] = KILL_KEY,
    rearm_key: Annotated[str, typer.Option(metavar="KEY", help="In the window: it may play again.")] = REARM_KEY,
    kill_button: Annotated[
        str | None, typer.Option(metavar="BUTTON", help="Of the player's pad: the agent holds nothing.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What to do, as the policy knows it; by default its only one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Record the sessions here.")
    ] = None,
    player: Annotated[
        str, typer.Option(metavar="NAME", help="Whose sessions they are; stands in session.json.")
    ] = "agent",
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mapping profile that fits, for the sessions.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window.")] = False,
    episodes: Annotated[int, typer.Option(help="How many.", min=1)] = 1,
    max_steps: Annotated[int | None, typer.Option(help="End an episode after so many steps.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Of the first episode; the next has the next.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="The picture's, where the game can choose.")] = None,
    frame_skip: Annotated[int, typer.Option(help="Emulated frames a step.", min=1, max=LONGEST_FRAME_SKIP)] = 1,
    difficulty: Annotated[int | None, typer.Option(help="Atari: the difficulty. VizDoom: the skill, 1 to 5.")] = None,
    mode: Annotated[int | None, typer.Option(help="The game's mode.")] = None,
    preset: Annotated[
        Path | None, typer.Option(metavar="YAML", help="What the keys do, instead of your own presets file.")
    ] = None,
    input_device: Annotated[
        InputDevice, typer.Option("--input", help="What the agent presses, where the game knows both.")
    ] = InputDevice.KEYBOARD,
    blend: Annotated[int, typer.Option(help="Frames that sticks take from one answer to the next.", min=0, max=60)] = 2,
    execute: Annotated[
        int, typer.Option(help="Ask for the next answer after so many frames; 0: fifteen times a second.", min=0)
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry an episode.")] = False,
) -> None:
    """Let a policy play at full speed, alone or beside a player: a game of 'playloom gym', or one on the desktop.

    The game waits for nobody: while one answer is played the next is computed. Where none has come in time, and
    wherever anything goes wrong, everything is let go.
    """
    import secrets

    from capture_node.play.environment import EnvironmentPlay
    from capture_node.play.pilot import PilotOptions
    from capture_node.play.running import KillNames, play_game, play_window, screen_wish, server_access
    from capture_node.play.words import episode_line, episode_row, screen_lines, screen_row
    from playloom.environments.agents.agent import AGENTS
    from playloom.environments.presets import preset_files
    from playloom.environments.settings import EnvironmentSettings, parse_size
    from playloom.errors import PlayloomError

    if beside is not None and beside not in (PERSON, *AGENTS):
        raise PlayloomError(f"nobody is called '{beside}'", remedy=f"Choose one of {PERSON}, {', '.join(AGENTS)}")
    if beside == PERSON and headless:
        raise PlayloomError("without a window nobody sees the game", remedy="Leave --headless out")
    chosen_seed = secrets.randbelow(2**31 - 2**16) if seed is None else seed
    actions = None if hold is None else tuple(name.strip() for name in hold.split(",") if name.strip())
    pilot = PilotOptions(seed=chosen_seed, blend=blend, execute=execute)
    access = server_access(server, token, tls_ca)
    kill = KillNames(key=kill_key, rearm_key=rearm_key, button=kill_button, file=kill_file)
    if sum(one is not None for one in (environment, window, monitor)) != 1:
        raise PlayloomError("nothing, or more than one thing, is named to play", remedy="Name ENV, or --window TITLE")
    if headless and kill_button is not None:
        raise PlayloomError("without a window nobody listens to the pad", remedy="Leave --headless out, or --kill-file")
    root = None if output is None else output.resolve()
    if environment is None:
        screen = screen_wish(
            window, monitor, game_definition, action_mapping, capture_profile, actions=actions, confidence=confidence,
            beside=beside == PERSON, root=root, player=player, seconds=seconds, pilot=pilot,
        )  # fmt: skip
        done = play_window(screen, access, task, kill, tell=_tell)
        if json:
            typer.echo(jsonlib.dumps(screen_row(done), indent=2))
            return
        for line in screen_lines(done, screen):
            typer.echo(line)
        return
    wish = EnvironmentPlay(
        environment=environment,
        settings=EnvironmentSettings(
            seed=chosen_seed,
            frame_skip=frame_skip,
            mode=mode,
            difficulty=difficulty,
            size=None if size is None else parse_size(size),
        ),
        root=root,
        player=player,
        beside=None if beside == PERSON else beside,
        actions=actions,
        confidence=confidence,
        device=input_device,
        preset_files=preset_files(preset),
        episodes=episodes,
        max_steps=max_steps,
        profile_name=profile,
        pilot=pilot,
    )
    played = []
    for one in play_game(wish, access, task, kill, person=beside == PERSON, headless=headless, tell=_tell):
        played.append(one)
        if not json:
            typer.echo(episode_line(one))
    if json:
        typer.echo(jsonlib.dumps([episode_row(one) for one in played], indent=2))
        return
    sessions = [one.report.session for one in played if one.report.session is not None]
    if sessions:
        typer.echo(f"{len(sessions)} {'session' if len(sessions) == 1 else 'sessions'} in {output}. Next:")
        typer.echo(f"  playloom gym verify {output}     replays and compares")
        typer.echo(f"  playloom convert {output} …     makes a dataset of what was played, and of who acted")
    else:
        typer.echo("Nothing was recorded. Next: add -o FOLDER to keep what is played")


def _tell(text: str) -> None:
    typer.echo(text, err=True)
