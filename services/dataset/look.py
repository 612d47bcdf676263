"""Look at a handful of images and labels: what a worker process of the scan does."""

import time

import numpy as np

from services.dataset.look_images import ImageBatch
from services.dataset.look_labels import LabelBatch
from services.dataset.part import OF_IMAGE, OF_LABEL, Chunk, Orders, Part, Stamps, empty
from services.dataset.standing import unchanged

PATIENCE_S = 0.4
"""A chunk is handed back half done after this time, so that a scan can be stopped at once."""
MOST_LABEL_BYTES = 16 * 1024 * 1024
"""Of a chunk in memory; it is handed back half done when there are more."""
FRESH_NS = 1_000_000_000
"""A file that was changed so shortly before could change again without its times showing it."""


def look_at(chunk: Chunk, orders: Orders, *, patience_s: float = PATIENCE_S) -> Part:
    """Check the images and labels of a chunk, at least one. A bad file never stops it."""
    until = time.monotonic() + patience_s
    count = len(chunk.images)
    images, labels = ImageBatch(chunk, orders), LabelBatch(chunk, orders)
    image_stands, label_stands = np.full(count, not orders.images), np.zeros(count, bool)
    if chunk.stamps is not None:
        label_stands = unchanged(labels.paths, chunk.stamps[:, OF_LABEL])
        if orders.images:
            image_stands = unchanged(chunk.images, chunk.stamps[:, OF_IMAGE])
    for index in np.flatnonzero(~(image_stands & label_stands)).tolist():
        if not image_stands[index]:
            images.look(index)
        if not label_stands[index]:
            labels.look(index)
        if time.monotonic() > until or labels.size_bytes > MOST_LABEL_BYTES:
            count = index + 1
            break
    part = empty(count, orders)
    part.new_image[:], part.new_label[:] = ~image_stands[:count], ~label_stands[:count]
    if chunk.stamps is not None:
        part.stamps[:] = chunk.stamps[:count]
    images.fill(part)
    labels.fill(part)
    part.hits.sort(key=lambda hit: hit[:2])
    _distrust_fresh(part.stamps)
    return part


def _distrust_fresh(stamps: Stamps) -> None:
    """What was changed a moment ago is looked at again next time."""
    fresh = time.time_ns() - FRESH_NS
    for columns in (OF_IMAGE, OF_LABEL):
        own = stamps[:, columns]
        own[own[:, 2] > fresh] = 0
