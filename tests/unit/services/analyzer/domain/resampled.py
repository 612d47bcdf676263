"""Sets whose images really are drawn again: what the weights of the bootstrap stand for."""

import numpy as np

from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.evidence import Evidence, evidence


def really_resampled(data: Evidence, weight_i: Ints) -> Evidence:
    """The set with each image as often as its weight says, copies side by side."""
    source_i = np.repeat(np.arange(data.images), weight_i)

    def rows(image_n: Ints) -> tuple[Ints, Ints]:
        own = [np.flatnonzero(image_n == image) for image in range(data.images)]
        counts = [len(own[image]) for image in source_i]
        picked = np.concatenate([np.zeros(0, np.int64), *(own[image] for image in source_i)])
        return picked, np.repeat(np.arange(len(source_i)), counts)

    labels, label_image = rows(data.label_image_l)
    detections, image = rows(data.image_d)
    return evidence(
        images=len(source_i),
        classes=data.classes,
        labels=(label_image, data.label_class_l[labels], data.label_box_l4[labels]),
        detections=(
            image,
            data.class_d[detections],
            data.score_d[detections],
            data.box_d4[detections],
        ),
    )
