"""The child process of one judgement, a copy of the nursery.

One order comes as a JSON line on stdin. Messages are JSON lines on their own pipe; stdout and
stderr are the console, for ultralytics prints there.
"""

import json
import os
import sys
import traceback
from threading import Lock
from typing import Any

from libs.common.child_spans import traced
from libs.common.errors import PermanentError
from libs.common.fenced_reads import fence_reads
from libs.common.isolation import leave_network


class Channel:
    """The pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._lock = Lock()
        self._say = self._send

    def trace(self, traceparent: str | None, operation: str) -> None:
        """Say spans, too."""
        self._say = traced(self._send, traceparent, operation)

    def say(self, type_: str, **fields: Any) -> None:
        """Send one message."""
        self._say(type_, **fields)

    def _send(self, type_: str, **fields: Any) -> None:
        with self._lock:
            self._file.write(json.dumps({"type": type_, **fields}) + "\n")


def explain(error: Exception) -> tuple[str, str]:
    """A stable code and a sentence for what went wrong; an empty code = worth another try."""
    lower = str(error).lower()
    if isinstance(error, PermanentError):
        return error.code, error.message
    if isinstance(error, MemoryError) or "out of memory" in lower or "allocate memory" in lower:
        return "out_of_memory", "the memory does not suffice: lower imgsz"
    return "", f"{type(error).__name__}: {error}"


def main(messages: int) -> None:
    """Take the order, obey it, say how it ended."""
    os.set_inheritable(messages, False)
    channel = Channel(messages)
    try:
        leave_network()
        from services.analyzer import looking  # noqa: PLC0415 - the nursery has it

        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        fence_reads(order.get("places", ()), order.get("roots", ()))
        channel.trace(order.pop("traceparent", None), order["operation"])
        if order["operation"] == "explain":
            from services.analyzer import explaining  # noqa: PLC0415 - not everyone needs it

            explaining.explain(order, channel.say)
        else:
            looking.judge(order, channel.say)
    except Exception as error:  # noqa: BLE001 - the last word of a process
        traceback.print_exc()
        code, message = explain(error)
        channel.say("failed", code=code, message=message)
