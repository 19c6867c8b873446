"""Choosing episodes of a version by whose they are, which session they come from, when, and who labelled them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from playloom.errors import PlayloomError
from playloom.manifest.version import ShardRef, ShardSession


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which episodes are wanted; what is left empty wants all.

    Attributes:
        players: names or ids.
        sessions: ids.
        since_unix_ns, before_unix_ns: recorded in this time.
        label_sources: "recorded", or who labelled.
    """

    players: Collection[str] = ()
    sessions: Collection[str] = ()
    since_unix_ns: int | None = None
    before_unix_ns: int | None = None
    label_sources: Collection[str] = ()

    def wants(self, session: ShardSession) -> bool:
        """Whether the episodes of a session are among them."""
        return (
            (not self.players or session.player in self.players or session.player_id in self.players)
            and (not self.sessions or session.session_id in self.sessions)
            and (self.since_unix_ns is None or session.recorded_unix_ns >= self.since_unix_ns)
            and (self.before_unix_ns is None or session.recorded_unix_ns < self.before_unix_ns)
            and (not self.label_sources or session.label_source in self.label_sources)
        )


@dataclass(frozen=True, kw_only=True)
class EpisodeSpan:
    """Neighbouring episodes of one session. Attributes: first, count: of episodes; frames: of all of them."""

    first: int
    count: int
    frames: int
    session: ShardSession


def episode_spans(shards: Iterable[ShardRef]) -> list[EpisodeSpan]:
    """Whose episodes are where, in the order of the dataset."""
    spans = []
    for shard in shards:
        first = shard.first_episode
        for session in shard.sessions:
            spans.append(EpisodeSpan(first=first, count=session.episodes, frames=session.frames, session=session))
            first += session.episodes
    return spans


def select_episodes(shards: Iterable[ShardRef], selection: Selection) -> list[int]:
    """The numbers of the wanted episodes, in order.

    Raises:
        PlayloomError: none is wanted, or a player or session is named that the version does not hold.
    """
    spans = episode_spans(shards)
    players = {name for span in spans for name in (span.session.player, span.session.player_id)}
    sessions = {span.session.session_id for span in spans}
    for named, known, what in (
        (selection.players, players, "player"),
        (selection.sessions, sessions, "session"),
        (selection.label_sources, {span.session.label_source for span in spans}, "label source"),
    ):
        for one in named:
            if one not in known:
                raise PlayloomError(
                    f"this version holds nothing of the {what} '{one}'", remedy="See 'playloom datasets sessions'"
                )
    found = [
        episode
        for span in spans
        if selection.wants(span.session)
        for episode in range(span.first, span.first + span.count)
    ]
    if not found:
        raise PlayloomError("no episode is left by this choice", remedy="Ask for less at once")
    return found
