"""Each label rule: a planted defect is found in its line, its clean twin stays silent."""

import pytest

from services.dataset.domain.catalogue import CATALOGUE, LABELS
from services.dataset.domain.findings import Rules
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.domain.rules_labels import check_label

RULES = Rules(CATALOGUE)
CLASSES = 3
GOOD = "0 0.5 0.5 0.2 0.2\n"
POLYGON = "1 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"

PLANTED: list[tuple[str, str | bytes, int | None]] = [
    ("class_out_of_range", GOOD + "3 0.5 0.5 0.1 0.1\n", 2),
    ("negative_class", "-1 0.5 0.5 0.1 0.1\n", 1),
    ("non_integer_class", "0.5 0.5 0.5 0.1 0.1\n", 1),
    ("coordinate_above_one", "\n0 1.5 0.5 0.1 0.1\n", 2),
    ("negative_coordinate", "0 -0.2 0.5 0.1 0.1\n", 1),
    ("not_normalized", "0 320 240 100 80\n", 1),
    ("nan_value", "0 nan 0.5 0.1 0.1\n", 1),
    ("inf_value", "0 0.5 inf 0.1 0.1\n", 1),
    ("zero_size_box", "0 0.5 0.5 0 0.1\n", 1),
    ("negative_size_box", "0 0.5 0.5 -0.1 0.1\n", 1),
    ("box_out_of_image", "0 0.95 0.5 0.2 0.1\n", 1),
    ("tiny_box", "0 0.5 0.5 0.001 0.001\n", 1),
    ("full_image_box", "0 0.5 0.5 1 1\n", 1),
    ("duplicate_box", GOOD + "1 0.2 0.2 0.1 0.1\n" + GOOD, 3),
    ("wrong_column_count", "0 0.5 0.5 0.1\n", 1),
    ("extra_confidence_column", "0 0.5 0.5 0.1 0.1 0.97\n", 1),
    ("segments_mixed_with_boxes", GOOD + POLYGON, 2),
    ("segments_in_detection_set", POLYGON, 1),
    ("odd_polygon_count", "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1\n", 1),
    ("non_numeric_value", "logo 0.5 0.5 0.1 0.1\n", 1),
    ("comma_separated", "0,0.5,0.5,0.1,0.1\n", 1),
    ("comma_separated", "0, 0.5, 0.5, 0.1, 0.1\n", 1),
    ("decimal_comma", "0 0,5 0,5 0,1 0,1\n", 1),
    ("utf8_bom", b"\xef\xbb\xbf" + GOOD.encode(), 1),
    ("utf16_label", GOOD.encode("utf-16"), None),
    ("non_utf8_label", GOOD.encode() + b"# caf\xe9\n", None),
    ("nul_bytes_label", GOOD.encode() + b"\0" * 16, None),
    ("crlf_line_endings", GOOD.replace("\n", "\r\n"), None),
    ("oversized_label_file", GOOD + " \n" * 600_000, None),
]

TRAINER_DROPS = {rule.id for rule in LABELS if rule.severity == "E"} - {
    "zero_size_box",
    "box_out_of_image",
}


def parse(text: str | bytes) -> LabelFile:
    return parse_label(text.encode() if isinstance(text, str) else text, CLASSES)


@pytest.mark.parametrize(("rule", "text", "line"), PLANTED, ids=[case[0] for case in PLANTED])
def test_a_planted_defect_is_the_one_finding(
    rule: str, text: str | bytes, line: int | None
) -> None:
    label = parse(text)
    assert [(hit.rule, hit.line) for hit in check_label(label, CLASSES, RULES)] == [(rule, line)]
    assert (label.dropped is not None) == (rule in TRAINER_DROPS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        GOOD,
        "0 0.9 0.5 0.2 0.2\n",
        "2 0.333333 0.333333 0.666667 0.666667\n",
        "  1\t0.25 0.25 0.5 0.5",
        "0.0 5e-1 0.5 0.2 0.2\n",
        GOOD + "1 0.5 0.5 0.2 0.2\n",
    ],
    ids=["empty", "blank", "plain", "at the border", "rounded", "tab", "exponent", "two classes"],
)
def test_a_clean_label_is_silent_and_kept_whole(text: str) -> None:
    label = parse(text)
    assert not list(check_label(label, CLASSES, RULES))
    assert label.dropped is None
    assert len(label.boxes) == len(label.rows)


def test_doubles_are_left_out_and_polygons_become_boxes_as_in_the_trainer() -> None:
    doubled = parse(GOOD + GOOD + "1 0.2 0.2 0.1 0.1\n")
    assert (len(doubled.boxes), doubled.duplicates) == (2, 1)
    polygon = parse(POLYGON)
    assert polygon.boxes.tolist()[0] == pytest.approx([1, 0.3, 0.3, 0.4, 0.4])


def test_the_trainers_tolerance_of_one_percent_is_known() -> None:
    label = parse("0 1.005 0.5 0.1 0.1\n")
    assert label.dropped is None
    assert [hit.rule for hit in check_label(label, CLASSES, RULES)] == ["coordinate_above_one"]


def test_severity_and_threshold_are_the_requests_to_set() -> None:
    rules = Rules(
        CATALOGUE,
        {
            "tiny_box": {"threshold": 0.5, "severity": "E"},
            "full_image_box": {"severity": "off"},
            "no_such_rule": {"severity": "E"},
        },
    )
    (hit,) = check_label(parse(GOOD), CLASSES, rules)
    finding = rules.finding(hit, split="train", file="labels/a.txt")
    assert finding is not None
    assert (finding.rule, finding.severity, finding.fix) == ("tiny_box", "E", "opt")
    (hit,) = check_label(parse("0 0.5 0.5 1 1\n"), CLASSES, rules)
    assert rules.finding(hit, split="train", file="labels/a.txt") is None
