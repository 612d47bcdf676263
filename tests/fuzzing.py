"""schemathesis on the REST contract of a running system: every route, with ids that are there."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from libs.synthetic import DatasetSpec, write_dataset
from tests.unit.services.analyzer.scenes import CLASSES

WAIT = {"Prefer": "wait=120"}
LAX = (
    "positive_data_acceptance",  # a well-formed name of nothing is refused, as it must be
    "missing_required_header",  # no header of ours is required
)
CONFIG = """
[[operations]]
include-method = "GET"
parameters = {parameters}
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
"""


@dataclass(frozen=True)
class Seeds:
    """What is there to ask about; only readings are asked of it."""

    values: dict[str, str]

    def config(self) -> str:
        """As `schemathesis.toml` says it."""
        inner = ", ".join(f'"{name}" = "{value}"' for name, value in self.values.items())
        return CONFIG.format(parameters=f"{{ {inner} }}")


def seeds(http: httpx.Client, folder: Path) -> Seeds:
    """A dataset with a version and a check, a model's validation, a training that was cancelled."""
    write_dataset(
        folder, DatasetSpec(classes=CLASSES, counts={"train": 2, "val": 2}, size=96, seed=3)
    )

    def told(path: str, body: Mapping[str, object]) -> dict[str, str]:
        answer = http.post(path, json=body, headers=WAIT)
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    edit = told("/dataset/import", {"source": str(folder), "dataset_name": "fuzzed"})
    check = told("/dataset/validate", {"dataset_path": "fuzzed"})
    model = {"model_path": "shirushi-logo-n", "test_dataset_path": str(folder)}
    judged = told("/model/validate", model)
    asked = {"mode": "full", "dataset_path": "fuzzed", "epochs": 1, "priority": "low"}
    run = told("/training/start", asked)["training_id"]
    told(f"/training/cancel/{run}", {})
    return Seeds(
        {
            "path.name": "fuzzed",
            "path.edit_id": edit["edit_id"],
            "path.validation_id": judged["validation_id"],
            "path.training_id": run,
            "path.image": "0",
            "query.validation_id": check["validation_id"],
        }
    )


def fuzz(url: str, found: Seeds, folder: Path, *options: str) -> None:
    """Run schemathesis; its report is what fails."""
    config = folder / "schemathesis.toml"
    config.write_text(found.config(), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("schemathesis"))]
    command += ["--config-file", str(config), "run", f"{url}/openapi.json", "--no-color"]
    command += ["--warnings", "off", "--no-shrink", "--request-timeout", "60"]
    command += ["--continue-on-failure", "--exclude-checks", ",".join(LAX), *options]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, "\n".join(
        line[:300] for line in (done.stdout + done.stderr).splitlines()[-200:]
    )
    print(done.stdout.strip().splitlines()[-1])
