"""What the READMEs tell people to type is there."""

import json
import re
import shlex
from pathlib import Path

import pytest
from pydantic import BaseModel

from libs.client.options import parser
from services.gateway.app import create_app
from services.gateway.schemas.dataset_edits import EditDataset, ImportDataset, SplitDataset
from services.gateway.schemas.datasets import ValidateDataset
from services.gateway.schemas.models import ValidateModel, VisualizeModel
from services.gateway.schemas.trainings import StartTraining
from services.gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.ja.md"]
BODIES: dict[str, type[BaseModel]] = {
    "/dataset/validate": ValidateDataset,
    "/dataset/import": ImportDataset,
    "/dataset/split": SplitDataset,
    "/dataset/edit": EditDataset,
    "/training/start": StartTraining,
    "/model/validate": ValidateModel,
    "/model/visualize": VisualizeModel,
}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_make_targets_exist(readme: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", readme.read_text(encoding="utf-8")))
    assert {"demo", "test", "up"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_command_lines_are_understood(readme: Path) -> None:
    lines = re.findall(
        r"^\.venv/bin/shirushi (.+)", readme.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(lines) >= 5
    for line in lines:
        parser().parse_args(shlex.split(line, comments=True))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_requests_are_accepted_by_the_contract(readme: Path, tmp_path: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    paths = create_app(GatewaySettings(home=tmp_path)).openapi()["paths"]
    posts = re.findall(r"curl -X POST \$B(/[a-z/]+) .*?-d '(\{.*?\})'", text, re.DOTALL)
    assert len(posts) >= 3
    for path, body in posts:
        assert f"/api/v1/ml{path}" in paths
        BODIES[path].model_validate(json.loads(body))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_questions_name_routes_and_parameters_that_are_there(readme: Path, tmp_path: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    paths = create_app(GatewaySettings(home=tmp_path)).openapi()["paths"]
    asked = re.findall(r'curl "\$B(/model/validate/[^?"]+)\?([^"]+)"', text)
    assert len(asked) >= 2
    for path, query in asked:
        [route] = [
            known
            for known in paths
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", known), f"/api/v1/ml{path}")
            and "{section}" not in known
        ]
        known = {each["name"] for each in paths[route]["get"]["parameters"]}
        assert {word.split("=")[0] for word in query.split("&")} <= known


def test_every_folder_and_script_it_names_is_there() -> None:
    text = READMES[0].read_text(encoding="utf-8")
    names = set(
        re.findall(r"`((?:libs|services|deploy|weights|examples|tests|docs)[\w/.]*)`", text)
    )
    assert len(names) >= 8
    for name in names:
        assert (ROOT / name).exists(), name
