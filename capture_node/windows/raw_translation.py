"""Raw Input's reports as events: changes only, in SDL's numbers."""

from __future__ import annotations

from typing import Protocol

from capture_node.inputs.events import InputEvent, Key, MouseButton, MouseMotion, MouseWheel
from capture_node.windows.raw_records import RawKey, RawMouse
from capture_node.windows.scan_codes import EXTENDED, PAUSE, SDL_SCANCODES
from playloom.controls import MOUSE_BUTTON_IDS

_RI_KEY_BREAK, _RI_KEY_E0, _RI_KEY_E1 = 1, 2, 4
_OVERRUN_MAKE_CODE = 0xFF
_NO_VIRTUAL_KEY, _VK_PAUSE = 0xFF, 0x13
_LEFT_SHIFT, _RIGHT_SHIFT, _NUM_LOCK = 0x2A, 0x36, 0x45

_MOUSE_MOVE_ABSOLUTE, _MOUSE_VIRTUAL_DESKTOP = 1, 2
_FULL_RANGE = 65535
_BUTTON_CHANGES = tuple(
    (1 << bit, MOUSE_BUTTON_IDS[name], bit % 2 == 0)
    for bit, name in enumerate(
        ("left", "left", "right", "right", "middle", "middle", "x1", "x1", "x2", "x2")  # down, up
    )
)
_RI_MOUSE_WHEEL, _RI_MOUSE_HWHEEL = 0x400, 0x800
_NOTCH = 120


class KeyLayout(Protocol):
    """What else it takes to read reports."""

    def scan_code(self, virtual_key: int) -> int:
        """The scan code of a key by its meaning, with its prefix (0xE01D); 0 for none."""
        ...

    def desktop_size(self, *, all_monitors: bool) -> tuple[int, int]:
        """In pixels: of the main monitor or of the whole desktop."""
        ...


class RawTranslation:
    """Keeps what is held, so that repeats make no events and nothing stays held that cannot be released."""

    def __init__(self, layout: KeyLayout) -> None:
        self._layout = layout
        self._keys: set[int] = set()
        self._buttons: set[int] = set()
        self._place: tuple[int, int] | None = None

    def key(self, report: RawKey, monotonic_ns: int) -> list[InputEvent]:
        scancode = self._scancode(report)
        pressed = not report.flags & _RI_KEY_BREAK
        if scancode is None or pressed == (scancode in self._keys):
            return []
        (self._keys.add if pressed else self._keys.discard)(scancode)
        return [Key(monotonic_ns=monotonic_ns, scancode=scancode, pressed=pressed)]

    def mouse(self, report: RawMouse, monotonic_ns: int) -> list[InputEvent]:
        """One report may hold motion, several buttons and a wheel; motion comes first."""
        events: list[InputEvent] = []
        dx, dy = self._motion(report)
        if dx or dy:
            events.append(MouseMotion(monotonic_ns=monotonic_ns, dx=dx, dy=dy))
        for flag, button, pressed in _BUTTON_CHANGES:
            if report.button_flags & flag and pressed != (button in self._buttons):
                (self._buttons.add if pressed else self._buttons.discard)(button)
                events.append(MouseButton(monotonic_ns=monotonic_ns, button=button, pressed=pressed))
        notches = report.button_data / _NOTCH
        if report.button_flags & _RI_MOUSE_WHEEL:
            events.append(MouseWheel(monotonic_ns=monotonic_ns, dx=0.0, dy=notches))
        if report.button_flags & _RI_MOUSE_HWHEEL:
            events.append(MouseWheel(monotonic_ns=monotonic_ns, dx=notches, dy=0.0))
        return events

    def release_all(self, monotonic_ns: int) -> list[InputEvent]:
        """Everything that is held is let go."""
        events: list[InputEvent] = [
            Key(monotonic_ns=monotonic_ns, scancode=scancode, pressed=False) for scancode in sorted(self._keys)
        ]
        events += [
            MouseButton(monotonic_ns=monotonic_ns, button=button, pressed=False) for button in sorted(self._buttons)
        ]
        self._keys.clear()
        self._buttons.clear()
        return events

    def _scancode(self, report: RawKey) -> int | None:
        code = report.make_code
        if code == _OVERRUN_MAKE_CODE:
            return None
        if report.flags & _RI_KEY_E1:
            code |= PAUSE & 0xFF00
        elif report.flags & _RI_KEY_E0:
            if code in (_LEFT_SHIFT, _RIGHT_SHIFT):
                return None  # Keyboards wrap the keys beside the number pad in shifts that nobody pressed.
            code |= EXTENDED
        elif code == _NUM_LOCK and report.virtual_key == _NO_VIRTUAL_KEY:
            return None  # The second half of the pause key.
        elif code == _NUM_LOCK and report.virtual_key == _VK_PAUSE:
            code = PAUSE  # From programs that press keys by their meaning.
        elif code == 0:
            code = self._layout.scan_code(report.virtual_key)
        return SDL_SCANCODES.get(code)

    def _motion(self, report: RawMouse) -> tuple[float, float]:
        if not report.flags & _MOUSE_MOVE_ABSOLUTE:
            return float(report.x), float(report.y)
        # Tablets, and mice of remote desktops and virtual machines, say where they are in 65535ths of the desktop.
        width, height = self._layout.desktop_size(all_monitors=bool(report.flags & _MOUSE_VIRTUAL_DESKTOP))
        before, self._place = self._place, (report.x, report.y)
        if before is None:
            return 0.0, 0.0
        return (report.x - before[0]) * width / _FULL_RANGE, (report.y - before[1]) * height / _FULL_RANGE
