"""Questions about versions, answered at once: what differs between two, and pages of a diff."""

import asyncio
import hashlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field

from libs.common.asks import Answer
from libs.common.dataset_log import DatasetLog
from libs.common.dataset_versions import NAME_PATTERN, read_manifest
from libs.common.errors import NotFound
from libs.common.events import DatasetRegistered
from libs.common.service import Deps
from services.dataset.contents import Contents
from services.dataset.domain.diff import aligned, changed_labels, compare, summary
from services.dataset.domain.draft import Draft
from services.dataset.options import Options, read_options
from services.dataset.registry import Registry, as_ref
from services.dataset.sources import draft_of_manifest

MOST_LABELS = 20_000
"""Labels that are read to count boxes while somebody waits; beyond, boxes are not counted."""

VERSION = r"^v[1-9][0-9]{0,8}$"


class Page(Options):
    """Which part of a list."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=200)


class DiffQuestion(Page):
    """Two versions of a dataset."""

    name: str = Field(pattern=NAME_PATTERN)
    older: str = Field(pattern=VERSION)
    newer: str = Field(pattern=VERSION)


class ChangesQuestion(Page):
    """A stored diff, by the key of its lines."""

    key: str = Field(pattern=r"^datasets/[A-Za-z0-9._/-]{1,300}/diff\.jsonl$")


def diff_questions(deps: Deps) -> dict[str, Answer]:
    """The answers that are given about versions, by question."""
    cache = deps.scratch / "cache" / "diffs"

    async def changes(fields: dict[str, Any]) -> bytes:
        question = read_options(ChangesQuestion, fields)
        lines = cache / f"{hashlib.sha256(question.key.encode()).hexdigest()[:32]}.jsonl"
        if not lines.is_file():
            await deps.artifacts.get_file(question.key, lines)
        return orjson.dumps({"changed": await asyncio.to_thread(_page, lines, question)})

    async def diff(fields: dict[str, Any]) -> bytes:
        question = read_options(DiffQuestion, fields)
        log = await Registry(deps.bus, deps.artifacts).log()
        older, newer = (_version(log, question.name, v) for v in (question.older, question.newer))
        mark = hashlib.sha256(f"{older.manifest.sha256}{newer.manifest.sha256}".encode())
        lines = cache / f"{mark.hexdigest()[:32]}.jsonl"
        whole = lines.with_suffix(".json")
        if not whole.is_file():
            await _compute(deps, older, newer, lines)
        report = orjson.loads(await asyncio.to_thread(whole.read_bytes))
        page = await asyncio.to_thread(_page, lines, question)
        return orjson.dumps(report | {"changed": page})

    return {"diff": diff, "changes": changes}


def _version(log: DatasetLog, name: str, version: str) -> DatasetRegistered:
    found = log.version(name, version)
    if found is None:
        raise NotFound(f"'{name}' has no version {version}.", code="no_such_version")
    return found


async def _compute(
    deps: Deps, older: DatasetRegistered, newer: DatasetRegistered, lines: Path
) -> None:
    before, after = [await _draft(deps, event) for event in (older, newer)]
    after = await asyncio.to_thread(aligned, before, after)
    contents = Contents(deps.artifacts, deps.scratch / "cache")
    labels = changed_labels(before, after)
    counted = len(labels) <= MOST_LABELS
    if counted:
        await contents.fetch(labels)

    def write() -> None:
        found = list(compare(before, after, contents.text if counted else None))
        report: dict[str, Any] = {"name": newer.name, "from": older.version, "to": newer.version}
        report |= summary(before, after, found)
        if not counted:
            report["boxes"] = None
        rows = (change.as_dict() for change in found)
        _store(lines, rows, report | {"changed_total": len(found)})

    await asyncio.to_thread(write)


def _store(lines: Path, rows: Iterable[dict[str, Any]], report: dict[str, Any]) -> None:
    lines.parent.mkdir(parents=True, exist_ok=True)
    for path, data in (
        (lines, b"".join(orjson.dumps(row) + b"\n" for row in rows)),
        (lines.with_suffix(".json"), orjson.dumps(report)),
    ):
        building = path.with_name(f".{path.name}")
        building.write_bytes(data)
        building.replace(path)


async def _draft(deps: Deps, event: DatasetRegistered) -> Draft:
    manifest, _ = await read_manifest(as_ref(event), deps.artifacts)
    return await asyncio.to_thread(draft_of_manifest, manifest)


def _page(lines: Path, page: Page) -> list[Any]:
    with lines.open("rb") as stream:
        return [orjson.loads(row) for row in islice(stream, page.offset, page.offset + page.limit)]
