"""Questions about stored checks that are answered at once, over the bus."""

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field, field_validator

from libs.common.asks import Answer
from libs.common.errors import Conflict, NotFound
from libs.common.events import Artifact, DatasetValidated
from libs.common.service import Deps
from libs.common.work import load
from services.dataset.domain.texts import Lang
from services.dataset.domain.wording import in_language
from services.dataset.findings_file import Filter, read_page
from services.dataset.options import Options, read_options
from services.dataset.rule_questions import RULE_QUESTIONS

MOST_ROWS = 500
MOST_BYTES = 900_000
"""Of one answer; the bus takes 1 MB."""
KEPT_FILES = 32


class FindingsQuestion(Options):
    """Which findings of which check."""

    validation_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    rule: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    file: str | None = Field(default=None, max_length=500)
    offset: int = Field(default=0, ge=0, le=2**53)
    limit: int = Field(default=100, ge=1, le=MOST_ROWS)
    lang: Lang = "en"

    @field_validator("rule", "severity", "split", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return () if value is None else (value,) if isinstance(value, str) else value


def dataset_questions(deps: Deps) -> dict[str, Answer]:
    """The questions of the area `dataset`, by name."""

    async def findings(fields: dict[str, Any]) -> bytes:
        return await answer_findings(deps, fields)

    return {"findings": findings} | RULE_QUESTIONS


async def answer_findings(deps: Deps, fields: dict[str, Any]) -> bytes:
    """`ask.dataset.findings`: a page of all the findings of a check that has ended.

    Fields:
        validation_id: of the check; the only one that must be given.
        rule, severity, split: one value or a list of values; absent, null or [] = any.
            A finding on the whole dataset has no split and is found only without `split`.
        file: a part of the file's path, small and capital letters alike; absent or null = any.
        offset: how many of those that pass are left out first, 0 on.
        limit: 1 to 500, 100 when absent.
        lang: of the messages, en or ja.

    Answer, JSON::

        {"validation_id": "…", "total": 1234, "offset": 0, "limit": 100, "next_offset": 100,
         "findings": [{"rule": "tiny_box", "severity": "W", "split": "train",
                       "file": "labels/train/a.txt", "line": 3, "message": "….",
                       "value": "0 0.5 0.5 0.001 0.001", "fix": "opt"}, …]}

    `total` counts those that pass. Errors (E) come first, then W, then I, each in the order of the
    check. `next_offset` is null on the last page; a page may hold fewer rows than `limit` when they
    are long, so go on from `next_offset`, not from `offset + limit`.

    Raises:
        BadInput: `bad_options`: a field cannot have its value.
        NotFound: `no_such_job`: there is no such check; `no_findings`: it failed, was stopped, or
            is older than this list.
        Conflict: `not_finished`: it still runs; until then `dataset.findings_found.v1` tells.
    """
    question = read_options(FindingsQuestion, fields)
    path = await _fetched(deps, await _stored(deps, question.validation_id))
    wanted = Filter(question.rule, question.severity, question.split, question.file)
    rows, total = await asyncio.to_thread(read_page, path, wanted, question.offset, question.limit)
    rows = _fitting([in_language(row, question.lang) for row in rows])
    end = question.offset + len(rows)
    return orjson.dumps(
        {
            "validation_id": question.validation_id,
            "total": total,
            "offset": question.offset,
            "limit": question.limit,
            "next_offset": end if rows and end < total else None,
            "findings": rows,
        }
    )


async def files_with(deps: Deps, validation_id: str, rule: str) -> frozenset[str]:
    """The files that a rule was found in, of the first hundred thousand findings.

    Raises:
        NotFound, Conflict: as for `findings`.
    """
    path = await _fetched(deps, await _stored(deps, validation_id))
    rows, _ = await asyncio.to_thread(read_page, path, Filter(rules=(rule,)), 0, 100_000)
    return frozenset(str(row["file"]) for row in rows if row["file"])


def _fitting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of the first rows as fit into one answer."""
    size = 0
    for index, row in enumerate(rows):
        size += len(orjson.dumps(row)) + 1
        if size > MOST_BYTES:
            return rows[: max(1, index)]
    return rows


async def _stored(deps: Deps, job_id: str) -> Artifact:
    job = await load(deps, "dataset", job_id)
    if job is None:
        raise NotFound(f"There is no check {job_id}.", code="no_such_job")
    if not job.finished:
        raise Conflict(f"The check {job_id} has not ended yet.", code="not_finished")
    if not isinstance(job.outcome, DatasetValidated) or job.outcome.findings is None:
        raise NotFound(f"{job_id} left no list of findings. Check again.", code="no_findings")
    return job.outcome.findings


async def _fetched(deps: Deps, stored: Artifact) -> Path:
    """The file on this disk; of those that were asked for, the last few are kept."""
    folder = deps.scratch / "findings"
    path = folder / f"{stored.sha256}.parquet"
    if not path.exists():
        await deps.artifacts.get_file(stored.key, path, sha256=stored.sha256)
    os.utime(path)
    kept = sorted(folder.glob("*.parquet"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in kept[KEPT_FILES:]:
        old.unlink(missing_ok=True)
    return path
