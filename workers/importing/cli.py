"""The commands `playloom import …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Turn other tools' recordings and datasets into Playloom's: sessions, or a dataset.", no_args_is_help=True
)

Output = Annotated[
    Path, typer.Option("--output", "-o", help="The directory that the sessions are put into.", show_default=False)
]
Player = Annotated[str | None, typer.Option(help="Who played. Left out: not known.", show_default=False)]
Game = Annotated[str | None, typer.Option(help="The game's id, as its definition says it.", show_default=False)]
Profile = Annotated[
    str | None, typer.Option(help="The name of the mapping profile that the play goes with.", show_default=False)
]
Task = Annotated[str | None, typer.Option(help="What the player does.", show_default=False)]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first source with any fault.")]
Crf = Annotated[int, typer.Option(help="Quality of videos that have to be encoded anew; smaller is better and larger.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


@app.callback()
def imports() -> None:
    """Turn other tools' recordings and datasets into Playloom's: sessions, or a dataset."""


@app.command()
def legamer(
    root: Annotated[Path, typer.Argument(help="A directory of LeGamer's recordings, or one recording.")],
    output: Output,
    player: Player = None,
    game: Game = None,
    profile: Profile = None,
    task: Task = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the files instead of sharing them with the recording (hard links).")
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """LeGamer's recordings (capture.mp4, sync.csv, actions.bin) into sessions."""
    from workers.importing.legamer import legamer_jobs
    from workers.importing.options import ImportOptions
    from workers.importing.run import run_import

    options = ImportOptions(output=output, player=player, game_id=game, profile_name=profile, task=task, strict=strict)
    jobs = legamer_jobs(root, options, copy=copy)
    raise typer.Exit(run_import(options, jobs, as_json=as_json, next_step=_sessions_next(output)))


