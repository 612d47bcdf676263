"""Every fuzzed label file comes out as in the pinned trainer's own loader: kept, reordered,
without its doubles, or the image left out.
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.domain.scanned import Label
from services.dataset.look import look_at
from services.dataset.part import Chunk, Orders

FILES = 2400
CLASSES = 4
CHUNK = 240
BOX = "1 0.5 0.5 0.2 0.2"
PLANTED = [
    "",
    "\n\n",
    BOX,
    f"{BOX}\n",
    f"{BOX}\n{BOX}\n",
    f"{BOX}\n\n 2 0.3 .3 0.1 0.1\n",
    "\ufeff" + BOX,
    "4 0.5 0.5 0.1 0.1",
    "-1 0.5 0.5 0.1 0.1",
    "1.5 .5 .5 .1 .1",
    "1.0 0.5 0.5 0.1 0.1",
    "nan .5 .5 .1 .1",
    "1 1.005 0.5 0.1 0.1",
    "1 1.0101 0.5 0.1 0.1",
    "1 -0.005 0.5 0.1 0.1",
    "1 0.5 0.5 -0.001 0.1",
    "1 0.5 0.5 0 0",
    "1 0.5 0.5 1 1",
    "1 0.95 0.5 0.2 0.2",
    "1 inf .5 .1 .1",
    "1 nan .5 .1 .1",
    "1 0.5 0.5 0.1",
    "1 0.5 0.5 0.1 0.1 0.9",
    "1,0.5,0.5,0.1,0.1",
    "1 0,5 0,5 0,1 0,1",
    "a b c d e",
    "1 .1 .1 .5 .1 .5 .5",
    "1 .1 .1 .5 .1 .5 .5\n1 .1 .1 .5 .1 .5 .5",
    f"{BOX}\n1 .1 .1 .5 .1 .5 .5",
    "1 .1 .1 .5 .1 .5",
    "1 .1 .1 .5 .5 .5 .1 .1 .5\n1 .1 .5 .5 .1 .5 .5 .1 .1",
    "1 1.2.3 .5 .1 .1",
    "1 0.5 0.5 0.1 0.1\r\n2 0.2 0.2 0.1 0.1\r\n",
    "1\t0.5\t0.5\t0.1\t0.1",
    "1e0 5e-1 0.5 0.1 +0.1",
    "1 0.50000000000000000000001 0.5 0.1 0.1",
    "1 0.5 0.5 0.1 0.1\f",
    "1 0.5 0.5 0.1 0.1\x00",
    "1_0 .5 .5 .1 .1",
    "1 . 0.5 0.1 0.1",
    "1 0.5 0.5 0.1 0.1\u2028 2 0.2 0.2 0.1 0.1",
    "\u0661 0.5 0.5 0.1 0.1",
    "-0 0.5 0.5 0.1 0.1",
    "1 0.123456789 0.5 0.1 0.1\n1 0.1234567891 0.5 0.1 0.1",
    "2 0.2 0.2 0.1 0.1\n1 0.5 0.5 0.1 0.1\n" * 2,
]
PIECES = [
    "0",
    "1",
    "9",
    ".",
    "-",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "e",
    "nan",
    "inf",
    ",",
    "\0",
    "1.01",
]


def fuzzed(rng: random.Random) -> bytes:
    """A label file: often in order, otherwise a planted fault, and sometimes bytes changed."""
    rows = []
    for _ in range(rng.randrange(0, 8)):
        w, h = rng.uniform(0, 0.4), rng.uniform(0, 0.4)
        x, y = rng.uniform(w / 2, 1 - w / 2), rng.uniform(h / 2, 1 - h / 2)
        digits = rng.choice((2, 4, 6, 9, 17))
        row = f"{rng.randrange(CLASSES)} " + " ".join(f"{v:.{digits}f}" for v in (x, y, w, h))
        rows += [row] * rng.choice((1, 1, 1, 1, 1, 1, 2))
    if rng.random() < 0.3:
        rows.insert(rng.randrange(len(rows) + 1), rng.choice(PLANTED))
    text = rng.choice(("\n", "\n", "\r\n", "\n\n")).join(rows) + rng.choice(("", "\n", " \n"))
    if rng.random() < 0.3:
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(PIECES) + text[at + rng.randrange(3) :]
    data = text.encode()
    if rng.random() < 0.03 and data:
        at = rng.randrange(len(data))
        data = data[:at] + bytes([rng.randrange(128, 256)]) + data[at + 1 :]
    return data


@pytest.fixture
def images(tmp_path: Path) -> list[bytes]:
    """Very many names of one small image, each with a label file of its own."""
    rng = random.Random(8_4_190)  # noqa: S311
    one = tmp_path / "one.jpg"
    Image.new("RGB", (32, 32), "red").save(one)
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    found = []
    for index in range(FILES):
        image = tmp_path / f"images/{index:05d}.jpg"
        image.hardlink_to(one)
        data = PLANTED[index].encode() if index < len(PLANTED) else fuzzed(rng)
        (tmp_path / f"labels/{index:05d}.txt").write_bytes(data)
        found.append(os.fsencode(image))
    return found


@pytest.mark.filterwarnings("ignore")
def test_every_label_file_comes_out_as_in_the_trainers_loader(images: list[bytes]) -> None:
    verify = pytest.importorskip("ultralytics.data.utils").verify_image_label
    orders = Orders(CLASSES, Rules(CATALOGUE), True, True, full=False)
    outcomes: dict[str, int] = {"kept": 0, "doubles left out": 0, "empty": 0, "image left out": 0}
    for start in range(0, FILES, CHUNK):
        chunk = images[start : start + CHUNK]
        part = look_at(Chunk(tuple(chunk)), orders, patience_s=600)
        first = np.searchsorted(part.boxes["image"], np.arange(len(chunk) + 1))
        for index, image in enumerate(chunk):
            path = os.fsdecode(image)
            label = path.replace("/images/", "/labels/").replace(".jpg", ".txt")
            told = verify((path, label, "", False, CLASSES, 0, 0, False))
            raw = Path(label).read_bytes()
            ours = part.boxes[first[index] : first[index + 1]]
            if told[0] is None:
                assert part.images["label"][index] == Label.DROPPED, raw
                assert not len(ours), raw
                outcomes["image left out"] += 1
                continue
            columns = [ours[name] for name in ("class", "x", "y", "width", "height")]
            assert np.array_equal(np.stack(columns, axis=1), told[1]), raw
            assert (part.images["label"][index] == Label.EMPTY) == bool(told[7]), raw
            doubles = "duplicate" in told[9]
            outcomes["doubles left out" if doubles else "kept" if len(ours) else "empty"] += 1
    assert min(outcomes.values()) > 50, outcomes
    assert sum(outcomes.values()) == FILES
    print(outcomes)
