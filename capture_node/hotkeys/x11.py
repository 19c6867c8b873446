"""Hotkeys on X11: passive grabs of the root window, which work whichever window has focus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from capture_node.clock import now_ns
from capture_node.hotkeys.hotkey import Hotkey, HotkeyAction, HotkeyFailure, HotkeySink, Modifier
from capture_node.inputs.evdev_keys import x11_of_scancode
from capture_node.inputs.x11_clock import ServerClock, ServerTime
from capture_node.inputs.x11_listener import X11Listener
from capture_node.inputs.x11_raw_events import load_extensions
from capture_node.sources.x11_display import X11Display
from playloom.controls import KEYS
from playloom.errors import PlayloomError

_LOCK = 1 << 1  # Caps Lock has a bit of its own; other locks have whichever bit the keyboard's map gives them
_SHIFT, _CONTROL = 1 << 0, 1 << 2

_MODIFIER_KEYS: Mapping[Modifier, str] = {
    Modifier.CTRL: "left_ctrl",
    Modifier.ALT: "left_alt",
    Modifier.SHIFT: "left_shift",
    Modifier.GUI: "left_gui",
}
_SWITCH_TO_FIRST_CONSOLE = 0x1008FE01  # XF86Switch_VT_1, up to 12

_LOCK_KEYS = ("num_lock", "scroll_lock")
_USUAL_BITS: Mapping[Modifier, int] = {
    Modifier.CTRL: _CONTROL,
    Modifier.ALT: 1 << 3,
    Modifier.SHIFT: _SHIFT,
    Modifier.GUI: 1 << 6,
}


class X11Hotkeys:
    """The hotkeys of an X11 desktop.

    The combination is heard whatever locks are on, and the game does not receive it. On a Wayland desktop only X11
    windows' keys are heard: the compositor shows its own to nobody.
    """

    def __init__(self, display: str | None = None) -> None:
        """Args: display: as in ``DISPLAY``; None takes that."""
        self._display_name = display
        self._listener: X11Listener | None = None

    def start(self, bindings: Mapping[HotkeyAction, Hotkey], sink: HotkeySink) -> Sequence[HotkeyFailure]:
        """Register the combinations; returns the ones that cannot be had, each with the reason."""
        assert self._listener is None, "they are registered already"
        try:
            display = _connect(self._display_name)
        except PlayloomError as error:
            return [
                HotkeyFailure(action=action, hotkey=hotkey, reason=str(error)) for action, hotkey in bindings.items()
            ]
        keys = _Grabs(display)
        failures: list[HotkeyFailure] = []
        for action, hotkey in bindings.items():
            problem = keys.grab(action, hotkey)
            if problem is not None:
                failures.append(HotkeyFailure(action=action, hotkey=hotkey, reason=problem))
        self._listener = X11Listener(display, lambda: keys.deliver(sink), name="x11-hotkeys")
        self._listener.start()
        return failures

    def stop(self) -> None:
        """Give the combinations back; nothing is ordered after this returns. A second call does nothing."""
        if self._listener is not None:
            self._listener.stop()


class _Grabs:
    """The combinations that are ours."""

    def __init__(self, display: X11Display) -> None:
        self._display = display
        self._core: Any = display.connection.core
        self._clock = ServerClock()
        ServerTime(display).compare(self._clock)
        bits = _modifier_bits(display)
        self._bits = {modifier: bits.get(key_of, _USUAL_BITS[modifier]) for modifier, key_of in _MODIFIER_KEYS.items()}
        self._locks = sorted({_LOCK, *(bits[key] for key in _LOCK_KEYS if key in bits)})
        self._actions: dict[tuple[int, int], HotkeyAction] = {}
        self._held: set[int] = set()
        _make_repeats_detectable(display)

    def grab(self, action: HotkeyAction, hotkey: Hotkey) -> str | None:
        """None, or why it cannot be had."""
        from xcffib.xproto import AccessError, GrabMode

        keycode = x11_of_scancode(hotkey.scancode)
        if keycode is None:
            return "this system's keyboards have no such key"
        modifiers = sum(self._bits[modifier] for modifier in hotkey.modifiers)
        if (keycode, modifiers) in self._actions:
            return f"it is the hotkey for {self._actions[keycode, modifiers]} already"
        root = self._display.screen.root
        if {Modifier.CTRL, Modifier.ALT} <= hotkey.modifiers and self._switches_consoles(keycode):
            return "the system leaves the desktop for a text console when it is pressed"
        for held in _with_locks(modifiers, self._locks):
            grab = self._core.GrabKeyChecked(False, root, held, keycode, GrabMode.Async, GrabMode.Async)
            try:
                grab.check()
            except AccessError:
                for taken in _with_locks(modifiers, self._locks):  # frees ours alone
                    self._core.UngrabKey(keycode, root, taken)
                return "another program has it; choose another combination, or free it there"
        self._actions[keycode, modifiers] = action
        return None

    def _switches_consoles(self, keycode: int) -> bool:
        keysyms = self._core.GetKeyboardMapping(keycode, 1).reply().keysyms
        return any(_SWITCH_TO_FIRST_CONSOLE <= keysym < _SWITCH_TO_FIRST_CONSOLE + 12 for keysym in keysyms)

    def deliver(self, sink: HotkeySink) -> None:
        """Take what has come."""
        from xcffib.xproto import KeyPressEvent, KeyReleaseEvent

        locks = sum(self._locks)
        while (event := self._display.connection.poll_for_event()) is not None:
            if isinstance(event, KeyReleaseEvent):
                self._held.discard(event.detail)
            elif isinstance(event, KeyPressEvent) and event.detail not in self._held:
                self._held.add(event.detail)
                # The mouse's buttons are in the state's upper half.
                action = self._actions.get((event.detail, event.state & 0xFF & ~locks))
                if action is not None:
                    sink(action, self._clock.to_monotonic_ns(event.time, now_ns()))


def _connect(name: str | None) -> X11Display:
    load_extensions()
    import xcffib.xkb  # before the connection is made, like the others  # noqa: F401

    return X11Display(name)


def _with_locks(modifiers: int, locks: Sequence[int]) -> Iterator[int]:
    """The modifiers with every combination of locks: a grab is for exactly one state of the keyboard."""
    for chosen in range(1 << len(locks)):
        yield modifiers | sum(lock for place, lock in enumerate(locks) if chosen >> place & 1)


def _modifier_bits(display: X11Display) -> dict[str, int]:
    """The bit that each modifier or lock key sets, by the key's name."""
    reply = display.connection.core.GetModifierMapping().reply()
    keycodes, a_bit = list(reply.keycodes), reply.keycodes_per_modifier
    names = {x11_of_scancode(KEYS[name]): name for name in (*_MODIFIER_KEYS.values(), *_LOCK_KEYS)}
    return {
        names[keycode]: 1 << place // a_bit
        for place, keycode in reversed(list(enumerate(keycodes)))
        if keycode in names and keycode
    }


def _make_repeats_detectable(display: X11Display) -> None:
    """Ask for one release at the end of a key that repeats, not one before each repetition."""
    import xcffib.xkb
    from xcffib.xkb import ID, PerClientFlag

    if not display.has_extension("XKEYBOARD"):
        return
    xkb = display.connection(xcffib.xkb.key)
    xkb.UseExtension(1, 0).reply()
    detectable = PerClientFlag.DetectableAutoRepeat
    xkb.PerClientFlags(ID.UseCoreKbd, detectable, detectable, 0, 0, 0).reply()
