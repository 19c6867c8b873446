"""The node's values as messages, and back: each `…_message` stands beside its inverse.

What a message leaves open or says in words that this version does not know becomes a plain value, never an error: node
and client may be of different versions.
"""

from __future__ import annotations

from pathlib import Path

from capture_node.inputs.input_source import PadDescription
from capture_node.node.status import NodeFacts, NodeStatus, RecoveredSession, SpooledSession
from capture_node.node.wire import enum_member, enum_number, optional_field, wire_text
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.upload.messages import uploads_from, uploads_message
from playloom.recording.session_info import EncoderInfo, FailedEncoder
from protos import capture_node_pb2 as pb


def source_message(source: SourceDescription) -> pb.Source:
    return pb.Source(
        kind=enum_number(pb.SourceKind, "SOURCE_KIND", source.kind),
        key=source.key,
        title=wire_text(source.title),
        width=source.width,
        height=source.height,
        process=None if source.process is None else wire_text(source.process),
        primary=source.primary,
    )


def source_from(message: pb.Source) -> SourceDescription:
    return SourceDescription(
        kind=enum_member(pb.SourceKind, "SOURCE_KIND", message.kind, SourceKind, SourceKind.WINDOW),
        key=message.key,
        title=message.title,
        width=message.width,
        height=message.height,
        process=optional_field(message, "process"),
        primary=message.primary,
    )


def profile_message(profile: RecordingProfile) -> pb.Profile:
    return pb.Profile(
        name=profile.name,
        fps=profile.fps,
        width=profile.width,
        height=profile.height,
        keyframe_interval=profile.keyframe_interval,
        description=wire_text(profile.description),
        crf=profile.crf,
        preset=profile.preset,
        encoders=profile.encoders or (),
        threads=profile.threads,
        roll_over_minutes=profile.roll_over_minutes,
        roll_over_gb=profile.roll_over_gb,
        cursor=profile.cursor,
    )


def profile_from(message: pb.Profile) -> RecordingProfile:
    return RecordingProfile(
        name=message.name,
        fps=message.fps,
        width=optional_field(message, "width"),
        height=optional_field(message, "height"),
        keyframe_interval=message.keyframe_interval,
        description=message.description,
        crf=message.crf,
        preset=message.preset,
        encoders=tuple(message.encoders) or None,
        threads=message.threads,
        roll_over_minutes=message.roll_over_minutes,
        roll_over_gb=message.roll_over_gb,
        cursor=message.cursor,
    )


def pad_message(pad: PadDescription) -> pb.Pad:
    return pb.Pad(
        pad=pad.pad, name=wire_text(pad.name), guid=pad.guid, vendor_id=pad.vendor_id, product_id=pad.product_id
    )


def pad_from(message: pb.Pad) -> PadDescription:
    return PadDescription(
        pad=message.pad,
        name=message.name,
        guid=message.guid,
        vendor_id=message.vendor_id,
        product_id=message.product_id,
    )


def notice_message(notice: Notice) -> pb.Notice:
    return pb.Notice(
        kind=enum_number(pb.NoticeKind, "NOTICE_KIND", notice.kind),
        text=wire_text(notice.text),
        since_monotonic_ns=notice.since_monotonic_ns,
        warning=notice.warning,
    )


def notice_from(message: pb.Notice) -> Notice:
    return Notice(
        kind=enum_member(pb.NoticeKind, "NOTICE_KIND", message.kind, NoticeKind, NoticeKind.SESSION),
        text=message.text,
        since_monotonic_ns=message.since_monotonic_ns,
        warning=message.warning,
    )


def encoder_message(encoder: EncoderInfo) -> pb.Encoder:
    tried = [pb.FailedEncoder(name=one.name, problem=wire_text(one.problem)) for one in encoder.tried]
    return pb.Encoder(name=encoder.name, options=encoder.options, tried=tried)


def encoder_from(message: pb.Encoder) -> EncoderInfo:
    return EncoderInfo(
        name=message.name,
        options=dict(message.options),
        tried=tuple(FailedEncoder(name=one.name, problem=one.problem) for one in message.tried),
    )


