from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ActionHead(_message.Message):
    __slots__ = ("name", "kind", "places")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    places: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., places: _Optional[_Iterable[int]] = ...) -> None: ...

class PolicyDescription(_message.Message):
    __slots__ = ("label", "kind", "game_id", "layout_version", "action_names", "heads", "fps", "picture_width", "picture_height", "history", "frame_step", "chunk", "tasks")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    GAME_ID_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTION_NAMES_FIELD_NUMBER: _ClassVar[int]
    HEADS_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    PICTURE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PICTURE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    FRAME_STEP_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    label: str
    kind: str
    game_id: str
    layout_version: int
    action_names: _containers.RepeatedScalarFieldContainer[str]
    heads: _containers.RepeatedCompositeFieldContainer[ActionHead]
    fps: int
    picture_width: int
    picture_height: int
    history: int
    frame_step: int
    chunk: int
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, label: _Optional[str] = ..., kind: _Optional[str] = ..., game_id: _Optional[str] = ..., layout_version: _Optional[int] = ..., action_names: _Optional[_Iterable[str]] = ..., heads: _Optional[_Iterable[_Union[ActionHead, _Mapping]]] = ..., fps: _Optional[int] = ..., picture_width: _Optional[int] = ..., picture_height: _Optional[int] = ..., history: _Optional[int] = ..., frame_step: _Optional[int] = ..., chunk: _Optional[int] = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class Observation(_message.Message):
    __slots__ = ("frame", "pictures", "held", "task", "seed")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    frame: int
    pictures: bytes
    held: _containers.RepeatedScalarFieldContainer[float]
    task: str
    seed: int
    def __init__(self, frame: _Optional[int] = ..., pictures: _Optional[bytes] = ..., held: _Optional[_Iterable[float]] = ..., task: _Optional[str] = ..., seed: _Optional[int] = ...) -> None: ...

class ActionChunk(_message.Message):
    __slots__ = ("frame", "rows", "values", "confidence", "compute_ms", "batch")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_MS_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    frame: int
    rows: int
    values: _containers.RepeatedScalarFieldContainer[float]
    confidence: _containers.RepeatedScalarFieldContainer[float]
    compute_ms: float
    batch: int
    def __init__(self, frame: _Optional[int] = ..., rows: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ..., confidence: _Optional[_Iterable[float]] = ..., compute_ms: _Optional[float] = ..., batch: _Optional[int] = ...) -> None: ...
