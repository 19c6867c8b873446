"""Which clips there are and in which order they come, for any lengths, windows, seeds and ranks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.training_rows import dataset_of
from training.data.clips import ClipPlan
from training.data.order import ClipOrder
from training.errors import DatasetMismatchError

lengths = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def test_a_clip_begins_every_stride_frames_and_ends_within_its_episode() -> None:
    plan = ClipPlan(dataset_of([10, 3, 7]), [0, 1, 2], window=4, stride=2)
    assert [plan[clip] for clip in range(len(plan))] == [(0, 0), (0, 2), (0, 4), (0, 6), (2, 0), (2, 2)]
    assert plan.too_short == (1,)


def test_frames_may_be_left_out_between_those_of_a_clip() -> None:
    plan = ClipPlan(dataset_of([9]), [0], window=3, stride=1, frame_step=4)
    assert ([plan[clip] for clip in range(len(plan))], plan.offsets.tolist()) == ([(0, 0)], [0, 4, 8])


@settings(deadline=None, max_examples=60)
@given(lengths=lengths, window=st.integers(1, 9), stride=st.integers(1, 7), step=st.integers(1, 4))
def test_no_clip_reaches_over_an_episodes_edge_and_none_is_left_out(
    lengths: list[int], window: int, stride: int, step: int
) -> None:
    dataset = dataset_of(lengths)
    wanted = [
        (episode, start)
        for episode, length in enumerate(lengths)
        for start in range(0, length, stride)
        if start + (window - 1) * step < length
    ]
    if not wanted:
        with pytest.raises(DatasetMismatchError, match="smaller window"):
            ClipPlan(dataset, range(len(lengths)), window=window, stride=stride, frame_step=step)
        return
    plan = ClipPlan(dataset, range(len(lengths)), window=window, stride=stride, frame_step=step)
    assert [plan[clip] for clip in range(len(plan))] == wanted


@pytest.mark.parametrize(("window", "stride", "frame_step"), [(0, 1, 1), (2, 0, 1), (2, 1, 0)])
def test_a_window_of_nothing_is_refused(window: int, stride: int, frame_step: int) -> None:
    with pytest.raises(DatasetMismatchError, match="at least 1"):
        ClipPlan(dataset_of([10]), [0], window=window, stride=stride, frame_step=frame_step)


@settings(deadline=None, max_examples=60)
@given(
    lengths=lengths.filter(lambda some: max(some) >= 3),
    seed=st.integers(0, 5),
    world=st.integers(1, 3),
    spread=st.sampled_from([None, 1, 3, 50]),
    epochs=st.integers(1, 3),
    shuffle=st.booleans(),
    chunk_frames=st.sampled_from([4, 16, 64]),
)
def test_every_clip_comes_once_an_epoch_to_one_rank(
    lengths: list[int], seed: int, world: int, spread: int | None, epochs: int, shuffle: bool, chunk_frames: int
) -> None:
    plan = ClipPlan(dataset_of(lengths), range(len(lengths)), window=3)
    if len(plan) < world:
        return
    came: Counter[tuple[int, int]] = Counter()
    for rank in range(world):
        order = ClipOrder(
            plan, seed=seed, chunk_frames=chunk_frames, spread=spread, epochs=epochs, rank=rank, world=world,
            shuffle=shuffle,
        )  # fmt: skip
        assert order.segments is not None
        for number in range(order.segments + 1):
            segment = order.segment(number)
            came.update(zip((segment.chunks // order.chunks_of_epoch).tolist(), segment.clips.tolist(), strict=True))
    assert came == Counter({(epoch, clip): 1 for epoch in range(epochs) for clip in range(len(plan))})


@settings(deadline=None, max_examples=60)
@given(
    lengths=lengths.filter(lambda some: max(some) >= 3),
    seed=st.integers(0, 5),
    spread=st.integers(1, 9),
    epochs=st.sampled_from([None, 2]),
)
def test_few_chunks_are_needed_at_a_time_and_they_are_begun_in_their_order(
    lengths: list[int], seed: int, spread: int, epochs: int | None
) -> None:
    plan = ClipPlan(dataset_of(lengths), range(len(lengths)), window=3)
    order = ClipOrder(plan, seed=seed, chunk_frames=8, spread=spread, epochs=epochs)
    chunks = [place for number in range(4) for place in order.segment(number).chunks.tolist()]
    last = {place: at for at, place in enumerate(chunks)}
    whole = [place for place in last if place < 2 * order.chunks_of_epoch]
    assert order.spread is not None
    for at in range(len(chunks)):
        newest = max(place for place in chunks[: at + 1])
        open_now = [place for place in whole if place <= newest and last[place] >= at]
        assert len(open_now) <= order.spread + 1


def test_the_order_is_the_same_every_time_and_another_with_another_seed() -> None:
    plan = ClipPlan(dataset_of([40, 50]), [0, 1], window=3)
    orders = [ClipOrder(plan, seed=seed, chunk_frames=8, spread=3).segment(1).clips for seed in (1, 1, 2)]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_a_chunk_holds_the_clips_that_the_order_says() -> None:
    plan = ClipPlan(dataset_of([40, 9, 50]), [0, 1, 2], window=3)
    order = ClipOrder(plan, seed=1, chunk_frames=8, spread=3)
    segment = order.segment(0)
    for clip, place in zip(segment.clips.tolist(), segment.chunks.tolist(), strict=True):
        first, count = order.chunk(place)
        assert first <= clip < first + count
        assert len({plan[one][0] for one in range(first, first + count)}) == 1


def test_fewer_clips_than_ranks_are_refused() -> None:
    plan = ClipPlan(dataset_of([4]), [0], window=3)
    with pytest.raises(DatasetMismatchError, match="2 clips cannot be divided among 3 ranks"):
        ClipOrder(plan, seed=1, chunk_frames=8, spread=3, rank=0, world=3)
