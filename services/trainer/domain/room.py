"""Which trainings leave a card so that a more urgent one fits: pure."""

from collections.abc import Sequence
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
    found: list[tuple[str, ...]] = []
    for gpu in gpus:
        here = [each for each in holds if each.uuid == gpu.uuid]
        missing = need_bytes + RESERVE_BYTES - gpu.free_bytes
        missing -= sum(each.size_bytes for each in here if each.holder.settled)
        if missing <= 0:
            return ()
        below = [e for e in here if e.holder.level > level and e.holder.may_be_asked(now_s)]
        below.sort(key=lambda each: (each.holder.level, each.holder.began_s), reverse=True)
        asked: list[str] = []
        for each in below:
            asked.append(each.holder.job_id)
            missing -= each.size_bytes
            if missing <= 0:
                found.append(tuple(asked))
                break
    return min(found, key=len, default=())
