"""A small policy's facts, and games to play it in, for tests without a model."""

from __future__ import annotations

from playloom.environments.courier.definition import courier_definition, courier_profile
from playloom.play.policy_facts import ActionHead, PolicyFacts
from playloom.play.pressing import Pressing

COURIER_NAMES = (
    "move.x", "move.y", "look.x", "look.y", "shield", "beam",
    "jump", "dash", "interact", "item", "menu", "menu_up", "menu_down", "menu_back",
)  # fmt: skip
COURIER_HEADS = (
    ActionHead(name="move", kind="stick", places=(0, 1)),
    ActionHead(name="look", kind="stick", places=(2, 3)),
    ActionHead(name="shield", kind="trigger", places=(4,)),
    ActionHead(name="beam", kind="trigger", places=(5,)),
    *(ActionHead(name=name, kind="digital", places=(6 + n,)) for n, name in enumerate(COURIER_NAMES[6:])),
)


def courier_facts(*, chunk: int = 8, fps: int = 30, history: int = 2, side: int = 32) -> PolicyFacts:
    return PolicyFacts(
        label="test@1",
        kind="policy",
        game_id="courier",
        layout_version=1,
        action_names=COURIER_NAMES,
        heads=COURIER_HEADS,
        fps=fps,
        picture_size=(side, side),
        history=history,
        frame_step=1,
        chunk=chunk,
        tasks=("Bring parcels",),
    )


def courier_pressing() -> Pressing:
    return Pressing(courier_definition(), courier_profile("pad"))
