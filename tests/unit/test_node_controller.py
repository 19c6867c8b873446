"""A node's controller: one recording at a time, whoever asks, and nothing that happens goes unsaid."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from capture_node.hotkeys.hotkey import HotkeyAction
from capture_node.node.controller import NodeController
from capture_node.node.orders import HotkeyOrders
from capture_node.node.recording_errors import AlreadyRecordingError, NotRecordingError
from capture_node.node.wish import RecordingWish
from capture_node.node_paths import NodePaths
from capture_node.node_settings import NodeSettings
from capture_node.recorder.settings import InputScope, Mask
from capture_node.recorder.status import Notice, NoticeKind, RecorderState
from capture_node.sources.catalogue import SourceRequest
from playloom.errors import CaptureError, PlayloomError
from playloom.recording.session import START_FILE
from playloom.recording.session_info import INFO_FILE
from tests.support.fake_machine import FakeHotkeys, FakeMachine
from tests.support.sessions import make_session


class Node:
    """A controller with what it was told and what it said."""

    def __init__(self, root: Path, **settings: object) -> None:
        paths = NodePaths(config=root / "config", data=root / "data")
        self.settings = NodeSettings(paths=paths, spool=root / "spool", **settings)  # type: ignore[arg-type]
        self.machine = FakeMachine()
        self.said: list[Notice] = []
        self.controller = NodeController(self.settings, self.machine, notify=self.said.append)

    @property
    def told(self) -> list[str]:
        return self.machine.recorders[-1].told


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_wish_is_completed_by_the_settings_and_masks_add_up(tmp_path: Path) -> None:
    mask, other = Mask(x=0, y=0, width=0.1, height=0.1), Mask(x=0.5, y=0, width=0.1, height=0.1)
    node = Node(tmp_path, player="ada", source=SourceRequest(window="doom"), masks=(mask,), profile="archive")

    node.controller.start(RecordingWish(game_id="doom", masks=(other,), input_scope=InputScope.PADS))

    assert node.machine.wishes == [
        RecordingWish(
            source=SourceRequest(window="doom"),
            profile="archive",
            player="ada",
            game_id="doom",
            input_scope=InputScope.PADS,
            masks=(mask, other),
        )
    ]


def test_a_second_recording_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.controller.start(RecordingWish())

    with pytest.raises(AlreadyRecordingError, match=r"is recording 'Doom' already. Stop it first: playloom node stop"):
        node.controller.start(RecordingWish())
    with pytest.raises(AlreadyRecordingError):
        node.controller.recover()

    assert node.told == ["start"]
    assert node.controller.status().recorder.state is RecorderState.RECORDING


@pytest.mark.parametrize("order", ["stop", "pause", "resume", "mark", "require_recording"])
def test_what_needs_a_recording_says_so_without_one(tmp_path: Path, order: str) -> None:
    node = Node(tmp_path)

    with pytest.raises(NotRecordingError, match=r"nothing is being recorded. Begin with: playloom node start"):
        getattr(node.controller, order)()


def test_orders_reach_the_recorder_and_the_player_hears_of_them(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.controller.start(RecordingWish())
    node.controller.mark("boss")
    node.controller.pause()
    node.controller.resume()
    node.controller.discard(30)
    [session] = node.controller.stop()

    assert node.told == ["start", "mark boss", "pause", "resume", "discard 30", "stop"]
    assert (session.name, session.finished, session.frames, session.duration_s) == ("one", True, 60, 2.0)
    assert [notice.text for notice in node.said] == [
        "Recording has begun: Doom",
        "This moment is marked: boss",
        "Recording is paused: nothing is kept",
        "Recording goes on",
        "Recording has ended: one",
    ]
    assert node.controller.status().node.spool_sessions == 1


def test_a_recording_that_cannot_begin_leaves_the_node_as_it_was(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.machine.problem = "there is no desktop"

    with pytest.raises(CaptureError, match="there is no desktop"):
        node.controller.start(RecordingWish())

    assert not node.controller.is_recording
    node.machine.problem = None
    node.controller.start(RecordingWish())


def test_a_recording_that_ends_by_itself_is_noticed_and_its_reason_kept(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.controller.start(RecordingWish())
    seen = node.controller.changes

    node.machine.recorders[0].end("the disk is full")

    wait_for(lambda: not node.controller.is_recording)
    assert node.controller.wait_for_change(seen, 10) > seen
    status = node.controller.status().recorder
    assert (status.state, status.failure) == (RecorderState.FAILED, "the disk is full")
    node.controller.start(RecordingWish())
    assert node.controller.status().recorder.failure is None


def test_a_closed_controller_has_ended_its_recording_and_begins_none(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.controller.start(RecordingWish())

    assert [session.name for session in node.controller.close()] == ["one"]
    assert node.controller.close() == []
    with pytest.raises(PlayloomError, match="the node is ending"):
        node.controller.start(RecordingWish())


def test_sessions_that_were_cut_off_are_recovered_and_said_now_and_in_the_status(tmp_path: Path) -> None:
    node = Node(tmp_path)
    session = make_session(tmp_path / "spool", "cut", with_session_json=True)
    (session / INFO_FILE).rename(session / START_FILE)
    make_session(tmp_path / "spool", "whole", with_session_json=True)
    broken = tmp_path / "spool/broken"
    broken.mkdir()
    (broken / START_FILE).write_text("{}")
    (broken / "capture.mp4").write_bytes(b"")

    found = node.controller.recover()

    assert [(one.path.name, one.problem is None) for one in found] == [("broken", False), ("cut", True)]
    assert "cut was cut off and is recovered: session.json: was missing" in node.said[0].text
    assert "broken was cut off and could not be recovered" in node.said[0].text
    assert node.controller.status().recorder.notices == (node.said[0],)
    assert {one.name: one.finished for one in node.controller.sessions()} == {
        "broken": False,
        "cut": True,
        "whole": True,
    }
    assert node.controller.recover()[0].path.name == "broken"


def test_hotkeys_toggle_pause_mark_and_throw_away_and_failing_ones_are_reported(tmp_path: Path) -> None:
    node = Node(tmp_path, discard_s=90.0)
    hotkeys = FakeHotkeys(HotkeyAction.MARK)
    orders = HotkeyOrders(node.controller, hotkeys)

    working = orders.start()
    for action in ("toggle", "pause", "pause", "mark", "discard", "toggle", "pause"):
        hotkeys.press(HotkeyAction(action))
    orders.stop()

    assert HotkeyAction.MARK not in working
    assert len(working) == 3
    assert node.told == ["start", "pause", "resume", "mark None", "discard 90", "stop"]
    [failed] = [notice for notice in node.said if notice.kind is NoticeKind.HOTKEY]
    assert failed.text.endswith("(mark) does not work: another program has it")
    assert failed in node.controller.status().recorder.notices
    assert node.said[-1].warning  # pausing what had ended
    assert node.said[-1].text == "nothing is being recorded. Begin with: playloom node start --window TITLE"


def test_hotkeys_that_fail_for_one_reason_are_told_in_one_sentence(tmp_path: Path) -> None:
    node = Node(tmp_path)
    orders = HotkeyOrders(node.controller, FakeHotkeys(HotkeyAction.MARK, HotkeyAction.PAUSE))

    orders.start()
    orders.stop()

    assert [notice.text for notice in node.said] == [
        "The hotkeys ctrl+shift+f11 (mark), ctrl+shift+f10 (pause) do not work: another program has it"
    ]


def test_the_start_hotkey_records_the_last_source_again(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.controller.start(RecordingWish(source=SourceRequest(window="quake"), name="first"))
    node.controller.stop()

    node.controller.start()

    assert [(wish.source.window, wish.name) for wish in node.machine.wishes] == [("quake", "first"), ("quake", None)]
