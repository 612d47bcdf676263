"""The async client is the sync one, awaited: what one can do the other can."""

import inspect
from pathlib import Path

import pytest

from libs.client import AsyncClient, Client
from tests.contract.async_client import HERE, write


def test_the_async_client_is_as_new_as_the_sync_one(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.py")}
    there = HERE / "aio"
    assert made == {path.relative_to(there): path.read_text() for path in there.rglob("*.py")}, (
        "the client changed: run `python -m tests.contract.async_client`"
    )


@pytest.mark.parametrize("name", [name for name in dir(Client) if not name.startswith("_")])
def test_each_method_takes_the_same_and_waits(name: str) -> None:
    ours, theirs = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters
    given = str(inspect.signature(theirs).return_annotation)
    assert inspect.iscoroutinefunction(theirs) != ("AsyncGenerator" in given)
