"""A store that answers 503, breaks off what it sends, and is slow, now and then, as a seed says."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import ObjectStore


class FaultyStore:
    """An `ObjectStore` before another; faults come before or after the other has done what was asked."""

    def __init__(self, of: ObjectStore, *, seed: int, fault_rate: float, slow_s: float = 0.0) -> None:
        self._of = of
        self._choice = random.Random(seed)
        self._lock = threading.Lock()
        self._fault_rate, self._slow_s = fault_rate, slow_s
        self.faults = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    def put(self, *given: Any, **named: Any) -> Any:
        self._maybe_fail()
        done = self._of.put(*given, **named)
        self._maybe_fail()
        return done

    def info(self, key: str) -> Any:
        self._maybe_fail()
        return self._of.info(key)

    def delete(self, *given: Any) -> None:
        self._maybe_fail()
        self._of.delete(*given)

    def list_page(self, *given: Any, **named: Any) -> Any:
        self._maybe_fail()
        return self._of.list_page(*given, **named)

    def stream(self, *given: Any, **named: Any) -> Iterator[bytes]:
        self._maybe_fail()
        chunks = self._of.stream(*given, **named)

        def send() -> Iterator[bytes]:
            time.sleep(self._slow_s)
            for chunk in chunks:
                yield chunk[: len(chunk) // 2]
                self._maybe_fail()
                yield chunk[len(chunk) // 2 :]

        return send()

    def _maybe_fail(self) -> None:
        with self._lock:
            failing = self._choice.random() < self._fault_rate
            self.faults += failing
        if failing:
            raise ObjectStoreError("faulty", "answers 503")
