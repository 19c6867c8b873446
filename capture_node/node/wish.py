"""What someone wants recorded. Whatever a wish leaves open is as the node's settings say."""

from __future__ import annotations

from dataclasses import dataclass, field

from capture_node.recorder.settings import InputScope, Mask
from capture_node.sources.catalogue import SourceRequest


@dataclass(frozen=True, kw_only=True)
class RecordingWish:
    """A recording as it is asked for.

    Attributes:
        source: what to record; an empty one is the settings'.
        profile: a capture profile's name.
        name: the session directory's name; None: the session's id.
        player, game_id, task: as in `SessionInfo`.
        mapping_profile: the mapping profile that fits the player's controls.
        input_scope: when inputs are recorded.
        masks: of the picture, in addition to the settings'.
    """

    source: SourceRequest = field(default_factory=SourceRequest)
    profile: str | None = None
    name: str | None = None
    player: str | None = None
    game_id: str | None = None
    mapping_profile: str | None = None
    task: str | None = None
    input_scope: InputScope | None = None
    masks: tuple[Mask, ...] = ()
