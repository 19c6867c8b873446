"""What a dataset is to be, checked when it is created."""

from __future__ import annotations

import pytest

from coordinator.datasets.config import GATES, check_config
from coordinator.errors import InvalidError
from tests.support.dataset_service import CONFIG
from workers.jobs.gates import GATES as WORKERS_GATES


def test_what_is_left_out_has_its_default() -> None:
    config = check_config(CONFIG)
    assert (config.fps, config.width, config.codec, config.crf) == (30, 64, "h264", 23)
    assert config.gates == {"too_short": 2}


def test_the_gates_that_can_be_named_are_those_that_workers_know() -> None:
    assert set(GATES) == set(WORKERS_GATES)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fps": 0}, "config.fps: 0 is no whole number from 1 to 240"),
        ({"fps": 29.97}, "config.fps: 29.97 is no whole number"),
        ({"width": 65}, "config.width: 65 is odd"),
        ({"codec": "vp8"}, "config.codec: 'vp8' is not known. Choose one of h264, hevc, av1"),
        ({"class_ids": ["mage"]}, "config.class_ids: the game has no class 'mage'. It has default"),
        ({"class_ids": []}, "config.class_ids: no class is named"),
        ({"class_ids": ["default", "default"]}, "config.class_ids: a class is named twice"),
        ({"game_definition": "game_id: [x"}, "config.game_definition: "),
        ({"game_definition": 5}, "config.game_definition: it is no text"),
        ({"colour": "red"}, "config: 'colour' is not known"),
        ({"max_gap_s": -1}, "config.max_gap_s: -1 is no number from 0 to 3600"),
        ({"action_delay_ms": "soon"}, "config.action_delay_ms: 'soon' is no number"),
        ({"gates": {"Min": 1}}, "config.gates.Min: no quality gate is called so"),
        ({"gates": {"too_short": "x"}}, "config.gates.too_short: 'x' is no number of at least 0"),
        ({"keyboard": "yes"}, "config.keyboard: it is neither true nor false"),
        ({"task": ""}, "config.task: it is no sentence"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused_by_its_field(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_config(CONFIG | changes)
    assert words in str(caught.value)
