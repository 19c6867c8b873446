"""What can go wrong with versions of a dataset."""

from __future__ import annotations

from playloom.errors import PlayloomError


class ManifestError(PlayloomError):
    """A manifest cannot be read, or what it names is not as it says.

    Attributes:
        where: the object or file.
    """

    def __init__(self, where: str, problem: str, *, remedy: str | None = None) -> None:
        self.where = where
        super().__init__(f"{where}: {problem}", remedy=remedy)


class VersionConflictError(PlayloomError):
    """Somebody else's version came first: nothing was committed; build on theirs and try again.

    Attributes:
        dataset: its name.
        base: the version that was built on.
    """

    def __init__(self, dataset: str, base: int) -> None:
        self.dataset = dataset
        self.base = base
        super().__init__(f"the dataset '{dataset}' has moved on from version {base}", remedy="Build on the newest one")


class CommitUnknownError(PlayloomError):
    """The answer to a commit was lost: it may have taken effect or not. Ask which version stands before trying again.

    Attributes:
        dataset: its name.
        manifest_key: of the version that was to be committed; if the next version has this key, it was.
    """

    def __init__(self, dataset: str, manifest_key: str) -> None:
        self.dataset = dataset
        self.manifest_key = manifest_key
        super().__init__(
            f"it is not known whether the new version of the dataset '{dataset}' was committed",
            remedy="See 'playloom datasets versions'",
        )
