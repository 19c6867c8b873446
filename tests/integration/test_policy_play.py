from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture_node.play.kill_inputs import KillControls, killed_by_file, killed_by_signals
from capture_node.play.link import PolicyLink, PolicyServerError
from capture_node.play.pilot import Pilot, PilotOptions, chosen_task
from playloom.client.access import ServerAccess
from playloom.controls import AXIS_IDS, BUTTON_IDS
from playloom.environments.held import HeldControls
from playloom.errors import PlayloomError
from playloom.play.assist import Assist
from playloom.play.errors import PlayError
from playloom.play.kill_switch import NOTHING, GuardedSink, KillSwitch
from playloom.recording.acting_log import ActingLog
from tests.support.play_facts import courier_facts, courier_pressing
from tests.support.policy_server_child import ChildService, serve
from tests.support.ports import lasting_port

LONG_S = 60.0
TICK_S = 1 / 60
PICTURE = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)
JUMP = BUTTON_IDS["south"]
AGENT = HeldControls(buttons=frozenset({JUMP}), axes=(1.0, 0.0, 0.0, 0.0, 0.5, 0.0))


class Sink:
    """Keeps what is held, each change with its time."""

    def __init__(self) -> None:
        self.held = NOTHING
        self.changes: list[tuple[float, HeldControls]] = []

    def hold(self, held: HeldControls) -> None:
        if held != self.held:
            self.held = held
            self.changes.append((time.monotonic(), held))

    def close(self) -> None:
        self.hold(NOTHING)


class Play:
    """A pilot at a game that shows one picture for ever."""

    def __init__(
        self, link: PolicyLink, said: list[str], switch: KillSwitch, stack: ExitStack, *, execute: int = 0
    ) -> None:
        self.said, self.switch, self.sink = said, switch, Sink()
        pressing = courier_pressing()
        self.log = ActingLog(link.facts.label, pressing.actions)
        guard = stack.enter_context(
            GuardedSink(self.sink, switch, noted=lambda held, acting: self.log.note(time.monotonic_ns(), acting))
        )
        assist = Assist(link.facts, pressing)
        self.pilot = Pilot(
            link, pressing, assist, guard, PilotOptions(blend=0, execute=execute), log=self.log, tell=said.append
        )

    def until(self, holds: Callable[[], bool], *, player: HeldControls = NOTHING) -> None:
        """Play on until this is so."""
        until_s = time.monotonic() + LONG_S
        while not holds():
            assert time.monotonic() < until_s, (self.said, self.sink.held, self.pilot.figures)
            self.step(player)

    def step(self, player: HeldControls = NOTHING) -> None:
        self.pilot.step(PICTURE, player)
        time.sleep(TICK_S)

    @property
    def plays(self) -> bool:
        return self.sink.held == AGENT

    @property
    def lets_go(self) -> bool:
        return self.sink.held == NOTHING


@contextmanager
def playing(port: int, *, silence_s: float = 0.4, execute: int = 0) -> Iterator[Play]:
    said: list[str] = []
    access = ServerAccess(address=f"127.0.0.1:{port}", tls=False, token="t" * 43)
    with ExitStack() as stack:
        link = stack.enter_context(PolicyLink(access, said.append, silence_s=silence_s))
        yield Play(link, said, KillSwitch(), stack, execute=execute)


@contextmanager
def server(how: str, **options: int) -> Iterator[tuple[int, ChildService]]:
    found, port, service = serve(how, **options)
    try:
        yield port, service
    finally:
        found.stop(0).wait()


