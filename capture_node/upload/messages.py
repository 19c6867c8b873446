"""A node's uploads as a message, and back."""

from __future__ import annotations

from capture_node.node.wire import enum_member, enum_number, optional_field, wire_text
from capture_node.upload.status import UploadState, UploadStatus
from protos import capture_node_pb2 as pb


def uploads_message(status: UploadStatus) -> pb.NodeUploads:
    return pb.NodeUploads(
        state=enum_number(pb.UploadState, "UPLOAD_STATE", status.state),
        server=status.server,
        connected=status.connected,
        waiting_sessions=status.waiting_sessions,
        waiting_bytes=status.waiting_bytes,
        session=None if status.session is None else wire_text(status.session),
        sent_bytes=status.sent_bytes,
        size_bytes=status.size_bytes,
        bytes_per_s=status.bytes_per_s,
        uploaded_sessions=status.uploaded_sessions,
        problem=None if status.problem is None else wire_text(status.problem),
    )


def uploads_from(message: pb.NodeUploads) -> UploadStatus:
    """The inverse; states that this version does not know are off, and so is a node that knows nothing of uploads."""
    return UploadStatus(
        state=enum_member(pb.UploadState, "UPLOAD_STATE", message.state, UploadState, UploadState.OFF),
        server=message.server,
        connected=message.connected,
        waiting_sessions=message.waiting_sessions,
        waiting_bytes=message.waiting_bytes,
        session=optional_field(message, "session"),
        sent_bytes=message.sent_bytes,
        size_bytes=message.size_bytes,
        bytes_per_s=message.bytes_per_s,
        uploaded_sessions=message.uploaded_sessions,
        problem=optional_field(message, "problem"),
    )
