"""What a session says of itself and the batch has to agree with: its game, its mapping profile, its task."""

from __future__ import annotations

from playloom.errors import RecordingError
from playloom.mapping_profile import MappingProfile
from playloom.recording.session import Session
from workers.options import ConvertOptions


def choose_profile(session: Session, options: ConvertOptions) -> MappingProfile:
    """The mapping profile that a session was played with.

    Of several it is the one that session.json names; if it names none, the one that is called as the player is.

    Raises:
        RecordingError: the session is of another game, or none of several profiles is its own.
    """
    info = session.info
    if info is not None and info.game_id and info.game_id != options.game.game_id:
        raise RecordingError(
            session.path,
            f"was recorded in the game '{info.game_id}', the game definition is for '{options.game.game_id}'",
            remedy="Convert each game into a dataset of its own",
        )
    if len(options.profiles) == 1:
        return options.profiles[0]
    wanted = None if info is None else info.profile_name or info.player
    for profile in options.profiles:
        if profile.profile_name == wanted:
            return profile
    named = None if info is None else info.profile_name
    said = f"was played with the mapping profile '{named}'" if named else "names no mapping profile"
    given = ", ".join(f"'{profile.profile_name}'" for profile in options.profiles)
    raise RecordingError(session.path, f"{said}; given are {given}", remedy="Give its profile with --action-mapping")


def profile_notes(session: Session, profile: MappingProfile) -> tuple[str, ...]:
    """A sentence if the session was played with another profile than the one that it is converted with."""
    named = None if session.info is None else session.info.profile_name
    if not named or named == profile.profile_name:
        return ()
    return (f"session.json names the mapping profile '{named}'; converted with '{profile.profile_name}'",)


def choose_task(session: Session, options: ConvertOptions) -> str:
    """What the player does in a session.

    Raises:
        RecordingError: neither the options nor session.json say it.
    """
    task = options.task or (None if session.info is None else session.info.task)
    if not task:
        raise RecordingError(session.path, "names no task", remedy="Say what the player does: --task TEXT")
    return task


def said_of(session: str, sentence: object) -> str:
    """A sentence about a session without the path of its directory in front, for where its name is said already.

    Args:
        session: the directory's path.
        sentence: an error, damage or note; files in it become relative to the session.
    """
    return str(sentence).removeprefix(f"{session}: ").removeprefix(f"{session}/")
