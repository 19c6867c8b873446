"""Pictures of Courier's menus, loading screens and play, as somebody would pick them out who looks through a video.

python -m training.experiments.screens SESSIONS DIRECTORY
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image

from playloom.environments.courier.truth import MODES, courier_truth

EACH = 40
"""Pictures of a kind; one would not pick more by hand."""


def main(sessions: str, directory: str) -> int:
    """Write ``DIRECTORY/menu``, ``loading`` and ``play``."""
    random = np.random.default_rng(0)
    found: dict[str, list[Image.Image]] = {mode.value: [] for mode in MODES}
    for path in sorted(Path(sessions).rglob("environment.json")):
        wanted = [kind for kind, pictures in found.items() if len(pictures) < EACH]
        if not wanted:
            break
        _pick(path.parent, found, wanted, random)
    for kind, pictures in found.items():
        if pictures:
            (Path(directory) / kind).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            picture.save(Path(directory) / kind / f"{number:03d}.png")
    print({kind: len(pictures) for kind, pictures in found.items()})
    return 0


def _pick(session: Path, found: dict[str, list[Image.Image]], wanted: list[str], random: np.random.Generator) -> None:
    """Some frames of one session, of each kind that is still wanted."""
    mode = courier_truth(session).mode
    chosen: dict[int, str] = {}
    for kind in wanted:
        (places,) = np.nonzero(mode == [one.value for one in MODES].index(kind))
        few = random.permutation(places)[: min(8, EACH - len(found[kind]))]
        chosen |= {int(place): kind for place in few}
    with av.open(str(session / "capture.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in chosen:
                found[chosen[number]].append(frame.to_image())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
