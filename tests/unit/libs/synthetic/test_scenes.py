"""The boxes are where the logos are."""

import cv2
import numpy as np
import pytest

from libs.common.errors import BadInput
from libs.synthetic import DatasetSpec
from libs.synthetic.carriers import Place, ink_box, lay_card, make_card, print_on_scene
from libs.synthetic.dataset import label_text
from libs.synthetic.icons import load_icon
from libs.synthetic.scenes import compose

SPEC = DatasetSpec(
    classes=("nike", "shell", "puma"), counts={"train": 60}, size=128, empty_share=0.0
)


def labels_of(index: int) -> list[list[float]]:
    scene = compose(SPEC.rng("train", index), SPEC.request(index))
    return [[float(part) for part in row.split()] for row in label_text(scene, 128).splitlines()]


def test_every_box_lies_inside_its_image_and_is_neither_tiny_nor_all_of_it() -> None:
    rows = np.array([row for index in range(60) for row in labels_of(index)])
    centres, sizes = rows[:, 1:3], rows[:, 3:5]
    assert (centres - sizes / 2 >= -1e-6).all()
    assert (centres + sizes / 2 <= 1 + 1e-6).all()
    assert (sizes.max(axis=1) > 0.08).all()
    assert (sizes.max(axis=1) < 0.7).all()


def test_every_image_that_shall_hold_a_logo_holds_one() -> None:
    assert all(labels_of(index) for index in range(60))


def test_the_classes_take_turns() -> None:
    first = [int(labels_of(index)[0][0]) for index in range(60)]
    assert np.bincount(first).tolist() == [20, 20, 20]


@pytest.mark.parametrize("on_card", [True, False])
@pytest.mark.parametrize("slug", ["nike", "starbucks", "shell"])
def test_the_box_holds_exactly_the_pixels_that_the_logo_changed(slug: str, on_card: bool) -> None:
    """Draw the same scene with the logo's ink and without it; where they differ is the logo."""
    icon = load_icon(slug, 90)
    scenes = []
    for inked in (True, False):
        rng = np.random.default_rng(5)
        scene = np.full((160, 160, 3), 128, np.float32)
        place = Place(80, 76, 90, 0.1, 0.2)
        if on_card:
            card = make_card(rng, icon)
            blank = cv2.inpaint(
                card.colours.astype(np.uint8),
                (card.logo > 0).astype(np.uint8),
                5,
                cv2.INPAINT_TELEA,
            )
            colours = card.colours if inked else blank.astype(np.float32)
            box = lay_card(rng, scene, card._replace(colours=colours), place)
        else:
            box = print_on_scene(rng, scene, icon, place)
            scene = scene if inked else np.full((160, 160, 3), 128, np.float32)
        scenes.append(scene)
    assert box is not None
    changed = np.abs(scenes[0] - scenes[1]).max(axis=2) > 30
    rows, columns = np.where(changed)
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.abs(np.array(box) - seen).max() <= 3


def test_a_logo_of_which_nothing_shows_has_no_box() -> None:
    assert ink_box(np.zeros((32, 32), np.float32)) is None


def test_a_logo_without_contrast_to_its_ground_is_painted_in_another_colour() -> None:
    icon = load_icon("nike", 90)
    for seed in range(20):
        scene = np.full((120, 120, 3), icon.colour_bgr, np.float32)
        before = scene.copy()
        print_on_scene(np.random.default_rng(seed), scene, icon, Place(60, 60, 80, 0.0, 0.0))
        assert np.abs(scene - before).max() > 40


def test_an_icon_is_cropped_to_its_ink() -> None:
    alpha = load_icon("nike", 100).alpha
    assert all(edge.max() > 8 for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
    assert alpha.shape[1] > 2 * alpha.shape[0]


def test_a_brand_that_is_class_and_distractor_at_once_is_refused() -> None:
    with pytest.raises(BadInput, match="nike: a class cannot be a distractor"):
        DatasetSpec(classes=("nike",), counts={"train": 1}, distractors=("nike",))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"classes": ()}, "at least one class"),
        ({"classes": ("nike", "nike")}, "once"),
        ({"counts": {"holdout": 3}}, "train, val and test"),
        ({"counts": {"train": -1}}, "0 or more"),
        ({"counts": {}}, "at least one image"),
        ({"size": 20}, "64 to 1280"),
        ({"empty_share": 1.5}, "0 to 1"),
        ({"logo_share": (0.5, 0.2)}, "logo shares"),
    ],
)
def test_a_spec_that_cannot_be_drawn_is_refused_with_a_reason(
    change: dict[str, object], sentence: str
) -> None:
    good: dict[str, object] = {"classes": ("nike",), "counts": {"train": 1}}
    with pytest.raises(BadInput, match=sentence):
        DatasetSpec(**(good | change))  # type: ignore[arg-type]
