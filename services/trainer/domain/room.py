"""Which trainings leave a card so that a more urgent one fits, or when it fits anyway: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.common.urgency import Holder
from services.trainer.domain.devices import Gpu
from services.trainer.domain.memory import RESERVE_BYTES


@dataclass(frozen=True)
class Hold:
    """What a training has of a card: the more of what it was promised and what it uses."""

    holder: Holder
    uuid: str
    size_bytes: int


def who_leaves(
    need_bytes: int, gpus: Sequence[Gpu], holds: Sequence[Hold], *, level: int, now_s: float
) -> tuple[str, ...]:
    """The fewest less urgent trainings, all of one card, whose memory lets another fit.

    Args:
        need_bytes: of the one that waits.
        gpus: that it may use; what was promised to others counts as used.
        holds: of the trainings on them.
        level: of the one that waits, as in `urgency`.
        now_s: by the clock of `Holder.began_s`.

    Returns:
        Ids of the jobs to ask, the least urgent and newest first; empty where that would not
        help, or where enough of them leave already.
    """
    found = [_of_card(need_bytes, gpu, holds, level=level, now_s=now_s) for gpu in gpus]
    return min((asked for asked in found if asked is not None), key=len, default=())


def who_leaves_all(
    need_bytes: int, gpus: Sequence[Gpu], holds: Sequence[Hold], *, level: int, now_s: float
) -> tuple[str, ...]:
    """As `who_leaves`, for a training that needs each of the cards; nobody where one stays full."""
    asked: set[str] = set()
    for gpu in gpus:
        others = [each for each in holds if each.holder.job_id not in asked]
        freed = sum(e.size_bytes for e in holds if e.uuid == gpu.uuid and e not in others)
        more = _of_card(need_bytes - freed, gpu, others, level=level, now_s=now_s)
        if more is None:
            return ()
        asked.update(more)
    return tuple(sorted(asked))


def _of_card(
    need_bytes: int, gpu: Gpu, holds: Sequence[Hold], *, level: int, now_s: float
) -> tuple[str, ...] | None:
    """Whom to ask so that it fits on this card; None = that would not help."""
    here = [each for each in holds if each.uuid == gpu.uuid]
    missing = need_bytes + RESERVE_BYTES - gpu.free_bytes
    missing -= sum(each.size_bytes for each in here if each.holder.settled)
    below = [e for e in here if e.holder.level > level and e.holder.may_be_asked(now_s)]
    below.sort(key=lambda each: (each.holder.level, each.holder.began_s), reverse=True)
    asked: list[str] = []
    while missing > 0:
        if not below:
            return None
        each = below.pop(0)
        asked.append(each.holder.job_id)
        missing -= each.size_bytes
    return tuple(asked)


def fits_in_s(
    need_bytes: int,
    gpus: Sequence[Gpu],
    holds: Sequence[Hold],
    ends_in_s: Mapping[str, float],
    *,
    together: bool,
) -> float | None:
    """When enough trainings of a card will have ended for another to fit.

    Args:
        need_bytes: of the one that waits.
        gpus: that it may use; what was promised to others counts as used.
        holds: of the trainings on them.
        ends_in_s: how long they still take, by job id, where it is known.
        together: it needs each of the cards.

    Returns:
        Seconds; None where that depends on something unknown, or on strangers.
    """
    found = [_fits_in_s(need_bytes, gpu, holds, ends_in_s) for gpu in gpus]
    known = [each for each in found if each is not None]
    if together:
        return max(known) if len(known) == len(found) else None
    return min(known, default=None)


def _fits_in_s(
    need_bytes: int, gpu: Gpu, holds: Sequence[Hold], ends_in_s: Mapping[str, float]
) -> float | None:
    missing = need_bytes + RESERVE_BYTES - gpu.free_bytes
    here = [each for each in holds if each.uuid == gpu.uuid]
    ends = [
        (0.0 if each.holder.settled else ends_in_s[each.holder.job_id], each.size_bytes)
        for each in here
        if each.holder.settled or each.holder.job_id in ends_in_s
    ]
    last_s = 0.0
    for end_s, size_bytes in sorted(ends):
        if missing <= 0:
            break
        last_s, missing = end_s, missing - size_bytes
    return last_s if missing <= 0 else None
