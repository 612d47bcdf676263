"""The defaults that the form shows are those of the pinned ultralytics."""

import importlib.util
from pathlib import Path

import yaml

from services.trainer.domain.argument_defaults import DEFAULTS, described
from services.trainer.domain.arguments import AUGMENTATIONS, EXTRAS


def test_every_argument_is_described_once_with_the_default_of_ultralytics() -> None:
    found = importlib.util.find_spec("ultralytics")
    assert found
    assert found.submodule_search_locations
    file = Path(found.submodule_search_locations[0]) / "cfg" / "default.yaml"
    theirs = yaml.safe_load(file.read_text(encoding="utf-8"))
    rows = [row for group in described().values() for row in group]
    assert {row["name"] for row in rows} == {*AUGMENTATIONS, *EXTRAS} == set(DEFAULTS)
    assert len(rows) == len(DEFAULTS)
    assert {row["name"]: row["default"] for row in rows} == {
        name: theirs[name] for name in DEFAULTS
    }


def test_a_default_is_within_its_limits() -> None:
    for name, limit in (AUGMENTATIONS | EXTRAS).items():
        assert limit.accepts(DEFAULTS[name]), name
