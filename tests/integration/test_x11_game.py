"""A real game in a window of its own, played by a script and seen from outside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import vizdoom

from capture_node.sources.catalogue import SourceRequest, find_source, open_source
from capture_node.sources.frame_source import FrameSource, SourceLostError
from tests.support.x_screen import x_screen

PATIENCE_S = 20.0


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[vizdoom.DoomGame]:
    with x_screen() as screen:
        monkeypatch.setenv("DISPLAY", screen.display)
        monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
        game = vizdoom.DoomGame()
        game.load_config(f"{vizdoom.scenarios_path}/basic.cfg")
        game.set_doom_config_path(str(tmp_path / "vizdoom.ini"))
        game.set_window_visible(True)
        game.set_screen_resolution(vizdoom.ScreenResolution.RES_640X480)
        game.set_screen_format(vizdoom.ScreenFormat.BGR24)
        game.set_seed(1)
        game.init()
        yield game
        game.close()


def wait_until_seen(source: FrameSource, drawn: np.ndarray) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        grab = source.grab()
        if grab is not None and np.array_equal(grab.image[:, :, :3], drawn):
            return
        time.sleep(1 / 60)
    raise AssertionError("the window never showed what the game had drawn")


def look_until_lost(source: FrameSource) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        source.grab()
        time.sleep(1 / 60)


def test_every_picture_of_a_game_is_seen_pixel_for_pixel_until_it_ends(game: vizdoom.DoomGame) -> None:
    description = find_source(SourceRequest(window="vizdoom"))
    assert description.process == "vizdoom"
    source = open_source(description)
    source.open()
    game.new_episode()
    for step in range(12):
        state = game.get_state()
        assert state is not None
        wait_until_seen(source, np.asarray(state.screen_buffer))
        game.make_action([step % 3 == 0, step % 3 == 1, False], 4)
    game.close()

    with pytest.raises(SourceLostError):
        look_until_lost(source)
    source.close()
