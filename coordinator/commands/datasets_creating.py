"""`playloom datasets create`: what a dataset is to be, decided once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from playloom.client.connection import Connection
    from protos import coordinator_pb2 as pb

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Small letters, digits, dots and dashes.", show_default=False)
]
CaptureProfile = Annotated[
    str | None, typer.Option(metavar="NAME", help="With which profile sessions should be recorded.")
]
Wish = Annotated[
    str, typer.Option(metavar="JSON", help="What else it asks of recordings. @FILE reads a file, - the input.")
]


def create(
    name: Name,
    *,
    game: Annotated[
        Path,
        typer.Option(metavar="GAME.yaml", help="The game's definition: what can be done in it.", show_default=False),
    ],
    class_id: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS", help="Of the action vector, in order; again for more. By default all classes."),
    ] = None,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Of its pictures, in pixels.")] = "256x256",
    fps: Annotated[int, typer.Option(metavar="N", help="Frames a second.")] = 30,
    keyboard: Annotated[bool, typer.Option("--keyboard", help="Keep the keys as they were pressed, too.")] = False,
    mouse: Annotated[bool, typer.Option("--mouse", help="Keep the mouse as it was moved, too.")] = False,
    rewards: Annotated[bool, typer.Option("--rewards", help="Keep rewards, where sessions have them.")] = False,
    who_acted: Annotated[
        bool,
        typer.Option(
            "--who-acted",
            help="Keep who acted in each frame. Without it no session is taken in which an agent played a part.",
        ),
    ] = False,
    task: Annotated[
        str | None, typer.Option(metavar="SENTENCE", help="Of every episode. By default what each session says.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE=VALUE",
            help="What keeps a session out, such as too_short=10 or frozen=off; again for more. By default the usual.",
        ),
    ] = None,
    video: Annotated[
        str, typer.Option(metavar="HOW", help="auto: copy packets where that is exact; copy; transcode.")
    ] = "auto",
    codec: Annotated[str, typer.Option(metavar="CODEC", help="h264, hevc or av1.")] = "h264",
    crf: Annotated[
        int, typer.Option(metavar="N", help="Quality of transcoded videos; smaller is better, larger.")
    ] = 23,
    preset: Annotated[str, typer.Option(metavar="NAME", help="Speed of the encoder, by x264's names.")] = "veryfast",
    keyframe_interval: Annotated[int, typer.Option(metavar="N", help="Frames between keyframes.")] = 30,
    max_pre_action_seconds: Annotated[
        float | None,
        typer.Option(metavar="S", help="Drop frames that are more before the first input. By default none."),
    ] = None,
    max_gap_seconds: Annotated[float, typer.Option(metavar="S", help="A longer gap splits the episode.")] = 1.0,
    short_taps: Annotated[bool, typer.Option("--short-taps", help="Keep taps shorter than a frame.")] = False,
    action_delay_ms: Annotated[
        str, typer.Option(metavar="MS", help="Each frame takes the inputs of so long before it; auto: as measured.")
    ] = "0",
    max_shard_mb: Annotated[int, typer.Option(metavar="MB", help="Episodes share a file up to this size.")] = 200,
    terms: Annotated[
        str, typer.Option(metavar="TEXT", help="Shown whenever the data is pulled or pushed. @FILE reads a file.")
    ] = "",
    capture_profile: CaptureProfile = None,
    wish: Wish = "{}",
    accept_game: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GAME_ID", help="Queue sessions of this game instead of the definition's; again for more."
        ),
    ] = None,
    no_rule: Annotated[bool, typer.Option("--no-rule", help="Queue no sessions by themselves.")] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Begin a dataset: which game, which pictures, which actions. Later only its content changes.

    Finished sessions of the game are queued for it by themselves, from now on.
    """
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, plain, print_json, print_next
    from playloom.documents import struct_with
    from playloom.game_definition import load_game_definition

    if no_rule and accept_game:
        raise typer.BadParameter("choose one of --no-rule and --accept-game")
    definition = load_game_definition(game)
    width, height = _size(size)
    config = {
        "game_definition": game.read_text(encoding="utf-8"),
        "class_ids": class_id or [one.id for one in definition.classes],
        "fps": fps,
        "width": width,
        "height": height,
        "codec": codec,
        "crf": crf,
        "preset": preset,
        "keyframe_interval": keyframe_interval,
        "video": video,
        "task": task,
        "keyboard": keyboard,
        "mouse": mouse,
        "rewards": rewards,
        "who_acted": who_acted,
        "max_pre_action_s": max_pre_action_seconds,
        "max_gap_s": max_gap_seconds,
        "short_taps": short_taps,
        "action_delay_ms": _delay(action_delay_ms),
        "gates": dict(_gate(one) for one in gate or ()),
        "max_shard_mb": max_shard_mb,
        "terms": _text(terms),
    }
    games = () if no_rule else accept_game or (definition.game_id,)
    with connected(access) as server:
        made = _create(server, name, _wished(wish, capture_profile), games, config=struct_with(config))
    if json:
        print_json(plain(made) | {"game_ids": sorted(set(games))})
        return
    console = console_of_command()
    console.print(f"{made.name} is a dataset now: {width}x{height} at {fps} frames a second.", markup=False)
    if games:
        console.print(f"Sessions of {', '.join(games)} that are finished from now on are queued for it.", markup=False)
    print_next(
        console,
        f"playloom datasets ingest {made.name}, for sessions that are there already"
        if games
        else f"playloom datasets rules add {made.name} GAME_ID",
    )


