"""The rules over the whole of a dataset, in the order in which they are run: one line each."""

from typing import Literal

from services.dataset.domain.doubts import check_doubts
from services.dataset.domain.look_alikes import check_labels_by_looks
from services.dataset.domain.predicted import check_against_predictions
from services.dataset.domain.rules_boxes import check_corners, check_overlaps
from services.dataset.domain.rules_dataset import check_classes, check_duplicates, check_splits
from services.dataset.domain.rules_files import check_files
from services.dataset.domain.rules_outliers import (
    check_box_shapes,
    check_class_drift,
    check_image_sizes,
    check_object_counts,
)
from services.dataset.domain.rules_pixels import (
    check_colour_space,
    check_pixels,
    check_property_drift,
)
from services.dataset.domain.rules_same_source import check_same_source
from services.dataset.domain.rules_sources import check_shared_images
from services.dataset.domain.scanned import WholeRule
from services.dataset.domain.twins import check_twins

Part = Literal["files", "images", "labels", "always"]
"""Which of the request's switches a rule obeys: `validate_format`, `check_images`, `check_labels`,
or none."""

WHOLE_RULES: tuple[tuple[Part, WholeRule], ...] = (
    ("always", check_files),
    ("always", check_shared_images),
    ("always", check_duplicates),
    ("images", check_twins),
    ("images", check_image_sizes),
    ("images", check_pixels),
    ("images", check_colour_space),
    ("images", check_property_drift),
    ("always", check_same_source),
    ("labels", check_overlaps),
    ("labels", check_corners),
    ("labels", check_object_counts),
    ("labels", check_box_shapes),
    ("labels", check_classes),
    ("labels", check_class_drift),
    ("labels", check_labels_by_looks),
    ("labels", check_doubts),
    ("labels", check_against_predictions),
    ("always", check_splits),
)
