"""Faults in label files."""

from collections.abc import Callable
from pathlib import Path

from tests.planted.base import Defect, put, text

GOOD = "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.22 0.2\n"
TRIANGLE = "1 0.1 0.1 0.5 0.1 0.5 0.5\n"
SQUARE = "0 0.2 0.2 0.4 0.2 0.4 0.4 0.2 0.4\n"


def _row(rule: str, name: str, data: str | bytes, line: int | None = 1, *also: str) -> Defect:
    def plant(root: Path) -> object:
        return put(text(root, 3), data)

    return Defect(rule, name, plant, "labels/train/t03.txt", line, also)


def _each(change: Callable[[str], str]) -> Callable[[Path], object]:
    def plant(root: Path) -> object:
        return [put(p, change(p.read_text())) for p in sorted((root / "labels").rglob("*.txt"))]

    return plant


def _to_corners(label: str) -> str:
    rows = []
    for line in label.splitlines():
        number, x, y, w, h = (float(word) for word in line.split())
        rows.append(f"{number:g} {x - w / 2:.5f} {y - h / 2:.5f} {x + w / 2:.5f} {y + h / 2:.5f}\n")
    return "".join(rows)


def _many(rows: int) -> str:
    columns = 10
    return "".join(
        f"{i % 2} {0.05 + 0.1 * (i % columns):.3f} {0.03 + 0.06 * (i // columns):.3f} 0.05 0.04\n"
        for i in range(rows)
    )


