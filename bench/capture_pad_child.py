"""A window that shows what a virtual pad presses, recorded together with the pad: ``{"presses": 10}``."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from bench.capture_inputs import HELD_S, SIZE, WINDOW_RATE, press_errors_ms
from bench.capture_rivals import TITLE
from capture_node.assembly import make_recorder
from capture_node.inputs.virtual_pad import virtual_pad
from capture_node.recorder.capture_profile import load_profile
from capture_node.recorder.settings import InputScope, RecorderSettings
from capture_node.sources.catalogue import SourceRequest, find_source
from tests.support import sdl3_pads
from tests.support.x_screen import x_screen
from tests.support.x_windows import pattern_window

_BIT = 15


def main(presses: int) -> dict[str, list[float]]:
    """Press so often; the sync errors."""
    assert sdl3_pads.SDL3_LIBRARY.is_file()
    pressed_ns: list[int] = []
    with (
        tempfile.TemporaryDirectory(prefix="playloom-bench-") as root,
        x_screen((SIZE[0] + 20, SIZE[1] + 20)) as screen,
        pattern_window(screen, title=TITLE, size=SIZE, at=(0, 0), rate=WINDOW_RATE) as window,
        virtual_pad() as pad,
    ):
        os.environ["DISPLAY"] = screen.display
        settings = RecorderSettings(root=Path(root), profile=load_profile("training"), input_scope=InputScope.PADS)
        recorder = make_recorder(find_source(SourceRequest(window=TITLE)), settings)
        recorder.start()
        time.sleep(0.5)
        for _ in range(presses):
            time.sleep(random.uniform(0.06, 0.12))
            pressed_ns.append(time.monotonic_ns())
            pad.press("south")
            window.say(f"pressed {1 << _BIT}")
            time.sleep(HELD_S)
            pad.release("south")
            window.say("pressed 0")
        time.sleep(0.2)
        (session,) = recorder.stop()
        _, errors_ms = press_errors_ms(session.path, pressed_ns, _BIT, None)
    return {"errors_ms": errors_ms.tolist()}


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
