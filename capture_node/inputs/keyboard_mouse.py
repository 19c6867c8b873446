"""Keyboard and mouse of the platform that this runs on."""

from __future__ import annotations

import sys

from capture_node.inputs.input_source import InputSource


def keyboard_and_mouse() -> InputSource:
    """The source that listens to them here. Whether it can is found out when it is started."""
    if sys.platform == "win32":
        from capture_node.windows.raw_input import RawInput

        return RawInput()
    from capture_node.inputs.x11_input import X11KeyboardMouse

    return X11KeyboardMouse()
