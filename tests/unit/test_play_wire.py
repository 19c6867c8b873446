from __future__ import annotations

from dataclasses import replace

import pytest

from playloom.play.errors import PlayError
from playloom.play.policy_facts import ActionHead
from playloom.play.wire import description_message, facts_from
from tests.support.play_facts import COURIER_HEADS, courier_facts


def test_a_policy_is_described_as_it_is() -> None:
    assert facts_from(description_message(courier_facts())) == courier_facts()


def test_a_description_that_no_player_could_follow_is_refused_with_what_is_wrong() -> None:
    facts = courier_facts()
    for strange, words in (
        (replace(facts, fps=0), "whose fps is 0"),
        (replace(facts, history=200, picture_size=(4000, 4000)), "looks at 9600000000 bytes of pictures at once"),
        (
            replace(facts, heads=(replace(COURIER_HEADS[0], kind="lever"), *COURIER_HEADS[1:])),
            "with actions of an unknown kind: lever",
        ),
        (
            replace(facts, heads=(*COURIER_HEADS, ActionHead(name="fly", kind="digital", places=(3,)))),
            "whose heads do not make up its 14 action values",
        ),
    ):
        with pytest.raises(PlayError, match=words):
            facts_from(description_message(strange))
