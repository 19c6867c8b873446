from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from playloom.controls import BUTTON_IDS
from playloom.environments.held import HeldControls
from playloom.errors import PlayloomError
from playloom.play.assist import Assist
from playloom.play.errors import BadChunkError, LayoutMismatchError
from playloom.play.policy_facts import checked_rows
from playloom.play.timeline import Row
from tests.support.play_facts import COURIER_HEADS, COURIER_NAMES, courier_facts, courier_pressing

SOUTH, SHOULDER = BUTTON_IDS["south"], BUTTON_IDS["right_shoulder"]
PLAYER = HeldControls(buttons=frozenset({SOUTH}), axes=(1.0, 0.0, 0.5, 0.5, 0.0, 0.0))


def row(confidence: float = 1.0, **values: float) -> Row:
    vector, sure = np.zeros(14, np.float32), np.full(len(COURIER_HEADS), confidence, np.float32)
    for name, value in values.items():
        vector[COURIER_NAMES.index(name.replace("_x", ".x").replace("_y", ".y"))] = value
    return Row(values=vector, confidence=sure)


def test_without_a_row_everything_is_the_players() -> None:
    wish = Assist(courier_facts(), courier_pressing()).wish(None, PLAYER)
    assert (wish.held, wish.acting) == (PLAYER, frozenset())


def test_an_agent_that_has_all_actions_holds_them_and_the_players_pad_says_nothing() -> None:
    wish = Assist(courier_facts(), courier_pressing()).wish(row(dash=1, look_x=-0.25), PLAYER)
    assert wish.held == HeldControls(buttons=frozenset({SHOULDER}), axes=(0.0, 0.0, -0.25, 0.0, 0.0, 0.0))
    assert wish.player == PLAYER
    assert len(wish.acting) == 12


def test_an_assistant_holds_its_actions_and_the_player_the_others() -> None:
    assist = Assist(courier_facts(), courier_pressing(), actions=["dash", "look"])
    wish = assist.wish(row(dash=1, look_x=-0.25, jump=1, move_x=-1), PLAYER)
    assert wish.held == HeldControls(buttons=frozenset({SOUTH, SHOULDER}), axes=(1.0, 0.0, -0.25, 0.0, 0.0, 0.0))
    assert wish.acting == {"look", "dash"}
    assert assist.actions == ("look", "dash")


def test_an_action_that_the_agent_is_not_sure_of_is_the_players() -> None:
    assist = Assist(courier_facts(), courier_pressing(), actions=["dash", "look"], confidence=0.6)
    unsure = row(0.5, dash=1, look_x=-0.25)
    unsure.confidence[1] = 0.6  # of look
    wish = assist.wish(unsure, PLAYER)
    assert wish.acting == {"look"}
    assert wish.held == HeldControls(buttons=frozenset({SOUTH}), axes=(1.0, 0.0, -0.25, 0.0, 0.0, 0.0))


def test_a_policy_of_another_layout_is_refused_with_both_layouts() -> None:
    facts = replace(courier_facts(), action_names=("fire",), heads=COURIER_HEADS[:1])
    with pytest.raises(
        LayoutMismatchError, match=r"the policy's actions are fire; those of courier are move.x, move.y"
    ):
        Assist(facts, courier_pressing())


def test_an_action_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(PlayloomError, match=r"courier has no action 'das'.*dash"):
        Assist(courier_facts(), courier_pressing(), actions=["das"])


def answer(*, frame: int = 3, rows: int = 8, value: float = 0.0, confidence: float = 0.5, width: int = 14) -> object:
    values, sure = [0.0] * (rows * width), [confidence] * (rows * len(COURIER_HEADS))
    values[4] = value
    return checked_rows(courier_facts(), frame, rows, values, sure, asked=3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frame": 2}, "answers for frame 2, and frame 3 was asked"),
        ({"rows": 7}, "in another layout: 7 rows"),
        ({"width": 13}, "in another layout: 8 rows, 104 values"),
        ({"value": math.nan}, "'shield' is no number"),
        ({"value": math.inf}, "'shield' is no number"),
        ({"value": 40.0}, "'shield' is 40, beyond 1"),
        ({"confidence": math.nan}, "confidence is no number from 0 to 1"),
        ({"confidence": 1.5}, "confidence is no number from 0 to 1"),
    ],
)
def test_an_answer_that_nobody_may_act_on_is_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(BadChunkError, match=words):
        answer(**wrong)  # type: ignore[arg-type]


def test_an_answer_to_nothing_is_refused() -> None:
    with pytest.raises(BadChunkError, match="nothing was asked"):
        checked_rows(courier_facts(), 3, 8, [0.0] * 112, [0.5] * 96, asked=-1)


def test_an_agent_that_is_to_hold_nothing_at_all_is_refused() -> None:
    with pytest.raises(PlayloomError, match=r"no action is the agent's\. Name some to hold, of move, look"):
        Assist(courier_facts(), courier_pressing(), actions=())


def test_no_stick_is_pushed_further_than_it_goes_whatever_a_policy_takes_it_for() -> None:
    facts = courier_facts()
    mouse = replace(facts, heads=(replace(COURIER_HEADS[0], kind="mouse"), *COURIER_HEADS[1:]))
    assert Assist(mouse, courier_pressing()).wish(row(move_x=300.0)).held.axes[:2] == (1.0, 0.0)
