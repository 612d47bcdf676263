"""Where the trainer looks for labels: told for all images at once as for each alone."""

import pytest

from services.dataset.domain.filetree import label_of, labels_of
from services.dataset.domain.paths import Paths

PLAIN = [b"images/train/a.jpg", b"images/train/b.c.PNG", b"images/val/\xe3\x81\x82.jpeg"]


@pytest.mark.parametrize(
    "images",
    [
        PLAIN,
        [*PLAIN, b"train/without.jpg", b"b/images/deep/er/c.webp"],
        [*PLAIN, b"images/images/d.jpg"],
        [*PLAIN, b"images/a/images/d.jpg", b"e.jpg"],
        [*PLAIN, b"/elsewhere/images/d.jpg"],
        [*PLAIN, b"images/train/odd.Jpg"],
        [*PLAIN, b"images/train/line\nfeed.jpg", b"images/a.txt.jpg"],
        [],
    ],
    ids=["plain", "none", "nested", "twice", "absolute", "suffix", "line feed", "no images"],
)
@pytest.mark.parametrize("root", ["/data/set", "/data/images/set", "/data/images"])
def test_labels_of_all_images_are_those_of_each(images: list[bytes], root: str) -> None:
    told = labels_of(Paths.of(images), root)
    assert list(told.raws()) == [label_of(image, root) for image in images]
