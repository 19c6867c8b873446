"""Policies at play in Courier, whose every chunk is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from playloom.errors import OutputError
from tests.support.toy_policies import COURIER_NAMES, ToyChunk, ToyPolicy, walking
from training.errors import PolicyError, TrainingError
from training.rollouts.episode import Episode
from training.rollouts.journal import Journal
from training.rollouts.player_room import PlayerRoom
from training.rollouts.settings import GameSettings, Machine, Player
from training.rollouts.videos import Rollout, write_rollout

GAME = GameSettings(environment="courier", size=(32, 32), max_steps=12)
TOY = Player(name="toy@7", checkpoint=Path("/toy"), sha256="0", execute=2, task="Deliver the parcels")


def play(policy: ToyPolicy, seed: int = 5, *, player: Player = TOY, game: GameSettings = GAME) -> Episode:
    return PlayerRoom(game, Machine(), opener=lambda path, device: policy).play(player, seed)


def test_a_policy_holds_its_rows_from_the_frame_after_the_first_picture_on() -> None:
    episode = play(ToyPolicy(rows=walking(**{"move.x": 0.5, "dash": 1.0})))
    assert (episode.steps, episode.ended_by) == (12, "max_steps")
    assert episode.rows is not None
    assert episode.rows[:, COURIER_NAMES.index("move.x")].tolist() == [0.0] + [0.5] * 11
    assert episode.rows[:, COURIER_NAMES.index("dash")].tolist() == [0.0] + [1.0] * 11
    assert len(episode.chunk_s) == 6
    late = play(ToyPolicy(rows=walking(dash=1.0)), player=replace(TOY, delay=2))
    assert late.rows is not None
    assert late.rows[:, COURIER_NAMES.index("dash")].tolist() == [0.0] * 3 + [1.0] * 9


def test_it_is_told_what_is_held_and_sees_the_pictures_up_to_now_after_one_that_warms_it_up() -> None:
    policy = ToyPolicy(rows=walking(**{"move.y": 1.0}))
    play(policy)
    warm, *asked = policy.seen
    assert not warm[0].any()
    assert len(asked) == 6
    assert [held[COURIER_NAMES.index("move.y")] for _, held, _ in asked] == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    pictures = [pictures for pictures, _, _ in asked]
    assert np.array_equal(pictures[0][0], pictures[0][1])  # the first picture stands for the one before it
    assert not np.array_equal(pictures[2][0], pictures[2][1])
    first = asked[0][2]
    assert [seed - first for _, _, seed in asked] == [0, 2, 4, 6, 8, 10]  # with the frames: see `chunk_noise`


def test_the_same_game_is_played_the_same_again_and_another_seed_is_another_game() -> None:
    def rows(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.tile(picture[16, 12:26, 1] / np.float32(255), (4, 1)).astype(np.float32)

    one, again, other = (play(ToyPolicy(rows=rows), seed=seed) for seed in (5, 5, 6))
    assert one.rows is not None
    assert again.rows is not None
    assert other.rows is not None
    assert np.array_equal(one.rows, again.rows)
    assert not np.array_equal(one.rows, other.rows)


def test_agents_play_the_same_games() -> None:
    room = PlayerRoom(replace(GAME, max_steps=40), Machine())
    noop, scripted = (room.play(Player(name=name), 5) for name in ("noop", "scripted"))
    assert (noop.steps, noop.score, noop.rows, noop.chunk_s) == (40, 0.0, None, ())
    assert scripted.steps == 40


@dataclass
class SpoiledPolicy(ToyPolicy):
    """Says no number from the third time on."""

    def act(self, pictures: NDArray[np.uint8], **asked: object) -> ToyChunk:
        chunk = super().act(pictures, **asked)  # type: ignore[arg-type]
        if len(self.seen) > 3:
            raise PolicyError("toy@7: row 0 that it says for player 0 of the batch is no number", remedy="Take another")
        return chunk


def test_a_policy_that_says_no_number_is_named_with_the_game_and_the_frame() -> None:
    with pytest.raises(TrainingError, match=r"toy@7, seed 5, frame 4: toy@7: row 0 .* is no number\. Take another"):
        play(SpoiledPolicy(rows=walking()))


def test_what_was_played_is_kept_and_not_taken_for_what_another_policy_played(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out", GAME.to_document())
    episode = play(ToyPolicy(rows=walking(beam=0.75)))
    journal.add(episode, TOY.fingerprint)
    again = Journal(tmp_path / "out", GAME.to_document())
    kept = again.played("toy@7", TOY.fingerprint, 5)
    assert kept is not None
    assert (kept.score, kept.steps, len(kept.chunk_s)) == (episode.score, 12, 6)
    assert again.rows("toy@7", 5)[1:, COURIER_NAMES.index("beam")].tolist() == [0.75] * 11
    assert again.played("toy@7", TOY.fingerprint, 6) is None
    assert again.played("toy@7", replace(TOY, sha256="1").fingerprint, 5) is None
    assert again.played("toy@7", replace(TOY, checkpoint=Path("/elsewhere")).fingerprint, 5) is not None
    (tmp_path / "out/episodes/toy@7/5.json").write_text('{"player": "toy')
    assert again.played("toy@7", TOY.fingerprint, 5) is None


def test_a_folder_of_another_game_or_of_other_files_is_not_mixed_up(tmp_path: Path) -> None:
    Journal(tmp_path / "out", GAME.to_document())
    with pytest.raises(OutputError, match=r"set up in another way \(max_steps\)"):
        Journal(tmp_path / "out", replace(GAME, max_steps=13).to_document())
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/aunt.txt").write_text("Dear aunt")
    with pytest.raises(OutputError, match="holds other files"):
        Journal(tmp_path / "letters", GAME.to_document())


def decoded(path: Path) -> list[av.VideoFrame]:
    frames: list[av.VideoFrame] = []
    with av.open(str(path)) as container:
        frames += container.decode(video=0)
    return frames


def test_a_video_is_the_play_that_was_kept_drawn_again(tmp_path: Path) -> None:
    game = replace(GAME, max_steps=90)
    scores = []
    for seed in (5, 6):
        episode = play(ToyPolicy(rows=walking(**{"move.x": 1.0, "jump": 1.0})), seed=seed, game=game)
        assert episode.rows is not None
        rollout = Rollout(game=game, seed=seed, names=tuple(COURIER_NAMES), rows=episode.rows, title="toy@7, best")
        scores.append((write_rollout(rollout, tmp_path / "videos/a.mp4", longest_s=0.5), episode.score))
    assert [again for again, _ in scores] == pytest.approx([score for _, score in scores])
    frames = decoded(tmp_path / "videos/a.mp4")
    assert len(frames) == 15
    assert (frames[0].width, frames[0].height) == (732, 416)
    assert frames[0].to_ndarray(format="rgb24")[100:300, 100:300].std() > 10
