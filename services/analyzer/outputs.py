"""Where results go: key prefixes, paths as users see them, uploads."""

import asyncio
import re
from pathlib import Path
from typing import Any

import orjson

from libs.common.events import Artifact
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import Attempt

UPLOADS_AT_ONCE = 8


def prefix_of(area: str, model_name: str, attempt: Attempt) -> str:
    """`<area>/<model>_<time of the request>_<id>`; later attempts have a prefix of their own.

    So a worker that was thought dead overwrites nothing of its successor's, and two jobs that were
    asked for in the same millisecond, as after an outage, overwrite nothing of each other's.
    """
    return prefix_at(area, model_name, attempt.job, attempt.number)


def prefix_at(area: str, model_name: str, job: Job, number: int) -> str:
    """That of the attempt with this number."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", model_name.removesuffix(".pt")).strip("-._")[-80:]
    time = job.created_at.strftime("%Y%m%d_%H%M%S_%f")[:-3]
    again = f"-{number}" if number > 1 else ""
    return f"{area}/{name or 'model'}_{time}_{job.id[:8]}{again}"


def place(deps: Deps, key: str) -> str:
    """A key as users see it: a path in the local result tree where there is one."""
    outputs = deps.settings.outputs_dir
    return str(outputs / key) if outputs else key


async def upload(deps: Deps, prefix: str, folder: Path, names: list[str]) -> dict[str, Artifact]:
    """Put files of `folder` under `prefix`, a few at a time."""
    gate = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def put(name: str) -> Artifact:
        async with gate:
            return await deps.artifacts.put_file(f"{prefix}/{name}", folder / name)

    return dict(zip(names, await asyncio.gather(*map(put, names)), strict=True))


def write_json(path: Path, value: Any) -> None:
    """Write plain values, without NaN: orjson says null for it."""
    path.write_bytes(orjson.dumps(value))
