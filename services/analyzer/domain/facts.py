"""The numbers that advice rests on, and what a piece of advice is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Numbers = dict[str, Any]
FEWEST_LABELS = 30
MOST_NAMED = 3


@dataclass(frozen=True)
class Facts:
    """The numbers that advice rests on. Maps are by class name; sizes in pixels at `imgsz`.

    `map50_95` and `best_f1` as (value, low, high) and (F1 now, best F1, its confidence);
    `confused` as (true class, said class, labels lost so); `causes` by TIDE's names.
    """

    images: int
    clean_images: int
    split: str
    imgsz: int | None
    confidence: float
    support: Mapping[str, int]
    misses: Mapping[str, int]
    missed_px: Mapping[str, list[float]] = field(default_factory=dict)
    alarms: Mapping[str, int] = field(default_factory=dict)
    alarm_thresholds: Mapping[str, float] = field(default_factory=dict)
    map50_95: tuple[float, float, float] | None = None
    best_f1: tuple[float, float, float] | None = None
    ece: float | None = None
    overconfidence: float = 0.0
    sure_detections: int = 0
    in_train: int = 0
    confused: tuple[tuple[str, str, int], ...] = ()
    causes: Mapping[str, int] = field(default_factory=dict)
    suspects: int = 0


@dataclass(frozen=True)
class Advice:
    """One sentence in two languages, the rule's code, and its numbers for programs."""

    code: str
    en: str
    ja: str
    numbers: Numbers


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f", … (+{len(names) - MOST_NAMED})" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
