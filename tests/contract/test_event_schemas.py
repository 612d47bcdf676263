"""The event contract as golden files: a change of it is a visible diff, never an accident.

After a change that is meant: python -m tests.contract.test_event_schemas
"""

import json
from pathlib import Path
from typing import Any

import pytest

from libs.common.events import KINDS

GOLDEN = Path(__file__).parent / "events"


def schema(kind: str) -> dict[str, Any]:
    """The JSON schema of one kind's data."""
    return KINDS[kind].model_json_schema(mode="serialization")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_schema_of_a_kind_is_the_one_that_others_rely_on(kind: str) -> None:
    golden = GOLDEN / f"{kind}.json"
    assert golden.is_file(), f"a new kind: write {golden.name} (see the head of this file)"
    assert schema(kind) == json.loads(golden.read_text(encoding="utf-8"))


def test_no_kind_vanished() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(KINDS)


def write() -> None:
    """Accept the contract as it is now."""
    for kind in KINDS:
        text = json.dumps(schema(kind), indent=1, sort_keys=True)
        (GOLDEN / f"{kind}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
