"""The rules of Courier. One step is one frame, at 30 a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.controls import ButtonMap, CourierInput
from playloom.environments.courier.drawing import SHOWN, draw
from playloom.environments.courier.world import (
    FENCE_LENGTH,
    FENCE_WIDTH,
    GROUND,
    Area,
    make_area,
    offset,
)
from playloom.environments.held import HeldControls

FRAMES_PER_SECOND = 30
SIZE = 128
"""Side of the picture in pixels, unless another is asked for."""

WALK, DASH = 2.6, 4.4
"""Pixels of the ground a frame with the stick at its end."""

LOOK = 26.0
"""How far the camera leans with the right stick at its end, in pixels of the ground."""

JUMP, GRAVITY = 3.2, 0.38
REACH = 16.0
"""From how near a parcel is fetched and brought."""

PULSE_FRAMES = 5
"""For so long one sees that somebody reached out."""

ITEMS = 4
MENU_ENTRIES = 4
LOADING_FRAMES = (18, 45)
PARCELS_AN_AREA = 2


class Mode(StrEnum):
    """What the picture shows."""

    PLAY = "play"
    MENU = "menu"
    LOADING = "loading"


@dataclass(kw_only=True)
class CourierState:
    """Everything that the next frame depends on, and nothing that the seed gives.

    Attributes:
        mode: what the picture shows.
        frame: how many steps were made.
        area: which area.
        place: float64[2], where the courier is on the ground.
        facing: in radians.
        height, rising: of a jump: pixels above the ground, pixels a frame.
        camera: float64[2], how far it leans.
        shield, beam: as last said by the triggers.
        dashing: whether the dash is held.
        pulse: frames for which the reaching out is still seen.
        item: which of `ITEMS` is chosen.
        carrying: whether a parcel is carried.
        parcel, target: numbers of the stops where it lies and where it goes.
        delivered: parcels, altogether.
        menu_entry: the one that is marked.
        loading, loading_frames: frames of the loading screen so far, and altogether.
        held: what was held in the last frame: buttons work when they go down.
    """

    mode: Mode = Mode.PLAY
    frame: int = 0
    area: int = 0
    place: NDArray[np.float64]
    facing: float = 0.0
    height: float = 0.0
    rising: float = 0.0
    camera: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    shield: float = 0.0
    beam: float = 0.0
    dashing: bool = False
    pulse: int = 0
    item: int = 0
    carrying: bool = False
    parcel: int = 0
    target: int = 1
    delivered: int = 0
    menu_entry: int = 0
    loading: int = 0
    loading_frames: int = 0
    held: frozenset[str] = frozenset()

    @property
    def goal(self) -> int:
        """The stop to which the needle points."""
        return self.target if self.carrying else self.parcel


@dataclass(frozen=True, kw_only=True)
class CourierStep:
    """What a step did.

    Attributes:
        picture: uint8[size, size, 3], after it.
        reward: 1 for a parcel that was brought, 0.1 for one that was fetched.
        mode: what the picture shows.
        meant: what the pad said, in the game's terms.
        worked: names of what was pressed and did something, and of the dash while it is held.
        seen: names of what was held and is seen to be held in the picture after it.
    """

    picture: NDArray[np.uint8]
    reward: float
    mode: Mode
    meant: CourierInput
    worked: frozenset[str]
    seen: frozenset[str]


class CourierGame:
    """A game from a seed.

    Args:
        seed: decides everything.
        size: side of the picture in pixels.
        buttons: which button does what; None: the ordinary ones.
    """

    def __init__(self, seed: int, *, size: int = SIZE, buttons: ButtonMap | None = None) -> None:
        self.seed = seed
        self.size = size
        self.buttons = buttons or ButtonMap()
        self._random = np.random.default_rng([seed, 0xC0])
        self.area = make_area(seed, 0)
        self.state = CourierState(place=self._random.uniform(0, GROUND, 2))
        self._choose_stops()

    def picture(self) -> NDArray[np.uint8]:
        """What is seen now: uint8[size, size, 3]."""
        return draw(self.state, self.area, self.size)

    def step(self, held: HeldControls) -> CourierStep:
        """Hold a pad's controls for one frame."""
        meant = self.buttons.read(held)
        state = self.state
        pressed = meant.held - state.held
        reward, worked = 0.0, frozenset[str]()
        match state.mode:
            case Mode.PLAY:
                reward, worked = self._play(meant, pressed)
            case Mode.MENU:
                worked = self._menu(pressed)
            case Mode.LOADING:
                self._load()
        state.held = meant.held
        state.frame += 1
        seen = meant.held & SHOWN[state.mode]
        return CourierStep(
            picture=self.picture(), reward=reward, mode=state.mode, meant=meant, worked=worked, seen=seen
        )

    def _play(self, meant: CourierInput, pressed: frozenset[str]) -> tuple[float, frozenset[str]]:
        state = self.state
        worked = {"dash"} & meant.held
        if "menu" in pressed:
            state.mode, state.menu_entry = Mode.MENU, 0
            return 0.0, frozenset({"menu"})
        self._walk(meant)
        if "jump" in pressed and state.height == 0:
            state.rising = JUMP
            worked |= {"jump"}
        state.height = max(0.0, state.height + state.rising)
        state.rising = state.rising - GRAVITY if state.height > 0 else 0.0
        state.camera += 0.5 * (np.array(meant.look) * LOOK - state.camera)
        state.shield, state.beam, state.dashing = meant.shield, meant.beam, "dash" in meant.held
        if "item" in pressed:
            state.item = (state.item + 1) % ITEMS
            worked |= {"item"}
        state.pulse = max(0, state.pulse - 1)
        if "interact" not in pressed:
            return 0.0, frozenset(worked)
        state.pulse = PULSE_FRAMES
        return self._reach_out(), frozenset(worked | {"interact"})

    def _walk(self, meant: CourierInput) -> None:
        state = self.state
        way = np.array(meant.move)
        length = float(np.hypot(*way))
        if length > 1:
            way = way / length
        if length > 0.1:
            state.facing = float(np.arctan2(way[1], way[0]))
        step = way * (DASH if "dash" in meant.held else WALK)
        if state.height < FENCE_WIDTH:  # who is in the air passes over
            for axis in (0, 1):
                ahead = state.place.copy()
                ahead[axis] = (ahead[axis] + step[axis]) % GROUND
                if self._fenced(ahead) and not self._fenced(state.place):
                    step[axis] = 0.0
        state.place = (state.place + step) % GROUND

    def _fenced(self, place: NDArray[np.float64]) -> bool:
        away = np.abs(offset(self.area.fences[:, :2], place))
        along_y = self.area.fences[:, 2] == 1
        along = np.where(along_y, away[:, 1], away[:, 0])
        across = np.where(along_y, away[:, 0], away[:, 1])
        return bool(((along < FENCE_LENGTH / 2 + 2) & (across < FENCE_WIDTH / 2 + 2)).any())

    def _reach_out(self) -> float:
        state = self.state
        if np.hypot(*offset(state.place, self.area.stops[state.goal])) > REACH:
            return 0.0
        if not state.carrying:
            state.carrying = True
            return 0.1
        state.carrying = False
        state.delivered += 1
        if state.delivered % PARCELS_AN_AREA == 0:
            state.mode = Mode.LOADING
            state.loading, state.loading_frames = 0, int(self._random.integers(*LOADING_FRAMES))
        else:
            self._choose_stops()
        return 1.0

    def _menu(self, pressed: frozenset[str]) -> frozenset[str]:
        state = self.state
        if pressed & {"menu", "menu_back"}:
            state.mode = Mode.PLAY
        elif "menu_up" in pressed:
            state.menu_entry = (state.menu_entry - 1) % MENU_ENTRIES
        elif "menu_down" in pressed:
            state.menu_entry = (state.menu_entry + 1) % MENU_ENTRIES
        elif "jump" in pressed:  # in a menu the same button says yes
            if state.menu_entry == 0:
                state.mode = Mode.PLAY
            else:
                state.item = (state.item + state.menu_entry) % ITEMS
        else:
            return frozenset()
        return frozenset(pressed & {"menu", "menu_back", "menu_up", "menu_down", "jump"})

    def _load(self) -> None:
        state = self.state
        state.loading += 1
        if state.loading < state.loading_frames:
            return
        state.area += 1
        self.area: Area = make_area(self.seed, state.area)
        state.place = self._random.uniform(0, GROUND, 2)
        state.height = state.rising = 0.0
        state.camera = np.zeros(2)
        state.mode = Mode.PLAY
        self._choose_stops()

    def _choose_stops(self) -> None:
        first, second = self._random.choice(len(self.area.stops), 2, replace=False)
        self.state.parcel, self.state.target = int(first), int(second)
