"""Pages of the log for plain HTTP: forwards from a sequence, or backwards from one."""

from libs.common.bus import Bus
from services.gateway.live import PAGE, frames, readable
from services.gateway.ring import Frame, Ring, frame
from services.gateway.topics import Topics

MOST_WINDOWS = 40
"""Of PAGE events each, that one request looks through for rare topics."""


async def forwards(
    bus: Bus, ring: Ring, after: int, wanted: Topics, limit: int
) -> tuple[list[Frame], int]:
    """The first `limit` frames of these topics past `after`.

    Returns:
        The frames, and the sequence up to which the log was looked through.
    """
    found: list[Frame] = []
    last = ring.last
    async for page in frames(bus, ring, after):
        found += [each for each in page if wanted.want(each.topic)]
        if not page or len(found) >= limit:
            break
    if len(found) >= limit:
        return found[:limit], found[limit - 1].seq
    return found, max([last, after, *(each.seq for each in found[-1:])])


async def backwards(
    bus: Bus, ring: Ring, before: int, wanted: Topics, limit: int
) -> tuple[list[Frame], int]:
    """The last `limit` frames of these topics before `before`, the oldest first.

    Returns:
        The frames, and the sequence before which to go on; 1 at the beginning of the log. Where
        the topics are rare there may be fewer frames than asked for, and yet more before them.
    """
    found: list[Frame] = []
    place = min(before, ring.last + 1)
    for _ in range(MOST_WINDOWS):
        start = max(0, place - 1 - PAGE)
        window = await _between(bus, ring, start, place)
        found[:0] = [each for each in window if wanted.want(each.topic)]
        place = start + 1
        if start == 0 or len(found) >= limit:
            break
    if len(found) > limit:
        found = found[-limit:]
        place = found[0].seq
    return found, max(1, place)


async def _between(bus: Bus, ring: Ring, start: int, end: int) -> list[Frame]:
    """Frames past `start` and before `end`, at most PAGE sequences apart."""
    if start >= ring.first - 1:
        held = ring.after(start, PAGE)
        return [each for each in held if each.seq < end]
    raws = await bus.page(after=start, limit=PAGE)
    return [
        frame(raw.seq, raw.subject, raw.payload)
        for raw in raws
        if raw.seq < end and readable(raw.payload)
    ]
