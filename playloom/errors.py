"""Every error that Playloom raises for its users.

An error says what was wrong, in which file and where, and what to do about it, and carries these facts as
attributes, so that a batch can report them and go on. Programming mistakes are assertions, not these.
"""

from __future__ import annotations

from pathlib import Path


class PlayloomError(Exception):
    """The base of all errors meant for a person.

    Attributes:
        problem: what was wrong, a sentence without its full stop.
        remedy: what to do about it, a sentence without its full stop, or None.
    """

    def __init__(self, problem: str, *, remedy: str | None = None) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        return self.problem if self.remedy is None else f"{self.problem}. {self.remedy}"


class FileError(PlayloomError):
    """Something is wrong with a file.

    Attributes:
        file: the file.
        place: where in it ("line 12, actions.jump", "byte 4096", "row 17"), or None for the file as a whole.
    """

    def __init__(self, file: Path, problem: str, *, place: str | None = None, remedy: str | None = None) -> None:
        self.file = file
        self.place = place
        super().__init__(problem, remedy=remedy)

    def __str__(self) -> str:
        where = str(self.file) if self.place is None else f"{self.file}, {self.place}"
        return f"{where}: {super().__str__()}"


class RecordingError(FileError):
    """A recording, or one file of it, cannot be used."""


class DefinitionError(FileError):
    """A game definition, mapping profile or other YAML file written by a person is not valid."""


class OutputError(FileError):
    """An output cannot be written: it exists already, is in use by another program, or the disk is full."""


class ProcessError(PlayloomError):
    """A helper process ended without its result (killed, out of memory, crashed)."""


class MissingExtraError(PlayloomError):
    """A command needs an extra that is not installed.

    Attributes:
        extra: the extra's name, as in ``pip install "playloom[extra]"``.
    """

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra '{extra}'", remedy=f'Install it: pip install "playloom[{extra}]"')


class CaptureError(PlayloomError):
    """A screen, a window, a gamepad or another part of this machine cannot be captured.

    Attributes:
        what: the part, as a player would call it.
    """

    def __init__(self, what: str, problem: str, *, remedy: str | None = None) -> None:
        self.what = what
        super().__init__(f"{what}: {problem}", remedy=remedy)
