"""Texts of others cannot steer the terminal of whoever reads them."""

import io
import json

import pytest

from libs.client import show
from libs.client.screen import Screen

EVIL = "cup\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202egnp.\x7f"
STEERING = set(EVIL) - set("cup]0;owned[2J31mgnp.")


def test_no_text_of_an_answer_steers_the_terminal() -> None:
    out = io.StringIO()
    screen = Screen(file=out, force_terminal=True, color_system=None, width=200)
    report = {"dataset_path": EVIL, "valid": False, "total_images": 1, "total_labels": 1}
    show.validation(screen, report)
    show.rows(screen, [{"name": EVIL}], ("name",), "none")
    screen.print(EVIL, markup=False)
    assert out.getvalue().count("owned") == 3
    assert not STEERING & set(out.getvalue())


def test_no_text_in_a_line_of_json_does_and_it_is_the_same_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show.print_json({"name": EVIL})
    line = capsys.readouterr().out
    assert not STEERING & set(line)
    assert json.loads(line) == {"name": EVIL}
