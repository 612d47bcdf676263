"""The training process, which also notes what the telling of its batches costs it.

TOLD names the file: times it told, and CPU seconds of the thread that trains.
As a program it is the trainer service whose training processes do so.
"""

import asyncio
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

from services.trainer import __main__ as service
from services.trainer import entry
from services.trainer.stock import Stock

NAME = "tests.bench.timed_child"


def main(messages: int) -> None:
    """As `entry.main`."""
    say, times, spent_s = entry.Channel.say, 0, 0.0

    def timed(self: entry.Channel, type_: str, **fields: Any) -> None:
        nonlocal times, spent_s
        began = time.thread_time()
        say(self, type_, **fields)
        if type_ == "batch":
            times, spent_s = times + 1, spent_s + time.thread_time() - began
        elif type_ == "epoch":
            Path(os.environ["TOLD"]).write_text(json.dumps([times, spent_s]))

    setattr(entry.Channel, "say", timed)  # noqa: B010
    entry.main(messages)


if __name__ == "__main__":
    setattr(service, "Stock", partial(Stock, module=NAME))  # noqa: B010
    asyncio.run(service.main())
