"""Boxes that look wrong, or are missing: what looks, or a model's predictions, say of labels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Doubt:
    """A box, or the lack of one, that looks wrong."""

    rule: str
    image: int
    box: int
    """Row of the box; -1 when it is missing."""
    kind: int
    """The class."""
    place: tuple[float, ...]
    """Where its object was found: centre, width, height."""


@dataclass(frozen=True, slots=True)
class Contradiction(Doubt):
    """A doubt that a model's predictions raise."""

    confidence: float
    """Of the detection; of a box where nothing is seen: the least that would have been seen."""
    score: float
    """How strong the doubt is, in (0, 1]."""
    iou: float
    """Of the detection and the box."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of holding labels against a model's predictions."""

    seen: npt.NDArray[np.bool_]
    """(N,): images whose labels are judged by predictions, and so no more by looks."""
    from_confidence: float | None
    """The confidence from which the model may contradict; None: it is never sure enough."""
    found: tuple[Contradiction, ...] = ()
