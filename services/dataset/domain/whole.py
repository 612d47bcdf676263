"""The rules over the whole of a dataset, in the order in which they are run: one line each."""

from typing import Literal

from services.dataset.domain.rules_dataset import check_classes, check_duplicates, check_splits
from services.dataset.domain.rules_files import check_files
from services.dataset.domain.scanned import WholeRule

Part = Literal["files", "images", "labels", "always"]
"""Which of the request's switches a rule obeys: `validate_format`, `check_images`, `check_labels`,
or none."""

WHOLE_RULES: tuple[tuple[Part, WholeRule], ...] = (
    ("files", check_files),
    ("always", check_duplicates),
    ("labels", check_classes),
    ("always", check_splits),
)
