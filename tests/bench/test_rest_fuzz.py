"""schemathesis at length: every boundary of every parameter, many examples, sequences of calls."""

from pathlib import Path

import httpx

from tests.conftest import Stack
from tests.fuzzing import fuzz, seeds


def test_thousands_of_requests_meet_no_error_of_ours(
    stack: Stack, http: httpx.Client, tmp_path: Path
) -> None:
    found = seeds(http, stack.home.parent / "to-fuzz")
    many = ("--phases", "coverage,fuzzing,stateful", "--max-examples", "12", "--workers", "2")
    fuzz(stack.url, found, tmp_path, *many)
