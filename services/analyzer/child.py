"""The parent's handle on a judging process; imports no torch."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from libs.common import child, tracing
from libs.common import stock as stocks
from libs.common.allocator import keeping_memory
from libs.common.children import child_environment
from libs.common.errors import BadInput, PermanentError, TransientError
from libs.common.gpu_lease import Lease

ENTRY = "services.analyzer.entry"
IMPORTS = ("services.analyzer.warm", "services.analyzer.looking")
SILENCE_S = 600.0
USERS_FAULT = frozenset(
    {
        "bad_input",
        "classes_differ",
        "no_gpu",
        "not_a_detector",
        "unreadable_weights",
        "unsafe_weights",
    }
)

OnProgress = Callable[[int, int], Awaitable[None]]
OnPart = Callable[[str], None]


def judging_environment(home: Path) -> dict[str, str]:
    """The environment of a judging process; `home` is a folder of ours it may write to.

    All its threads take memory from one place: what one has freed, another need not ask for.
    """
    return child_environment(home) | keeping_memory() | {"MALLOC_ARENA_MAX": "1"}


async def run_child(
    order: dict[str, Any],
    stock: "Stock",
    on_progress: OnProgress,
    *,
    on_part: OnPart | None = None,
    lease: Lease | None = None,
) -> dict[str, Any]:
    """Run one order in a process of its own, to its end or to ours.

    However this returns, by answer, error or cancellation, nothing of the process is left.

    Args:
        order: `operation` and what that reads: see `looking.judge` and `explaining.explain`.
        stock: where the process comes from.
        on_progress: awaited with images done and images in all.
        on_part: told the name of each part that can be read.
        lease: of the card that it computes on; told its process id.

    Returns:
        The fields of all other messages: for `judge` classes, architecture, parameters, imgsz.

    Raises:
        BadInput: the model or the dataset is at fault.
        PermanentError: judging again would end the same way.
        TransientError: the process died, or was silent for ten minutes.
    """
    judge = await stock.take()
    if lease:
        lease.pid = judge.pid
    try:
        judge.send(order | {"traceparent": tracing.traceparent()})
        answer: dict[str, Any] = {}
        spans = tracing.Relayed("shirushi-judging")
        while (message := await judge.receive()) is not None:
            kind = message.pop("type")
            if kind == "span":
                spans.take(message)
            elif kind == "progress":
                await on_progress(message["done"], message["of"])
            elif kind == "part" and on_part:
                on_part(message["name"])
            elif kind == "failed":
                raise _error(message, tuple(judge.console))
            else:
                answer |= message
                if kind == "done":
                    return answer
        raise TransientError(
            f"the judging process died: {' | '.join(judge.console)[-500:]}",
            code="child_died",
            console=tuple(judge.console),
        )
    finally:
        await asyncio.shield(judge.end())


class Child(child.Child):
    """One process that judges or explains once; see `libs.common.child`."""

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None when the process is gone.

        Raises:
            TransientError: it said nothing for ten minutes.
        """
        try:
            async with asyncio.timeout(SILENCE_S):
                return await super().receive()
        except TimeoutError:
            raise TransientError(
                f"the judging process said nothing for {SILENCE_S:.0f} s", code="child_silent"
            ) from None


class Stock(stocks.Stock[Child]):
    """Starts judging processes in milliseconds; see `libs.common.stock`."""

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__(environment, IMPORTS, ENTRY, Child.adopt)


def _error(message: dict[str, Any], console: tuple[str, ...]) -> Exception:
    code, text = message["code"], message["message"]
    if not code:
        return TransientError(text, code="child_failed", console=console)
    if code in USERS_FAULT:
        return BadInput(text, code=code)
    return PermanentError(text, code=code, console=console)
