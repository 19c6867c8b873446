"""What the numbers of options may be, whatever is trained."""

from __future__ import annotations

from training.runs.schema import ClipOptions, TrainerOptions

type Rule = tuple[str, float | None, float, float]
"""As `training.runs.compose.check_ranges` takes it: (key, value, least, most)."""


def clip_ranges(data: ClipOptions) -> tuple[Rule, ...]:
    """The rules of ``data.*``."""
    endless = float("inf")
    return (
        ("data.batch", data.batch, 1, 65536),
        ("data.stride", data.stride, 1, endless),
        ("data.frame_step", data.frame_step, 1, 600),
        ("data.workers", data.workers, 0, 256),
        ("data.validation_clips", data.validation_clips, 0, endless),
        ("data.split.validation", data.split.validation, 0, 1),
        ("data.split.test", data.split.test, 0, 1),
    )


def trainer_ranges(trainer: TrainerOptions) -> tuple[Rule, ...]:
    """The rules of ``trainer.*``."""
    endless = float("inf")
    return (
        ("trainer.max_steps", trainer.max_steps, 1, 10**9),
        ("trainer.max_minutes", trainer.max_minutes, 0.01, 10**6),
        ("trainer.threads", trainer.threads, 0, 1024),
        ("trainer.processes", trainer.processes, 1, 1024),
        ("trainer.seed", trainer.seed, 0, 2**31),
        ("trainer.accumulate", trainer.accumulate, 1, 65536),
        ("trainer.learning_rate", trainer.learning_rate, 0, 100),
        ("trainer.final_rate", trainer.final_rate, 0, 1),
        ("trainer.warmup_steps", trainer.warmup_steps, 0, endless),
        ("trainer.weight_decay", trainer.weight_decay, 0, 100),
        ("trainer.clip_norm", trainer.clip_norm, 0, endless),
        ("trainer.ema_decay", trainer.ema_decay, 0, 0.999999),
        ("trainer.log_every", trainer.log_every, 1, endless),
        ("trainer.validate_every", trainer.validate_every, 1, endless),
        ("trainer.checkpoint_minutes", trainer.checkpoint_minutes, 0, endless),
        ("trainer.keep", trainer.keep, 1, 10**6),
        ("trainer.skip_nonfinite", trainer.skip_nonfinite, 0, 10**9),
    )