@contextmanager
def child(how: str, directory: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.policy_server_child", how, str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def test_what_the_policy_says_is_held_and_what_is_held_and_seen_is_told_to_it() -> None:
    with server("good") as (port, service), playing(port) as play:
        play.until(lambda: play.plays)
        play.until(lambda: len(service.seen) > 2)
        seen = service.seen[-1]
        assert len(seen.pictures) == courier_facts().picture_bytes
        assert seen.held[:7] == [1.0, 0.0, 0.0, 0.0, 0.5, 0.0, 1.0]
        assert service.seen[0].held[0] == 0.0
        assert play.log.mask_at(time.monotonic_ns()) == 2**12 - 1
        assert play.said == []


def test_a_server_that_never_answers_holds_nobody_up_and_nothing_is_held() -> None:
    with server("deaf") as (port, _), playing(port, silence_s=0.1) as play:
        for _ in range(40):
            play.step()
        assert play.pilot.figures.without_row == 40
        assert not play.sink.changes
        play.until(lambda: bool(play.said))
        assert play.said[0].startswith("The policy server does not answer within 0.1 s: everything is let go")


def test_an_answer_that_comes_when_what_it_covered_is_past_is_not_held_and_the_player_is_told() -> None:
    with server("slow") as (port, _), playing(port, silence_s=LONG_S) as play:
        play.until(lambda: play.pilot.figures.late_chunks > 0)
        assert not play.sink.changes
        assert play.said[0].startswith("The policy is too slow: an answer took 1")
        assert "and what it covered lasts 267 ms; nothing of it is held until one comes in time" in play.said[0]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("nan", "gives an answer that is not acted on: the policy's answer for 'look' is no number"),
        ("narrow", "gives an answer that is not acted on: the policy answers in another layout: 8 rows, 104 values"),
    ],
)
def test_an_answer_that_nobody_may_act_on_is_never_held(how: str, words: str) -> None:
    with server(how) as (port, service), playing(port) as play:
        play.until(lambda: len(service.seen) > 2)  # it was tried again
        assert not play.sink.changes
        assert words in play.said[0]
        assert len(play.said) == 1


def test_answers_that_turn_bad_are_let_go_of_and_good_ones_are_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays)
        (tmp_path / "how").write_text("nan")
        play.until(lambda: play.lets_go)
        (tmp_path / "how").write_text("good")
        play.until(lambda: play.plays)
        assert [text.split(":")[0] for text in play.said] == [
            "The policy server gives an answer that is not acted on",
            "The policy server is there again",
        ]


def test_a_server_that_is_killed_is_let_go_of_and_played_by_again_when_it_is_there(tmp_path: Path) -> None:
    port = lasting_port()
    with child("good", tmp_path, port) as (process, _), playing(port) as play:
        play.until(lambda: play.plays)
        process.kill()
        play.until(lambda: play.lets_go)
        play.until(lambda: bool(play.said))
        assert "everything is let go" in play.said[0]
        with child("good", tmp_path, port):
            play.until(lambda: play.plays)
        assert play.said[1] == "The policy server is there again"


def test_a_server_that_is_stopped_is_let_go_of_when_its_answer_is_played_out(tmp_path: Path) -> None:
    with child("good", tmp_path) as (process, port), playing(port) as play:
        play.until(lambda: play.plays)
        process.send_signal(signal.SIGSTOP)
        play.until(lambda: play.lets_go)
        play.until(lambda: any("does not answer within" in text for text in play.said))
        process.send_signal(signal.SIGCONT)
        play.until(lambda: play.plays)


def test_a_line_that_comes_back_is_asked_about_what_is_seen_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with server("nan", chunk=1000) as (port, service), playing(port, execute=500) as play:
        play.until(lambda: len(service.seen) == 3)
        assert play.pilot.figures.frames < 500


def test_a_line_that_comes_back_with_a_later_checkpoint_is_played_by_and_both_stand_in_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays)
        (tmp_path / "how").write_text("nan")
        play.until(lambda: play.lets_go)
        (tmp_path / "how").write_text("later")
        play.until(lambda: play.plays)
        assert play.log.to_document()["policy"] == "test@1, test@2"


def test_frames_that_went_by_unseen_take_their_rows_with_them() -> None:
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays)
        left = play.pilot.left
        play.pilot.skip(left)
        assert play.pilot.left == 0
        play.step()
        assert play.pilot.figures.without_row > 0


def test_an_answer_is_asked_for_before_the_last_one_is_over(tmp_path: Path) -> None:
    access = ServerAccess(address="", tls=False, token=None)
    with server("good") as (port, _), PolicyLink(replace(access, address=f"127.0.0.1:{port}")) as link:
        pressing, switch = courier_pressing(), KillSwitch()
        with GuardedSink(Sink(), switch) as guard, pytest.raises(PlayError, match=r"covers 8 frames.*--execute 1 to 8"):
            Pilot(link, pressing, Assist(link.facts, pressing), guard, PilotOptions(execute=9))


def test_a_server_that_comes_back_with_another_game_is_not_followed(tmp_path: Path) -> None:
    port = lasting_port()
    with child("good", tmp_path, port) as (process, _), playing(port) as play:
        play.until(lambda: play.plays)
        process.kill()
        process.wait()
        with child("other", tmp_path, port):
            play.until(lambda: len(play.said) > 1)
            assert "plays otherwise and is not followed" in play.said[1]
            for _ in range(20):
                play.step()
            assert play.lets_go


