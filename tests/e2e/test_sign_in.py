"""A system that asks for tokens: the page's way in, in a real browser, and the command line's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common import tokens
from tests.conftest import started_stack
from tests.e2e.conftest import Watched

pytestmark = pytest.mark.e2e


def test_a_person_signs_in_and_out_and_a_script_shows_its_token(
    tmp_path: Path, watched: Watched
) -> None:
    with started_stack(tmp_path, SHIRUSHI_AUTH="required") as stack:
        made = shirushi(stack.home, "token", "create", "mari", "--scope", "run")
        assert made.returncode == 0, made.stderr
        token = made.stdout.strip()
        assert tokens.parts(token)
        assert shirushi(stack.home, "status").returncode == 1
        assert shirushi(stack.home, "status", SHIRUSHI_TOKEN=token).returncode == 0

        page = watched.page
        page.goto(f"{stack.url}/ui/ml/datasets")
        page.get_by_label("Token").fill("shi_wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("this token is not known").wait_for()
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        page.locator("[data-connection=live]").wait_for()
        assert "/ui/ml/datasets" in page.url
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").wait_for()


def shirushi(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "libs.client.cli", *words],
        env=os.environ | {"SHIRUSHI_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
