"""Ids of rows: a word for what it is, and 26 characters that sort by time."""

from __future__ import annotations

import re
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, in lower case: no letters that look like digits."""

_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_TIME_CHARACTERS, _RANDOM_CHARACTERS = 10, 16
_ID = re.compile(rf"[a-z]+_[{_ALPHABET}]{{{_TIME_CHARACTERS + _RANDOM_CHARACTERS}}}")

_lock = threading.Lock()
_last = (0, 0)


def new_id(kind: str) -> str:
    """An id that no other row has, such as ``job_01k9m…``; later ones of one process sort behind earlier ones."""
    global _last
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        last_ms, last_random = _last
        random = last_random + 1 if now_ms <= last_ms else secrets.randbits(5 * _RANDOM_CHARACTERS - 1)
        _last = (max(now_ms, last_ms), random)
        milliseconds = _last[0]
    return f"{kind}_{_encode(milliseconds, _TIME_CHARACTERS)}{_encode(random, _RANDOM_CHARACTERS)}"


def is_id(text: str, kind: str) -> bool:
    """Whether ``text`` looks like an id of this kind."""
    return text.startswith(f"{kind}_") and _ID.fullmatch(text) is not None


def _encode(number: int, characters: int) -> str:
    return "".join([_PAIRS[number >> 5 * place & 1023] for place in range(characters - 2, -1, -2)])
