"""How the life of a training process ended, from its last word and what it left behind."""

from pathlib import Path
from typing import Any

from libs.common.errors import PermanentError
from services.trainer.child import Child
from services.trainer.trouble import (
    CRASH_SIGNALS,
    OF_RANKS,
    Trouble,
    being_read,
    crashed_workers,
    unreadable,
)

Message = dict[str, Any]


def verdict(last: Message | None, child: Child, run_dir: Path) -> Message:
    """What a child that was not ended by us said last: `done`, or `paused`.

    Args:
        last: its last message.
        child: which has ended.
        run_dir: of the run.

    Raises:
        PermanentError: it said why it cannot go on.
        Trouble: it died, or ran out of memory.
    """
    console = tuple(child.console)
    if last and last["type"] in ("done", "paused"):
        return last
    told = last["message"] if last and last["type"] == "failed" else "it was killed"
    code = last["code"] if last and last["type"] == "failed" else ""
    if code == "poison_image" and (image := unreadable(told)):
        raise Trouble(told, code=code, console=console, images=(image,))
    if code == "out_of_memory":
        raise Trouble(told, code=code, console=console)
    reading = being_read(run_dir)
    if code in OF_RANKS and last:
        images = tuple(reading[pid] for pid in last["crashed"] if pid in reading)
        raise Trouble(told, code=code, console=console, images=images)
    if code:
        raise PermanentError(told, code=code, console=console)
    crashed = crashed_workers(told)
    if child.exit_code in CRASH_SIGNALS:
        crashed, told = frozenset({child.pid}), f"it crashed ({child.exit_code})"
    raise Trouble(
        f"the training process ended before its work did: {told}",
        code="training_crashed",
        console=console,
        images=tuple(reading[pid] for pid in crashed if pid in reading),
    )
