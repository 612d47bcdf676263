"""How often the model sees a logo where there is none."""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.operating_point import OperatingPoint


@dataclass(frozen=True)
class FalseAlarms:
    """Detections on images that hold no label, at the operating point."""

    clean_images: int
    alarms: int
    alarms_by_class: dict[str, int]

    @property
    def per_1000_images(self) -> float | None:
        """Alarms per 1,000 clean images, or None if the set has no clean image."""
        return self._per_1000(self.alarms)

    @property
    def per_1000_images_by_class(self) -> dict[str, float | None]:
        """The same per class."""
        return {name: self._per_1000(count) for name, count in self.alarms_by_class.items()}

    def _per_1000(self, alarms: int) -> float | None:
        return 1000 * alarms / self.clean_images if self.clean_images else None


def false_alarms(data: Evidence, point: OperatingPoint) -> FalseAlarms:
    """Count the kept detections on images without a label, in total and per class.

    Args:
        data: labels and detections.
        point: which detections count.

    Returns:
        The counts; rates are 1000 x alarms / clean images.
    """
    clean_i = data.without_labels_i
    alarm_d = point.kept_d & clean_i[data.image_d]
    by_class = np.bincount(data.class_d[alarm_d], minlength=len(data.classes))
    return FalseAlarms(
        clean_images=int(clean_i.sum()),
        alarms=int(alarm_d.sum()),
        alarms_by_class={
            name: int(count) for name, count in zip(data.classes, by_class, strict=True)
        },
    )
