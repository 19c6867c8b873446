"""The command `playloom convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    session_root: Annotated[
        Path, typer.Option(help="Directory of session directories, or one session directory.", show_default=False)
    ],
    game_definition: Annotated[Path, typer.Option(help="The game's actions (YAML).", show_default=False)],
    action_mapping: Annotated[
        list[Path],
        typer.Option(
            help="A player's mapping profile (YAML). Give it again for further players: each session then uses the "
            "one that its session.json names.",
            show_default=False,
        ),
    ],
    output_root: Annotated[
        Path, typer.Option(help="The dataset's directory. It must not exist yet.", show_default=False)
    ],
    repo_id: Annotated[str, typer.Option(help="The dataset's name, owner/name.", show_default=False)],
    task: Annotated[
        str | None, typer.Option(help="What the player does. Left out: what each session says.", show_default=False)
    ] = None,
    max_pre_action_seconds: Annotated[
        float | None,
        typer.Option(
            help="Drop leading frames that are more than this before the first input. Left out: keep all.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first session with any fault and write nothing.")
    ] = False,
    video: Annotated[
        str,
        typer.Option(
            help="copy: packets as recorded. transcode: decode, scale, encode. auto: copy what can be copied exactly, "
            "transcode the rest."
        ),
    ] = "auto",
    size: Annotated[
        str | None, typer.Option(help="Picture size, WIDTHxHEIGHT. Left out: the first session's.", show_default=False)
    ] = None,
    fps: Annotated[
        int | None, typer.Option(help="Frames a second. Left out: the first session's, rounded.", show_default=False)
    ] = None,
    codec: Annotated[str, typer.Option(help="Of the dataset's videos: h264, hevc or av1.")] = "h264",
    crf: Annotated[int, typer.Option(help="Quality of transcoded videos; smaller is better and larger.")] = 23,
    preset: Annotated[str, typer.Option(help="Speed of the encoder, by x264's names.")] = "veryfast",
    keyframe_interval: Annotated[int, typer.Option(help="Frames between keyframes of transcoded videos.")] = 30,
    threads: Annotated[int, typer.Option(help="Threads of one encoder.")] = 2,
    jobs: Annotated[
        int | None, typer.Option(help="Sessions converted at the same time. Left out: one a core.", show_default=False)
    ] = None,
    short_taps: Annotated[
        bool,
        typer.Option("--short-taps", help="Keep taps shorter than a frame: active at any time since the last frame."),
    ] = False,
    who_acted: Annotated[
        bool,
        typer.Option(
            "--who-acted",
            help="Tell of each action whether an agent decided on it, also where no agent has played: so that datasets "
            "with and without an agent's play have the same features.",
        ),
    ] = False,
    action_delay_ms: Annotated[
        str,
        typer.Option(
            help="Give each frame the inputs of so many milliseconds before it: by then the picture shows what they "
            "did. auto: as many as 'playloom node calibrate' measured on the machine that recorded the session."
        ),
    ] = "0",
    max_gap_seconds: Annotated[float, typer.Option(help="A longer gap in the recording splits the episode.")] = 1.0,
    max_file_mb: Annotated[int, typer.Option(help="Sessions share a video file up to this size in MiB.")] = 200,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted conversion.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a dataset at --output-root, or an interrupted conversion.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Convert recorded sessions into one LeRobot dataset."""
    from playloom.game_definition import load_game_definition
    from playloom.mapping_profile import load_mapping_profile
    from workers.action_delay import parse_action_delay
    from workers.convert import ConvertOptions
    from workers.options import parse_size, parse_video_path
    from workers.run import run_conversion

    game = load_game_definition(game_definition)
    options = ConvertOptions(
        session_root=session_root,
        game=game,
        profiles=tuple(load_mapping_profile(path, game) for path in action_mapping),
        output_root=output_root,
        repo_id=repo_id,
        task=task,
        max_pre_action_s=max_pre_action_seconds,
        strict=strict,
        video=parse_video_path(video),
        size=None if size is None else parse_size(size),
        fps=fps,
        codec=codec,
        crf=crf,
        preset=preset,
        keyframe_interval=keyframe_interval,
        threads=threads,
        jobs=jobs,
        who_acted=who_acted,
        short_taps=short_taps,
        action_delay_ms=parse_action_delay(action_delay_ms),
        max_gap_s=max_gap_seconds,
        max_file_mb=max_file_mb,
        resume=resume,
        overwrite=overwrite,
    )
    raise typer.Exit(run_conversion(options, as_json=as_json))
