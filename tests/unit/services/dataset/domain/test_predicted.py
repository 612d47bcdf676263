from collections.abc import Sequence

import numpy as np
import pytest

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.paths import Paths
from services.dataset.domain.predicted import Predicted, check_against_predictions, judge
from services.dataset.domain.scanned import BOX, IMAGE, Label, Scanned

Box = tuple[float, float, float, float]
HERE: Box = (0.3, 0.3, 0.2, 0.2)
"""Centre, width, height."""
BESIDE: Box = (0.4, 0.3, 0.2, 0.2)
FAR: Box = (0.8, 0.8, 0.2, 0.2)
CUP, BAG = 0, 1
IMAGES = 30

Row = tuple[int, int, Box]
Seen = tuple[int, int, float, Box]


def clean() -> tuple[list[Row], list[Seen]]:
    """A cup and a bag in every image, both found; and the noise that detectors make."""
    labels = [(image, kind, box) for image in range(IMAGES) for kind, box in _pair()]
    detections = [(image, kind, 0.9, box) for image in range(IMAGES) for kind, box in _pair()]
    detections += [(image, CUP, 0.06, (0.6, 0.2, 0.1, 0.1)) for image in range(IMAGES)]
    return labels, detections


def _pair() -> Sequence[tuple[int, Box]]:
    return (CUP, HERE), (BAG, FAR)


def scan(labels: list[Row]) -> Scanned:
    paths = Paths.of(f"images/{at:02d}.jpg".encode() for at in range(IMAGES))
    images = np.zeros(IMAGES, IMAGE)
    images["label"] = Label.KEPT
    boxes = np.zeros(len(labels), BOX)
    for at, (image, kind, box) in enumerate(sorted(labels, key=lambda row: row[0])):
        boxes[at] = (image, kind, *box, at + 1)
    return Scanned("/d", ("cup", "bag"), ("train",), paths, images, boxes)


def said(detections: list[Seen]) -> Predicted:
    rows = sorted(detections, key=lambda row: row[0])
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for _, _, _, (x, y, w, h) in rows]
    return Predicted(
        np.ones(IMAGES, bool),
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows]),
        np.array(boxes).reshape(-1, 4),
    )


def hits(scanned: Scanned, predicted: Predicted) -> list[tuple[str | None, Hit]]:
    scanned.judged = judge(scanned, predicted)
    return [(file, hit) for _, file, hit in check_against_predictions(scanned, Rules(CATALOGUE))]


def one_hit(labels: list[Row], detections: list[Seen]) -> tuple[str | None, Hit]:
    [only] = hits(scan(labels), said(detections))
    return only


def test_labels_that_the_model_agrees_with_are_not_doubted() -> None:
    scanned = scan(clean()[0])
    assert hits(scanned, said(clean()[1])) == []
    assert not scanned.judged_by_looks(0)


def test_two_objects_on_one_spot_that_are_both_found_do_not_contradict_each_other() -> None:
    labels, detections = clean()
    around = (0.3, 0.3, 0.24, 0.24)
    labels.append((3, BAG, around))
    assert hits(scan(labels), said([*detections, (3, BAG, 0.95, around)])) == []
    assert hits(scan(labels), said([*detections, (3, BAG, 0.8, around)])) == []


def test_a_box_on_which_the_model_sees_another_class_is_doubted() -> None:
    labels, detections = clean()
    labels[6] = (3, BAG, HERE)
    file, hit = one_hit(labels, detections)
    assert (file, hit.rule, hit.value, hit.line) == (
        "labels/03.txt",
        "class_label_suspect",
        "cup",
        7,
    )
    assert "labelled 'bag', but the model sees 'cup'" in hit.message
    assert "confidence of 0.90 (swapped score 0.90, IoU 1.00)" in hit.message


def test_an_object_without_a_box_is_named_with_its_place() -> None:
    labels, detections = clean()
    del labels[7]
    file, hit = one_hit(labels, detections)
    assert (file, hit.rule, hit.line) == ("labels/03.txt", "missing_box_suspect", None)
    assert hit.value == "0.8000 0.8000 0.2000 0.2000"
    assert "'bag' with a confidence of 0.90" in hit.message
    assert "overlooked score 0.90" in hit.message


def test_a_box_beside_its_object_is_doubted() -> None:
    labels, detections = clean()
    labels[6] = (3, CUP, BESIDE)
    file, hit = one_hit(labels, detections)
    assert (file, hit.rule, hit.line) == ("labels/03.txt", "box_misplaced_suspect", 7)
    assert hit.value == "0.3000 0.3000 0.2000 0.2000"
    assert "badly located score 0.60, IoU 0.33" in hit.message


def test_a_box_where_the_model_sees_nothing_at_all_is_doubted() -> None:
    labels, detections = clean()
    labels.append((3, CUP, (0.15, 0.85, 0.1, 0.1)))
    file, hit = one_hit(labels, detections)
    assert (file, hit.rule, hit.value) == ("labels/03.txt", "spurious_box_suspect", "cup")
    assert "unseen score 0.97" in hit.message
    faint = [*detections, (3, BAG, 0.06, (0.15, 0.85, 0.1, 0.1))]
    assert hits(scan(labels), said(faint)) == []


def test_unseen_boxes_are_not_doubted_where_faint_detections_were_cut_off_or_many_are_missed() -> (
    None
):
    labels, detections = clean()
    labels.append((3, CUP, (0.15, 0.85, 0.1, 0.1)))
    assert hits(scan(labels), said([row for row in detections if row[2] > 0.5])) == []
    missed = [row for row in detections if row[1] == BAG or row[0] > 5]
    assert not [hit for _, hit in hits(scan(labels), said(missed)) if hit.line == 9]


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_a_model_that_is_often_wrong_judges_nothing_and_leaves_all_to_looks(share: float) -> None:
    labels, detections = clean()
    wrong = [
        (image, BAG - kind if image >= share * IMAGES else kind, score, box)
        for image, kind, score, box in detections
    ]
    scanned = scan(labels)
    assert hits(scanned, said(wrong)) == []
    assert scanned.judged
    assert scanned.judged.from_confidence is None
    assert scanned.judged_by_looks(0)


def test_nothing_is_said_of_images_that_the_model_never_saw_or_the_trainer_drops() -> None:
    labels, detections = clean()
    labels = [row for row in labels if row[:2] not in ((3, BAG), (4, BAG))]
    scanned, predicted = scan(labels), said(detections)
    predicted.seen_n[3] = False
    scanned.images["label"][4] = Label.DROPPED
    assert hits(scanned, predicted) == []
    assert scanned.judged_by_looks(3)
    assert not scanned.judged_by_looks(2)


def test_a_class_that_the_dataset_does_not_have_contradicts_nothing() -> None:
    labels, detections = clean()
    detections.append((3, -1, 0.95, (0.15, 0.85, 0.1, 0.1)))
    assert hits(scan(labels), said(detections)) == []
    assert hits(scan([]), said([])) == []
