"""How many threads a model takes of the CPU on which video is decoded beside it.

Decoding takes what it gets of all processors. A small model that takes them all, too, is in its way: PyTorch's threads
wait for each other while a decoder's thread has their place. So the model takes its share of the work, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from training.flops import forward_flops
from training.idm.loading import LoadedIdm

_DECODE_S_A_PIXEL = 3.5e-9
"""H.264 at the rates that people record with, on one core; measured at 720p: 2.7 to 4.3 ms a picture."""

_FLOPS_A_CORE = 30e9
"""What PyTorch makes of one core in models of this size, in float32."""


def threads_for(model_s: float, decode_s: float, cores: int) -> int:
    """Threads of the model, at least one.

    Args:
        model_s, decode_s: of one core, for a row.
        cores: there are so many.
    """
    return min(cores, max(1, math.ceil(cores * model_s / (model_s + decode_s))))


def model_threads(loaded: LoadedIdm, *, overlap: int, pixels: int, cores: int) -> int:
    """Threads for a model that looks at a video.

    Args:
        loaded: the model.
        overlap: how many windows see each frame.
        pixels: of a frame of the video.
        cores: that may be taken.
    """
    window = loaded.config.window
    width, height = loaded.config.picture_size
    nothing = torch.from_numpy(np.zeros((1, window, height, width, 3), np.uint8))
    flops = forward_flops(lambda: loaded.model(nothing))
    hop = math.ceil((window - 1) / overlap)
    return threads_for(flops / hop / _FLOPS_A_CORE, pixels * _DECODE_S_A_PIXEL, cores)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within the block PyTorch takes so many."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
