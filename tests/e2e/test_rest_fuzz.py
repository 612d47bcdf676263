"""No request that the contract can describe breaks the gateway; every refusal is a problem."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import Stack
from tests.fuzzing import fuzz, seeds

pytestmark = pytest.mark.e2e


def test_every_route_stands_what_its_schema_allows_and_forbids(
    stack: Stack, http: httpx.Client, tmp_path: Path
) -> None:
    found = seeds(http, stack.home.parent / "to-fuzz")
    few = ("--phases", "fuzzing", "--max-examples", "3", "--seed", "6", "--workers", "2")
    fuzz(stack.url, found, tmp_path, *few)
