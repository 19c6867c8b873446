"""How clips are disturbed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.augmentation import Augmentation

KINDS = {
    "compression": Augmentation(compression=1),
    "resize": Augmentation(resize=1),
    "colour": Augmentation(colour=1),
}


def _clip() -> NDArray[np.uint8]:
    blocks = np.random.default_rng(1).integers(0, 255, (4, 6, 8, 3), np.uint8)
    return blocks.repeat(8, 1).repeat(8, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_disturbed_a_little_and_alike_for_one_seed(kind: str) -> None:
    clean, one, again, other = _clip(), _clip(), _clip(), _clip()
    augmentation = KINDS[kind]
    augmentation.apply(one, (1, 2, 3))
    augmentation.apply(again, (1, 2, 3))
    augmentation.apply(other, (1, 2, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert 0 < np.abs(one.astype(int) - clean).mean() < 40


def test_all_frames_of_a_clip_are_disturbed_alike() -> None:
    clip = np.repeat(_clip()[:1], 3, axis=0)
    Augmentation(compression=1, resize=1, colour=1).apply(clip, (5,))
    assert np.array_equal(clip[0], clip[2])


def test_a_share_of_the_clips_stays_as_it_is() -> None:
    augmentation, clean = Augmentation(colour=0.5), _clip()
    untouched = 0
    for seed in range(100):
        clip = clean.copy()
        augmentation.apply(clip, (seed,))
        untouched += np.array_equal(clip, clean)
    assert 30 < untouched < 70


def test_without_any_share_nothing_is_done() -> None:
    clip = _clip()
    Augmentation().apply(clip, (1,))
    assert np.array_equal(clip, _clip())
    assert not Augmentation()
    assert Augmentation(resize=0.1)


def test_it_comes_back_from_its_document() -> None:
    augmentation = Augmentation(compression=0.5, compression_quality=(20, 60), resize_range=(0.25, 2.0))
    assert Augmentation.from_document(json.loads(json.dumps(augmentation.to_document()))) == augmentation