DEFECTS = [
    _row("class_out_of_range", "one above", GOOD + "2 0.5 0.5 0.1 0.1\n", 3),
    _row("class_out_of_range", "COCO's numbers", "79 0.5 0.5 0.1 0.1\n"),
    _row("negative_class", "minus one", "-1 0.5 0.5 0.2 0.2\n"),
    _row("non_integer_class", "half", "0.5 0.5 0.5 0.2 0.2\n"),
    _row("non_integer_class", "near one", "0.9999 0.5 0.5 0.2 0.2\n"),
    _row("coordinate_above_one", "centre", "0 1.2 0.5 0.1 0.1\n"),
    _row("coordinate_above_one", "width", "0 0.5 0.5 1.4 0.2\n"),
    _row("coordinate_above_one", "after a blank line", "\n1 0.5 1.05 0.1 0.1\n", 2),
    _row("negative_coordinate", "x", "0 -0.2 0.5 0.1 0.1\n"),
    _row("negative_coordinate", "y by little", "0 0.5 -0.005 0.2 0.2\n"),
    _row("not_normalized", "pixels", "0 80 60 30 20\n"),
    _row("not_normalized", "pixels in decimals", "0 80.5 60.25 30.0 20.5\n"),
    _row("not_normalized", "percent", "0 50 50 20 20\n"),
    _row("not_normalized", "a small box", "1 3 4 2.5 3\n"),
    _row("nan_value", "lower", "0 nan 0.5 0.1 0.1\n"),
    _row("nan_value", "NaN as width", "0 0.5 0.5 NaN 0.1\n"),
    _row("inf_value", "inf", "0 0.5 inf 0.1 0.1\n"),
    _row("inf_value", "minus infinity", "0 0.5 0.5 -Infinity 0.1\n"),
    _row("inf_value", "too large", "0 1e999 0.5 0.1 0.1\n"),
    _row("zero_size_box", "width", "0 0.5 0.5 0 0.1\n"),
    _row("zero_size_box", "both", "0 0.5 0.5 0.0 0.0\n"),
    _row("negative_size_box", "width", "0 0.5 0.5 -0.1 0.1\n"),
    _row("negative_size_box", "both", "0 0.5 0.5 -0.1 -0.1\n"),
    _row("box_out_of_image", "right", "0 0.95 0.5 0.2 0.1\n"),
    _row("box_out_of_image", "top", "0 0.5 0.05 0.2 0.3\n"),
    _row("box_out_of_image", "by one percent", "0 0.9 0.5 0.22 0.1\n"),
    _row("tiny_box", "a point", "0 0.5 0.5 0.001 0.001\n"),
    _row("tiny_box", "two pixels", "0 0.5 0.5 0.003 0.003\n"),
    _row("tiny_box", "a line", "0 0.5 0.5 0.3 0.001\n"),
    _row("full_image_box", "whole", "0 0.5 0.5 1.0 1.0\n"),
    _row("full_image_box", "nearly", "0 0.5 0.5 0.995 0.999\n"),
    _row("duplicate_box", "twice", GOOD + "0 0.3 0.3 0.2 0.2\n", 3),
    _row("duplicate_box", "in other digits", "0 0.3 0.3 0.2 0.2\n0 0.30 3e-1 0.200 0.2\n", 2),
    _row("near_duplicate_box", "shifted", GOOD + "0 0.302 0.3 0.2 0.2\n", 3),
    _row("near_duplicate_box", "grown", GOOD + "1 0.7 0.7 0.226 0.205\n", 3),
    _row("same_box_two_classes", "equal", GOOD + "1 0.3 0.3 0.2 0.2\n", 3),
    _row("same_box_two_classes", "nearly equal", GOOD + "1 0.301 0.3 0.2 0.2\n", 3),
    _row("heavy_overlap_same_class", "beside", GOOD + "0 0.325 0.3 0.2 0.2\n", 3),
    _row("wrong_column_count", "four", "0 0.5 0.5 0.1\n"),
    _row("wrong_column_count", "a class alone", GOOD + "1\n", 3),
    _row("wrong_column_count", "a track number", "0 0.5 0.5 0.2 0.2 17\n"),
    _row("extra_confidence_column", "all rows", "0 0.3 0.3 0.2 0.2 0.93\n1 0.7 0.7 0.2 0.2 0.5\n"),
    _row("extra_confidence_column", "one row", GOOD + "0 0.5 0.5 0.1 0.1 0.97\n", 3),
    _row("segments_mixed_with_boxes", "both", GOOD + SQUARE, 3),
    _row("segments_in_detection_set", "square", SQUARE),
    _row("segments_in_detection_set", "triangle", TRIANGLE),
    _row("odd_polygon_count", "seven", "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1\n"),
    _row("non_numeric_value", "a name", "cup 0.5 0.5 0.1 0.1\n"),
    _row("non_numeric_value", "a heading", "class x y w h\n" + GOOD),
    _row("non_numeric_value", "a comment", GOOD + "# checked\n", 3),
    _row("comma_separated", "tight", "0,0.5,0.5,0.1,0.1\n"),
    _row("comma_separated", "with spaces", "0, 0.5, 0.5, 0.1, 0.1\n"),
    _row("comma_separated", "semicolons", "0;0.5;0.5;0.1;0.1\n"),
    _row("decimal_comma", "spaces", "0 0,5 0,5 0,1 0,1\n"),
    _row("decimal_comma", "semicolons", "0;0,5;0,5;0,1;0,1\n"),
    _row("decimal_comma", "nine columns", "0,0,512,0,433,0,125,0,25\n"),
    _row("utf8_bom", "plain", b"\xef\xbb\xbf" + GOOD.encode()),
    _row("utf8_bom", "with CR LF", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()),
    _row("utf16_label", "with its mark", GOOD.encode("utf-16"), None),
    _row("utf16_label", "big end first", b"\xfe\xff" + GOOD.encode("utf-16-be"), None),
    _row("utf16_label", "without its mark", GOOD.encode("utf-16-le"), None),
    _row("non_utf8_label", "Latin-1", GOOD.encode() + b"# caf\xe9\n", None),
    _row("non_utf8_label", "Shift JIS", GOOD.encode() + "# ロゴ".encode("shift_jis"), None),
    _row("nul_bytes_label", "at the end", GOOD.encode() + b"\0" * 16, None),
    _row("nul_bytes_label", "all", b"\0" * 64, None),
    _row("nul_bytes_label", "inside", b"0 0.5 0.\0005 0.1 0.1\n", None),
    _row("crlf_line_endings", "Windows", GOOD.replace("\n", "\r\n"), None),
    _row("oversized_label_file", "a megabyte of rows", GOOD * 28_000, None),
    _row("oversized_label_file", "blank lines", GOOD + " \n" * 600_000, None),
    _row("xyxy_format_suspected", "one row", "0 0.6 0.6 0.9 0.9\n", 1, "box_out_of_image"),
    _row(
        "xyxy_format_suspected",
        "two rows",
        "0 0.1 0.1 0.3 0.3\n1 0.5 0.55 0.8 0.9\n",
        1,
        "box_out_of_image",
    ),
    Defect("xyxy_format_suspected", "everywhere", _each(_to_corners), also=("box_out_of_image",)),
    _row("object_count_outlier", "sixty", _many(60), None),
    _row("object_count_outlier", "twenty", _many(20), None),
    _row("box_aspect_outlier", "a strip", "0 0.5 0.5 0.9 0.02\n"),
    _row("box_aspect_outlier", "a pole", "1 0.5 0.5 0.03 0.9\n"),
    _row("box_size_outlier", "large", "0 0.5 0.5 0.9 0.85\n"),
    _row("box_size_outlier", "small", "1 0.5 0.5 0.02 0.02\n"),
]
