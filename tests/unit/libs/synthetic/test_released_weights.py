"""The released base weights are the file that their card describes."""

import hashlib
import json
import zipfile
from pathlib import Path

from libs.synthetic import BASE_SPEC, DEMO_SPEC

WEIGHTS = Path(__file__).resolve().parents[4] / "weights"
CARD = json.loads((WEIGHTS / "shirushi-logo-n.json").read_text())
FILE = WEIGHTS / CARD["file"]


def test_the_card_describes_this_file() -> None:
    content = FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == CARD["sha256"]
    assert len(content) == CARD["bytes"] < 8_000_000


def test_the_weights_know_the_base_brands_and_none_of_the_demo() -> None:
    assert CARD["classes"] == list(BASE_SPEC.classes)
    assert not set(CARD["classes"]) & {*DEMO_SPEC.classes, *DEMO_SPEC.distractors}


def test_the_weights_were_trained_on_what_the_generator_draws_today() -> None:
    assert CARD["dataset"]["spec"] == json.loads(json.dumps(BASE_SPEC.as_json()))


def test_the_file_tells_no_path_of_the_machine_it_was_made_on() -> None:
    with zipfile.ZipFile(FILE) as archive:
        pickled = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    assert len(pickled) > 10_000
    assert not [path for path in (b"/tmp/", b"/work", b"/home/") if path in pickled]
