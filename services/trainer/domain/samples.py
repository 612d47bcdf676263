"""Which validation images are shown with their boxes while a training runs, and when: pure."""

import hashlib
from collections.abc import Mapping

SHEETS = 20
"""About as many as a run gets that does not say how many."""
SHOWN = 6


def period_of(asked: int, epochs: int) -> int:
    """Every how many epochs samples are drawn; 0 = never.

    Args:
        asked: of the request; -1 = about `SHEETS` times in all.
        epochs: planned.
    """
    return asked if asked >= 0 else -(-epochs // SHEETS)


def due(epoch: int, period: int, *, last: bool) -> bool:
    """Whether samples are drawn after this epoch, 1-based: the first, every n-th, the last."""
    return period > 0 and (epoch == 1 or last or epoch % period == 0)


def chosen(classes: Mapping[str, frozenset[int]], count: int = SHOWN) -> tuple[str, ...]:
    """The images to show: as many classes as possible, and one that should stay empty.

    The order is by hash of the name, so that the choice of one image depends little on which
    others there are, and is the same wherever the dataset lies.

    Args:
        classes: labelled on each image, by file name.
        count: at most so many are chosen.
    """
    names = sorted(classes, key=lambda name: hashlib.sha256(name.encode()).digest())
    empty = [name for name in names if not classes[name]][:1]
    rest = [name for name in names if classes[name]]
    picked: list[str] = []
    covered: set[int] = set()
    while rest and len(picked) < count - len(empty):
        fresh = next((name for name in rest if not classes[name] <= covered), None)
        if fresh is None:  # every class is there once: begin anew
            covered = set()
            fresh = rest[0]
        rest.remove(fresh)
        picked.append(fresh)
        covered |= classes[fresh]
    return tuple(picked + empty)
