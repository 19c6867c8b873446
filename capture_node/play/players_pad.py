"""What a player holds on his own pads, while the system shows the agent's pad beside them.

A pad of the agent's that were taken for the player's would be heard pressing what it is told to press, and so press it
for ever, whatever the kill switch says. The system's drivers give it the name of a pad that games know, so the name
tells nothing: the agent's is the one at the place where it was made.
"""

from __future__ import annotations

from collections.abc import Sequence

from capture_node.clock import now_ns
from capture_node.inputs.events import InputEvent, PadAdded, PadAxis, PadButton, PadRemoved
from capture_node.inputs.hub import InputHub
from capture_node.play.kill_inputs import KillControls
from playloom.environments.held import HeldControls
from playloom.play.kill_switch import NOTHING
from playloom.recording.input_stream import InputSnapshot

PadEvent = PadAdded | PadRemoved | PadAxis | PadButton


class PlayersPad:
    """An `EventSink`. Pads that were there before the agent's was made are the player's.

    Of those that come later one is the agent's: until it is known which, none of them is passed on, though a button
    of theirs throws the kill switch.

    Args:
        kill: the player's keys and buttons that throw the switch.
    """

    def __init__(self, kill: KillControls) -> None:
        self._hub, self._kill = InputHub(), kill
        self._agent_comes = False
        self._agents_place: str | None = None
        self._later: dict[int, str | None] = {}
        self._held: dict[int, InputSnapshot] = {}
        self._hub.attach(self._note, now_ns())

    def expect_agent(self) -> None:
        """A pad of the agent's is about to be made."""
        self._agent_comes = True

    def know_agent(self, place: str | None) -> None:
        """It has been made, and the system has it there; None: it does not say."""
        self._agents_place = place

    def take(self, events: Sequence[InputEvent]) -> None:
        for event in events:
            if isinstance(event, PadAdded):
                self._later.pop(event.pad, None)
                if self._agent_comes:
                    self._later[event.pad] = event.place
        self._kill.take([event for event in events if not self._is_agents(event)])
        self._hub.handle([event for event in events if isinstance(event, PadEvent) and self._is_players(event)])

    def held(self) -> HeldControls:
        """Of the pad that was used last."""
        last = max(self._held.values(), key=lambda one: one.monotonic_ns, default=None)
        return NOTHING if last is None else HeldControls(buttons=last.buttons, axes=last.axes)

    def _is_agents(self, event: InputEvent) -> bool:
        if not isinstance(event, PadEvent) or event.pad not in self._later or self._agents_place is None:
            return False
        return self._later[event.pad] == self._agents_place

    def _is_players(self, event: PadEvent) -> bool:
        if event.pad not in self._later:
            return True
        if self._agents_place is None or self._agents_place not in self._later.values():
            return False
        return self._later[event.pad] not in (None, self._agents_place)

    def _note(self, snapshot: InputSnapshot, events: int) -> None:
        del events
        self._held = {**self._held, snapshot.pad: snapshot}
