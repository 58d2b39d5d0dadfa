"""Logs as JSON, one line per record; a request is one record."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from app.kit.clock import instant_text


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object; `extra={"fields": …}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        when = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {"time": instant_text(when), "level": record.levelname}
        if message := record.getMessage():
            line["message"] = message
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure() -> None:
    """Send this product's log and the server's to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name, level in (("tanyin", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
