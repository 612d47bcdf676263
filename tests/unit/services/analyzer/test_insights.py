import hashlib
from pathlib import Path

from services.analyzer.insights import shared_with_train
from services.analyzer.parquet import Image


def test_images_that_are_in_train_under_any_name_are_found(tmp_path: Path) -> None:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    def image(path: Path) -> Image:
        return Image(str(path), 1, 1, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    judged = [write("a.jpg", b"same"), write("b.jpg", b"four"), write("c.jpg", b"longer")]
    train = [write("z.png", b"same"), write("y.jpg", b"5ive!"), tmp_path / "gone.jpg"]
    found = shared_with_train([image(each) for each in judged], train)
    assert found.tolist() == [1, 0, 0]
    assert shared_with_train([], train).tolist() == []
