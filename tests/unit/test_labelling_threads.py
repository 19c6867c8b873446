"""A model takes its share of the processors beside the decoder."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.labelling.threads import threads_for, torch_threads

SECONDS = st.floats(1e-6, 1.0)


@pytest.mark.parametrize(
    ("model_ms", "decode_ms", "cores", "threads"),
    [(0.3, 3.2, 2, 1), (2.0, 3.2, 2, 1), (2.0, 0.3, 2, 2), (2.0, 3.2, 16, 7), (20.0, 0.1, 8, 8), (0.1, 9.0, 1, 1)],
)
def test_small_models_leave_the_processors_to_the_decoder(
    model_ms: float, decode_ms: float, cores: int, threads: int
) -> None:
    assert threads_for(model_ms / 1e3, decode_ms / 1e3, cores) == threads


@given(SECONDS, SECONDS, st.integers(1, 256))
def test_there_is_always_one_and_never_more_than_there_are(model_s: float, decode_s: float, cores: int) -> None:
    assert 1 <= threads_for(model_s, decode_s, cores) <= cores


def test_behind_the_block_pytorch_takes_what_it_took() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