def add(
    name: Name,
    *,
    capture_profile: CaptureProfile = None,
    wish: Wish = "{}",
    game: Annotated[
        list[str] | None,
        typer.Option(metavar="GAME_ID", help="Queue this game's sessions for it. May be given again."),
    ] = None,
    json: Json = False,
    access: Access = None,
) -> None:
    """Begin a dataset of which nobody has decided yet what it is to be: sessions are queued, and none can enter."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, plain, print_json, print_next

    with connected(access) as server:
        made = _create(server, name, _wished(wish, capture_profile), game or ())
    if json:
        print_json(plain(made) | {"game_ids": sorted(set(game or ()))})
        return
    console = console_of_command()
    console.print(f"{made.name} is a dataset now.", markup=False)
    print_next(
        console, "playloom jobs list --kind ingest" if game else f"playloom datasets rules add {made.name} GAME_ID"
    )


def _create(server: Connection, name: str, wish: Any, games: Any, *, config: Any = None) -> pb.Dataset:
    from protos import coordinator_pb2 as pb

    made = server.call(server.datasets.CreateDataset, pb.CreateDatasetRequest(name=name, wish=wish, config=config))
    for one in dict.fromkeys(games):
        server.call(server.datasets.AddIngestRule, pb.AddIngestRuleRequest(dataset=made.name, game_id=one))
    return made


def _wished(wish: str, capture_profile: str | None) -> Any:
    from coordinator.commands.payload import read_payload

    wished = read_payload(wish)
    if capture_profile is not None:
        wished["capture_profile"] = capture_profile
    return wished


def _size(text: str) -> tuple[int, int]:
    import re

    from playloom.errors import PlayloomError

    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower(), re.ASCII)
    if match is None:
        raise PlayloomError(f"--size {text} is no size", remedy="Give WIDTHxHEIGHT in pixels, such as 256x256")
    return int(match[1]), int(match[2])


def _delay(text: str) -> float | str:
    from playloom.errors import PlayloomError

    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise PlayloomError(f"--action-delay-ms {text} is no time", remedy="Give milliseconds, or auto") from None


def _gate(text: str) -> tuple[str, float | bool]:
    """A gate's name and its threshold; off opens it, on takes its usual one."""
    from playloom.errors import PlayloomError

    name, _, value = text.partition("=")
    words = {"off": False, "false": False, "on": True, "true": True}
    try:
        return name.strip(), words[value.strip()] if value.strip() in words else float(value)
    except ValueError:
        raise PlayloomError(
            f"--gate {text} is none", remedy="Write NAME=NUMBER, or NAME=off, such as --gate too_short=10"
        ) from None


def _text(text: str) -> str:
    from playloom.errors import FileError

    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, "cannot be read as text", remedy="Name a text file") from error
