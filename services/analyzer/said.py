"""What a file of predictions says, row by row, before anybody knows what its ids mean."""

from dataclasses import dataclass, field

import numpy as np

from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.reading import Id


@dataclass
class Said:
    """Rows as the file has them, in its order; `box_n4` is x, y, w, h in pixels.

    `number_n` is the `image_id` of each row where its image is named otherwise, else empty. In
    `shares` a box is cx, cy, w, h as shares of the image.
    """

    image_n: list[Id] = field(default_factory=list)
    number_n: list[Id] = field(default_factory=list)
    class_n: list[Id] = field(default_factory=list)
    box_n4: Floats = field(default_factory=lambda: np.empty((0, 4)))
    score_n: Floats = field(default_factory=lambda: np.empty(0))
    image_names: dict[Id, str] | None = None
    class_names: dict[Id, str] | None = None
    shares: bool = False
    form: str = "COCO results"


class Faults:
    """Counts what is wrong, and keeps the first place of each kind."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def note(self, what: str, place: str) -> None:
        """One more of a kind."""
        self._counts[what] = self._counts.get(what, 0) + 1
        self._first.setdefault(what, place)

    def raise_if_any(self) -> None:
        """Raises BadInput that names every kind, how often, and where first."""
        if self._counts:
            kinds = [
                f"{n} with {what} (first: {self._first[what]})" for what, n in self._counts.items()
            ]
            raise BadInput(
                f"The predictions cannot be judged: {'; '.join(kinds)}. Correct the file.",
                code="bad_predictions",
            )
