from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_KIND_UNSPECIFIED: _ClassVar[SourceKind]
    SOURCE_KIND_MONITOR: _ClassVar[SourceKind]
    SOURCE_KIND_WINDOW: _ClassVar[SourceKind]
    SOURCE_KIND_GYM: _ClassVar[SourceKind]
    SOURCE_KIND_PATTERN: _ClassVar[SourceKind]

class RecorderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDER_STATE_UNSPECIFIED: _ClassVar[RecorderState]
    RECORDER_STATE_IDLE: _ClassVar[RecorderState]
    RECORDER_STATE_RECORDING: _ClassVar[RecorderState]
    RECORDER_STATE_PAUSED: _ClassVar[RecorderState]
    RECORDER_STATE_STOPPING: _ClassVar[RecorderState]
    RECORDER_STATE_FAILED: _ClassVar[RecorderState]

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_BLACK: _ClassVar[NoticeKind]
    NOTICE_KIND_FROZEN: _ClassVar[NoticeKind]
    NOTICE_KIND_UNFOCUSED: _ClassVar[NoticeKind]
    NOTICE_KIND_NO_PICTURE: _ClassVar[NoticeKind]
    NOTICE_KIND_DROPPING: _ClassVar[NoticeKind]
    NOTICE_KIND_DISK_LOW: _ClassVar[NoticeKind]
    NOTICE_KIND_SPOOL_FULL: _ClassVar[NoticeKind]
    NOTICE_KIND_INPUT: _ClassVar[NoticeKind]
    NOTICE_KIND_HOTKEY: _ClassVar[NoticeKind]
    NOTICE_KIND_ENCODER: _ClassVar[NoticeKind]
    NOTICE_KIND_SESSION: _ClassVar[NoticeKind]
    NOTICE_KIND_UPLOAD: _ClassVar[NoticeKind]

class InputScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INPUT_SCOPE_UNSPECIFIED: _ClassVar[InputScope]
    INPUT_SCOPE_FOCUS: _ClassVar[InputScope]
    INPUT_SCOPE_ALWAYS: _ClassVar[InputScope]
    INPUT_SCOPE_PADS: _ClassVar[InputScope]

class UploadState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPLOAD_STATE_UNSPECIFIED: _ClassVar[UploadState]
    UPLOAD_STATE_OFF: _ClassVar[UploadState]
    UPLOAD_STATE_IDLE: _ClassVar[UploadState]
    UPLOAD_STATE_SENDING: _ClassVar[UploadState]
    UPLOAD_STATE_QUIET: _ClassVar[UploadState]
    UPLOAD_STATE_RECORDING: _ClassVar[UploadState]
    UPLOAD_STATE_WAITING: _ClassVar[UploadState]
    UPLOAD_STATE_REFUSED: _ClassVar[UploadState]
SOURCE_KIND_UNSPECIFIED: SourceKind
SOURCE_KIND_MONITOR: SourceKind
SOURCE_KIND_WINDOW: SourceKind
SOURCE_KIND_GYM: SourceKind
SOURCE_KIND_PATTERN: SourceKind
RECORDER_STATE_UNSPECIFIED: RecorderState
RECORDER_STATE_IDLE: RecorderState
RECORDER_STATE_RECORDING: RecorderState
RECORDER_STATE_PAUSED: RecorderState
RECORDER_STATE_STOPPING: RecorderState
RECORDER_STATE_FAILED: RecorderState
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_BLACK: NoticeKind
NOTICE_KIND_FROZEN: NoticeKind
NOTICE_KIND_UNFOCUSED: NoticeKind
NOTICE_KIND_NO_PICTURE: NoticeKind
NOTICE_KIND_DROPPING: NoticeKind
NOTICE_KIND_DISK_LOW: NoticeKind
NOTICE_KIND_SPOOL_FULL: NoticeKind
NOTICE_KIND_INPUT: NoticeKind
NOTICE_KIND_HOTKEY: NoticeKind
NOTICE_KIND_ENCODER: NoticeKind
NOTICE_KIND_SESSION: NoticeKind
NOTICE_KIND_UPLOAD: NoticeKind
INPUT_SCOPE_UNSPECIFIED: InputScope
INPUT_SCOPE_FOCUS: InputScope
INPUT_SCOPE_ALWAYS: InputScope
INPUT_SCOPE_PADS: InputScope
UPLOAD_STATE_UNSPECIFIED: UploadState
UPLOAD_STATE_OFF: UploadState
UPLOAD_STATE_IDLE: UploadState
UPLOAD_STATE_SENDING: UploadState
UPLOAD_STATE_QUIET: UploadState
UPLOAD_STATE_RECORDING: UploadState
UPLOAD_STATE_WAITING: UploadState
UPLOAD_STATE_REFUSED: UploadState

