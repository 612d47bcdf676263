"""What the demo shows was not in the base weights' training set."""

from pathlib import Path

import pytest

from libs.synthetic import BASE_SPEC, DEMO_SPEC, DatasetSpec
from libs.synthetic.__main__ import main
from libs.synthetic.icons import require_icons


def test_no_brand_of_the_demo_is_known_to_the_base() -> None:
    demo = {*DEMO_SPEC.classes, *DEMO_SPEC.distractors}
    assert not demo & {*BASE_SPEC.classes, *BASE_SPEC.distractors}


@pytest.mark.parametrize("spec", [BASE_SPEC, DEMO_SPEC], ids=["base", "demo"])
def test_every_brand_has_an_icon(spec: DatasetSpec) -> None:
    require_icons(spec.classes + spec.distractors)


def test_a_good_part_of_the_demo_images_holds_no_logo() -> None:
    for split, count in DEMO_SPEC.counts.items():
        empty = sum(DEMO_SPEC.request(index).first_class is None for index in range(count))
        assert empty == pytest.approx(0.3 * count, abs=0.5), split


def test_the_command_writes_what_its_options_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--train", "3", "--val", "1", "--test", "0", "--classes", "nike,shell"]
    options += ["--distractors", "kodi", "--size", "64", "--workers", "1", "--empty", "0"]
    assert main([str(tmp_path / "set"), *options]) == 0
    assert len(list((tmp_path / "set/images/train").iterdir())) == 3
    assert "4 images" in " ".join(capsys.readouterr().err.split())


def test_the_command_says_what_to_do_about_an_unknown_brand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "set"), "--classes", "nosuchbrand"]) == 2
    assert "nosuchbrand" in capsys.readouterr().err
