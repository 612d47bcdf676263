"""The spans of a child process, which has no network: said to its parent, which sends them on.

Nothing of OpenTelemetry is imported here: a nursery's copy starts in milliseconds.
"""

import os
import time
from collections.abc import Callable
from typing import Any

Say = Callable[..., None]
SAMPLED = 1
LAST = frozenset({"done", "failed", "paused"})
"""Messages after which the parent does not listen any more."""


def traced(say: Say, traceparent: str | None, name: str, step: str = "") -> Say:
    """`say`, and with it a span of the whole work and one for each of its steps.

    Args:
        say: sends a message: its type, and fields.
        traceparent: of the parent's span; None or not sampled = `say` as it is.
        name: of the span of the work.
        step: the type of the message that ends a step, with its number in the field of that name.
    """
    parts = (traceparent or "").split("-")
    if len(parts) != 4 or not int(parts[3], 16) & SAMPLED:
        return say
    trace, parent, ours = parts[1], parts[2], os.urandom(8).hex()
    began_ns = step_began_ns = time.time_ns()

    def span(name: str, ids: tuple[str, str], start_ns: int, **attributes: float) -> None:
        told = {"trace_id": trace, "span_id": ids[0], "parent_id": ids[1], "name": name}
        times = {"start_ns": start_ns, "end_ns": time.time_ns()}
        say("span", **told, **times, attributes=attributes)

    def said(type_: str, **fields: Any) -> None:
        """What the parent does with a message belongs into the span that made it."""
        nonlocal step_began_ns
        if type_ in LAST:
            span(name, (ours, parent), began_ns)
            fields["traceparent"] = f"00-{trace}-{ours}-01"
        elif type_ == step:
            new = os.urandom(8).hex()
            span(step, (new, ours), step_began_ns, **{f"shirushi.{step}": fields[step]})
            fields["traceparent"] = f"00-{trace}-{new}-01"
            step_began_ns = time.time_ns()
        say(type_, **fields)

    return said
