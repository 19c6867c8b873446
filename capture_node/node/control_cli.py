"""`playloom node status|start|stop|pause|resume|mark|discard`: what is asked of a node that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from capture_node.node.connection_options import Address, Json, TlsCa, Token, connected

if TYPE_CHECKING:
    from capture_node.node.client import NodeClient
    from capture_node.node.status import NodeStatus


def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it until Ctrl-C.")] = False,
    json: Json = False,
    address: Address = None,
    token: Token = None,
    tls_ca: TlsCa = None,
) -> None:
    """What the node does: the recording's figures, warnings, disk and spool."""
    from capture_node.node.words import as_json, console_of_command, print_status

    with connected(address, token, tls_ca) as node:
        if watch:
            _watch(node, json=json)
            return
        now = node.status()
    if json:
        typer.echo(as_json(now))
    else:
        print_status(console_of_command(), now)


def _watch(node: NodeClient, *, json: bool) -> None:
    from contextlib import suppress
    from dataclasses import asdict
    from json import dumps

    from capture_node.node.words import console_of_command, print_next, surroundings
    from capture_node.terminal.display import LineDisplay, LiveDisplay

    if json:
        with suppress(KeyboardInterrupt):
            for now in node.watch():
                typer.echo(dumps(asdict(now), ensure_ascii=False, default=str))
        return
    console = console_of_command()
    display = LiveDisplay(console) if console.is_terminal else LineDisplay(console, interval_s=1)
    state = None
    following = "playloom node status"
    try:
        for now in node.watch():
            if now.recorder.state is not state and not console.is_terminal:
                state = now.recorder.state
                display.say(state)
            display.show(now.recorder, surroundings(now))
        display.say("the node has ended")
        following = "playloom node run"
    except KeyboardInterrupt:
        pass
    finally:
        display.close()
    print_next(console, following)


def start(
    *,
    window: Annotated[
        str | None, typer.Option("--window", "-w", metavar="TITLE", help="A window, by a part of its title.")
    ] = None,
    monitor: Annotated[
        int | None, typer.Option("--monitor", "-m", metavar="N", help="A monitor, by its number.", min=0, max=63)
    ] = None,
    gym: Annotated[
        str | None, typer.Option(metavar="GAME", help="A game that a script plays; needs the extra 'games' there.")
    ] = None,
    pattern: Annotated[bool, typer.Option("--pattern", help="A test picture, to try the node out.")] = False,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="How screens are read: dxgi or winrt on Windows; x11 on Linux.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Size, rate and quality of the video: see playloom node profiles."),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="WHEN",
            help="focus: while the window has the focus. always: all that is typed anywhere, passwords too. "
            "pads: gamepads only. By default focus.",
        ),
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Black out a part of the picture before it is recorded, in fractions of it or percent; besides those "
            "of node.yaml. May be given again.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the session's folder is called; the time by default.")
    ] = None,
    player: Annotated[str | None, typer.Option(metavar="NAME", help="Who plays; stands in session.json.")] = None,
    game: Annotated[str | None, typer.Option(metavar="GAME_ID", help="The game, as its definition calls it.")] = None,
    mapping: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mapping profile that fits the player's controls.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="TEXT", help="What the player is trying to do.")] = None,
    json: Json = False,
    address: Address = None,
    token: Token = None,
    tls_ca: TlsCa = None,
) -> None:
    """Begin to record. Without a source it is the one of node.yaml; what is left open is as there, too."""
    from capture_node.node.wish import RecordingWish
    from capture_node.recorder.settings import InputScope
    from capture_node.sources.catalogue import SourceRequest
    from capture_node.terminal.mask_text import parse_mask
    from playloom.errors import PlayloomError
    from playloom.yaml_files import did_you_mean

    source = SourceRequest(window=window, monitor=monitor, gym=gym, pattern=pattern, backend=backend)
    if sum(source.asked_for) > 1:
        raise typer.BadParameter("choose one of --window, --monitor, --gym and --pattern")
    if inputs is not None and inputs not in list(InputScope):
        raise PlayloomError(f"--input knows no '{inputs}'", remedy=did_you_mean(inputs, list(InputScope)))
    wish = RecordingWish(
        source=source,
        profile=profile,
        name=name,
        player=player,
        game_id=game,
        mapping_profile=mapping,
        task=task,
        input_scope=None if inputs is None else InputScope(inputs),
        masks=tuple(parse_mask(text) for text in mask or ()),
    )
    with connected(address, token, tls_ca) as node:
        now = node.start(wish)
    what = "the picture" if now.recorder.source is None else f"'{now.recorder.source.title}'"
    _answer(now, f"Recording {what} into {now.recorder.session_path}", "playloom node stop", json=json)


def stop(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """End the recording in good order and wait until its files are whole."""
    from capture_node.node.words import as_json, console_of_command, print_next, print_sessions, shell_path

    with connected(address, token, tls_ca) as node:
        sessions = node.stop()
    if json:
        typer.echo(as_json(sessions))
        return
    console = console_of_command()
    if not sessions:
        console.print("Stopped; nothing of it was kept.")
        print_next(console, "playloom node start --window TITLE")
        return
    print_sessions(console, sessions)
    print_next(console, f"playloom validate {shell_path(sessions[-1].path)}")


def pause(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """Keep neither pictures nor inputs until resume; what happens meanwhile is in no file."""
    with connected(address, token, tls_ca) as node:
        now = node.pause()
    _answer(now, "Paused: nothing is kept", "playloom node resume", json=json)


def resume(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """Go on recording after a pause."""
    with connected(address, token, tls_ca) as node:
        now = node.resume()
    _answer(now, "Recording goes on", "playloom node stop", json=json)


def mark(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to say about it.")] = None,
    *,
    json: Json = False,
    address: Address = None,
    token: Token = None,
    tls_ca: TlsCa = None,
) -> None:
    """Note this moment in the session, to find it again."""
    with connected(address, token, tls_ca) as node:
        now = node.mark(text)
    _answer(now, "This moment is marked", "playloom node stop", json=json)


def discard(
    *,
    seconds: Annotated[float | None, typer.Option(help="How many seconds.", min=0.1, max=86400)] = None,
    minutes: Annotated[float | None, typer.Option(help="How many minutes.", min=0.01, max=1440)] = None,
    json: Json = False,
    address: Address = None,
    token: Token = None,
    tls_ca: TlsCa = None,
) -> None:
    """Throw away the last seconds or minutes, out of all files, and go on recording."""
    if (seconds is None) == (minutes is None):
        raise typer.BadParameter("give one of --seconds and --minutes")
    span_s = seconds if seconds is not None else 60 * (minutes or 0)
    with connected(address, token, tls_ca) as node:
        now = node.discard(span_s)
    _answer(now, f"The last {span_s:g} s are thrown away", "playloom node stop", json=json)


def _answer(now: NodeStatus, sentence: str, following: str, *, json: bool) -> None:
    from capture_node.node.words import as_json, console_of_command, print_next
    from playloom.figures import one_line

    if json:
        typer.echo(as_json(now))
        return
    console = console_of_command()
    console.print(one_line(sentence), markup=False)
    for notice in now.recorder.notices:
        if notice.warning:
            console.print(f"warning: {one_line(notice.text)}", style="yellow", markup=False)
    print_next(console, following)
