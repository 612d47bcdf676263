"""Images and compose, as far as they can be tried without an engine: linted, checked, and run."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.contained import prepare
from deploy.images import IMAGES, listed
from deploy.lock import REQUIREMENTS
from deploy.pick import picked
from tests.conftest import ROOT
from tests.unit.services.trainer.conftest import draw_dataset

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yml").read_text("utf-8"))["services"]
OURS = [name for name, each in COMPOSE.items() if "shirushi" in each["image"]]
SCRIPTS = Path(sys.executable).parent
STARTED = ("nats", "store", "setup", "gateway", "dataset")
"""The other two import torch first, which takes long; their commands differ by the name alone."""


def test_the_dockerfile_has_nothing_that_hadolint_complains_of() -> None:
    done = subprocess.run(
        [SCRIPTS / "hadolint", "--failure-threshold", "style", ROOT / "deploy/Dockerfile"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_compose_is_what_its_schema_asks_for() -> None:
    command = [str(SCRIPTS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "deploy/compose.yml")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_images_are_pinned_by_digest_and_run_as_nobody_special() -> None:
    bases = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    made = {name for _, name in bases}
    assert {*OURS} - {"nats", "store", "setup", "trainer-cpu"} <= made
    for base, _ in bases:
        assert base in made or re.search(r"@sha256:[0-9a-f]{64}$", base)
    stages = DOCKERFILE.split("\nFROM ")[1:]
    for stage in stages:
        if "\nCMD " in stage:
            assert "\nUSER 10001:10001\n" in stage
            assert "\nHEALTHCHECK " in stage
    assert all("--require-hashes" in line for line in installs() if "torch.txt" not in line)


def installs() -> list[str]:
    return re.findall(r"pip install [^\n&]+", DOCKERFILE)


def test_only_the_gateway_is_published_and_nothing_can_be_written_but_state() -> None:
    for name, each in COMPOSE.items():
        assert each["read_only"], name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert bool(each.get("ports")) == (name == "gateway"), name
        written = [v for v in each["volumes"] if not v.endswith(":ro")]
        assert all("/state" in volume.rsplit(":", 1)[1] for volume in written), name
    for name in OURS:
        assert COMPOSE[name]["user"] == "10001:10001"
        holds_all = any(":/secrets" in volume for volume in COMPOSE[name]["volumes"])
        assert holds_all == (name in ("nats", "store", "setup")), "services know their own part"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_without_torch_has_all_that_its_service_imports(image: str) -> None:
    text = (REQUIREMENTS / f"{image}.txt").read_text("utf-8")
    assert text == listed(image), "run `python -m deploy.images` and `make lock`"
    names = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert not names & {"torch", "ultralytics", "scipy"}
    modules = {"gateway": "services.gateway.app, deploy.contained", "dataset": "services.dataset"}
    program = (
        "import sys\n"
        "from importlib import metadata\n"
        f"names = {sorted(names)!r}\n"
        "class Rest:\n"
        "    known = metadata.packages_distributions()\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        of = {d.lower().replace('_', '-') for d in self.known.get(name, ())}\n"
        "        if of and not of & set(names):\n"
        "            raise ModuleNotFoundError(f'{name} is not in the image', name=name)\n"
        "sys.meta_path.insert(0, Rest())\n"
        f"import {modules[image]}\n"
        f"import {'services.dataset.__main__' if image == 'dataset' else 'services.gateway.app'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_some_packages_of_a_lock_are_picked_with_their_hashes() -> None:
    first = "a==1 \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\n"
    second = "b==2 \\\n    --hash=sha256:3\n"
    lock = f"# about\n{first}{second}"
    assert picked(lock, {"b"}) == second
    assert picked(lock, {"b"}, without=True) == first


def test_what_is_prepared_is_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    prepare(tmp_path, ["shirushi.example"])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    before = {path: path.read_text() for path in files}
    prepare(tmp_path, [])
    changed = {path.name for path in files if path.read_text() != before[path]}
    assert changed <= {"gateway"}, "names may change, secrets do not"
    trainer, gateway = [(tmp_path / "env" / name).read_text() for name in ("trainer", "gateway")]
    passwords = re.findall(r"(?:PASSWORD|KEY)=(k\w+)", trainer)
    assert passwords
    assert not any(password in gateway for password in passwords)


def test_the_commands_of_compose_work_with_folders_that_cannot_be_written(tmp_path: Path) -> None:
    """Real bus, store and services with TLS and tokens, in namespaces in place of containers."""
    folder = tmp_path / "c"
    prepare(folder, [])
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 0, 0)  # no other user is known in there
    draw_dataset(folder / "data/drawn")
    command = ["unshare", "-Urmn", sys.executable, "-m", "tests.composed", str(folder), *STARTED]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as running,
    ):
        assert running.stdin
        assert running.stdout
        said = running.stdout.readline()
        assert said == "ready\n", (tmp_path / "log").read_text()

        def ask(method: str, path: str, **body: Any) -> Any:
            assert running.stdin
            assert running.stdout
            order = {"method": method, "path": path, "body": body}
            running.stdin.write(json.dumps(order) + "\n")
            running.stdin.flush()
            return json.loads(running.stdout.readline())

        checked = ask("POST", "/api/v1/ml/dataset/validate", dataset_path="/data/drawn")
        assert checked["status"] == 200, checked
        assert json.loads(checked["body"])["total_images"] == 18
        assert "shirushi_jobs{" in ask("GET", "/metrics")["body"]
        assert ask("GET", "/api/v1/ml/status")["status"] == 200
        running.stdin.close()
        assert running.wait(30) == 0, (tmp_path / "log").read_text()
    assert list((folder / "state/store").rglob("*.dat")), "the store's bytes are in its state"
    assert not list((folder / "state/dataset/datasets").iterdir()), "another folder lies there"
