"""Bounds on a judgement: how they are written, when they hold, what cannot be known."""

from typing import Any

import pytest

from libs.client.options import parser
from libs.client.reports.bounds import bound, checked, markdown

REPORT: dict[str, Any] = {
    "map50": 0.9,
    "recall": 0.8,
    "false_alarms": {"per_1000_images": 12.0},
    "uncertainty": {"intervals": {"map50": {"low": 0.84, "high": 0.95}}},
}


@pytest.mark.parametrize(
    ("text", "sure", "held"),
    [
        ("map50>=0.9", False, True),
        ("map50 >= 0.91", False, False),
        ("map50<=0.9", False, True),
        ("map50>=0.85", True, False),
        ("map50>=0.84", True, True),
        ("map50<=0.94", True, False),
        ("recall>=0.8", True, True),  # without an interval, the number itself
        ("false_alarms_per_1000<=12", False, True),
        ("false_alarms_per_1000<=11.9", False, False),
        ("precision>=0", False, False),  # not measured: nobody knows
    ],
)
def test_a_bound_holds_or_not(text: str, sure: bool, held: bool) -> None:
    [verdict] = checked(REPORT, [bound(text)], sure=sure)
    assert verdict.held is held


@pytest.mark.parametrize("text", ["map50", "map50>0.5", "mAP>=1", "map50>=x", "map50>=1;rm", ""])
def test_what_is_no_bound_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(ValueError, match="map50_95"):
        bound(text)


def test_the_command_line_refuses_it_as_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["ci", "check", "m", "d", "--require", "map50>0.5"])
    assert ended.value.code == 2
    assert "is no bound" in capsys.readouterr().err


def test_the_summary_says_what_did_not_hold() -> None:
    verdicts = checked(REPORT, [bound("map50>=0.8"), bound("precision>=0.1")], sure=False)
    assert markdown("m", verdicts).splitlines()[-2:] == [
        "| map50>=0.8 | 0.9 | yes |",
        "| precision>=0.1 | not measured | **no** |",
    ]