class Source(_message.Message):
    __slots__ = ("kind", "key", "title", "width", "height", "process", "primary")
    KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    kind: SourceKind
    key: str
    title: str
    width: int
    height: int
    process: str
    primary: bool
    def __init__(self, kind: _Optional[_Union[SourceKind, str]] = ..., key: _Optional[str] = ..., title: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., process: _Optional[str] = ..., primary: _Optional[bool] = ...) -> None: ...

class Pad(_message.Message):
    __slots__ = ("pad", "name", "guid", "vendor_id", "product_id")
    PAD_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    GUID_FIELD_NUMBER: _ClassVar[int]
    VENDOR_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    pad: int
    name: str
    guid: str
    vendor_id: int
    product_id: int
    def __init__(self, pad: _Optional[int] = ..., name: _Optional[str] = ..., guid: _Optional[str] = ..., vendor_id: _Optional[int] = ..., product_id: _Optional[int] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ("name", "fps", "width", "height", "keyframe_interval", "description", "crf", "preset", "encoders", "threads", "roll_over_minutes", "roll_over_gb", "cursor")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    KEYFRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CRF_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    ENCODERS_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    ROLL_OVER_MINUTES_FIELD_NUMBER: _ClassVar[int]
    ROLL_OVER_GB_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    name: str
    fps: int
    width: int
    height: int
    keyframe_interval: int
    description: str
    crf: int
    preset: str
    encoders: _containers.RepeatedScalarFieldContainer[str]
    threads: int
    roll_over_minutes: float
    roll_over_gb: float
    cursor: bool
    def __init__(self, name: _Optional[str] = ..., fps: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., keyframe_interval: _Optional[int] = ..., description: _Optional[str] = ..., crf: _Optional[int] = ..., preset: _Optional[str] = ..., encoders: _Optional[_Iterable[str]] = ..., threads: _Optional[int] = ..., roll_over_minutes: _Optional[float] = ..., roll_over_gb: _Optional[float] = ..., cursor: _Optional[bool] = ...) -> None: ...

class Mask(_message.Message):
    __slots__ = ("x", "y", "width", "height")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    width: float
    height: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., width: _Optional[float] = ..., height: _Optional[float] = ...) -> None: ...

class Encoder(_message.Message):
    __slots__ = ("name", "options", "tried")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TRIED_FIELD_NUMBER: _ClassVar[int]
    name: str
    options: _containers.ScalarMap[str, str]
    tried: _containers.RepeatedCompositeFieldContainer[FailedEncoder]
    def __init__(self, name: _Optional[str] = ..., options: _Optional[_Mapping[str, str]] = ..., tried: _Optional[_Iterable[_Union[FailedEncoder, _Mapping]]] = ...) -> None: ...

