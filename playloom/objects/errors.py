"""What can go wrong with an object store."""

from __future__ import annotations

from playloom.errors import PlayloomError


class ObjectStoreError(PlayloomError):
    """An object store did not do what was asked.

    Attributes:
        store: its address, without secrets.
    """

    def __init__(self, store: str, problem: str, *, remedy: str | None = None) -> None:
        self.store = store
        super().__init__(f"{store}: {problem}", remedy=remedy)


class ObjectMissingError(ObjectStoreError):
    """There is no such object. Attributes: key: its name."""

    def __init__(self, store: str, key: str) -> None:
        self.key = key
        super().__init__(store, f"there is no object '{key}'")


class ObjectExistsError(ObjectStoreError):
    """There is such an object already, and it was to be created. Attributes: key: its name."""

    def __init__(self, store: str, key: str) -> None:
        self.key = key
        super().__init__(store, f"the object '{key}' exists already")


class ObjectDamagedError(ObjectStoreError):
    """Content does not have the sum that it should have. Attributes: key: its name."""

    def __init__(self, store: str, key: str, problem: str) -> None:
        self.key = key
        super().__init__(store, f"the object '{key}' {problem}", remedy="Send or fetch it again")


class ObjectSumError(ObjectDamagedError):
    """Content has another SHA-256 than it must have. Attributes: found, wanted: in hexadecimal."""

    def __init__(self, store: str, key: str, *, found: str, wanted: str) -> None:
        self.found, self.wanted = found, wanted.lower()
        super().__init__(store, key, f"has the SHA-256 {found}, not {self.wanted}")


class UploadMissingError(ObjectStoreError):
    """There is no such upload of parts: it was completed, aborted or collected. Attributes: key, upload_id."""

    def __init__(self, store: str, key: str, upload_id: str) -> None:
        self.key, self.upload_id = key, upload_id
        super().__init__(store, f"there is no open upload of '{key}' with this id", remedy="Begin the upload again")


class ObjectKeyError(PlayloomError):
    """An object cannot be called so. Attributes: key: the name."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"an object cannot be called {key[:80]!r}: {problem}", remedy="Choose another name")
