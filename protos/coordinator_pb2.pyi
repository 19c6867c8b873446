from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ServerInfo(_message.Message):
    __slots__ = ("version", "server_id", "unix_ns", "part_bytes")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    PART_BYTES_FIELD_NUMBER: _ClassVar[int]
    version: str
    server_id: str
    unix_ns: int
    part_bytes: int
    def __init__(self, version: _Optional[str] = ..., server_id: _Optional[str] = ..., unix_ns: _Optional[int] = ..., part_bytes: _Optional[int] = ...) -> None: ...

class EnrolRequest(_message.Message):
    __slots__ = ("code", "node_name", "version")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    code: str
    node_name: str
    version: str
    def __init__(self, code: _Optional[str] = ..., node_name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class EnrolResponse(_message.Message):
    __slots__ = ("token", "caller")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    token: str
    caller: Caller
    def __init__(self, token: _Optional[str] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class WhoAmIRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Caller(_message.Message):
    __slots__ = ("player_id", "player_name", "scopes", "token_id", "node_id")
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    player_id: str
    player_name: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    token_id: str
    node_id: str
    def __init__(self, player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., token_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class Player(_message.Message):
    __slots__ = ("id", "name", "quota_bytes", "used_bytes", "sessions", "created_unix_ns", "disabled_unix_ns")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUOTA_BYTES_FIELD_NUMBER: _ClassVar[int]
    USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    DISABLED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    quota_bytes: int
    used_bytes: int
    sessions: int
    created_unix_ns: int
    disabled_unix_ns: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., quota_bytes: _Optional[int] = ..., used_bytes: _Optional[int] = ..., sessions: _Optional[int] = ..., created_unix_ns: _Optional[int] = ..., disabled_unix_ns: _Optional[int] = ...) -> None: ...

class CreatePlayerRequest(_message.Message):
    __slots__ = ("name", "quota_bytes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUOTA_BYTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    quota_bytes: int
    def __init__(self, name: _Optional[str] = ..., quota_bytes: _Optional[int] = ...) -> None: ...

class ListPlayersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPlayersResponse(_message.Message):
    __slots__ = ("players", "next_page_token")
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    players: _containers.RepeatedCompositeFieldContainer[Player]
    next_page_token: str
    def __init__(self, players: _Optional[_Iterable[_Union[Player, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetPlayerRequest(_message.Message):
    __slots__ = ("player",)
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    player: str
    def __init__(self, player: _Optional[str] = ...) -> None: ...

class UpdatePlayerRequest(_message.Message):
    __slots__ = ("player", "quota_bytes", "disabled")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    QUOTA_BYTES_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    player: str
    quota_bytes: int
    disabled: bool
    def __init__(self, player: _Optional[str] = ..., quota_bytes: _Optional[int] = ..., disabled: _Optional[bool] = ...) -> None: ...

class InviteRequest(_message.Message):
    __slots__ = ("player", "scopes", "valid_s")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    VALID_S_FIELD_NUMBER: _ClassVar[int]
    player: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    valid_s: int
    def __init__(self, player: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., valid_s: _Optional[int] = ...) -> None: ...

class Invitation(_message.Message):
    __slots__ = ("code", "player_id", "expires_unix_ns")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    code: str
    player_id: str
    expires_unix_ns: int
    def __init__(self, code: _Optional[str] = ..., player_id: _Optional[str] = ..., expires_unix_ns: _Optional[int] = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("id", "player_id", "player_name", "node_id", "label", "scopes", "created_unix_ns", "expires_unix_ns", "revoked_unix_ns", "used_unix_ns")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    REVOKED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    USED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    id: str
    player_id: str
    player_name: str
    node_id: str
    label: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    created_unix_ns: int
    expires_unix_ns: int
    revoked_unix_ns: int
    used_unix_ns: int
    def __init__(self, id: _Optional[str] = ..., player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., node_id: _Optional[str] = ..., label: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., created_unix_ns: _Optional[int] = ..., expires_unix_ns: _Optional[int] = ..., revoked_unix_ns: _Optional[int] = ..., used_unix_ns: _Optional[int] = ...) -> None: ...

class ListTokensRequest(_message.Message):
    __slots__ = ("player",)
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    player: str
    def __init__(self, player: _Optional[str] = ...) -> None: ...

class ListTokensResponse(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedCompositeFieldContainer[Token]
    def __init__(self, tokens: _Optional[_Iterable[_Union[Token, _Mapping]]] = ...) -> None: ...

class RevokeTokenRequest(_message.Message):
    __slots__ = ("token_id",)
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    def __init__(self, token_id: _Optional[str] = ...) -> None: ...

class NodeInfo(_message.Message):
    __slots__ = ("id", "player_id", "player_name", "name", "version", "connected", "last_seen_unix_ns", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    player_id: str
    player_name: str
    name: str
    version: str
    connected: bool
    last_seen_unix_ns: int
    status: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., connected: _Optional[bool] = ..., last_seen_unix_ns: _Optional[int] = ..., status: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class NodeReport(_message.Message):
    __slots__ = ("status", "answer")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    status: _struct_pb2.Struct
    answer: OrderAnswer
    def __init__(self, status: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., answer: _Optional[_Union[OrderAnswer, _Mapping]] = ...) -> None: ...

class OrderAnswer(_message.Message):
    __slots__ = ("order_id", "done", "problem")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    done: bool
    problem: str
    def __init__(self, order_id: _Optional[str] = ..., done: _Optional[bool] = ..., problem: _Optional[str] = ...) -> None: ...

class NodeOrder(_message.Message):
    __slots__ = ("order_id", "start", "stop", "mark")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    start: StartOrder
    stop: StopOrder
    mark: MarkOrder
    def __init__(self, order_id: _Optional[str] = ..., start: _Optional[_Union[StartOrder, _Mapping]] = ..., stop: _Optional[_Union[StopOrder, _Mapping]] = ..., mark: _Optional[_Union[MarkOrder, _Mapping]] = ...) -> None: ...

class StartOrder(_message.Message):
    __slots__ = ("window", "profile", "game_id", "task")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    window: str
    profile: str
    game_id: str
    task: str
    def __init__(self, window: _Optional[str] = ..., profile: _Optional[str] = ..., game_id: _Optional[str] = ..., task: _Optional[str] = ...) -> None: ...

class StopOrder(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MarkOrder(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class ListNodesRequest(_message.Message):
    __slots__ = ("player",)
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    player: str
    def __init__(self, player: _Optional[str] = ...) -> None: ...

class ListNodesResponse(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[NodeInfo]
    def __init__(self, nodes: _Optional[_Iterable[_Union[NodeInfo, _Mapping]]] = ...) -> None: ...

class CommandRequest(_message.Message):
    __slots__ = ("node_id", "start", "stop", "mark")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    start: StartOrder
    stop: StopOrder
    mark: MarkOrder
    def __init__(self, node_id: _Optional[str] = ..., start: _Optional[_Union[StartOrder, _Mapping]] = ..., stop: _Optional[_Union[StopOrder, _Mapping]] = ..., mark: _Optional[_Union[MarkOrder, _Mapping]] = ...) -> None: ...

class CommandResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: OrderAnswer
    def __init__(self, answer: _Optional[_Union[OrderAnswer, _Mapping]] = ...) -> None: ...

class BeginUploadRequest(_message.Message):
    __slots__ = ("recording_id", "name", "files", "expected_bytes", "content_sha256")
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    recording_id: str
    name: str
    files: _containers.RepeatedScalarFieldContainer[str]
    expected_bytes: int
    content_sha256: str
    def __init__(self, recording_id: _Optional[str] = ..., name: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ..., expected_bytes: _Optional[int] = ..., content_sha256: _Optional[str] = ...) -> None: ...

class Upload(_message.Message):
    __slots__ = ("id", "recording_id", "name", "state", "part_bytes", "files", "session_id", "part_sum")
    ID_FIELD_NUMBER: _ClassVar[int]
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PART_BYTES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PART_SUM_FIELD_NUMBER: _ClassVar[int]
    id: str
    recording_id: str
    name: str
    state: str
    part_bytes: int
    files: _containers.RepeatedScalarFieldContainer[str]
    session_id: str
    part_sum: str
    def __init__(self, id: _Optional[str] = ..., recording_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[str] = ..., part_bytes: _Optional[int] = ..., files: _Optional[_Iterable[str]] = ..., session_id: _Optional[str] = ..., part_sum: _Optional[str] = ...) -> None: ...

class GetUploadRequest(_message.Message):
    __slots__ = ("upload_id",)
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    upload_id: str
    def __init__(self, upload_id: _Optional[str] = ...) -> None: ...

class PartToSend(_message.Message):
    __slots__ = ("file", "number", "size_bytes")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    file: str
    number: int
    size_bytes: int
    def __init__(self, file: _Optional[str] = ..., number: _Optional[int] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class SignPartsRequest(_message.Message):
    __slots__ = ("upload_id", "parts")
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    upload_id: str
    parts: _containers.RepeatedCompositeFieldContainer[PartToSend]
    def __init__(self, upload_id: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[PartToSend, _Mapping]]] = ...) -> None: ...

class SignedPart(_message.Message):
    __slots__ = ("file", "number", "method", "url", "headers", "expires_unix_ns")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    file: str
    number: int
    method: str
    url: str
    headers: _containers.ScalarMap[str, str]
    expires_unix_ns: int
    def __init__(self, file: _Optional[str] = ..., number: _Optional[int] = ..., method: _Optional[str] = ..., url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., expires_unix_ns: _Optional[int] = ...) -> None: ...

class SignPartsResponse(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[SignedPart]
    def __init__(self, parts: _Optional[_Iterable[_Union[SignedPart, _Mapping]]] = ...) -> None: ...

class ListPartsRequest(_message.Message):
    __slots__ = ("upload_id",)
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    upload_id: str
    def __init__(self, upload_id: _Optional[str] = ...) -> None: ...

class PartThere(_message.Message):
    __slots__ = ("file", "number", "size_bytes", "etag")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    file: str
    number: int
    size_bytes: int
    etag: str
    def __init__(self, file: _Optional[str] = ..., number: _Optional[int] = ..., size_bytes: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class ListPartsResponse(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[PartThere]
    def __init__(self, parts: _Optional[_Iterable[_Union[PartThere, _Mapping]]] = ...) -> None: ...

class SessionFile(_message.Message):
    __slots__ = ("name", "size_bytes", "sha256")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    size_bytes: int
    sha256: str
    def __init__(self, name: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class FinishUploadRequest(_message.Message):
    __slots__ = ("upload_id", "files")
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    upload_id: str
    files: _containers.RepeatedCompositeFieldContainer[SessionFile]
    def __init__(self, upload_id: _Optional[str] = ..., files: _Optional[_Iterable[_Union[SessionFile, _Mapping]]] = ...) -> None: ...

class AbandonUploadRequest(_message.Message):
    __slots__ = ("upload_id",)
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    upload_id: str
    def __init__(self, upload_id: _Optional[str] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("id", "player_id", "player_name", "recording_id", "name", "game_id", "profile_name", "task", "recorded_unix_ns", "duration_s", "frames", "size_bytes", "files", "created_unix_ns", "deleted_unix_ns", "restorable_until_unix_ns", "duplicate", "content_sha256", "datasets")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    RECORDED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    DELETED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    RESTORABLE_UNTIL_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    id: str
    player_id: str
    player_name: str
    recording_id: str
    name: str
    game_id: str
    profile_name: str
    task: str
    recorded_unix_ns: int
    duration_s: float
    frames: int
    size_bytes: int
    files: _containers.RepeatedCompositeFieldContainer[SessionFile]
    created_unix_ns: int
    deleted_unix_ns: int
    restorable_until_unix_ns: int
    duplicate: bool
    content_sha256: str
    datasets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., recording_id: _Optional[str] = ..., name: _Optional[str] = ..., game_id: _Optional[str] = ..., profile_name: _Optional[str] = ..., task: _Optional[str] = ..., recorded_unix_ns: _Optional[int] = ..., duration_s: _Optional[float] = ..., frames: _Optional[int] = ..., size_bytes: _Optional[int] = ..., files: _Optional[_Iterable[_Union[SessionFile, _Mapping]]] = ..., created_unix_ns: _Optional[int] = ..., deleted_unix_ns: _Optional[int] = ..., restorable_until_unix_ns: _Optional[int] = ..., duplicate: _Optional[bool] = ..., content_sha256: _Optional[str] = ..., datasets: _Optional[_Iterable[str]] = ...) -> None: ...

class ListRecordedSessionsRequest(_message.Message):
    __slots__ = ("player", "game_id", "deleted", "page_size", "page_token")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    player: str
    game_id: str
    deleted: bool
    page_size: int
    page_token: str
    def __init__(self, player: _Optional[str] = ..., game_id: _Optional[str] = ..., deleted: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRecordedSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class SignDownloadsRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class SignedFile(_message.Message):
    __slots__ = ("file", "url", "headers", "expires_unix_ns")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    file: SessionFile
    url: str
    headers: _containers.ScalarMap[str, str]
    expires_unix_ns: int
    def __init__(self, file: _Optional[_Union[SessionFile, _Mapping]] = ..., url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., expires_unix_ns: _Optional[int] = ...) -> None: ...

class SignDownloadsResponse(_message.Message):
    __slots__ = ("files",)
    FILES_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[SignedFile]
    def __init__(self, files: _Optional[_Iterable[_Union[SignedFile, _Mapping]]] = ...) -> None: ...

class DeleteSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class RestoreSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "kind", "player_id", "state", "payload", "priority", "idempotency_key", "attempts", "max_attempts", "ready_unix_ns", "fence", "worker", "lease_until_unix_ns", "cancel_requested", "progress", "progress_text", "result", "reason", "created_unix_ns", "started_unix_ns", "finished_unix_ns")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    READY_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    LEASE_UNTIL_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_TEXT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    STARTED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    player_id: str
    state: str
    payload: _struct_pb2.Struct
    priority: int
    idempotency_key: str
    attempts: int
    max_attempts: int
    ready_unix_ns: int
    fence: int
    worker: str
    lease_until_unix_ns: int
    cancel_requested: bool
    progress: float
    progress_text: str
    result: _struct_pb2.Struct
    reason: str
    created_unix_ns: int
    started_unix_ns: int
    finished_unix_ns: int
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., player_id: _Optional[str] = ..., state: _Optional[str] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., priority: _Optional[int] = ..., idempotency_key: _Optional[str] = ..., attempts: _Optional[int] = ..., max_attempts: _Optional[int] = ..., ready_unix_ns: _Optional[int] = ..., fence: _Optional[int] = ..., worker: _Optional[str] = ..., lease_until_unix_ns: _Optional[int] = ..., cancel_requested: _Optional[bool] = ..., progress: _Optional[float] = ..., progress_text: _Optional[str] = ..., result: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., reason: _Optional[str] = ..., created_unix_ns: _Optional[int] = ..., started_unix_ns: _Optional[int] = ..., finished_unix_ns: _Optional[int] = ...) -> None: ...

class SubmitJobRequest(_message.Message):
    __slots__ = ("kind", "payload", "priority", "idempotency_key", "needs", "max_attempts", "ready_unix_ns")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    READY_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    payload: _struct_pb2.Struct
    priority: int
    idempotency_key: str
    needs: _containers.RepeatedScalarFieldContainer[str]
    max_attempts: int
    ready_unix_ns: int
    def __init__(self, kind: _Optional[str] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., priority: _Optional[int] = ..., idempotency_key: _Optional[str] = ..., needs: _Optional[_Iterable[str]] = ..., max_attempts: _Optional[int] = ..., ready_unix_ns: _Optional[int] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class ListJobsRequest(_message.Message):
    __slots__ = ("player", "kind", "states", "page_size", "page_token")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    player: str
    kind: str
    states: _containers.RepeatedScalarFieldContainer[str]
    page_size: int
    page_token: str
    def __init__(self, player: _Optional[str] = ..., kind: _Optional[str] = ..., states: _Optional[_Iterable[str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelJobResponse(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class RetryJobRequest(_message.Message):
    __slots__ = ("job_id", "accept")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    accept: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_id: _Optional[str] = ..., accept: _Optional[_Iterable[str]] = ...) -> None: ...

class ReadLogRequest(_message.Message):
    __slots__ = ("job_id", "after_line", "follow")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_LINE_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    after_line: int
    follow: bool
    def __init__(self, job_id: _Optional[str] = ..., after_line: _Optional[int] = ..., follow: _Optional[bool] = ...) -> None: ...

class LogLine(_message.Message):
    __slots__ = ("line", "unix_ns", "text")
    LINE_FIELD_NUMBER: _ClassVar[int]
    UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    line: int
    unix_ns: int
    text: str
    def __init__(self, line: _Optional[int] = ..., unix_ns: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class LeaseJobsRequest(_message.Message):
    __slots__ = ("worker", "kinds", "limit", "lease_s", "wait_s")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    LEASE_S_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    worker: str
    kinds: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    lease_s: float
    wait_s: float
    def __init__(self, worker: _Optional[str] = ..., kinds: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., lease_s: _Optional[float] = ..., wait_s: _Optional[float] = ...) -> None: ...

class LeaseJobsResponse(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("job_id", "fence", "lease_s", "progress", "progress_text")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    LEASE_S_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_TEXT_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    fence: int
    lease_s: float
    progress: float
    progress_text: str
    def __init__(self, job_id: _Optional[str] = ..., fence: _Optional[int] = ..., lease_s: _Optional[float] = ..., progress: _Optional[float] = ..., progress_text: _Optional[str] = ...) -> None: ...

class HeartbeatResponse(_message.Message):
    __slots__ = ("lease_until_unix_ns", "cancel_requested")
    LEASE_UNTIL_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    lease_until_unix_ns: int
    cancel_requested: bool
    def __init__(self, lease_until_unix_ns: _Optional[int] = ..., cancel_requested: _Optional[bool] = ...) -> None: ...

class CompleteJobRequest(_message.Message):
    __slots__ = ("job_id", "fence", "result")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    fence: int
    result: _struct_pb2.Struct
    def __init__(self, job_id: _Optional[str] = ..., fence: _Optional[int] = ..., result: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CompleteJobResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CompleteJobsRequest(_message.Message):
    __slots__ = ("done", "then_lease")
    DONE_FIELD_NUMBER: _ClassVar[int]
    THEN_LEASE_FIELD_NUMBER: _ClassVar[int]
    done: _containers.RepeatedCompositeFieldContainer[CompleteJobRequest]
    then_lease: LeaseJobsRequest
    def __init__(self, done: _Optional[_Iterable[_Union[CompleteJobRequest, _Mapping]]] = ..., then_lease: _Optional[_Union[LeaseJobsRequest, _Mapping]] = ...) -> None: ...

class CompleteJobsResponse(_message.Message):
    __slots__ = ("refused", "jobs")
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    refused: _containers.RepeatedCompositeFieldContainer[RefusedCompletion]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, refused: _Optional[_Iterable[_Union[RefusedCompletion, _Mapping]]] = ..., jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class RefusedCompletion(_message.Message):
    __slots__ = ("job_id", "fence", "why", "reason")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    fence: int
    why: str
    reason: str
    def __init__(self, job_id: _Optional[str] = ..., fence: _Optional[int] = ..., why: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class FailJobRequest(_message.Message):
    __slots__ = ("job_id", "fence", "reason", "retry")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    fence: int
    reason: str
    retry: bool
    def __init__(self, job_id: _Optional[str] = ..., fence: _Optional[int] = ..., reason: _Optional[str] = ..., retry: _Optional[bool] = ...) -> None: ...

class FailJobResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: str
    def __init__(self, state: _Optional[str] = ...) -> None: ...

class AppendLogRequest(_message.Message):
    __slots__ = ("job_id", "fence", "lines")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    fence: int
    lines: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_id: _Optional[str] = ..., fence: _Optional[int] = ..., lines: _Optional[_Iterable[str]] = ...) -> None: ...

class AppendLogResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("id", "name", "wish", "created_unix_ns", "config", "version", "episodes", "frames", "size_bytes", "sessions", "staged", "pending")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    WISH_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    STAGED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    wish: _struct_pb2.Struct
    created_unix_ns: int
    config: _struct_pb2.Struct
    version: int
    episodes: int
    frames: int
    size_bytes: int
    sessions: int
    staged: int
    pending: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., wish: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_unix_ns: _Optional[int] = ..., config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., version: _Optional[int] = ..., episodes: _Optional[int] = ..., frames: _Optional[int] = ..., size_bytes: _Optional[int] = ..., sessions: _Optional[int] = ..., staged: _Optional[int] = ..., pending: _Optional[int] = ...) -> None: ...

class ListDatasetsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDatasetsResponse(_message.Message):
    __slots__ = ("datasets",)
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[Dataset]
    def __init__(self, datasets: _Optional[_Iterable[_Union[Dataset, _Mapping]]] = ...) -> None: ...

class GetDatasetRequest(_message.Message):
    __slots__ = ("dataset",)
    DATASET_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    def __init__(self, dataset: _Optional[str] = ...) -> None: ...

class CreateDatasetRequest(_message.Message):
    __slots__ = ("name", "wish", "config")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WISH_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    name: str
    wish: _struct_pb2.Struct
    config: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., wish: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DatasetVersion(_message.Message):
    __slots__ = ("dataset_id", "dataset", "number", "parent", "reason", "manifest_key", "manifest_sha256", "episodes", "frames", "size_bytes", "created_unix_ns", "tags", "withdrawn_unix_ns", "sessions_added", "sessions_removed")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_KEY_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_ADDED_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    dataset: str
    number: int
    parent: int
    reason: str
    manifest_key: str
    manifest_sha256: str
    episodes: int
    frames: int
    size_bytes: int
    created_unix_ns: int
    tags: _containers.RepeatedScalarFieldContainer[str]
    withdrawn_unix_ns: int
    sessions_added: int
    sessions_removed: int
    def __init__(self, dataset_id: _Optional[str] = ..., dataset: _Optional[str] = ..., number: _Optional[int] = ..., parent: _Optional[int] = ..., reason: _Optional[str] = ..., manifest_key: _Optional[str] = ..., manifest_sha256: _Optional[str] = ..., episodes: _Optional[int] = ..., frames: _Optional[int] = ..., size_bytes: _Optional[int] = ..., created_unix_ns: _Optional[int] = ..., tags: _Optional[_Iterable[str]] = ..., withdrawn_unix_ns: _Optional[int] = ..., sessions_added: _Optional[int] = ..., sessions_removed: _Optional[int] = ...) -> None: ...

class ListVersionsRequest(_message.Message):
    __slots__ = ("dataset", "page_size", "page_token")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    page_size: int
    page_token: str
    def __init__(self, dataset: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListVersionsResponse(_message.Message):
    __slots__ = ("versions", "next_page_token")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[DatasetVersion]
    next_page_token: str
    def __init__(self, versions: _Optional[_Iterable[_Union[DatasetVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetVersionRequest(_message.Message):
    __slots__ = ("dataset", "version")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    version: str
    def __init__(self, dataset: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class SignDatasetObjectsRequest(_message.Message):
    __slots__ = ("dataset", "keys")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class SignedObject(_message.Message):
    __slots__ = ("key", "url", "headers", "expires_unix_ns")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    key: str
    url: str
    headers: _containers.ScalarMap[str, str]
    expires_unix_ns: int
    def __init__(self, key: _Optional[str] = ..., url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., expires_unix_ns: _Optional[int] = ...) -> None: ...

class SignDatasetObjectsResponse(_message.Message):
    __slots__ = ("objects",)
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[SignedObject]
    def __init__(self, objects: _Optional[_Iterable[_Union[SignedObject, _Mapping]]] = ...) -> None: ...

class DatasetSession(_message.Message):
    __slots__ = ("session_id", "player_id", "player_name", "name", "episodes", "frames", "added_version", "removed_version", "removed_unix_ns", "staged")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    ADDED_VERSION_FIELD_NUMBER: _ClassVar[int]
    REMOVED_VERSION_FIELD_NUMBER: _ClassVar[int]
    REMOVED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    STAGED_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    player_id: str
    player_name: str
    name: str
    episodes: int
    frames: int
    added_version: int
    removed_version: int
    removed_unix_ns: int
    staged: bool
    def __init__(self, session_id: _Optional[str] = ..., player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., name: _Optional[str] = ..., episodes: _Optional[int] = ..., frames: _Optional[int] = ..., added_version: _Optional[int] = ..., removed_version: _Optional[int] = ..., removed_unix_ns: _Optional[int] = ..., staged: _Optional[bool] = ...) -> None: ...

class ListDatasetSessionsRequest(_message.Message):
    __slots__ = ("dataset", "player", "page_size", "page_token")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    player: str
    page_size: int
    page_token: str
    def __init__(self, dataset: _Optional[str] = ..., player: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDatasetSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[DatasetSession]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[DatasetSession, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RemoveFromDatasetRequest(_message.Message):
    __slots__ = ("dataset", "session_ids", "player", "delete_recordings")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    DELETE_RECORDINGS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    player: str
    delete_recordings: bool
    def __init__(self, dataset: _Optional[str] = ..., session_ids: _Optional[_Iterable[str]] = ..., player: _Optional[str] = ..., delete_recordings: _Optional[bool] = ...) -> None: ...

class RemoveFromDatasetResponse(_message.Message):
    __slots__ = ("job", "sessions", "checkpoints")
    JOB_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    job: Job
    sessions: int
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., sessions: _Optional[int] = ..., checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ...) -> None: ...

class StoredMappingProfile(_message.Message):
    __slots__ = ("id", "player_id", "player_name", "game_id", "profile_name", "content", "created_unix_ns")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    id: str
    player_id: str
    player_name: str
    game_id: str
    profile_name: str
    content: str
    created_unix_ns: int
    def __init__(self, id: _Optional[str] = ..., player_id: _Optional[str] = ..., player_name: _Optional[str] = ..., game_id: _Optional[str] = ..., profile_name: _Optional[str] = ..., content: _Optional[str] = ..., created_unix_ns: _Optional[int] = ...) -> None: ...

class PutMappingProfileRequest(_message.Message):
    __slots__ = ("content", "player")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    content: str
    player: str
    def __init__(self, content: _Optional[str] = ..., player: _Optional[str] = ...) -> None: ...

class ListMappingProfilesRequest(_message.Message):
    __slots__ = ("player", "game_id")
    PLAYER_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    player: str
    game_id: str
    def __init__(self, player: _Optional[str] = ..., game_id: _Optional[str] = ...) -> None: ...

class ListMappingProfilesResponse(_message.Message):
    __slots__ = ("profiles",)
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    profiles: _containers.RepeatedCompositeFieldContainer[StoredMappingProfile]
    def __init__(self, profiles: _Optional[_Iterable[_Union[StoredMappingProfile, _Mapping]]] = ...) -> None: ...

class DeleteMappingProfileRequest(_message.Message):
    __slots__ = ("profile_id",)
    PROFILE_ID_FIELD_NUMBER: _ClassVar[int]
    profile_id: str
    def __init__(self, profile_id: _Optional[str] = ...) -> None: ...

class CheckpointSource(_message.Message):
    __slots__ = ("dataset", "version")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    version: int
    def __init__(self, dataset: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("id", "name", "player_id", "location", "sources", "parent_ids", "created_unix_ns", "marked_unix_ns", "marked_reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    PARENT_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    MARKED_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    MARKED_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    player_id: str
    location: str
    sources: _containers.RepeatedCompositeFieldContainer[CheckpointSource]
    parent_ids: _containers.RepeatedScalarFieldContainer[str]
    created_unix_ns: int
    marked_unix_ns: int
    marked_reason: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., player_id: _Optional[str] = ..., location: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[CheckpointSource, _Mapping]]] = ..., parent_ids: _Optional[_Iterable[str]] = ..., created_unix_ns: _Optional[int] = ..., marked_unix_ns: _Optional[int] = ..., marked_reason: _Optional[str] = ...) -> None: ...

class RegisterCheckpointRequest(_message.Message):
    __slots__ = ("name", "location", "sources", "parent_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    PARENT_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    location: str
    sources: _containers.RepeatedCompositeFieldContainer[CheckpointSource]
    parent_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., location: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[CheckpointSource, _Mapping]]] = ..., parent_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListCheckpointsRequest(_message.Message):
    __slots__ = ("dataset", "marked")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    MARKED_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    marked: bool
    def __init__(self, dataset: _Optional[str] = ..., marked: _Optional[bool] = ...) -> None: ...

class ListCheckpointsResponse(_message.Message):
    __slots__ = ("checkpoints",)
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    def __init__(self, checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ...) -> None: ...

class IngestSessionsRequest(_message.Message):
    __slots__ = ("dataset", "session_ids")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset: _Optional[str] = ..., session_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class IngestSessionsResponse(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class TagVersionRequest(_message.Message):
    __slots__ = ("dataset", "tag", "version")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    tag: str
    version: str
    def __init__(self, dataset: _Optional[str] = ..., tag: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class OpenSessionRequest(_message.Message):
    __slots__ = ("session_id", "game_id")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    game_id: str
    def __init__(self, session_id: _Optional[str] = ..., game_id: _Optional[str] = ...) -> None: ...

class SessionObject(_message.Message):
    __slots__ = ("file", "object_key")
    FILE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    file: SessionFile
    object_key: str
    def __init__(self, file: _Optional[_Union[SessionFile, _Mapping]] = ..., object_key: _Optional[str] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("session", "objects", "profiles")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    session: Session
    objects: _containers.RepeatedCompositeFieldContainer[SessionObject]
    profiles: _containers.RepeatedCompositeFieldContainer[StoredMappingProfile]
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., objects: _Optional[_Iterable[_Union[SessionObject, _Mapping]]] = ..., profiles: _Optional[_Iterable[_Union[StoredMappingProfile, _Mapping]]] = ...) -> None: ...

class StageSessionRequest(_message.Message):
    __slots__ = ("dataset", "session_id", "object_key", "sha256", "episodes", "frames", "job_id", "fence")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    session_id: str
    object_key: str
    sha256: str
    episodes: int
    frames: int
    job_id: str
    fence: int
    def __init__(self, dataset: _Optional[str] = ..., session_id: _Optional[str] = ..., object_key: _Optional[str] = ..., sha256: _Optional[str] = ..., episodes: _Optional[int] = ..., frames: _Optional[int] = ..., job_id: _Optional[str] = ..., fence: _Optional[int] = ...) -> None: ...

class StageSessionResponse(_message.Message):
    __slots__ = ("object_key", "added_version")
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    ADDED_VERSION_FIELD_NUMBER: _ClassVar[int]
    object_key: str
    added_version: int
    def __init__(self, object_key: _Optional[str] = ..., added_version: _Optional[int] = ...) -> None: ...

class TakeTurnRequest(_message.Message):
    __slots__ = ("dataset", "worker", "session_id", "wait_s", "turn_s")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    TURN_S_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    worker: str
    session_id: str
    wait_s: float
    turn_s: float
    def __init__(self, dataset: _Optional[str] = ..., worker: _Optional[str] = ..., session_id: _Optional[str] = ..., wait_s: _Optional[float] = ..., turn_s: _Optional[float] = ...) -> None: ...

class StagedRef(_message.Message):
    __slots__ = ("session_id", "object_key", "sha256")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    object_key: str
    sha256: str
    def __init__(self, session_id: _Optional[str] = ..., object_key: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class TakeTurnResponse(_message.Message):
    __slots__ = ("added_version", "turn", "base", "staged")
    ADDED_VERSION_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    STAGED_FIELD_NUMBER: _ClassVar[int]
    added_version: int
    turn: int
    base: DatasetVersion
    staged: _containers.RepeatedCompositeFieldContainer[StagedRef]
    def __init__(self, added_version: _Optional[int] = ..., turn: _Optional[int] = ..., base: _Optional[_Union[DatasetVersion, _Mapping]] = ..., staged: _Optional[_Iterable[_Union[StagedRef, _Mapping]]] = ...) -> None: ...

class EndTurnRequest(_message.Message):
    __slots__ = ("dataset", "turn")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    turn: int
    def __init__(self, dataset: _Optional[str] = ..., turn: _Optional[int] = ...) -> None: ...

class EndTurnResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SessionInVersion(_message.Message):
    __slots__ = ("session_id", "episodes", "frames")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    episodes: int
    frames: int
    def __init__(self, session_id: _Optional[str] = ..., episodes: _Optional[int] = ..., frames: _Optional[int] = ...) -> None: ...

class CommitVersionRequest(_message.Message):
    __slots__ = ("dataset", "version", "added", "removed_session_ids", "turn")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    version: DatasetVersion
    added: _containers.RepeatedCompositeFieldContainer[SessionInVersion]
    removed_session_ids: _containers.RepeatedScalarFieldContainer[str]
    turn: int
    def __init__(self, dataset: _Optional[str] = ..., version: _Optional[_Union[DatasetVersion, _Mapping]] = ..., added: _Optional[_Iterable[_Union[SessionInVersion, _Mapping]]] = ..., removed_session_ids: _Optional[_Iterable[str]] = ..., turn: _Optional[int] = ...) -> None: ...

class WithdrawVersionsRequest(_message.Message):
    __slots__ = ("dataset", "removed_before_unix_ns")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    REMOVED_BEFORE_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    removed_before_unix_ns: int
    def __init__(self, dataset: _Optional[str] = ..., removed_before_unix_ns: _Optional[int] = ...) -> None: ...

class WithdrawVersionsResponse(_message.Message):
    __slots__ = ("withdrawn", "versions", "staged_keys")
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    STAGED_KEYS_FIELD_NUMBER: _ClassVar[int]
    withdrawn: _containers.RepeatedCompositeFieldContainer[DatasetVersion]
    versions: _containers.RepeatedCompositeFieldContainer[DatasetVersion]
    staged_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, withdrawn: _Optional[_Iterable[_Union[DatasetVersion, _Mapping]]] = ..., versions: _Optional[_Iterable[_Union[DatasetVersion, _Mapping]]] = ..., staged_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class IngestRule(_message.Message):
    __slots__ = ("id", "dataset", "game_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    dataset: str
    game_id: str
    def __init__(self, id: _Optional[str] = ..., dataset: _Optional[str] = ..., game_id: _Optional[str] = ...) -> None: ...

class AddIngestRuleRequest(_message.Message):
    __slots__ = ("dataset", "game_id")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    game_id: str
    def __init__(self, dataset: _Optional[str] = ..., game_id: _Optional[str] = ...) -> None: ...

class RemoveIngestRuleRequest(_message.Message):
    __slots__ = ("rule_id",)
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    def __init__(self, rule_id: _Optional[str] = ...) -> None: ...

class ListIngestRulesRequest(_message.Message):
    __slots__ = ("dataset",)
    DATASET_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    def __init__(self, dataset: _Optional[str] = ...) -> None: ...

class ListIngestRulesResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[IngestRule]
    def __init__(self, rules: _Optional[_Iterable[_Union[IngestRule, _Mapping]]] = ...) -> None: ...
