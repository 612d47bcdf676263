"""A disk that is full for a moment makes no model missing: the attempt is tried again."""

import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from libs.common.errors import BadInput
from libs.common.events import ModelRef
from services.analyzer import fetching
from services.trainer import prepare

Fetch = Callable[[ModelRef, Path], Awaitable[Any]]
FETCHES: dict[str, Fetch] = {
    "analyzer": lambda model, folder: fetching.fetch_weights(None, model, folder),  # type: ignore[arg-type]
    "trainer": lambda model, folder: prepare.fetch_weights(None, model, folder / "base.pt"),  # type: ignore[arg-type]
}


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow, as in the storms of tests/chaos."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("name", FETCHES)
async def test_weights_on_a_full_disk_are_not_missing(tmp_path: Path, name: str) -> None:
    weights = tmp_path / "w.pt"
    weights.write_bytes(bytes(5000))
    model = ModelRef(name="w", path=str(weights))
    with full_disk(), pytest.raises(OSError, match="too large"):
        await FETCHES[name](model, tmp_path)
    assert await FETCHES[name](model, tmp_path)
    weights.unlink()
    with pytest.raises(BadInput):
        await FETCHES[name](model, tmp_path)
