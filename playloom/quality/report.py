"""A session's quality for people (terminal) and for programs (JSON, CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from playloom.quality.findings import Finding, Level, Verdict
from playloom.quality.session_quality import SessionQuality
from playloom.quality.words import clock, counted

_VERDICT_STYLES = {Verdict.OK: "bold green", Verdict.WARNING: "bold yellow", Verdict.FAILED: "bold red"}
_LEVEL_STYLES = {Level.NOTE: "dim", Level.WARNING: "yellow", Level.FAILED: "red"}
_GAPS_LISTED = 20


def as_record(quality: SessionQuality) -> dict[str, Any]:
    """Everything about one session as JSON values; parts that could not be read are null."""
    timing, inputs, picture = quality.timing, quality.inputs, quality.picture
    video, info = quality.video, quality.info
    return {
        "path": str(quality.path),
        "session_id": quality.session_id,
        "verdict": str(quality.verdict),
        "findings": [
            {
                "code": finding.code,
                "level": str(finding.level),
                "sentence": finding.sentence,
                "figures": dict(finding.figures),
                "remedy": finding.remedy,
            }
            for finding in quality.findings
        ],
        "file_bytes": dict(quality.file_bytes),
        "timing": timing
        and {
            "frames": timing.frames,
            "duration_s": timing.duration_s,
            "fps": timing.fps,
            "nominal_fps": timing.nominal_fps,
            "interval_p50_ms": timing.interval_p50_ms,
            "interval_p95_ms": timing.interval_p95_ms,
            "interval_p99_ms": timing.interval_p99_ms,
            "interval_max_ms": timing.interval_max_ms,
            "jitter_p95_ms": timing.jitter_p95_ms,
            "missing_frames": timing.missing_frames,
            "backward_rows": len(timing.backward_rows),
            "repeated_rows": len(timing.repeated_rows),
            "gap_count": len(timing.gaps),
            "longest_gaps": [
                {
                    "after_frame": gap.frame,
                    "start_s": (gap.start_ns - timing.start_ns) / 1e9,
                    "duration_s": gap.duration_ns / 1e9,
                    "missing_frames": gap.missing_frames,
                }
                for gap in sorted(timing.gaps, key=lambda gap: -gap.duration_ns)[:_GAPS_LISTED]
            ],
        },
        "video": video and asdict(video),
        "inputs": inputs
        and {
            "snapshots": inputs.snapshots,
            "changes": inputs.changes,
            "changes_per_s": inputs.changes_per_s,
            "start_dead_s": inputs.start_dead_s,
            "end_dead_s": inputs.end_dead_s,
            "longest_idle_s": inputs.longest_idle_s,
            "frames_before_first_input": inputs.frames_before_first_input,
            "frames_after_last_input": inputs.frames_after_last_input,
            "stale_frames": inputs.stale_frames,
            "presses": dict(inputs.presses),
            "short_taps": dict(inputs.short_taps),
            "axes": list(inputs.axes),
        },
        "picture": picture
        and {
            "pictures": len(picture.samples),
            "black_s": sum(span.duration_s for span in picture.black),
            "frozen_s": sum(span.duration_s for span in picture.frozen),
        },
        "recorder": info
        and {
            "player": info.player,
            "game_id": info.game_id,
            "dropped": info.counts.dropped,
            "late": info.counts.late,
            "repeated": info.counts.repeated,
        },
    }


_CSV_COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("path", ("path",)),
    ("session_id", ("session_id",)),
    ("verdict", ("verdict",)),
    ("player", ("recorder", "player")),
    ("game_id", ("recorder", "game_id")),
    ("duration_s", ("timing", "duration_s")),
    ("sync_rows", ("timing", "frames")),
    ("video_frames", ("video", "frames")),
    ("codec", ("video", "codec")),
    ("width", ("video", "width")),
    ("height", ("video", "height")),
    ("fps", ("timing", "fps")),
    ("nominal_fps", ("timing", "nominal_fps")),
    ("interval_p50_ms", ("timing", "interval_p50_ms")),
    ("interval_p95_ms", ("timing", "interval_p95_ms")),
    ("interval_p99_ms", ("timing", "interval_p99_ms")),
    ("interval_max_ms", ("timing", "interval_max_ms")),
    ("jitter_p95_ms", ("timing", "jitter_p95_ms")),
    ("gaps", ("timing", "gap_count")),
    ("missing_frames", ("timing", "missing_frames")),
    ("dropped", ("recorder", "dropped")),
    ("late", ("recorder", "late")),
    ("repeated", ("recorder", "repeated")),
    ("snapshots", ("inputs", "snapshots")),
    ("changes_per_s", ("inputs", "changes_per_s")),
    ("start_dead_s", ("inputs", "start_dead_s")),
    ("end_dead_s", ("inputs", "end_dead_s")),
    ("longest_idle_s", ("inputs", "longest_idle_s")),
    ("black_s", ("picture", "black_s")),
    ("frozen_s", ("picture", "frozen_s")),
)


def as_csv(qualities: Sequence[SessionQuality]) -> str:
    """A header and one row a session; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in _CSV_COLUMNS] + ["presses", "short_taps", "findings"])
    for quality in qualities:
        record = as_record(quality)
        row = [_at(record, keys) for _, keys in _CSV_COLUMNS]
        presses = quality.inputs.press_count if quality.inputs else ""
        taps = quality.inputs.short_tap_count if quality.inputs else ""
        codes = " ".join(finding.code for finding in quality.findings if finding.level is not Level.NOTE)
        writer.writerow([*row, presses, taps, codes])
    return text.getvalue()


