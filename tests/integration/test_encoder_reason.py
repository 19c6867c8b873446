from __future__ import annotations

from fractions import Fraction

import av
import pytest
from av.error import FFmpegError

from capture_node.recorder.encoder_notice import tell_encoder
from capture_node.recorder.encoder_probe import reason_in_words
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.status import Notice, NoticeKind
from playloom.recording.session_info import EncoderInfo, FailedEncoder
from tests.support.scripted_source import wait_until


def nvenc_problem() -> str:
    """What FFmpeg's error says of a graphics card's encoder that does not work on this machine."""
    context = av.CodecContext.create("h264_nvenc", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 1280, 720, "yuv420p"
    context.framerate, context.time_base = Fraction(60), Fraction(1, 60)
    try:
        context.open()
    except FFmpegError as error:
        return str(error.strerror)
    pytest.skip("this machine has a graphics card that encodes")


def test_an_encoder_that_does_not_open_is_told_with_ffmpegs_own_words() -> None:
    problem = nvenc_problem()
    board = NoticeBoard(None)
    tried = (FailedEncoder(name="h264_nvenc", problem=f"cannot be opened: {problem}"),)
    tell_encoder(board, EncoderInfo(name="libx264", options={}, tried=tried), ("h264_nvenc", "libx264"))
    wait_until(lambda: bool(board.all()), timeout_s=20)
    [notice] = board.all()
    assert notice.text.startswith("libx264 encodes, because the others do not work: h264_nvenc: ")
    assert problem not in notice.text
    assert len(notice.text) > 80, notice.text


def test_what_works_or_is_not_there_has_nothing_to_say() -> None:
    assert reason_in_words("libx264") is None
    assert reason_in_words("no_such_encoder") is None


def test_nothing_is_told_of_encoders_that_nobody_asked_for() -> None:
    told: list[Notice] = []
    board = NoticeBoard(told.append)
    failed = (FailedEncoder(name="no_such_encoder", problem="is not in this FFmpeg"),)
    chosen = EncoderInfo(name="libx264", options={}, tried=failed)
    tell_encoder(board, chosen, None)
    tell_encoder(board, chosen, ("libx264",))
    assert told == []
    tell_encoder(board, chosen, ("no_such_encoder", "libx264"))
    assert [(notice.kind, notice.text) for notice in told] == [
        (
            NoticeKind.ENCODER,
            "libx264 encodes, because the others do not work: no_such_encoder: is not in this FFmpeg",
        )
    ]
