from dataclasses import replace
from typing import Any

import pytest

from services.analyzer.domain.advice import RULES, advise
from services.analyzer.domain.facts import Facts

NAMES = tuple("abcdefghijkl")
QUIET = Facts(
    images=500,
    clean_images=200,
    split="test",
    imgsz=640,
    confidence=0.25,
    support=dict.fromkeys(NAMES, 100),
    misses=dict.fromkeys(NAMES, 10),
    missed_px={name: [60.0] * 10 for name in NAMES},
    alarms=dict.fromkeys(NAMES, 2),
    map50_95=(0.6, 0.58, 0.62),
    best_f1=(0.8, 0.81, 0.3),
    ece=0.03,
    sure_detections=1000,
    confused=(("a", "b", 4),),
    causes={"cls": 10, "loc": 10, "dup": 10, "bkg": 40, "miss": 120},
    suspects=2,
)
FEW_CLASSES = dict.fromkeys(NAMES, 2) | dict.fromkeys("abc", 20)

SPEAKS: list[tuple[str, dict[str, Any], str]] = [
    ("judged_on_train", {"split": "train"}, "learnt by heart"),
    ("leakage", {"in_train": 50}, "50 of 500 images (10%) are in train too"),
    ("no_clean_images", {"clean_images": 0}, "cannot be counted"),
    (
        "too_few_for_a_verdict",
        {"map50_95": (0.6, 0.5, 0.7)},
        "could be 0.500 to 0.700 on other images of this kind: 500 are too few to tell two "
        "models apart. About 2,000 would do.",
    ),
    (
        "classes_with_few_labels",
        {"support": dict.fromkeys(NAMES, 100) | {"c": 4, "d": 29}},
        "2 of 12 classes have fewer than 30 labels here (c, d)",
    ),
    ("labels_to_look_at", {"suspects": 5}, "contradicts 5 labels"),
    (
        "misses_in_few_classes",
        {"misses": FEW_CLASSES},
        "3 of 12 classes (a, b, c) cause 77% of misses: add training images",
    ),
    (
        "misses_in_few_classes",
        {"misses": FEW_CLASSES, "missed_px": {name: [20.0] for name in "abc"}},
        "most missed logos of each are below 24 px at imgsz 640: train at 960, or tile.",
    ),
    (
        "misses_are_small",
        {"missed_px": {"a": [20.0] * 71, "b": [50.0] * 29}},
        "71% of the 100 missed logos are below 24 px at imgsz 640: train at 960, or tile.",
    ),
    (
        "misses_are_small",
        {"missed_px": {"a": [20.0] * 71}, "imgsz": 1280},
        "cut the images into tiles",
    ),
    (
        "alarms_of_one_class",
        {"alarms": {"a": 30, "b": 10}, "alarm_thresholds": {"a": 0.61}},
        "a makes 75% of the 40 false alarms on images without a logo: give it a confidence "
        "threshold of its own, 0.61.",
    ),
    ("alarms_of_one_class", {"alarms": {"a": 30, "b": 10}}, "to the training without a label"),
    (
        "look_alikes",
        {"confused": (("a", "b", 12), ("b", "c", 15))},
        "15 of 100 logos of b (15%) are taken for c",
    ),
    ("cause_loc", {"causes": {"loc": 50, "miss": 60}}, "50 of 110 (45%) of the errors are right"),
    ("cause_dup", {"causes": {"dup": 30, "miss": 60}}, "30 of 90 (33%) of the errors are second"),
    (
        "better_confidence",
        {"best_f1": (0.7, 0.78, 0.45)},
        "At confidence 0.45 F1 would be 0.780 instead of 0.700 at 0.25",
    ),
    (
        "calibration_off",
        {"ece": 0.2, "overconfidence": 0.1},
        "by 0.20 on average: the model is too",
    ),
    ("calibration_off", {"ece": 0.2, "overconfidence": -0.1}, "surer than it says"),
]
SILENT: list[dict[str, Any]] = [
    {
        "support": {"a": 100, "b": 100, "c": 100},  # other classes are in the model alone
        "misses": dict.fromkeys(NAMES, 0) | {"a": 10, "b": 10, "c": 10},
    },
    {"in_train": 50, "split": "train"},
    {"map50_95": None, "best_f1": None, "ece": None},
    {"support": {"a": 3}, "misses": {"a": 3}, "missed_px": {}},
    {"misses": {"a": 5, "b": 1, "c": 1}, "missed_px": {"a": [10.0] * 5}},
    {"missed_px": {"a": [20.0] * 71}, "imgsz": None},
    {"missed_px": {"a": [24.0] * 71}},
    {"alarms": {"a": 9}},
    {"alarms": {"a": 40, "b": 41, "c": 41}},
    {"confused": (("a", "b", 9),)},
    {"causes": {"dup": 9, "loc": 9}},
    {"ece": 0.5, "sure_detections": 99},
]


@pytest.mark.parametrize(("code", "changed", "said"), SPEAKS)
def test_a_rule_speaks_with_its_numbers(code: str, changed: dict[str, Any], said: str) -> None:
    found = {each.code: each for each in advise(replace(QUIET, **changed))}
    assert said in found[code].en
    assert found[code].numbers
    assert any("\u3040" < sign < "\u9fff" for sign in found[code].ja)


@pytest.mark.parametrize("changed", SILENT)
def test_rules_keep_silent_where_their_numbers_do_not_carry(changed: dict[str, Any]) -> None:
    codes = [each.code for each in advise(replace(QUIET, **changed))]
    assert codes in ([], ["judged_on_train"])


def test_nothing_is_said_of_a_good_model_on_a_good_set() -> None:
    assert advise(QUIET) == []


def test_every_rule_is_made_to_speak_here() -> None:
    spoken = {each.code for _, changed, _ in SPEAKS for each in advise(replace(QUIET, **changed))}
    assert len(spoken) == len(RULES)
    assert {code for code, *_ in SPEAKS} == spoken
