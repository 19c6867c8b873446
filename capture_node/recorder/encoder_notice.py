"""Telling a player that another encoder is at work than the one that was asked for, and why."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from capture_node.recorder.encoder_probe import reason_in_words
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.status import NoticeKind
from playloom.recording.session_info import EncoderInfo, FailedEncoder
from playloom.recording.video_encoder import CANNOT_BE_OPENED


def tell_encoder(board: NoticeBoard, encoder: EncoderInfo | None, asked: Sequence[str] | None) -> None:
    """Say so if the first choice does not work; where FFmpeg must be asked why, on a thread of its own."""
    if encoder is None or asked is None or encoder.name == asked[0]:
        return
    if any(_is_a_number(failed) for failed in encoder.tried):
        Thread(target=_post, args=(board, encoder), name="encoder-reason", daemon=True).start()
    else:
        _post(board, encoder)


def _post(board: NoticeBoard, encoder: EncoderInfo) -> None:
    reasons = "; ".join(f"{failed.name}: {_reason(failed)}" for failed in encoder.tried)
    board.post(NoticeKind.ENCODER, f"{encoder.name} encodes, because the others do not work: {reasons}")


def _reason(failed: FailedEncoder) -> str:
    return (reason_in_words(failed.name) if _is_a_number(failed) else None) or failed.problem


def _is_a_number(failed: FailedEncoder) -> bool:
    """Whether FFmpeg has given nothing but an error's number for a reason."""
    return failed.problem.startswith(CANNOT_BE_OPENED)
