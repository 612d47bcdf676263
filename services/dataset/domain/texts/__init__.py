"""The texts of all rules, by rule id: one file per group of the catalogue."""

from services.dataset.domain.texts import (
    classes,
    description,
    duplicates,
    files,
    images,
    labels,
    meaning,
)
from services.dataset.domain.texts.text import Lang, Text

__all__ = ["TEXTS", "Lang", "Text"]

TEXTS: dict[str, Text] = {
    **files.TEXTS,
    **images.TEXTS,
    **duplicates.TEXTS,
    **labels.TEXTS,
    **classes.TEXTS,
    **meaning.TEXTS,
    **description.TEXTS,
}
