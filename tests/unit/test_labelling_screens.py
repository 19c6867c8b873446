from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playloom.errors import PlayloomError
from training.labelling.screens import find_spans, load_screens, read_examples, save_screens, train_screens


def picture(seed: int, kind: str) -> np.ndarray:
    random = np.random.default_rng(seed)
    pixels = np.kron(random.integers(0, 255, (8, 8, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    if kind == "menu":
        pixels = pixels // 3
        pixels[6:26, 8:24] = 30
        pixels[10:13, 10:20] = 230
    if kind == "loading":
        pixels[:] = 10
        pixels[24:26, 6:20] = 200
    return pixels


def write_examples(directory: Path, **counts: int) -> Path:
    for kind, count in counts.items():
        (directory / kind).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(picture(number, kind)).save(directory / kind / f"{number}.png")
    return directory


def test_a_few_pictures_are_enough_to_know_a_menu_over_another_scene(tmp_path: Path) -> None:
    spans = find_spans(write_examples(tmp_path / "shown", menu=6, loading=3, play=20))
    net = train_screens(read_examples(spans, [], (32, 32), ()), steps=60)
    sha = save_screens(tmp_path / "screens.safetensors", net)
    again = load_screens(tmp_path / "screens.safetensors")

    unseen = np.stack([picture(1000 + number, kind) for kind in ("play", "menu", "loading") for number in range(10)])
    menu, loading = again.probabilities(unseen)

    assert len(sha) == 64
    assert (menu > 0.5).tolist() == [False] * 10 + [True] * 10 + [False] * 10
    assert (loading > 0.5).tolist() == [False] * 20 + [True] * 10


def test_spans_stand_in_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "screens.yaml").write_text("menu:\n  - {path: a.mp4, from_s: 3, to_s: 4.5}\nplay: [{path: b.png}]\n")
    menu, play = find_spans(tmp_path / "screens.yaml")
    assert (menu.path, menu.kind, menu.from_s, menu.to_s) == (tmp_path / "a.mp4", 1, 3.0, 4.5)
    assert (play.kind, play.from_s) == (0, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("meny: [{path: a.png}]", "marks 'meny', which is no kind of screen. Did you mean 'menu'"),
        ("menu: [{path: a.mp4, from_s: 3, to_s: 2}]", "ends at 2 s and begins at 3 s"),
        ("menu: [{from_s: 3}]", "'path' is missing"),
        ("play: [{path: a.png}]", "shows neither menus nor loading screens"),
    ],
)
def test_what_is_marked_wrongly_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "screens.yaml").write_text(text)
    with pytest.raises(PlayloomError) as error:
        find_spans(tmp_path / "screens.yaml")
    assert said in str(error.value)
