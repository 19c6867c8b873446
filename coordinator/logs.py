"""What a coordinator says of itself: one JSON object a line, for programs that collect logs. Never a secret."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from coordinator.rpc.context import current_call

LOG_BYTES = 10 << 20
OLD_LOGS = 5
FIELDS = "fields"
"""The name under which `say` hands its fields to the formatter."""

_SECRETS = re.compile(r"(plm-[a-z]+_[0-9a-z]+-)[\w-]+|(signature=)[0-9A-Za-z%]+|(://[^/\s:@]+:)[^@\s/]+(?=@)")
"""Tokens and codes, the signatures of URLs, and the passwords in addresses."""


def say(logger: logging.Logger, level: int, event: str, /, **fields: Any) -> None:
    """Log an event with its fields."""
    logger.log(level, event, extra={FIELDS: fields})


class JsonLines(logging.Formatter):
    """Gives each record as one line: time, level, logger, event, the call's request id, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        call = current_call.get()
        if call is not None:
            line["request_id"] = call.request_id
        fields = getattr(record, FIELDS, None)
        if isinstance(fields, Mapping):
            line |= fields
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, default=str))


def without_secrets(text: str) -> str:
    """``text`` with an ellipsis for what opens something. Nothing should have put it there; this is the last net."""
    return _SECRETS.sub(lambda found: next(group for group in found.groups() if group) + "…", text)


def begin_logging(file: Path | None = None) -> logging.Handler:
    """Write what is logged to standard error, or to a file that does not grow for ever.

    Returns:
        The handler, for `end_logging`.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8", delay=True)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("coordinator").setLevel(logging.INFO)
    return handler


def end_logging(handler: logging.Handler) -> None:
    """Undo `begin_logging`."""
    logging.getLogger().removeHandler(handler)
    handler.close()