def _at(record: dict[str, Any], keys: tuple[str, ...]) -> str:
    value: Any = record
    for key in keys:
        value = value[key] if value is not None else None
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def print_session(console: Console, quality: SessionQuality) -> None:
    """One session in full: its figures, its findings."""
    style = _VERDICT_STYLES[quality.verdict]
    console.print(f"[bold]{escape(str(quality.path))}[/]  [{style}]{quality.verdict}[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, text in _facts(quality):
        grid.add_row(name, escape(text))
    console.print(Padding(grid, (0, 0, 0, 2)))
    print_findings(console, quality.findings)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """One line each: how bad, what, and below it what to do."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=max(len(level) for level in Level))
    grid.add_column(overflow="fold")
    for finding in findings:
        style = _LEVEL_STYLES[finding.level]
        remedy = "" if finding.remedy is None else f"\n[dim]{escape(finding.remedy)}[/]"
        text = f"{escape(finding.sentence)} [dim]({finding.code})[/]{remedy}"
        grid.add_row(f"[{style}]{finding.level}[/]", text)
    console.print(Padding(grid, (0, 0, 0, 2)))


def _facts(quality: SessionQuality) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    info, timing, video, inputs, picture = (
        quality.info,
        quality.timing,
        quality.video,
        quality.inputs,
        quality.picture,
    )
    if info is not None:
        facts.append(("recorded", f"{info.game_id or 'unknown game'} by {info.player or 'unknown player'}"))
    present = [f"{name} {_bytes_in_words(size)}" for name, size in quality.file_bytes.items() if size is not None]
    facts.append(("files", ", ".join(present) or "none"))
    if video is not None:
        kind = f"{video.codec} {video.width}x{video.height}"
        facts.append(("video", f"{kind}, {counted(video.frames, 'frame')}, {counted(video.keyframes, 'keyframe')}"))
    if timing is not None:
        facts.append(("duration", f"{clock(timing.duration_s)}, {counted(timing.frames, 'row')} in sync.csv"))
        intervals = " / ".join(
            f"{value:.1f}"
            for value in (
                timing.interval_p50_ms,
                timing.interval_p95_ms,
                timing.interval_p99_ms,
                timing.interval_max_ms,
            )
        )
        facts.append(
            ("rate", f"{timing.fps:.2f} fps (nominal {timing.nominal_fps:g}), jitter {timing.jitter_p95_ms:.1f} ms")
        )
        facts.append(("intervals", f"{intervals} ms (p50 / p95 / p99 / longest), {counted(len(timing.gaps), 'gap')}"))
    if info is not None:
        counts = info.counts
        facts.append(("recorder", f"{counts.dropped:,} dropped, {counts.late:,} late, {counts.repeated:,} repeated"))
    if inputs is not None:
        facts.append(("inputs", f"{counted(inputs.changes, 'change')}, {inputs.changes_per_s:.2f} a second"))
        idle = f"{inputs.start_dead_s:.1f} s before the first, {inputs.end_dead_s:.1f} s after the last"
        facts.append(("pauses", f"{idle}, longest in between {inputs.longest_idle_s:.1f} s"))
        taps = inputs.short_tap_count
        facts.append(("presses", f"{inputs.press_count:,}, of which {taps:,} between two frames"))
        used = [*inputs.presses, *inputs.axes]
        facts.append(("controls", ", ".join(used[:12]) + (f" and {len(used) - 12} more" if len(used) > 12 else "")))
    if picture is not None:
        black, frozen = (sum(span.duration_s for span in spans) for spans in (picture.black, picture.frozen))
        looked = counted(len(picture.samples), "picture")
        facts.append(("picture", f"{looked} looked at, black for {black:.1f} s, frozen for {frozen:.1f} s"))
    return facts


def print_table(console: Console, qualities: Sequence[SessionQuality]) -> None:
    """Many sessions, one line each; below it what is wrong with which."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("session", overflow="fold")
    table.add_column("verdict")
    for name in ("duration", "frames", "fps", "gaps", "changes/s", "idle s", "taps"):
        table.add_column(name, justify="right")
    for quality in qualities:
        timing, inputs = quality.timing, quality.inputs
        style = _VERDICT_STYLES[quality.verdict]
        table.add_row(
            escape(quality.path.name),
            f"[{style}]{quality.verdict}[/]",
            *(
                (
                    clock(timing.duration_s),
                    f"{timing.frames:,}",
                    f"{timing.fps:.2f}",
                    f"{len(timing.gaps):,}",
                )
                if timing
                else ("–",) * 4
            ),
            *(
                (f"{inputs.changes_per_s:.2f}", f"{inputs.longest_idle_s:.1f}", f"{inputs.short_tap_count:,}")
                if inputs
                else ("–",) * 3
            ),
        )
    console.print(table)
    for quality in qualities:
        troubles = [finding for finding in quality.findings if finding.level is not Level.NOTE]
        if troubles:
            console.print(f"\n[bold]{escape(quality.path.name)}[/]")
            print_findings(console, troubles)


def _bytes_in_words(size_bytes: int) -> str:
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    for unit in ("kB", "MB"):
        size_bytes_in_unit = size_bytes / (1_000 if unit == "kB" else 1_000_000)
        if size_bytes_in_unit < 1_000:
            return f"{size_bytes_in_unit:.1f} {unit}"
    return f"{size_bytes / 1e9:.1f} GB"
