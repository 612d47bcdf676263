"""What a synthetic dataset shall hold, and what each of its images shall show."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from libs.common.errors import BadInput
from libs.synthetic.scenes import SceneRequest

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DatasetSpec:
    """Everything that decides the dataset's bytes.

    Attributes:
        classes: icon slugs in simple-icons; a class's index is its place here.
        counts: images per split, of `train`, `val` and `test`.
        size: side of the square images, in pixels, 64 to 1280.
        seed: another seed draws other images.
        empty_share: share of images without any labelled logo, 0 to 1; spread evenly, met exactly.
        distractors: slugs drawn here and there but never labelled.
        logo_share: least and most of a logo's longest side over the image's side.

    Raises:
        BadInput: a value is out of its range, or a brand is both a class and a distractor.
    """

    classes: tuple[str, ...]
    counts: Mapping[str, int]
    size: int = 320
    seed: int = 0
    empty_share: float = 0.3
    distractors: tuple[str, ...] = ()
    logo_share: tuple[float, float] = field(default=(0.14, 0.45))

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn before anything is written."""
        both = sorted(set(self.classes) & set(self.distractors))
        least, most = self.logo_share
        problems = {
            "name at least one class": not self.classes,
            "name each class once": len(set(self.classes)) != len(self.classes),
            f"{', '.join(both)}: a class cannot be a distractor as well": bool(both),
            "counts are for train, val and test": not set(self.counts) <= set(SPLITS),
            "counts must be 0 or more": any(count < 0 for count in self.counts.values()),
            "ask for at least one image": sum(self.counts.values()) == 0,
            "size must be 64 to 1280 pixels": not 64 <= self.size <= 1280,
            "the share of empty images must be 0 to 1": not 0 <= self.empty_share <= 1,
            "logo shares must be 0.08 <= least < most <= 0.8": not 0.08 <= least < most <= 0.8,
        }
        found = [sentence for sentence, wrong in problems.items() if wrong]
        if found:
            raise BadInput("; ".join(found))

    def images(self) -> Iterator[tuple[str, int]]:
        """Every image as (split, index), in the order of the splits."""
        for split in SPLITS:
            for index in range(self.counts.get(split, 0)):
                yield split, index

    def request(self, index: int) -> SceneRequest:
        """What image `index` of any split shows: classes take turns, empties come evenly."""
        empties_before = math.floor(index * self.empty_share)
        is_empty = math.floor((index + 1) * self.empty_share) > empties_before
        turn = (index - empties_before) % len(self.classes)
        return SceneRequest(
            size_px=self.size,
            classes=self.classes,
            distractors=self.distractors,
            first_class=None if is_empty else turn,
            logo_share=self.logo_share,
        )

    def rng(self, split: str, index: int) -> np.random.Generator:
        """The image's own random numbers: a pure function of (seed, split, index)."""
        digest = hashlib.sha256(f"{self.seed}/{split}/{index}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))

    def as_json(self) -> dict[str, Any]:
        """The spec as plain JSON values, for the note beside data.yaml."""
        return {
            "classes": list(self.classes),
            "counts": {split: self.counts.get(split, 0) for split in SPLITS},
            "size": self.size,
            "seed": self.seed,
            "empty_share": self.empty_share,
            "distractors": list(self.distractors),
            "logo_share": list(self.logo_share),
        }