class FailedEncoder(_message.Message):
    __slots__ = ("name", "problem")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    name: str
    problem: str
    def __init__(self, name: _Optional[str] = ..., problem: _Optional[str] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("kind", "text", "since_monotonic_ns", "warning")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SINCE_MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    kind: NoticeKind
    text: str
    since_monotonic_ns: int
    warning: bool
    def __init__(self, kind: _Optional[_Union[NoticeKind, str]] = ..., text: _Optional[str] = ..., since_monotonic_ns: _Optional[int] = ..., warning: _Optional[bool] = ...) -> None: ...

class NodeStatus(_message.Message):
    __slots__ = ("monotonic_ns", "state", "session_id", "session_path", "source", "elapsed_s", "fps", "measured_fps", "frames", "repeated", "dropped", "late", "encoder", "queue_frames", "queue_capacity", "written_bytes", "disk_free_bytes", "input_events", "last_input_monotonic_ns", "input_delay_ms", "focused", "pads", "notices", "session_number", "failure", "node", "uploads")
    MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_PATH_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_S_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FPS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FRAMES_FIELD_NUMBER: _ClassVar[int]
    QUEUE_CAPACITY_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_BYTES_FIELD_NUMBER: _ClassVar[int]
    DISK_FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    INPUT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAST_INPUT_MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    INPUT_DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    FOCUSED_FIELD_NUMBER: _ClassVar[int]
    PADS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    SESSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    UPLOADS_FIELD_NUMBER: _ClassVar[int]
    monotonic_ns: int
    state: RecorderState
    session_id: str
    session_path: str
    source: Source
    elapsed_s: float
    fps: int
    measured_fps: float
    frames: int
    repeated: int
    dropped: int
    late: int
    encoder: Encoder
    queue_frames: int
    queue_capacity: int
    written_bytes: int
    disk_free_bytes: int
    input_events: int
    last_input_monotonic_ns: int
    input_delay_ms: float
    focused: bool
    pads: _containers.RepeatedCompositeFieldContainer[Pad]
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    session_number: int
    failure: str
    node: Node
    uploads: NodeUploads
    def __init__(self, monotonic_ns: _Optional[int] = ..., state: _Optional[_Union[RecorderState, str]] = ..., session_id: _Optional[str] = ..., session_path: _Optional[str] = ..., source: _Optional[_Union[Source, _Mapping]] = ..., elapsed_s: _Optional[float] = ..., fps: _Optional[int] = ..., measured_fps: _Optional[float] = ..., frames: _Optional[int] = ..., repeated: _Optional[int] = ..., dropped: _Optional[int] = ..., late: _Optional[int] = ..., encoder: _Optional[_Union[Encoder, _Mapping]] = ..., queue_frames: _Optional[int] = ..., queue_capacity: _Optional[int] = ..., written_bytes: _Optional[int] = ..., disk_free_bytes: _Optional[int] = ..., input_events: _Optional[int] = ..., last_input_monotonic_ns: _Optional[int] = ..., input_delay_ms: _Optional[float] = ..., focused: _Optional[bool] = ..., pads: _Optional[_Iterable[_Union[Pad, _Mapping]]] = ..., notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., session_number: _Optional[int] = ..., failure: _Optional[str] = ..., node: _Optional[_Union[Node, _Mapping]] = ..., uploads: _Optional[_Union[NodeUploads, _Mapping]] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("version", "pid", "player", "spool", "spool_bytes", "spool_quota_bytes", "spool_sessions")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    SPOOL_FIELD_NUMBER: _ClassVar[int]
    SPOOL_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPOOL_QUOTA_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPOOL_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    version: str
    pid: int
    player: str
    spool: str
    spool_bytes: int
    spool_quota_bytes: int
    spool_sessions: int
    def __init__(self, version: _Optional[str] = ..., pid: _Optional[int] = ..., player: _Optional[str] = ..., spool: _Optional[str] = ..., spool_bytes: _Optional[int] = ..., spool_quota_bytes: _Optional[int] = ..., spool_sessions: _Optional[int] = ...) -> None: ...

class NodeUploads(_message.Message):
    __slots__ = ("state", "server", "connected", "waiting_sessions", "waiting_bytes", "session", "sent_bytes", "size_bytes", "bytes_per_s", "uploaded_sessions", "problem")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    WAITING_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    WAITING_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_S_FIELD_NUMBER: _ClassVar[int]
    UPLOADED_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    state: UploadState
    server: str
    connected: bool
    waiting_sessions: int
    waiting_bytes: int
    session: str
    sent_bytes: int
    size_bytes: int
    bytes_per_s: float
    uploaded_sessions: int
    problem: str
    def __init__(self, state: _Optional[_Union[UploadState, str]] = ..., server: _Optional[str] = ..., connected: _Optional[bool] = ..., waiting_sessions: _Optional[int] = ..., waiting_bytes: _Optional[int] = ..., session: _Optional[str] = ..., sent_bytes: _Optional[int] = ..., size_bytes: _Optional[int] = ..., bytes_per_s: _Optional[float] = ..., uploaded_sessions: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class SpooledSession(_message.Message):
    __slots__ = ("name", "path", "session_id", "finished", "recording", "bytes", "frames", "duration_s", "started_unix_ns", "player", "game_id", "window", "lost", "server_session_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    STARTED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    SERVER_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    session_id: str
    finished: bool
    recording: bool
    bytes: int
    frames: int
    duration_s: float
    started_unix_ns: int
    player: str
    game_id: str
    window: str
    lost: _containers.RepeatedScalarFieldContainer[str]
    server_session_id: str
    def __init__(self, name: _Optional[str] = ..., path: _Optional[str] = ..., session_id: _Optional[str] = ..., finished: _Optional[bool] = ..., recording: _Optional[bool] = ..., bytes: _Optional[int] = ..., frames: _Optional[int] = ..., duration_s: _Optional[float] = ..., started_unix_ns: _Optional[int] = ..., player: _Optional[str] = ..., game_id: _Optional[str] = ..., window: _Optional[str] = ..., lost: _Optional[_Iterable[str]] = ..., server_session_id: _Optional[str] = ...) -> None: ...

class ListSourcesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSourcesResponse(_message.Message):
    __slots__ = ("sources",)
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    def __init__(self, sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ...) -> None: ...

class ListPadsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPadsResponse(_message.Message):
    __slots__ = ("pads",)
    PADS_FIELD_NUMBER: _ClassVar[int]
    pads: _containers.RepeatedCompositeFieldContainer[Pad]
    def __init__(self, pads: _Optional[_Iterable[_Union[Pad, _Mapping]]] = ...) -> None: ...

class ListProfilesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProfilesResponse(_message.Message):
    __slots__ = ("profiles",)
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    profiles: _containers.RepeatedCompositeFieldContainer[Profile]
    def __init__(self, profiles: _Optional[_Iterable[_Union[Profile, _Mapping]]] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[SpooledSession]
    def __init__(self, sessions: _Optional[_Iterable[_Union[SpooledSession, _Mapping]]] = ...) -> None: ...

class StartRequest(_message.Message):
    __slots__ = ("monitor", "window", "gym", "pattern", "chosen", "backend", "profile", "name", "player", "game_id", "mapping_profile", "task", "input_scope", "masks")
    MONITOR_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    GYM_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    MAPPING_PROFILE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    INPUT_SCOPE_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    monitor: int
    window: str
    gym: str
    pattern: bool
    chosen: Source
    backend: str
    profile: str
    name: str
    player: str
    game_id: str
    mapping_profile: str
    task: str
    input_scope: InputScope
    masks: _containers.RepeatedCompositeFieldContainer[Mask]
    def __init__(self, monitor: _Optional[int] = ..., window: _Optional[str] = ..., gym: _Optional[str] = ..., pattern: _Optional[bool] = ..., chosen: _Optional[_Union[Source, _Mapping]] = ..., backend: _Optional[str] = ..., profile: _Optional[str] = ..., name: _Optional[str] = ..., player: _Optional[str] = ..., game_id: _Optional[str] = ..., mapping_profile: _Optional[str] = ..., task: _Optional[str] = ..., input_scope: _Optional[_Union[InputScope, str]] = ..., masks: _Optional[_Iterable[_Union[Mask, _Mapping]]] = ...) -> None: ...

class StopRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StopResponse(_message.Message):
    __slots__ = ("sessions", "status")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[SpooledSession]
    status: NodeStatus
    def __init__(self, sessions: _Optional[_Iterable[_Union[SpooledSession, _Mapping]]] = ..., status: _Optional[_Union[NodeStatus, _Mapping]] = ...) -> None: ...

class PauseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MarkRequest(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class DiscardRequest(_message.Message):
    __slots__ = ("seconds",)
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    def __init__(self, seconds: _Optional[float] = ...) -> None: ...

class RecoverRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RecoverResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[RecoveredSession]
    def __init__(self, sessions: _Optional[_Iterable[_Union[RecoveredSession, _Mapping]]] = ...) -> None: ...

class RecoveredSession(_message.Message):
    __slots__ = ("path", "lost", "problem")
    PATH_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    path: str
    lost: _containers.RepeatedScalarFieldContainer[str]
    problem: str
    def __init__(self, path: _Optional[str] = ..., lost: _Optional[_Iterable[str]] = ..., problem: _Optional[str] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchStatusRequest(_message.Message):
    __slots__ = ("interval_s",)
    INTERVAL_S_FIELD_NUMBER: _ClassVar[int]
    interval_s: float
    def __init__(self, interval_s: _Optional[float] = ...) -> None: ...

class PreviewRequest(_message.Message):
    __slots__ = ("max_width", "rate")
    MAX_WIDTH_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    max_width: int
    rate: float
    def __init__(self, max_width: _Optional[int] = ..., rate: _Optional[float] = ...) -> None: ...

class PreviewPicture(_message.Message):
    __slots__ = ("jpeg", "monotonic_ns")
    JPEG_FIELD_NUMBER: _ClassVar[int]
    MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    jpeg: bytes
    monotonic_ns: int
    def __init__(self, jpeg: _Optional[bytes] = ..., monotonic_ns: _Optional[int] = ...) -> None: ...
