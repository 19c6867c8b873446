from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class GamepadState(_message.Message):
    __slots__ = ("monotonic_ns", "axes", "pressed_buttons", "pressed_keys", "mouse_dx", "mouse_dy", "wheel_dx", "wheel_dy", "pressed_mouse_buttons", "pad")
    MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    AXES_FIELD_NUMBER: _ClassVar[int]
    PRESSED_BUTTONS_FIELD_NUMBER: _ClassVar[int]
    PRESSED_KEYS_FIELD_NUMBER: _ClassVar[int]
    MOUSE_DX_FIELD_NUMBER: _ClassVar[int]
    MOUSE_DY_FIELD_NUMBER: _ClassVar[int]
    WHEEL_DX_FIELD_NUMBER: _ClassVar[int]
    WHEEL_DY_FIELD_NUMBER: _ClassVar[int]
    PRESSED_MOUSE_BUTTONS_FIELD_NUMBER: _ClassVar[int]
    PAD_FIELD_NUMBER: _ClassVar[int]
    monotonic_ns: int
    axes: _containers.RepeatedScalarFieldContainer[float]
    pressed_buttons: _containers.RepeatedScalarFieldContainer[int]
    pressed_keys: _containers.RepeatedScalarFieldContainer[int]
    mouse_dx: float
    mouse_dy: float
    wheel_dx: float
    wheel_dy: float
    pressed_mouse_buttons: _containers.RepeatedScalarFieldContainer[int]
    pad: int
    def __init__(self, monotonic_ns: _Optional[int] = ..., axes: _Optional[_Iterable[float]] = ..., pressed_buttons: _Optional[_Iterable[int]] = ..., pressed_keys: _Optional[_Iterable[int]] = ..., mouse_dx: _Optional[float] = ..., mouse_dy: _Optional[float] = ..., wheel_dx: _Optional[float] = ..., wheel_dy: _Optional[float] = ..., pressed_mouse_buttons: _Optional[_Iterable[int]] = ..., pad: _Optional[int] = ...) -> None: ...
