"""Every fix of a label file: what was found is gone, what was sound is untouched byte for byte."""

import pytest

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.domain.fix_labels import LABEL_FIXES, FixedLabel, fix_label, from_corners
from services.dataset.domain.labels import parse_label
from services.dataset.domain.rules_labels import check_label

LIMITS = Rules(CATALOGUE)
SOUND = "1 0.3 0.3 0.2 0.2\n"


def mend(raw: bytes, *rules: str, size: tuple[int, int] | None = (100, 50)) -> FixedLabel:
    return fix_label(raw, rules, 2, LIMITS, size)


def rules_of(raw: bytes) -> set[str]:
    return {hit.rule for hit in check_label(parse_label(raw, 2), 2, LIMITS)}


@pytest.mark.parametrize(
    ("rule", "broken", "whole"),
    [
        ("comma_separated", "0,0.5,0.5,0.1,0.1\n", "0 0.5 0.5 0.1 0.1\n"),
        ("comma_separated", "0, 0.5, 0.5, 0.1, 0.1\n", "0 0.5 0.5 0.1 0.1\n"),
        ("decimal_comma", "0 0,5 0,5 0,1 0,1\n", "0 0.5 0.5 0.1 0.1\n"),
        ("extra_confidence_column", "0 0.5 0.5 0.1 0.1 0.9\n", "0 0.5 0.5 0.1 0.1\n"),
        ("not_normalized", "0 50 25 20 10\n", "0 0.5 0.5 0.2 0.2\n"),
        ("box_out_of_image", "0 0.95 0.5 0.2 0.2\n", "0 0.925 0.5 0.15 0.2\n"),
        ("zero_size_box", "0 0.5 0.5 0 0.2\n", ""),
        ("tiny_box", "0 0.5 0.5 0.001 0.0001\n", ""),
        ("duplicate_box", "0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1\n", "0 0.5 0.5 0.1 0.1\n"),
        (
            "near_duplicate_box",
            "0 0.5 0.5 0.2 0.2\n0 0.5 0.501 0.2 0.2\n",
            "0 0.5 0.5 0.2 0.2\n",
        ),
        ("segments_mixed_with_boxes", "0 0.1 0.1 0.3 0.1 0.3 0.4\n", "0 0.2 0.25 0.2 0.3\n"),
    ],
)
def test_a_row_is_mended_and_the_rest_is_left_as_it_was(rule: str, broken: str, whole: str) -> None:
    fixed = mend((SOUND + broken).encode(), rule)
    assert fixed.raw.decode() == SOUND + whole
    assert fixed.done[rule] >= 1
    assert rule not in rules_of(fixed.raw)
    assert not fixed.left
    untouched = mend((SOUND + broken).encode(), "utf8_bom")
    assert untouched.raw.decode() == SOUND + broken
    clean = SOUND.encode()
    assert mend(clean, *LABEL_FIXES).raw is clean


def test_polygons_alone_become_the_boxes_that_the_trainer_sees() -> None:
    raw = b"0 0.1 0.1 0.3 0.1 0.3 0.4\n1 0.5 0.5 0.7 0.5 0.7 0.9 0.5 0.9\n"
    fixed = mend(raw, "segments_in_detection_set")
    before, after = (parse_label(data, 2).boxes for data in (raw, fixed.raw))
    assert after == pytest.approx(before, abs=1e-6)
    assert rules_of(fixed.raw) == set()


@pytest.mark.parametrize(
    ("rule", "raw"),
    [
        ("utf8_bom", b"\xef\xbb\xbf" + SOUND.encode()),
        ("utf16_label", SOUND.encode("utf-16")),
        ("utf16_label", SOUND.encode("utf-16-be")),
        ("non_utf8_label", SOUND.replace(" ", "\xa0").encode("cp1252")),
        ("crlf_line_endings", SOUND.replace("\n", "\r\n").encode()),
    ],
)
def test_the_encoding_is_mended(rule: str, raw: bytes) -> None:
    assert rule in rules_of(raw)
    fixed = mend(raw, rule)
    assert fixed.raw == SOUND.encode()
    assert fixed.done == {rule: 1}


def test_fixes_follow_one_another_until_nothing_is_left() -> None:
    raw = b"\xef\xbb\xbf0,98,25,20,10,0.9\r\n0 98 25 20 10\r\n"
    found = ["comma_separated", "extra_confidence_column", "not_normalized", "box_out_of_image"]
    found += ["duplicate_box", "utf8_bom", "crlf_line_endings"]
    fixed = mend(raw, *found)
    assert fixed.raw == b"0 0.94 0.5 0.12 0.2\n"
    assert rules_of(fixed.raw) == set()


def test_what_would_be_a_guess_is_left_with_the_reason() -> None:
    raw = b"0 500 25 20 10\n"
    assert mend(raw, "not_normalized").left == {
        "not_normalized": "the numbers are larger than the image"
    }
    unknown = mend(b"0 50 25 20 10\n", "not_normalized", size=None)
    assert unknown.raw == b"0 50 25 20 10\n"
    assert "size is not known" in unknown.left["not_normalized"]
    letters = "0 0.5 0.5 0.1 0.1 é\n".encode("cp1252")
    assert mend(letters, "non_utf8_label").raw == letters


def test_corners_become_centre_and_size_only_if_every_row_can_be_corners() -> None:
    assert from_corners(b"0 0.2 0.4 0.4 0.8\n1 0 0 1 1\n").raw == (
        b"0 0.3 0.6 0.2 0.4\n1 0.5 0.5 1 1\n"
    )
    mixed = b"0 0.2 0.4 0.4 0.8\n1 0.5 0.5 0.2 0.2\n"
    assert from_corners(mixed).raw == mixed
    assert from_corners(mixed).left
