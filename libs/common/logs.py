"""One log format: readable on a terminal, JSON lines in production."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from libs.common import tracing

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in STANDARD}


def _plain(value: object) -> str:
    """On one line, without what a terminal obeys: values may come from outside."""
    text = str(value)
    return text if text.isprintable() else repr(text)[1:-1]


class JsonLines(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, phrase, then the fields."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= tracing.ids() | _fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class Terminal(logging.Formatter):
    """`12:03:01 info  phrase  field=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """A line, and the traceback under it if there is one."""
        clock = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = "".join(f"  {name}={_plain(value)}" for name, value in _fields(record).items())
        line = f"{clock} {record.levelname.lower():7} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(*, json: bool) -> None:
    """Send everything from `info` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if json else Terminal())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
