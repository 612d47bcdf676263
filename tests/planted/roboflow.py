"""A dataset as Roboflow exports it, with the quirks of real ones: `../` paths, `valid`, polygons."""

from pathlib import Path

from tests.planted.base import put
from tests.planted.scenes import label, photo

YAML = """train: ../train/images
val: ../valid/images
test: ../test/images

nc: 2
names: ['cup', 'bag']

roboflow:
  workspace: logos
  project: logos-on-shelves
  version: 5
  license: CC BY 4.0
  url: https://universe.roboflow.com/logos/logos-on-shelves/dataset/5
"""
COUNTS = {"train": 16, "valid": 6, "test": 4}
POLYGONS = 3
"""Label files of train whose rows are polygons, as the exporter writes what was drawn so."""


def polygon(row: str) -> str:
    """The corners of a box as a polygon of four points."""
    number, x, y, w, h = (float(word) for word in row.split())
    left, right, top, bottom = x - w / 2, x + w / 2, y - h / 2, y + h / 2
    points = (left, top, right, top, right, bottom, left, bottom)
    return f"{number:.0f} " + " ".join(f"{value:.8f}" for value in points) + "\n"


def make(root: Path) -> Path:
    """The folder as unpacked from the export's ZIP."""
    put(root / "data.yaml", YAML)
    put(root / "README.dataset.txt", "# logos-on-shelves > v5\nProvided by a Roboflow user\n")
    put(root / "README.roboflow.txt", "\nThe dataset was exported via roboflow.com\n")
    for order, (split, count) in enumerate(COUNTS.items()):
        for index in range(count):
            seed = 800 + 50 * order + index
            stem = f"{seed}_jpg.rf.{seed:032x}"
            rows = label(seed).splitlines(keepends=True)
            if split == "train" and index < POLYGONS:
                rows = [polygon(row) for row in rows]
            put(root / f"{split}/images/{stem}.jpg", photo(seed))
            put(root / f"{split}/labels/{stem}.txt", "".join(rows).rstrip("\n"))
    return root