@app.command()
def vpt(
    root: Annotated[
        Path, typer.Argument(help="A directory of .mp4 and .jsonl files of the same names, or one .jsonl.")
    ],
    output: Output,
    player: Player = None,
    game: Annotated[str, typer.Option(help="The game's id, as its definition says it.")] = "minecraft",
    profile: Annotated[str, typer.Option(help="The name of the mapping profile that the play goes with.")] = "vpt",
    task: Task = None,
    draw_cursor: Annotated[
        bool,
        typer.Option(
            "--draw-cursor",
            help="Draw the cursor where a menu is open: it is not in the recordings, and models need to see it. "
            "The videos are then encoded anew.",
        ),
    ] = False,
    times: Annotated[
        str,
        typer.Option(
            help="ticks: frames stand 1/20 s apart, longer gaps of the PC's clock are kept. clock: as the PC's clock "
            "says, to the millisecond."
        ),
    ] = "ticks",
    crf: Crf = 18,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """VPT's contractor recordings of Minecraft (.mp4 and .jsonl) into sessions."""
    from workers.importing.options import ImportOptions, parse_choice
    from workers.importing.run import run_import
    from workers.importing.vpt import FrameTimes, VptOptions, vpt_jobs

    options = ImportOptions(
        output=output, player=player, game_id=game, profile_name=profile, task=task, strict=strict, crf=crf
    )
    chosen = VptOptions(draw_cursor=draw_cursor, times=parse_choice("--times", times, FrameTimes))
    jobs = vpt_jobs(root, options, chosen)
    raise typer.Exit(run_import(options, jobs, as_json=as_json, next_step=_sessions_next(output)))


@app.command()
def owamcap(
    root: Annotated[Path, typer.Argument(help="A directory of .mcap files and their videos, or one .mcap.")],
    output: Output,
    player: Player = None,
    game: Game = None,
    profile: Profile = None,
    task: Task = None,
    window: Annotated[
        str | None,
        typer.Option(
            help="A part of the title of the game's window. What was done in other windows is then left out.",
            show_default=False,
        ),
    ] = None,
    crf: Crf = 18,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """OWAMcap recordings of the Open World Agents project (.mcap and .mkv) into sessions."""
    from workers.importing.options import ImportOptions
    from workers.importing.owamcap import OwamcapOptions, owamcap_jobs
    from workers.importing.run import run_import

    options = ImportOptions(
        output=output, player=player, game_id=game, profile_name=profile, task=task, strict=strict, crf=crf
    )
    jobs = owamcap_jobs(root, options, OwamcapOptions(window=window))
    raise typer.Exit(run_import(options, jobs, as_json=as_json, next_step=_sessions_next(output)))


@app.command()
def nitrogen(
    shards: Annotated[list[Path], typer.Argument(help="NitroGen's shards (SHARD_NNNN.tar.gz), or unpacked ones.")],
    videos: Annotated[
        Path,
        typer.Option(help="The directory of the videos, each called by its id: dQw4w9WgXcQ.mp4.", show_default=False),
    ],
    output: Output,
    player: Annotated[str, typer.Option(help="Whom the play counts as.")] = "nitrogen",
    game: Annotated[str, typer.Option(help="The game's id, as its definition says it.")] = "gamepad",
    profile: Annotated[str, typer.Option(help="The name of the mapping profile that the play goes with.")] = "gamepad",
    task: Task = None,
    labels: Annotated[
        str,
        typer.Option(help="raw: as the model saw them. processed: filtered and remapped. auto: processed where there."),
    ] = "auto",
    mask_margin: Annotated[
        float,
        typer.Option(help="How much more than the drawn controller is masked on each side, as a part of its size."),
    ] = 0.1,
    crf: Crf = 18,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """NitroGen's action labels and your copies of their videos into sessions, the drawn controller masked."""
    from workers.importing.nitrogen import TERMS, LabelKind, NitrogenImport, NitrogenOptions
    from workers.importing.options import ImportOptions, parse_choice
    from workers.importing.run import run_import

    wanted = NitrogenImport(
        options=ImportOptions(
            output=output, player=player, game_id=game, profile_name=profile, task=task, strict=strict, crf=crf
        ),
        nitrogen=NitrogenOptions(
            labels=shards,
            videos=videos,
            kind=parse_choice("--labels", labels, LabelKind),
            mask_margin=mask_margin,
        ),
    )
    status = run_import(
        wanted.options,
        wanted.jobs(),
        as_json=as_json,
        next_step=_sessions_next(output),
        terms=TERMS,
        notes=wanted.notes,
    )
    if status == 0:
        wanted.finished()
    raise typer.Exit(status)


@app.command()
def lerobot(
    root: Annotated[Path, typer.Argument(help="The directory of a LeRobot dataset of version 2.0, 2.1 or 3.0.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The new dataset's directory. It must not exist yet.", show_default=False),
    ],
    repo_id: Annotated[str, typer.Option(help="The new dataset's name, owner/name.", show_default=False)],
    source_name: Annotated[
        str | None,
        typer.Option(help="What the source is called, owner/name. Left out: as its directory is.", show_default=False),
    ] = None,
    video_feature: Annotated[
        str | None,
        typer.Option(
            help="The feature that becomes observation.images.main. Left out: the only one.", show_default=False
        ),
    ] = None,
    action_feature: Annotated[str, typer.Option(help="The feature that becomes action.")] = "action",
    task: Annotated[str, typer.Option(help="What the play is of where the dataset does not say.")] = "Play",
    max_file_mb: Annotated[int, typer.Option(help="Episodes share a video file up to this size in MiB.", min=1)] = 200,
    crf: Crf = 18,
    strict: Annotated[bool, typer.Option("--strict", help="Take over everything, or stop and write nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a dataset at --output, or an interrupted import.")
    ] = False,
    as_json: Json = False,
) -> None:
    """A LeRobot dataset of version 2 or 3 into a dataset in Playloom's layout, its video copied."""
    from workers.importing.lerobot import LerobotOptions
    from workers.importing.run_dataset import run_lerobot

    options = LerobotOptions(
        root=root,
        output=output,
        repo_id=repo_id,
        source_name=source_name,
        video_feature=video_feature,
        action_feature=action_feature,
        task=task,
        strict=strict,
        max_file_mb=max_file_mb,
        crf=crf,
        overwrite=overwrite,
    )
    raise typer.Exit(run_lerobot(options, as_json=as_json))


@app.command()
def labels(
    labels: Annotated[list[Path], typer.Argument(help="Labels files of 'playloom label', or directories of them.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The new dataset's directory. It must not exist yet.", show_default=False),
    ],
    repo_id: Annotated[str, typer.Option(help="The new dataset's name, owner/name.", show_default=False)],
    videos: Annotated[
        Path | None,
        typer.Option(help="Where the videos are now, if they are not where they were labelled.", show_default=False),
    ] = None,
    task: Annotated[str, typer.Option(help="What the play is of where the labels do not say.")] = "Play",
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT of the pictures. Left out: the first video's.", show_default=False)
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Videos at the same time. Left out: one a core.", min=1, show_default=False)
    ] = None,
    max_file_mb: Annotated[int, typer.Option(help="Episodes share a video file up to this size in MiB.", min=1)] = 200,
    crf: Crf = 18,
    strict: Annotated[bool, typer.Option("--strict", help="Take every video, or stop and write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a dataset at --output.")] = False,
    as_json: Json = False,
) -> None:
    """Videos that 'playloom label' has labelled into a dataset; the frames that it left out split the episodes."""
    from workers.importing.labels import LabelsOptions
    from workers.importing.run_labels import run_labels
    from workers.options import parse_size

    options = LabelsOptions(
        labels=tuple(labels),
        output=output,
        repo_id=repo_id,
        videos=videos,
        task=task,
        size=None if size is None else parse_size(size),
        strict=strict,
        max_file_mb=max_file_mb,
        crf=crf,
        jobs=jobs,
        overwrite=overwrite,
    )
    raise typer.Exit(run_labels(options, as_json=as_json))


def _sessions_next(output: Path) -> list[str]:
    return ["next: look whether they are any good with", f"  playloom validate {output}"]