def test_the_kill_switch_wins_at_once_and_until_it_is_armed_again() -> None:
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays)
        play.switch.kill("a test")
        assert play.lets_go  # before any further frame
        changes = len(play.sink.changes)
        for _ in range(30):
            play.step()
        assert len(play.sink.changes) == changes
        assert play.log.mask_at(time.monotonic_ns()) == 0
        assert play.pilot.figures.killed == 30
        play.switch.rearm()
        play.until(lambda: play.plays)


def test_the_kill_switch_wins_over_a_server_that_floods() -> None:
    with server("flood") as (port, service), playing(port) as play:
        play.until(lambda: play.plays)
        play.switch.kill("a test")
        assert play.lets_go
        changes, seen = len(play.sink.changes), len(service.seen)
        play.until(lambda: len(service.seen) > seen + 1)  # it floods, is left, and is tried again
        assert len(play.sink.changes) == changes
        assert any("gives an answer that is not acted on" in text for text in play.said)


def test_a_file_throws_the_switch_and_who_removes_it_arms_it_again(tmp_path: Path) -> None:
    off = tmp_path / "off"
    with server("good") as (port, _), playing(port) as play, killed_by_file(play.switch, off):
        play.until(lambda: play.plays)
        off.touch()
        wait_until(lambda: play.lets_go)  # without the loop
        play.step()
        assert play.switch.reason == f"the file {off}"
        off.unlink()
        play.until(lambda: play.plays)


def test_a_file_that_nobody_can_look_for_throws_the_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = KillSwitch()

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "lstat", refused)
        with killed_by_file(switch, tmp_path / "off"):
            assert switch.is_off


def test_a_file_keeps_it_off_though_the_key_arms_it_and_another_reason_outlives_the_file(tmp_path: Path) -> None:
    off, switch = tmp_path / "off", KillSwitch()
    off.touch()
    kill = KillControls(switch, key=69, rearm_key=68)
    with killed_by_file(switch, off):
        off.unlink()  # before it was looked for again
        wait_until(lambda: not switch.is_off)
        off.touch()
        wait_until(lambda: switch.is_off)
        kill.pressed_key(69)
        kill.pressed_key(68)
        assert switch.is_off
        kill.pressed_key(69)
        off.unlink()
        wait_until(lambda: len(switch.reasons) == 1)
        assert switch.reasons == ("the kill key",)


def test_ctrl_c_throws_the_switch_in_the_middle_of_anything() -> None:
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays)
        with pytest.raises(KeyboardInterrupt), killed_by_signals(play.switch):
            signal.raise_signal(signal.SIGINT)
        assert play.lets_go
        assert play.switch.reason == "Ctrl-C"


def test_the_players_keys_and_buttons_throw_the_switch() -> None:
    switch = KillSwitch()
    kill = KillControls(switch, key=69, button=5, rearm_key=68)
    assert not kill.pressed_key(4)
    assert kill.pressed_key(69)
    assert switch.reason == "the kill key"
    assert kill.pressed_key(68)
    assert not switch.is_off
    assert kill.pressed_button(5)
    assert switch.reason == "the kill button"


def test_a_player_keeps_the_pad_when_the_agent_is_switched_off() -> None:
    player = HeldControls(buttons=frozenset({BUTTON_IDS["west"]}), axes=(-1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    with server("good") as (port, _), playing(port) as play:
        play.until(lambda: play.plays, player=player)
        play.switch.kill("a test")
        assert play.sink.held == player
        play.step(player)
        assert play.sink.held == player


def test_where_nobody_serves_the_error_says_what_to_do() -> None:
    access = ServerAccess(address=f"127.0.0.1:{lasting_port()}", tls=False, token="t" * 43)
    with pytest.raises(PolicyServerError, match=r"cannot be reached: .*See that 'playloom policy serve' runs there"):
        PolicyLink(access)


def test_a_task_that_the_policy_does_not_know_is_refused_with_those_it_knows() -> None:
    assert chosen_task(courier_facts(), None) == "Bring parcels"
    with pytest.raises(PlayloomError, match=r"does not know the task 'Dance'\. It knows 'Bring parcels'"):
        chosen_task(courier_facts(), "Dance")


def test_triggers_and_sticks_come_as_far_as_the_policy_pushes_them() -> None:
    assert AGENT.axes[AXIS_IDS["left_trigger"]] == 0.5


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.005)