def status_message(status: NodeStatus) -> pb.NodeStatus:
    recorder = status.recorder
    return pb.NodeStatus(
        monotonic_ns=status.monotonic_ns,
        state=enum_number(pb.RecorderState, "RECORDER_STATE", recorder.state),
        session_id=recorder.session_id,
        session_path=None if recorder.session_path is None else wire_text(str(recorder.session_path)),
        source=None if recorder.source is None else source_message(recorder.source),
        elapsed_s=recorder.elapsed_s,
        fps=recorder.fps,
        measured_fps=recorder.measured_fps,
        frames=recorder.frames,
        repeated=recorder.repeated,
        dropped=recorder.dropped,
        late=recorder.late,
        encoder=None if recorder.encoder is None else encoder_message(recorder.encoder),
        queue_frames=recorder.queue_frames,
        queue_capacity=recorder.queue_capacity,
        written_bytes=recorder.written_bytes,
        disk_free_bytes=recorder.disk_free_bytes,
        input_events=recorder.input_events,
        last_input_monotonic_ns=recorder.last_input_monotonic_ns,
        input_delay_ms=recorder.input_delay_ms,
        focused=recorder.focused,
        pads=[pad_message(pad) for pad in recorder.pads],
        notices=[notice_message(notice) for notice in recorder.notices],
        session_number=recorder.session_number,
        failure=None if recorder.failure is None else wire_text(recorder.failure),
        uploads=uploads_message(status.uploads),
        node=_facts_message(status.node),
    )


def status_from(message: pb.NodeStatus) -> NodeStatus:
    path = optional_field(message, "session_path")
    recorder = RecorderStatus(
        state=enum_member(pb.RecorderState, "RECORDER_STATE", message.state, RecorderState, RecorderState.IDLE),
        session_id=optional_field(message, "session_id"),
        session_path=None if path is None else Path(path),
        source=source_from(message.source) if message.HasField("source") else None,
        elapsed_s=message.elapsed_s,
        fps=message.fps,
        measured_fps=message.measured_fps,
        frames=message.frames,
        repeated=message.repeated,
        dropped=message.dropped,
        late=message.late,
        encoder=encoder_from(message.encoder) if message.HasField("encoder") else None,
        queue_frames=message.queue_frames,
        queue_capacity=message.queue_capacity,
        written_bytes=message.written_bytes,
        disk_free_bytes=message.disk_free_bytes,
        input_events=message.input_events,
        last_input_monotonic_ns=optional_field(message, "last_input_monotonic_ns"),
        input_delay_ms=optional_field(message, "input_delay_ms"),
        focused=optional_field(message, "focused"),
        pads=tuple(pad_from(pad) for pad in message.pads),
        notices=tuple(notice_from(notice) for notice in message.notices),
        session_number=message.session_number,
        failure=optional_field(message, "failure"),
    )
    return NodeStatus(
        monotonic_ns=message.monotonic_ns,
        recorder=recorder,
        node=_facts_from(message.node),
        uploads=uploads_from(message.uploads),
    )


def _facts_message(node: NodeFacts) -> pb.Node:
    return pb.Node(
        version=node.version,
        pid=node.pid,
        player=node.player or "",
        spool=wire_text(str(node.spool)),
        spool_bytes=node.spool_bytes,
        spool_quota_bytes=node.spool_quota_bytes,
        spool_sessions=node.spool_sessions,
    )


def _facts_from(message: pb.Node) -> NodeFacts:
    return NodeFacts(
        version=message.version,
        pid=message.pid,
        player=message.player or None,
        spool=Path(message.spool),
        spool_bytes=message.spool_bytes,
        spool_quota_bytes=optional_field(message, "spool_quota_bytes"),
        spool_sessions=message.spool_sessions,
    )


def session_message(session: SpooledSession) -> pb.SpooledSession:
    return pb.SpooledSession(
        name=wire_text(session.name),
        path=wire_text(str(session.path)),
        session_id=session.session_id,
        finished=session.finished,
        recording=session.recording,
        bytes=session.bytes,
        frames=session.frames,
        duration_s=session.duration_s,
        started_unix_ns=session.started_unix_ns,
        player=session.player,
        game_id=session.game_id,
        window=session.window,
        lost=[wire_text(sentence) for sentence in session.lost],
        server_session_id=session.server_session_id,
    )


def session_from(message: pb.SpooledSession) -> SpooledSession:
    return SpooledSession(
        name=message.name,
        path=Path(message.path),
        session_id=optional_field(message, "session_id"),
        finished=message.finished,
        recording=message.recording,
        bytes=message.bytes,
        frames=optional_field(message, "frames"),
        duration_s=optional_field(message, "duration_s"),
        started_unix_ns=optional_field(message, "started_unix_ns"),
        player=optional_field(message, "player"),
        game_id=optional_field(message, "game_id"),
        window=optional_field(message, "window"),
        lost=tuple(message.lost),
        server_session_id=optional_field(message, "server_session_id"),
    )


def recovered_message(session: RecoveredSession) -> pb.RecoveredSession:
    lost = [wire_text(sentence) for sentence in session.lost]
    problem = None if session.problem is None else wire_text(session.problem)
    return pb.RecoveredSession(path=wire_text(str(session.path)), lost=lost, problem=problem)


def recovered_from(message: pb.RecoveredSession) -> RecoveredSession:
    return RecoveredSession(
        path=Path(message.path), lost=tuple(message.lost), problem=optional_field(message, "problem")
    )
